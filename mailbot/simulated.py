"""The people, claims and happenings a simulation draws at random: legal, illegal, late and in the wrong order.

Everything comes from the Random handed in; the same one gives the same world. Nothing is decided here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from mailbot.claims import events as e
from mailbot.claims.model import Cause, Channel, Claim, ClockKind, Contact, Evidence, Product, Role
from mailbot.claims.reasons import QUESTIONS, REJECTIONS

TENANT = "9f1c2d3e-4a5b-4c7d-8e9f-0a1b2c3d4e5f"
_COUNTRIES = ("CZ", "PL", "HU", "TW", "US", "DE", "GB", "")
_ZONES = {"CZ": "Europe/Prague", "PL": "Europe/Warsaw", "TW": "Asia/Taipei", "US": "America/New_York"}
_REVIEWERS = ("rita@office.example", "rolf@office.example")
_PROGRAMS = frozenset({"osa_sell", "osu_microsoft_365", "osu_business_applications", "revenue_association"})
_VERDICTS = ("accepted", "accepted", "duplicate", "unreadable", "empty")


@dataclass(frozen=True, slots=True)
class Draw:
    """One random source and what it is asked for most."""

    random: Random

    def one(self, options: Any) -> Any:
        """Any of them."""
        return self.random.choice(tuple(options))

    def likely(self, share: float) -> bool:
        """True that often."""
        return self.random.random() < share

    def some(self, options: Any) -> tuple[Any, ...]:
        """One to all of them, in their order."""
        pool = tuple(options)
        return tuple(self.random.sample(pool, self.random.randint(1, len(pool)))) if pool else ()


def fresh_claim(draw: Draw, name: str, firm: int, at: datetime, policy: str) -> Claim:
    """A claim of one of the firms on the one tenant; most are complete."""
    country = draw.one(_COUNTRIES)
    codes = draw.some(("teams", "intune", "exchange_online"))
    address = f"jana@{draw.one(('customer.example', 'customer.example', 'elsewhere.example'))}"
    return Claim(
        id=name,
        version=0,
        policy=policy,
        created_at=at,
        organisation_id=f"firm-{firm}",
        organisation_name=f"Firm {firm}",
        name="" if draw.likely(0.03) else "Roll-out",
        location_id=f"loc-{firm}",
        tenant_id=TENANT,
        tenant_domain="customer.example",
        domain_reason="" if address.endswith("customer.example") else "the holding's address",
        solution_area="modern_work_security",
        activity="usage",
        products=tuple(Product(code=code, ends=_ends(draw, at)) for code in codes),
        customer=Contact(name="Jana", email=address, title="Head of IT", country=country or "CZ"),
        second=draw.one((None, None, Contact(name="Ota", email="ota@customer.example", country="CZ"))),
        partner=Contact(name="Petr", email=f"petr@firm{firm}.example"),
        evidence=() if draw.likely(0.3) else (file(draw, at),),
    )


def facts(claim: Claim, others: tuple[Claim, ...]) -> e.Facts:
    """What an engine would look up for the claim among the others."""
    country = claim.location_country or _COUNTRIES[len(claim.organisation_id) % 4]
    where = e.Location(
        id=claim.location_id,
        organisation_id=claim.organisation_id,
        country=country,
        time_zone=_ZONES.get(country, "UTC"),
        enrolled=_PROGRAMS,
    )
    rivals = tuple(_rival(o) for o in others if o.id != claim.id and o.organisation_id != claim.organisation_id)
    return e.Facts(location=where, rivals=rivals, reviewers=_REVIEWERS, office_country="US")


def file(draw: Draw, at: datetime) -> Evidence:
    """A file with some verdict."""
    name = f"{draw.random.getrandbits(32):08x}"
    return Evidence(
        sha256=name * 8,
        name=f"{name}.pdf",
        media_type="application/pdf",
        size=1000,
        verdict=draw.one(_VERDICTS),
        by="petr@firm1.example",
        at=at,
    )


def happening(draw: Draw, claim: Claim, likely: tuple[type[e.Event], ...]) -> tuple[type[e.Event], dict[str, Any]]:
    """An event for the claim, mostly one that fits it, with its extras and the actor who sends it."""
    if draw.likely(0.1):
        kind = draw.one(_EXTRAS)
    else:
        kind = draw.random.choices(likely, [_WEIGHTS.get(event, 2.0) for event in likely])[0]
    extras = _EXTRAS[kind](draw, claim)
    return kind, extras | {"actor": actor(draw, claim, kind)}


def actor(draw: Draw, claim: Claim, kind: type[e.Event]) -> e.Actor:
    """Who sends it: nearly always somebody entitled."""
    roles = _SENDERS.get(kind, (Role.SYSTEM,))
    role = draw.one(roles) if draw.likely(0.95) else draw.one(Role)
    if role in (Role.REVIEWER, Role.OFFICE_ADMIN):
        return e.Actor(email=draw.one(_REVIEWERS), roles=frozenset({role}))
    if role is Role.SECOND_CONTACT:
        return e.Actor(email="ota@customer.example", roles=frozenset({role}))
    if role in (Role.CUSTOMER, Role.SYSTEM, Role.TENANT_ADMIN_CONTACT):
        return e.Actor(email=claim.customer.email, roles=frozenset({role}), of_record=draw.likely(0.8))
    firm = claim.organisation_id if draw.likely(0.95) else "firm-9"
    return e.Actor(email=claim.partner.email, roles=frozenset({role}), organisation_id=firm)


def darkness(draw: Draw, now: datetime) -> e.Darkness:
    """Mostly none."""
    if draw.likely(0.85):
        return e.Darkness()
    return e.Darkness(
        unread=draw.likely(0.3),
        held_since=draw.one((None, now - timedelta(days=1))),
        wait_until=draw.one((None, now + timedelta(days=1))),
        undelivered=draw.likely(0.2),
    )


def _ends(draw: Draw, at: datetime) -> date | None:
    return (at + timedelta(days=draw.random.randint(1, 400))).date() if draw.likely(0.2) else None


def _rival(claim: Claim) -> e.Rival:
    return e.Rival(
        claim_id=claim.id,
        organisation_id=claim.organisation_id,
        organisation_name=claim.organisation_name,
        status=claim.status,
        active=claim.association == "active",
        ended=claim.association == "ended" and claim.consent not in ("pending", "suspended"),
        keys=claim.keys(),
        submitted_at=claim.submitted_at,
    )


def _answers(draw: Draw, claim: Claim) -> dict[str, Any]:
    numbers = draw.some([q.number for q in claim.questions] or [1])
    files = (file(draw, claim.created_at),) if draw.likely(0.2) else ()
    return {"answers": {n: draw.one(("done", "done", "")) for n in numbers}, "files": files}


def _edit(draw: Draw, claim: Claim) -> dict[str, Any]:
    options: tuple[tuple[str, Any], ...] = (
        ("name", "Another name"),
        ("products", tuple(Product(code=code) for code in draw.some(("teams", "intune", "yammer")))),
        ("customer", replace(claim.customer, email=f"{draw.one(('eva', 'jan'))}@customer.example")),
        ("second", None),
        ("tenant_id", TENANT),
    )
    return {"changes": dict(draw.some(options)[:2])}


def _resend(draw: Draw, claim: Claim) -> dict[str, Any]:
    contact = replace(claim.customer, email="nova@customer.example") if draw.likely(0.5) else None
    return {"contact": contact, "contact_verified": draw.likely(0.7)}


def _post(draw: Draw, claim: Claim) -> dict[str, Any]:
    key = claim.notice.key if claim.notice and draw.likely(0.8) else "claim_submitted:1:partner"
    return {"key": key, "code": key.partition(":")[0]}


def _clock(draw: Draw, claim: Claim) -> dict[str, Any]:
    clock = draw.one(claim.clocks) if claim.clocks else None
    kind = clock.kind if clock else draw.one(ClockKind)
    return {"kind": kind, "due": claim.created_at, "subject": clock.subject if clock else ""}


def _on_page(draw: Draw, claim: Claim) -> dict[str, Any]:
    kind = draw.one((e.Approved, e.Rejected, e.Upheld, e.InfoRequested, e.Arbitrated))
    return {"decision": kind(id="page", at=claim.created_at, **_EXTRAS[kind](draw, claim))}


_Extras = Callable[[Draw, Claim], dict[str, Any]]
_EXTRAS: dict[type[e.Event], _Extras] = {
    e.Edited: _edit,
    e.EvidenceAdded: lambda draw, claim: {"files": (file(draw, claim.created_at),)},
    e.QuestionsAnswered: _answers,
    e.CommentAdded: lambda draw, _: {"text": draw.one(("a remark", ""))},
    e.Submitted: lambda _draw, _claim: {},
    e.Cancelled: lambda _draw, _claim: {},
    e.Disputed: lambda draw, claim: {"text": draw.one(("look again", "")), "files": (file(draw, claim.created_at),)},
    e.Withdrawn: lambda _draw, _claim: {"text": "wrong location"},
    e.Disassociated: lambda draw, _: {"text": draw.one(("no longer together", ""))},
    e.ReviewStarted: lambda _draw, _claim: {},
    e.InfoRequested: lambda draw, _: {"items": tuple((r, "please") for r in draw.some((*QUESTIONS,))[:3])},
    e.Approved: lambda draw, _: {"contact_verified": draw.likely(0.8), "contact_source": "page 2"},
    e.Rejected: lambda draw, _: {"reason": draw.one((*REJECTIONS, "because")), "text": "see page 1"},
    e.Arbitrated: lambda draw, claim: {"winner": draw.one((claim.id, *claim.rivals)), "contact_verified": True},
    e.Upheld: lambda _draw, _claim: {"text": "as before"},
    e.DecisionMade: _on_page,
    e.DecisionTakenBack: lambda _draw, _claim: {},
    e.DeclineRecorded: lambda _draw, _claim: {"how": "letter", "text": "no"},
    e.CustomerAnswered: lambda draw, _: {"text": draw.one(("It is about Teams.", ""))},
    e.NoticeResent: _resend,
    e.Assigned: lambda draw, _: {"reviewer": draw.one(_REVIEWERS)},
    e.ReviewerAway: lambda _draw, _claim: {},
    e.Declined: lambda draw, _: {"text": "no", "leaked_key": draw.likely(0.05)},
    e.DeclineUndone: lambda _draw, _claim: {},
    e.Accepted: lambda _draw, _claim: {"text": "yes"},
    e.CustomerWrote: lambda draw, _: {"cause": draw.one(Cause), "text": "what is this?"},
    e.CustomerAway: lambda draw, c: {"until": draw.one((None, c.created_at.date() + timedelta(days=60)))},
    e.RemindersStopped: lambda draw, _: {"complaint": draw.likely(0.3)},
    e.MailSent: _post,
    e.MailDelivered: _post,
    e.MailDelayed: _post,
    e.MailFailed: lambda draw, claim: _post(draw, claim) | {"email": claim.customer.email},
    e.ClockRang: _clock,
    e.ReminderDue: _clock,
    e.ContestRaised: lambda _draw, _claim: {"rival": "CLM-NOBODY"},
    e.ContestCleared: lambda _draw, _claim: {"rival": "CLM-NOBODY"},
    e.Replaced: lambda _draw, _claim: {"winner": "CLM-NOBODY"},
}
_PARTNER = (Role.INCENTIVES_ADMIN, Role.INCENTIVES_ADMIN, Role.INCENTIVES_USER, Role.GLOBAL_ADMIN)
_ADMIN = (Role.INCENTIVES_ADMIN,)
_OFFICE = (Role.REVIEWER, Role.OFFICE_ADMIN)
_CUSTOMER = (Role.CUSTOMER, Role.CUSTOMER, Role.SECOND_CONTACT)
_SENDERS: dict[type[e.Event], tuple[Role, ...]] = {
    **dict.fromkeys(
        (e.Edited, e.Disputed, e.Withdrawn, e.EvidenceAdded, e.QuestionsAnswered, e.CommentAdded), _PARTNER
    ),
    **dict.fromkeys((e.Submitted, e.Cancelled, e.Disassociated), _ADMIN),
    **dict.fromkeys((e.ReviewStarted, e.InfoRequested, e.Approved, e.Rejected, e.Arbitrated, e.Upheld), _OFFICE),
    **dict.fromkeys((e.DecisionMade, e.DecisionTakenBack), _OFFICE),
    **dict.fromkeys((e.Assigned, e.CustomerAnswered, e.NoticeResent), _OFFICE),
    e.DeclineRecorded: (Role.OFFICE_ADMIN,),
    **dict.fromkeys((e.Declined, e.DeclineUndone, e.Accepted, e.CustomerWrote, e.CustomerAway), _CUSTOMER),
}
# How much oftener or rarer than others an event comes up where it fits, so that most claims get somewhere.
_WEIGHTS: dict[type[e.Event], float] = {
    **dict.fromkeys((e.Submitted, e.ReviewStarted, e.QuestionsAnswered, e.Disputed, e.Arbitrated), 20.0),
    **dict.fromkeys((e.Approved, e.InfoRequested, e.CustomerAnswered, e.NoticeResent), 10.0),
    **dict.fromkeys((e.Upheld, e.EvidenceAdded), 5.0),
    **dict.fromkeys((e.Cancelled, e.Withdrawn, e.Disassociated, e.Declined, e.DeclineRecorded), 0.2),
}
CHANNELS = (Channel.MAIL, Channel.WEB, Channel.API)
