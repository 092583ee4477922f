"""The page of one claim, for its partner and for the office: everything in one place, and only buttons that work.

Reads only. Which acts are offered is the lifecycle's and the policy's answer for this visitor and this claim.
"""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mailbot.claims.events import Refusal
from mailbot.claims.lifecycle import possible
from mailbot.claims.model import Claim, ClockKind, Consent, Evidence, Question, Status
from mailbot.claims.reasons import QUESTIONS, REJECTIONS, may_reject_for
from mailbot.store import blobs, claims, outbox_office, people
from mailbot.web.checklist import checklist
from mailbot.web.forms import FieldError
from mailbot.web.history_view import lines, newest
from mailbot.web.leaves import leaves_of
from mailbot.web.missing import missing_of
from mailbot.web.proposals import proposals
from mailbot.web.site import Site, Visitor

HISTORY_LENGTH = 30
_MAILS = 50
_OFFICE_CLOCKS = frozenset({ClockKind.TAKE_BACK, ClockKind.DELIVERY_SLACK, ClockKind.RETENTION})
_OFFICE_ACTS = frozenset(
    {
        "start_review", "request_info", "approve", "reject", "arbitrate", "uphold", "answer_customer",
        "resend_notice", "record_decline",
    }
)  # fmt: skip

_PENDING = frozenset({Status.SUBMITTED, Status.UNDER_REVIEW, Status.ACTION_REQUIRED, Status.DISPUTED})
_PARTNER_ACTS = frozenset({"submit", "cancel", "dispute", "withdraw", "disassociate"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the page says about the form that was just sent."""

    word: str = ""
    refusal: Refusal | None = None
    errors: tuple[FieldError, ...] = ()
    receipts: tuple[Evidence, ...] = ()


NOTHING = Said()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """A visitor at a claim. `base` is the page's address: forms post below it."""

    visitor: Visitor
    claim: Claim
    base: str


async def claim_page(site: Site, request: Request, at: Entrance, said: Said = NOTHING, status: int = 200) -> Response:
    """The page."""
    context = await _context(site, at) | {
        "said": said.word,
        "refusal": said.refusal,
        "errors": said.errors,
        "receipts": said.receipts,
    }
    return await site.page(request, "claim", at.visitor, context, here="claims", status=status)


def acts_for(site: Site, at: Entrance) -> frozenset[str]:
    """What this visitor can do with the claim as it stands, in the policy's words (`start_review`)."""
    acts = possible(at.claim, at.visitor.actor.roles, site.engine.policy_of(at.claim))
    return frozenset(act.replace("-", "_") for act in acts)


def editable(site: Site, at: Entrance) -> frozenset[str]:
    """The fields this visitor may change now (domain §4.5). Who may draft may also change a draft."""
    claim, policy = at.claim, site.engine.policy_of(at.claim)
    drafting = claim.status is Status.DRAFT and policy.may(at.visitor.actor.roles, "draft")
    if not (drafting or "edit" in acts_for(site, at)):
        return frozenset()
    return policy.editable(claim.status, suspended=claim.consent is Consent.SUSPENDED)


async def _context(site: Site, at: Entrance) -> dict[str, Any]:
    claim, visitor, acts = at.claim, at.visitor, acts_for(site, at)
    assignable = claim.status in _PENDING and site.engine.policy_of(claim).may(visitor.actor.roles, "start_review")
    reviewing = visitor.office and "request_info" in acts
    async with site.store.read() as conn:
        recorded, older = await newest(conn, claim.id, HISTORY_LENGTH)
        mails = await outbox_office.of_claim(conn, claim.id, limit=_MAILS) if visitor.office else ()
        rivals = await claims.load(conn, claim.rivals) if visitor.office and claim.rivals else {}
        reviewers = await people.review_desk(conn, site.now()) if assignable else ()
        missing = await missing_of(site, conn, [claim])
    leaves = await leaves_of(site, claim) if reviewing else ()
    elsewhere, alike = await _seen_elsewhere(site, claim) if visitor.office else ({}, {})
    return {
        "claim": claim,
        "base": at.base,
        "nonce": site.nonce(visitor.binding),
        "time_zone": site.time_zone(claim, visitor),
        "office": visitor.office,
        "can": acts,
        "idle": not acts & (_OFFICE_ACTS if visitor.office else _PARTNER_ACTS),
        "editable": editable(site, at),
        "missing": missing.get(claim.id, ()),
        "clocks": _clocks(site, at),
        "shown_questions": _questions(at, acts),
        "pending": _pending(site, at) if visitor.office else None,
        "reviewers": reviewers,
        "assigned": claim.assigned_to if visitor.office else "",
        "policy_name": site.engine.policy_of(claim).name,
        "history": lines(recorded, office=visitor.office),
        "history_older": older,
        "mails": [_mail(site, item) for item in mails],
        "rivals": [claim, *rivals.values()],
        "may_copy": not visitor.office and visitor.signed_in,
        "case": next((c.text for c in reversed(claim.comments) if c.role != "reviewer"), ""),
        "checklist": _checklist(site, at) if reviewing else (),
        "leaves": leaves,
        "elsewhere": elsewhere,
        "alike": alike,
        "proposals": await proposals(site, claim, leaves) if reviewing else {},
        "ask_reasons": tuple(QUESTIONS),
        "reject_reasons": tuple(code for code in REJECTIONS if may_reject_for(code)),
    }


async def _seen_elsewhere(site: Site, claim: Claim) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """File → other claims with the same bytes; file → other claims with the same words in other bytes.

    One statement of work that serves twice is worth a look.
    """
    files = [file.sha256 for file in claim.evidence]
    async with site.store.read() as conn:
        alike = await blobs.alike(conn, files)
        holders = await blobs.claims_with(conn, {*files, *(one for others in alike.values() for one in others)})
    same = {sha256: sorted(set(holders.get(sha256, ())) - {claim.id}) for sha256 in files}
    words = {
        sha256: sorted({holder for one in others for holder in holders.get(one, ())} - {claim.id})
        for sha256, others in alike.items()
    }
    return same, words


def _clocks(site: Site, at: Entrance) -> list[dict[str, Any]]:
    """The running deadlines, soonest first, each printed where it is counted."""
    hidden = {ClockKind.RETENTION} if at.visitor.office else _OFFICE_CLOCKS
    shown = sorted((c for c in at.claim.clocks if c.kind not in hidden), key=lambda clock: (clock.due, clock.kind))
    return [
        {
            "kind": clock.kind,
            "due": clock.due,
            "paused": clock.paused_at is not None,
            "text": site.due_text(at.claim, clock, at.visitor.language),
        }
        for clock in shown
    ]


def _checklist(site: Site, at: Entrance) -> list[dict[str, str]]:
    return checklist(at.claim, site.templates.translate, at.visitor.language)


def _pending(site: Site, at: Entrance) -> dict[str, Any] | None:
    """The decision that can still be taken back, and until when."""
    pending, clock = at.claim.pending, at.claim.clock(ClockKind.TAKE_BACK)
    if pending is None or clock is None:
        return None
    return {
        "act": pending.kind,
        "by": pending.by,
        "reason": pending.reason,
        "text": pending.text,
        "items": [{"reason": reason, "text": text} for reason, text in pending.items],
        "until": site.due_text(at.claim, clock, at.visitor.language),
    }


def _questions(at: Entrance, acts: frozenset[str]) -> list[Question]:
    """The questions; who can answer has the open ones in a form of their own already."""
    answering = "answer" in acts and not at.visitor.office
    return [q for q in at.claim.questions if q.answered_at is not None or not answering]


def _mail(site: Site, item: Any) -> dict[str, Any]:
    lab = f"/lab/{item.id}" if site.config.lab else ""
    return {"subject": item.subject, "to": item.email, "at": item.created_at, "state": item.state, "lab": lab}
