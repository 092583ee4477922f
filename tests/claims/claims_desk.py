"""A desk at which tests play a claim: one claim, one clock turned by hand, everything that followed remembered."""

from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mailbot.claims import events as e
from mailbot.claims.events import Actor, Decision, Facts, Location, Mail, Rival
from mailbot.claims.lifecycle import decide
from mailbot.claims.model import Channel, Claim, ClockKind, Contact, Evidence, Product, Role, Status
from mailbot.claims.policy import load_policy

TENANT = "9f1c2d3e-4a5b-4c7d-8e9f-0a1b2c3d4e5f"
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)

PETR = Actor(email="petr@fabrikam.example", roles=frozenset({Role.INCENTIVES_ADMIN}), organisation_id="fabrikam")
UTE = Actor(email="ute@fabrikam.example", roles=frozenset({Role.INCENTIVES_USER}), organisation_id="fabrikam")
BILL = Actor(email="bill@fabrikam.example", roles=frozenset({Role.BILLING_ADMIN}), organisation_id="fabrikam")
CORA = Actor(email="cora@contoso.example", roles=frozenset({Role.INCENTIVES_ADMIN}), organisation_id="contoso")
RITA = Actor(email="rita@office.example", roles=frozenset({Role.REVIEWER}))
ROLF = Actor(email="rolf@office.example", roles=frozenset({Role.REVIEWER}))
ADA = Actor(email="ada@office.example", roles=frozenset({Role.OFFICE_ADMIN}))
JANA = Actor(email="jana@customer.example", roles=frozenset({Role.CUSTOMER}), of_record=True)
STRANGER = Actor(email="x@elsewhere.example", roles=frozenset({Role.CUSTOMER}))
OTA = Actor(email="ota@customer.example", roles=frozenset({Role.SECOND_CONTACT}))

PRAGUE = Location(
    id="4567890",
    organisation_id="fabrikam",
    country="CZ",
    time_zone="Europe/Prague",
    enrolled=frozenset({"osu_microsoft_365", "osu_business_applications", "revenue_association", "osa_sell"}),
)
FACTS = Facts(location=PRAGUE, organisation_domains=("fabrikam.example",), reviewers=(RITA.email, ROLF.email))


def paper(name: str = "proof", verdict: str = "accepted", at: datetime = MONDAY) -> Evidence:
    """A file; its name is its hash."""
    return Evidence(
        sha256=name, name=f"{name}.pdf", media_type="application/pdf", size=9, verdict=verdict, by=PETR.email, at=at
    )


def new_claim(**fields: Any) -> Claim:
    """A complete claim that nobody wrote down yet."""
    claim = Claim(
        id="CLM-7K3QF2",
        version=0,
        policy="2021",
        created_at=MONDAY,
        organisation_id="fabrikam",
        organisation_name="Fabrikam",
        name="Roll-out",
        location_id="4567890",
        tenant_id=TENANT,
        tenant_domain="customer.example",
        solution_area="modern_work_security",
        activity="usage",
        products=(Product(code="teams"),),
        customer=Contact(name="Jana", email=JANA.email, title="Head of IT", country="CZ"),
        partner=Contact(name="Petr", email=PETR.email),
        evidence=(paper(),),
    )
    return replace(claim, **fields)


def rival(claim_id: str = "CLM-RIVAL", status: Status = Status.SUBMITTED, **fields: Any) -> Rival:
    """Another partner's claim on Teams at the same tenant."""
    known = Rival(
        claim_id=claim_id,
        organisation_id="contoso",
        organisation_name="Contoso",
        status=status,
        active=False,
        ended=False,
        keys=frozenset({(TENANT, "teams", "")}),
    )
    return replace(known, **fields)


