"""Decisions that can still be taken back: those made on the office's page, for the time of the clock `take_back`.

A pending decision changes nothing but itself. It goes with every move of the claim and every edit, so that a decline, a
withdrawal or another reviewer's decision by mail beats it; what comes of it in the end is decided when it counts.
"""

from dataclasses import fields
from typing import Any

from mailbot.claims import clocks, windows
from mailbot.claims.events import (
    Actor,
    Approved,
    Arbitrated,
    ClockRang,
    DecisionMade,
    DecisionTakenBack,
    Event,
    InfoRequested,
    Refusal,
    Rejected,
    Upheld,
)
from mailbot.claims.model import Channel, ClockKind, Pending
from mailbot.claims.step import Step

_KINDS: dict[str, type[Event]] = {
    "info_requested": InfoRequested,
    "approved": Approved,
    "rejected": Rejected,
    "arbitrated": Arbitrated,
    "upheld": Upheld,
}
_COMMON = frozenset(field.name for field in fields(Event))


def put_off(step: Step, event: DecisionMade) -> Refusal | None:
    """Keep the decision until its time to take back is over."""
    if step.claim.pending is not None:
        return Refusal(code="decision_pending", text="A decision waits already; take it back first.")
    decision, actor = event.decision, event.actor
    pending = Pending(
        kind=next(name for name, kind in _KINDS.items() if kind is type(decision)),
        event_id=event.id,
        at=event.at,
        by=actor.email,
        name=actor.name,
        organisation_id=actor.organisation_id,
        roles=tuple(sorted(actor.roles)),
        **_content(decision),
    )
    step.change(pending=pending)
    clocks.start(step, ClockKind.TAKE_BACK, windows.office_place(step.facts))
    return None


def take_back(step: Step, event: DecisionTakenBack) -> Refusal | None:
    """Forget the decision that waits."""
    if step.claim.pending is None:
        return Refusal(code="nothing_pending", text="No decision waits here; it took effect or was taken back.")
    step.forget_pending()
    return None


def ripe(step: Step, event: ClockRang) -> Event | None:
    """The decision that this ring makes count, as the event it is: of who decided it, at this instant."""
    pending, clock = step.claim.pending, step.claim.clock(ClockKind.TAKE_BACK)
    if event.kind is not ClockKind.TAKE_BACK or pending is None or clock is None or clock.due != event.due:
        return None
    kind = _KINDS[pending.kind]
    own = {field.name: getattr(pending, field.name) for field in fields(kind) if field.name not in _COMMON}
    by = Actor(
        email=pending.by, name=pending.name, roles=frozenset(pending.roles), organisation_id=pending.organisation_id
    )
    return kind(id=event.id, at=event.at, actor=by, channel=Channel.WEB, facts=event.facts, **own)


def _content(decision: Event) -> dict[str, Any]:
    return {f.name: getattr(decision, f.name) for f in fields(decision) if f.name not in _COMMON}
