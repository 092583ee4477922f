"""When the claim wants to be woken: its clocks as rows for a table of timers.

A pure projection, to be stored with the claim in one transaction. A paused clock wants nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mailbot.claims.model import Claim, ClockKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Ringing:
    """Wake the claim at `at`. `due` goes into the event: the clock's due time, or the reminder's own instant."""

    kind: ClockKind
    subject: str
    what: Literal["due", "reminder"]
    at: datetime
    due: datetime


def ringings(claim: Claim) -> tuple[Ringing, ...]:
    """All instants at which this claim wants an event, in order of time."""
    found = [
        Ringing(kind=clock.kind, subject=clock.subject, what=what, at=at, due=at)
        for clock in claim.clocks
        if clock.paused_at is None
        for what, at in _instants(clock.reminders, clock.due)
    ]
    return tuple(sorted(found, key=lambda ringing: (ringing.at, ringing.kind, ringing.subject)))


def _instants(reminders: tuple[datetime, ...], due: datetime) -> list[tuple[Literal["due", "reminder"], datetime]]:
    return [*(("reminder", at) for at in reminders), ("due", due)]