class Desk:
    """One claim being played."""

    def __init__(self, claim: Claim | None = None, policy: str = "2021", facts: Facts = FACTS) -> None:
        self.policy = load_policy(policy)
        self.facts = facts
        self.now = MONDAY
        self.claim = claim or new_claim()
        self.last: Decision = Decision(claim=self.claim)
        self.sent: list[Mail] = []
        self.count = 0
        if claim is None or not claim.version:
            self.do(e.Drafted, PETR, claim=self.claim)

    def do(self, kind: type[e.Event], actor: Actor = e.SYSTEM, /, **extras: Any) -> Decision:
        """Let it happen; `at` and `facts` may be given, everything else goes into the event."""
        self.count += 1
        at = extras.pop("at", self.now)
        self.now = max(self.now, at)
        facts = extras.pop("facts", self.facts)
        channel = extras.pop("channel", Channel.MAIL)
        event = kind(id=f"e{self.count}", at=at, actor=actor, channel=channel, facts=facts, **extras)
        self.last = decide(None if kind is e.Drafted else self.claim, event, self.now, self.policy)
        self.claim = self.last.claim
        self.sent.extend(a for a in self.last.actions if isinstance(a, Mail))
        return self.last

    def refused(self, kind: type[e.Event], actor: Actor = e.SYSTEM, /, **extras: Any) -> str:
        """Let it be refused; answers the code."""
        before = self.claim
        decision = self.do(kind, actor, **extras)
        assert decision.refusal is not None, f"{kind.__name__} was not refused"
        assert decision.claim is before
        assert decision.actions == ()
        return decision.refusal.code

    def wait(self, **length: float) -> "Desk":
        """Turn the clock."""
        self.now += timedelta(**length)
        return self

    def mails(self, code: str | None = None) -> list[Mail]:
        """Mails of the last step."""
        return [a for a in self.last.actions if isinstance(a, Mail) and code in (None, a.code)]

    def codes(self) -> list[str]:
        """Codes and readers of the last step's mails."""
        return sorted(f"{m.code}>{m.to}" for m in self.mails())

    def published(self) -> list[str]:
        """What webhooks heard in the last step."""
        return [a.type for a in self.last.actions if isinstance(a, e.Publish)]

    def told(self) -> list[tuple[str, e.Event]]:
        """What other claims heard in the last step."""
        return [(a.claim_id, a.event) for a in self.last.actions if isinstance(a, e.Tell)]

    def due(self, kind: ClockKind, subject: str = "") -> datetime:
        """When a clock runs out."""
        clock = self.claim.clock(kind, subject)
        assert clock is not None, f"no clock {kind}"
        return clock.due

    def ring(self, kind: ClockKind, subject: str = "", **dark: Any) -> Decision:
        """Let a clock run out, in the light or in the dark."""
        due = self.due(kind, subject)
        return self.do(e.ClockRang, at=due, kind=kind, due=due, subject=subject, darkness=e.Darkness(**dark))

    def remind(self, kind: ClockKind, subject: str = "") -> Decision:
        """Let a clock's next reminder come."""
        clock = self.claim.clock(kind, subject)
        assert clock is not None
        assert clock.reminders
        at = clock.reminders[0]
        return self.do(e.ReminderDue, at=at, kind=kind, due=at, subject=subject)

    # --- ways to a state ---------------------------------------------------------------------------------------------

    def submitted(self) -> "Desk":
        """As far as submission."""
        self.do(e.Submitted, PETR)
        assert self.claim.status is Status.SUBMITTED
        return self

    def asked(self, *reasons: str) -> "Desk":
        """As far as questions."""
        items = tuple((reason, "please") for reason in reasons or ("missing_customer_ack",))
        self.submitted().do(e.InfoRequested, RITA, items=items)
        assert self.claim.status is Status.ACTION_REQUIRED
        return self

    def approved(self, *, verified: bool = True) -> "Desk":
        """As far as approval; the notice is on its way."""
        self.submitted().do(e.Approved, RITA, contact_verified=verified, contact_source="page 2")
        assert self.claim.status is Status.APPROVED
        return self

    def send(self, code: str = "consent_prompt") -> Decision:
        """The relay takes the current notice."""
        assert self.claim.notice is not None
        return self.do(e.MailSent, key=self.claim.notice.key, code=code)

    def deliver(self, code: str = "consent_prompt") -> Decision:
        """The current notice arrives."""
        assert self.claim.notice is not None
        return self.do(e.MailDelivered, key=self.claim.notice.key, code=code)

    def bounce(self, **extras: Any) -> Decision:
        """The current notice comes back."""
        assert self.claim.notice is not None
        said = {"key": self.claim.notice.key, "code": "consent_prompt", "email": self.claim.customer.email}
        return self.do(e.MailFailed, **(said | extras))

    def window(self, *, verified: bool = True) -> "Desk":
        """As far as an open window."""
        self.approved(verified=verified).deliver()
        return self

    def active(self) -> "Desk":
        """As far as an association that rests on silence."""
        self.window().ring(ClockKind.CONSENT_WINDOW)
        return self

    def rejected(self, reason: str = "insufficient_poe") -> "Desk":
        """As far as a rejection by Rita."""
        self.submitted().do(e.Rejected, RITA, reason=reason, text="see page 1")
        return self

    def disputed(self) -> "Desk":
        """As far as a dispute, which is Rolf's."""
        self.rejected().do(e.Disputed, PETR, text="look again")
        assert self.claim.status is Status.DISPUTED
        return self


class Town:
    """Several desks whose claims tell each other, as the engine lets them."""

    def __init__(self, *desks: Desk) -> None:
        self.desks = {desk.claim.id: desk for desk in desks}

    def do(self, name: str, kind: type[e.Event], actor: Actor = e.SYSTEM, /, **extras: Any) -> Decision:
        """Let it happen to one claim and spread."""
        desk = self.desks[name]
        first = desk.do(kind, actor, facts=self.facts(name), **extras)
        waiting = deque(desk.told())
        while waiting:
            other, event = waiting.popleft()
            at = self.desks[other]
            at.last = decide(at.claim, replace(event, facts=self.facts(other)), desk.now, at.policy)
            at.claim = at.last.claim
            at.sent.extend(at.mails())
            waiting.extend(at.told())
        return first

    def facts(self, name: str) -> Facts:
        """What the engine would look up for that claim."""
        me = self.desks[name]
        others = [d.claim for n, d in self.desks.items() if n != name]
        return replace(me.facts, rivals=tuple(_as_rival(c) for c in others))


def _as_rival(claim: Claim) -> Rival:
    return Rival(
        claim_id=claim.id,
        organisation_id=claim.organisation_id,
        organisation_name=claim.organisation_name,
        status=claim.status,
        active=claim.association == "active",
        ended=claim.association == "ended",
        keys=claim.keys(),
    )
