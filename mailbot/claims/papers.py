"""What is written into a claim without moving it: fields, evidence, remarks (domain §3, §4.5).

Handlers for the table of `claims.lifecycle` and the parts other handlers need. What may change when is policy data.
"""

from typing import Any

from mailbot.claims import office, reviewing, rivalry
from mailbot.claims.addresses import fits
from mailbot.claims.catalogue import shipped_catalogue
from mailbot.claims.consent import call_office
from mailbot.claims.events import CommentAdded, Defect, Edited, EvidenceAdded, Refusal
from mailbot.claims.fitting import suspended, takes_comments, takes_evidence
from mailbot.claims.model import Cause, Channel, Claim, ClockKind, Comment, Contact, Evidence, Party, Status
from mailbot.claims.step import Step
from mailbot.claims.validation import defects, draft_defects

_MAY_BE_NONE = frozenset({"second", "tenant_admin"})


def edit(step: Step, event: Edited) -> Refusal | None:
    """Change fields the policy opens in this status; outside a draft the claim has to stay complete."""
    changes = _differences(step.claim, event)
    if (refusal := _closed_fields(step, event)) is not None or not changes:
        return refusal
    before = step.claim
    step.forget_pending()
    contact = changes.pop("customer", None)
    step.change(**changes)
    if isinstance(contact, Contact):
        office.replace_contact(step, contact)
    settle_place(step)
    if (refusal := _spoiled(step)) is not None:
        return refusal
    _follow_edit(
        step, contact_changed=before.customer.email != step.claim.customer.email, products_changed="products" in changes
    )
    if event.channel is Channel.MAIL and before.status is not Status.DRAFT:
        changed = [_change(name, before, step.claim) for name in sorted(event.changes)]
        shown = [one for one in changed if one["before"] != one["after"]]
        step.mail("claim_received", Party.PARTNER, defects=[], files=[], changed=shown)
    return None


def add_evidence(step: Step, event: EvidenceAdded) -> Refusal | None:
    """Keep the files that can be evidence and answer for each."""
    if not takes_evidence(step.claim, step.policy):
        return Refusal(code="evidence_closed", text=f"A claim that is {step.claim.status} takes no evidence.")
    file_evidence(step, event.files)
    if event.files:
        receipt(step, event.files)
    return None


def comment(step: Step, event: CommentAdded) -> Refusal | None:
    """Add a remark."""
    if not takes_comments(step.claim, step.policy):
        return Refusal(code="comment_closed", text=f"A claim that is {step.claim.status} takes no comments.")
    if not event.text.strip():
        return Refusal(code="text_required", text="The comment is empty.")
    remark(step, event.text)
    return None


def remark(step: Step, text: str) -> None:
    """Write words into the dialogue."""
    role = min(map(str, step.actor.roles), default="")
    said = Comment(at=step.at, by=step.actor.email, role=role, text=text)
    step.change(comments=(*step.claim.comments, said))


def file_evidence(step: Step, files: tuple[Evidence, ...]) -> tuple[str, ...]:
    """Add accepted files that are not there yet; answers the hashes of all accepted ones."""
    known = {e.sha256 for e in step.claim.evidence}
    accepted = [f for f in files if f.verdict == "accepted"]
    fresh = {f.sha256: f for f in accepted if f.sha256 not in known}
    if fresh:
        step.change(evidence=(*step.claim.evidence, *fresh.values()))
    return tuple(f.sha256 for f in accepted)


def receipt(step: Step, files: tuple[Evidence, ...]) -> None:
    """Answer for every file, and say what is still missing."""
    claim = step.claim
    clock = claim.clock(ClockKind.PARTNER_ACTION)
    missing = defects(claim, step.facts, step.policy, shipped_catalogue(), step.start)
    step.mail(
        "evidence_receipt",
        Party.PARTNER,
        files=file_list(files),
        items=reviewing.items(claim.open_questions()),
        defects=defect_list(missing) if claim.status is Status.DRAFT else [],
        due=clock.due if clock else None,
        exact=step.policy.duration("partner_action").exact,
    )


def settle_place(step: Step) -> None:
    """Take country, time zone and programme from what the claim now names."""
    claim, location = step.claim, step.facts.location
    program = shipped_catalogue().program_for(claim.solution_area, claim.activity) or ""
    if program != claim.program:
        step.change(program=program)
    if location is not None and location.id == claim.location_id:
        step.change(location_country=location.country, location_time_zone=location.time_zone)


def file_list(files: tuple[Evidence, ...]) -> list[dict[str, object]]:
    """Files as a mail lists them."""
    return [{"name": f.name, "size": f.size, "sha256": f.sha256, "verdict": f.verdict} for f in files]


def defect_list(found: tuple[Defect, ...]) -> list[dict[str, object]]:
    """Defects as a mail lists them."""
    return [{"field": d.field, "code": d.code, "text": d.text, "read": d.read} for d in found]


def _differences(claim: Claim, event: Edited) -> dict[str, Any]:
    """What the edit would change; nothing written means empty, but no second contact is None."""
    wanted = {n: "" if v is None and n not in _MAY_BE_NONE else v for n, v in event.changes.items()}
    return {name: value for name, value in wanted.items() if getattr(claim, name, ...) != value}


def _change(name: str, before: Claim, after: Claim) -> dict[str, object]:
    """A changed field as a mail shows it."""
    return {"field": name, "before": _shown(getattr(before, name)), "after": _shown(getattr(after, name))}


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        entries = shipped_catalogue().products
        return ", ".join(entries[p.code].name if p.code in entries else p.code for p in value)
    if isinstance(value, Contact):
        return ", ".join(filter(None, (value.name, value.title, value.email, value.country)))
    return str(value or "")


def _closed_fields(step: Step, event: Edited) -> Refusal | None:
    claim = step.claim
    allowed = step.policy.editable(claim.status, suspended=suspended(claim))
    closed = sorted(event.changes.keys() - allowed)
    if closed:
        text = "This cannot be changed now."
        named = tuple(Defect(field=name, code="not_editable", text=text) for name in closed)
        sentence = f"A claim that is {claim.status} cannot change {', '.join(closed)}."
        return Refusal(code="not_editable", text=sentence, defects=named)
    owed = any(i.cause is not Cause.DATA_REQUEST for i in claim.open_inquiries())
    if owed and "customer" in event.changes and event.changes["customer"] != claim.customer:
        return Refusal(code="question_open", text="The contact asked something; the office answers first.")
    return None


def _spoiled(step: Step) -> Refusal | None:
    """Why the edit cannot stay: a claim that was submitted stays complete, and unlike any other of the partner's."""
    if step.claim.status is Status.DRAFT:
        return None
    if step.facts.duplicate_of:
        other = step.facts.duplicate_of
        return Refusal(code="duplicate", text=f"You already claim this: {other}.", other_claim=other)
    found = draft_defects(step.claim, step.facts, step.policy, shipped_catalogue(), step.start)
    return Refusal(code="invalid", text="The change would spoil the claim.", defects=found) if found else None


def _follow_edit(step: Step, *, contact_changed: bool, products_changed: bool) -> None:
    claim = step.claim
    if products_changed and claim.status is not Status.DRAFT:
        rivalry.enter(step)
    if contact_changed and claim.customer_told:
        _introduce(step)


def _introduce(step: Step) -> None:
    """A new contact hears of the claim as the former did; where it does not fit or consent runs, the office looks."""
    claim = step.claim
    if claim.status is not Status.APPROVED and fits(claim.customer.email, claim.tenant_domain):
        reviewing.mail_heads_up(step)
    else:
        call_office(step, "contact_changed", claim.customer.email)
