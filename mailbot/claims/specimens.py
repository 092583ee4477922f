"""One claim for every state worth telling apart, and one event of every kind: what the state diagram is probed with.

The claims are led there by `decide` itself, so they are claims as they really come about. Pure; always the same.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from mailbot.claims import events as e
from mailbot.claims.events import Actor, Event, Facts, Location, Rival
from mailbot.claims.lifecycle import decide
from mailbot.claims.model import Cause, Claim, Contact, Evidence, Product, Role, Status
from mailbot.claims.policy import Policy, load_policy

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
_TENANT = "9f1c2d3e-4a5b-4c7d-8e9f-0a1b2c3d4e5f"
_PARTNER = Actor(email="petr@fabrikam.example", roles=frozenset({Role.INCENTIVES_ADMIN}), organisation_id="fabrikam")
_RITA = Actor(email="rita@office.example", roles=frozenset({Role.REVIEWER}))
_ROLF = Actor(email="rolf@office.example", roles=frozenset({Role.OFFICE_ADMIN}))
_JANA = Actor(email="jana@customer.example", roles=frozenset({Role.CUSTOMER}), of_record=True)
_FILE = Evidence(
    sha256="1" * 64, name="proof.pdf", media_type="application/pdf", size=1, verdict="accepted", by="petr", at=AT
)
_PLACE = Location(
    id="4567890",
    organisation_id="fabrikam",
    country="CZ",
    time_zone="Europe/Prague",
    enrolled=frozenset({"osu_microsoft_365"}),
)
_RIVAL = Rival(
    claim_id="CLM-RIVAL",
    organisation_id="contoso",
    organisation_name="Contoso",
    status=Status.SUBMITTED,
    active=False,
    ended=False,
    keys=frozenset({(_TENANT, "teams", "")}),
)
ALONE = Facts(location=_PLACE, reviewers=(_RITA.email, _ROLF.email))
RIVALLED = Facts(location=_PLACE, reviewers=(_RITA.email, _ROLF.email), rivals=(_RIVAL,))


def first_draft() -> Claim:
    """A complete claim nobody has written down yet."""
    return Claim(
        id="CLM-7K3QF2",
        version=0,
        policy="2021",
        created_at=AT,
        organisation_id="fabrikam",
        organisation_name="Fabrikam",
        name="Roll-out",
        location_id="4567890",
        tenant_id=_TENANT,
        tenant_domain="customer.example",
        solution_area="modern_work_security",
        activity="usage",
        products=(Product(code="teams"),),
        customer=Contact(name="Jana", email=_JANA.email, title="Head of IT", country="CZ"),
        partner=Contact(name="Petr", email=_PARTNER.email),
        evidence=(_FILE,),
    )


# A path to each state: what happened one after the other, by name of the event in `samples`.
_ASKED = ("drafted", "submitted", "info_requested")
_APPROVED = ("drafted", "submitted", "approved")
_REJECTED = ("drafted", "submitted", "rejected")
_ACTIVE = (*_APPROVED, "accepted")
_PATHS: tuple[tuple[str, ...], ...] = (
    ("drafted",),
    ("drafted", "cancelled"),
    ("drafted", "submitted"),
    ("drafted", "submitted", "declined"),
    ("drafted", "submitted", "review_started"),
    ("drafted", "submitted", "review_started", "declined"),
    _ASKED,
    (*_ASKED, "declined"),
    _APPROVED,
    (*_APPROVED, "wrote"),
    (*_APPROVED, "failed"),
    (*_APPROVED, "declined"),
    (*_APPROVED, "sent", "delivered"),
    _ACTIVE,
    (*_ACTIVE, "declined"),
    _REJECTED,
    (*_REJECTED, "declined"),
    (*_REJECTED, "wrote"),
    (*_REJECTED, "disputed"),
    (*_REJECTED, "disputed", "declined"),
    (*_REJECTED, "disputed", "info_requested"),
    (*_REJECTED, "disputed", "upheld"),
    ("drafted", "submitted", "decided_on_page"),
)


@cache
def specimens(policy_name: str = "2021") -> tuple[Claim, ...]:
    """A claim for every path."""
    policy = load_policy(policy_name)
    return tuple(_walk(path, policy) for path in _PATHS)


def samples(claim: Claim) -> Iterator[tuple[str, Event]]:
    """Every kind of event, with extras that could do something to this claim."""
    when = AT + timedelta(hours=claim.version + 1)
    for name, kind, actor, extras in _kinds(claim):
        contest = kind in (e.Arbitrated, e.ArbitrationWon)
        at = extras["due"] if kind is e.ClockRang else when
        yield name, kind(id=name, at=at, actor=actor, facts=RIVALLED if contest else ALONE, **extras)


def _walk(path: tuple[str, ...], policy: Policy) -> Claim:
    claim = first_draft()
    for number, name in enumerate(path):
        event = next(event for known, event in samples(claim) if known == name)
        claim = decide(claim if number else None, event, event.at, policy).claim
    return claim


def _kinds(claim: Claim) -> Iterator[tuple[str, type[Event], Actor, Mapping[str, Any]]]:
    yield "drafted", e.Drafted, _PARTNER, {"claim": claim}
    yield "edited", e.Edited, _PARTNER, {"changes": {"customer": Contact(name="Eva", email="eva@customer.example")}}
    yield "evidence_added", e.EvidenceAdded, _PARTNER, {"files": (_FILE,)}
    yield "commented", e.CommentAdded, _PARTNER, {"text": "a remark"}
    yield "submitted", e.Submitted, _PARTNER, {}
    yield "cancelled", e.Cancelled, _PARTNER, {}
    yield "answered", e.QuestionsAnswered, _PARTNER, {"answers": {q.number: "yes" for q in claim.questions}}
    yield "disputed", e.Disputed, _PARTNER, {"text": "look again"}
    yield "withdrawn", e.Withdrawn, _PARTNER, {"text": "wrong location"}
    yield "disassociated", e.Disassociated, _PARTNER, {"text": "no longer together"}
    yield from _of_the_office(claim)
    yield "declined", e.Declined, _JANA, {"text": "no"}
    yield "undone", e.DeclineUndone, _JANA, {}
    yield "accepted", e.Accepted, _JANA, {}
    yield "wrote", e.CustomerWrote, _JANA, {"cause": Cause.QUESTION, "text": "what is this?"}
    yield "away", e.CustomerAway, _JANA, {}
    yield "reminders_stopped", e.RemindersStopped, _JANA, {"complaint": True}
    yield from _of_the_post(claim)
    for clock in claim.clocks:
        extras = {"kind": clock.kind, "due": clock.due, "subject": clock.subject}
        yield f"rang {clock.kind}", e.ClockRang, e.SYSTEM, extras
        yield f"reminded {clock.kind}", e.ReminderDue, e.SYSTEM, extras
    yield "contest_raised", e.ContestRaised, e.SYSTEM, {"rival": "CLM-RIVAL"}
    yield "contest_cleared", e.ContestCleared, e.SYSTEM, {"rival": "CLM-RIVAL"}
    yield "arbitration_won", e.ArbitrationWon, e.SYSTEM, {}
    yield "arbitration_lost", e.ArbitrationLost, e.SYSTEM, {"winner": "CLM-RIVAL"}
    yield "replaced", e.Replaced, e.SYSTEM, {"winner": "CLM-RIVAL"}


def _of_the_office(claim: Claim) -> Iterator[tuple[str, type[Event], Actor, Mapping[str, Any]]]:
    yield "review_started", e.ReviewStarted, _RITA, {}
    judge = _ROLF if claim.disputes else _RITA
    yield "info_requested", e.InfoRequested, judge, {"items": (("missing_customer_ack", "signature?"),)}
    yield "approved", e.Approved, judge, {"contact_verified": True}
    yield "rejected", e.Rejected, judge, {"reason": "insufficient_poe"}
    yield "arbitrated_for", e.Arbitrated, judge, {"winner": claim.id}
    yield "arbitrated_against", e.Arbitrated, judge, {"winner": "CLM-RIVAL"}
    yield "upheld", e.Upheld, judge, {}
    yield "decided_on_page", e.DecisionMade, judge, {"decision": e.Approved(id="page", at=AT, contact_verified=True)}
    yield "taken_back", e.DecisionTakenBack, _RITA, {}
    yield "assigned", e.Assigned, _ROLF, {"reviewer": "nora@office.example"}
    yield "reviewer_away", e.ReviewerAway, e.SYSTEM, {}
    yield "customer_answered", e.CustomerAnswered, _RITA, {"text": "about Teams"}
    yield "notice_resent", e.NoticeResent, _RITA, {"contact_verified": True}
    yield "decline_recorded", e.DeclineRecorded, _ROLF, {"how": "letter"}


def _of_the_post(claim: Claim) -> Iterator[tuple[str, type[Event], Actor, Mapping[str, Any]]]:
    mail = {"key": claim.notice.key if claim.notice else "x", "code": "consent_prompt"}
    yield "sent", e.MailSent, e.SYSTEM, mail
    yield "delivered", e.MailDelivered, e.SYSTEM, mail
    yield "delayed", e.MailDelayed, e.SYSTEM, mail
    yield "failed", e.MailFailed, e.SYSTEM, {**mail, "email": claim.customer.email}
