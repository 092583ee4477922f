"""Plays random claims on a hand-turned clock and checks after every step what must be true (`mailbot simulate`).

Nothing is stored or sent; the same seed gives the same report. A broken rule is counted, never raised, so that one
run shows them all.
"""

import heapq
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from mailbot.claims import events as e
from mailbot.claims.events import Decision, Event, Mail, Tell
from mailbot.claims.invariants import broken
from mailbot.claims.lifecycle import decide, expected
from mailbot.claims.model import Association, Claim, Party, Role
from mailbot.claims.policy import Policy
from mailbot.claims.wake import Ringing, ringings
from mailbot.simulated import CHANNELS, Draw, darkness, facts, fresh_claim, happening

_BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)
_STEPS = 30
Stopwatch = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run saw, counted. `outcomes` are "status consent association"; `seconds` were spent deciding."""

    claims: int
    seed: int
    policy: str
    events: int
    checks: int
    outcomes: Counter[str]
    answers: Counter[str]
    clocks: Counter[str]
    mails: Counter[str]
    broken: Counter[str]
    seconds: float = field(compare=False)

    @property
    def rate(self) -> float:
        """Events decided in a second; 0 if no stopwatch ran."""
        return self.events / self.seconds if self.seconds else 0.0


def simulate(claims: int, seed: int, policy: Policy, stopwatch: Stopwatch = lambda: 0.0) -> Report:
    """Play that many claims, a few at a time on one tenant; `stopwatch` gives seconds and is read around `decide`."""
    draw, tally = Draw(Random(seed)), _Tally(policy, stopwatch)
    left = claims
    while left > 0:
        together = min(left, draw.one((1, 1, 2, 3)))
        _Tenant(draw, tally, together, claims - left).play()
        left -= together
    return Report(
        claims=claims,
        seed=seed,
        policy=policy.name,
        events=tally.events,
        checks=tally.checks,
        outcomes=tally.outcomes,
        answers=tally.answers,
        clocks=tally.clocks,
        mails=tally.mails,
        broken=tally.broken,
        seconds=tally.seconds,
    )


class _Tally:
    """Decides, times, checks and counts."""

    def __init__(self, policy: Policy, stopwatch: Stopwatch) -> None:
        self.policy = policy
        self.stopwatch = stopwatch
        self.events = self.checks = 0
        self.seconds = 0.0
        self.outcomes: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.clocks: Counter[str] = Counter()
        self.mails: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()

    def decide(self, claim: Claim | None, event: Event, now: datetime) -> Decision:
        """One event, decided and checked."""
        began = self.stopwatch()
        decision = decide(claim, event, now, self.policy)
        self.seconds += self.stopwatch() - began
        self.events += 1
        self.checks += 1
        self.broken.update(broken(claim, event, decision))
        self._count(claim, event, decision)
        return decision

    def _count(self, claim: Claim | None, event: Event, decision: Decision) -> None:
        if decision.refusal is not None:
            self.answers[f"refused: {decision.refusal.code}"] += 1
        else:
            self.answers["unchanged" if decision.claim is claim else "applied"] += 1
        if isinstance(event, e.ClockRang | e.ReminderDue) and decision.note != "old_ring":
            what = "reminded" if isinstance(event, e.ReminderDue) else decision.note or "rang"
            self.clocks[f"{event.kind} {what}"] += 1
        self.mails.update(a.code for a in decision.actions if isinstance(a, Mail))


class _Tenant:
    """A customer, the claims on it, its post and its clocks."""

    def __init__(self, draw: Draw, tally: _Tally, count: int, first: int) -> None:
        self.draw = draw
        self.tally = tally
        self.now = _BEGIN + timedelta(minutes=draw.random.randint(0, 500_000))
        self.claims: dict[str, Claim] = {}
        self.post: list[tuple[datetime, int, str, Event]] = []
        self.number = 0
        for offset in range(count):
            claim = fresh_claim(draw, f"CLM-{first + offset}", offset + 1, self.now, tally.policy.name)
            self._draft(claim)

    def play(self) -> None:
        """Let things happen, in order of time, then let the clocks run out."""
        for _ in range(_STEPS * max(1, len(self.claims))):
            self._wait(timedelta(minutes=self.draw.one((1, 30, 300, 1500, 6000))))
            self._happen(self.claims[self.draw.one(sorted(self.claims))])
        self._wait(timedelta(days=self.draw.one((1, 40))))
        for claim in self.claims.values():
            self.tally.outcomes[f"{claim.status} {claim.consent} {claim.association}"] += 1

    def _draft(self, claim: Claim) -> None:
        admin = e.Actor(
            email=claim.partner.email,
            roles=frozenset({Role.INCENTIVES_ADMIN}),
            organisation_id=claim.organisation_id,
        )
        event = e.Drafted(id=self._id(), at=self.now, actor=admin, facts=facts(claim, ()), claim=claim)
        self._keep(None, event, self.tally.decide(None, event, self.now))

    def _happen(self, claim: Claim) -> None:
        kind, extras = happening(self.draw, claim, expected(claim, self.tally.policy))
        late = timedelta(minutes=self.draw.one((0, 0, 0, 1, 90, 3000)))
        at = max(claim.created_at, self.now - late)
        event = kind(id=self._id(), at=at, facts=self._facts(claim), channel=self.draw.one(CHANNELS), **extras)
        self._apply(claim.id, event)
        if self.draw.likely(0.05):
            self._apply(claim.id, event)

    def _apply(self, claim_id: str, event: Event) -> None:
        """The event and whatever it tells other claims, as one transaction would."""
        waiting = deque([(claim_id, event)])
        while waiting:
            name, happened = waiting.popleft()
            claim = self.claims.get(name)
            if claim is None:
                continue
            happened = replace(happened, facts=self._facts(claim))
            decision = self.tally.decide(claim, happened, self.now)
            self._keep(claim, happened, decision)
            waiting.extend((a.claim_id, a.event) for a in decision.actions if isinstance(a, Tell))
        self._check_tenant()

    def _check_tenant(self) -> None:
        """No product of a tenant is ever seen by two firms (domain §4.3)."""
        active = [c.keys() for c in self.claims.values() if c.association is Association.ACTIVE]
        held = [key for keys in active for key in keys]
        self.tally.checks += 1
        if len(held) != len(set(held)):
            self.tally.broken["two firms hold one product"] += 1

    def _keep(self, before: Claim | None, event: Event, decision: Decision) -> None:
        self.claims[decision.claim.id] = decision.claim
        for action in decision.actions:
            if isinstance(action, Mail):
                self._send(decision.claim, action)

    def _send(self, claim: Claim, mail: Mail) -> None:
        """Most mails leave soon; notices to the customer also arrive, get stuck or bounce."""
        self._post(claim, timedelta(minutes=1), e.MailSent, mail)
        if mail.to is not Party.CUSTOMER:
            return
        fate = self.draw.random.random()
        if fate < 0.3:
            self._post(claim, timedelta(minutes=2), e.MailDelivered, mail)
        elif fate < 0.36:
            self._post(claim, timedelta(hours=4), e.MailDelayed, mail)
        elif fate < 0.46:
            self._post(claim, timedelta(minutes=self.draw.one((2, 3000, 30_000))), e.MailFailed, mail)

    def _post(self, claim: Claim, after: timedelta, kind: type[Event], mail: Mail) -> None:
        said: dict[str, Any] = {"key": mail.key, "code": mail.code}
        if kind is e.MailFailed:
            said["email"] = claim.customer.email
        at = self.now + after
        event = kind(id=self._id(), at=at, **said)
        heapq.heappush(self.post, (at, self.number, claim.id, event))

    def _wait(self, length: timedelta) -> None:
        """Turn the clock; what is due meanwhile happens in its order."""
        until = self.now + length
        while (due := self._next(until)) is not None:
            claim_id, event = due
            self.now = max(self.now, event.at)
            claim = self.claims[claim_id]
            self._apply(claim_id, replace(event, facts=self._facts(claim)))
        self.now = until

    def _next(self, until: datetime) -> tuple[str, Event] | None:
        rings = [(r.at, c.id, r) for c in self.claims.values() for r in ringings(c)[:1]]
        ring = min(rings, default=None, key=lambda entry: entry[:2])
        if self.post and (ring is None or self.post[0][0] <= ring[0]):
            return heapq.heappop(self.post)[2:] if self.post[0][0] <= until else None
        if ring is None or ring[0] > until:
            return None
        return ring[1], self._ring(ring[2])

    def _ring(self, ring: Ringing) -> Event:
        at = max(self.now, ring.at)
        if ring.what == "reminder":
            return e.ReminderDue(id=self._id(), at=at, kind=ring.kind, subject=ring.subject, due=ring.due)
        dark = darkness(self.draw, at)
        return e.ClockRang(id=self._id(), at=at, kind=ring.kind, subject=ring.subject, due=ring.due, darkness=dark)

    def _facts(self, claim: Claim) -> e.Facts:
        return facts(claim, tuple(self.claims.values()))

    def _id(self) -> str:
        self.number += 1
        return f"event-{self.number}"
