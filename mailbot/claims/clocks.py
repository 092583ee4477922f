"""Setting, stopping, pausing and moving the deadlines of a claim (domain §5).

Every function changes the Step's claim and nothing else. A clock the policy has switched off is not set. There is at
most one clock of a kind and subject: setting it again replaces it.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from mailbot.claims.deadlines import Place, due, postponed, reminders
from mailbot.claims.model import Clock, ClockKind
from mailbot.claims.step import Step

INQUIRIES = frozenset({ClockKind.CUSTOMER_QUESTION, ClockKind.DATA_REQUEST})
"""Answers owed to the customer: they outlive every end of the claim."""


def start(step: Step, kind: ClockKind, place: Place, *, subject: str = "", notice: str = "") -> datetime | None:
    """Set a clock of the policy's length from now; answers its due time, None if the policy has no such clock."""
    length = step.policy.clocks.get(kind)
    if length is None:
        return None
    end = due(step.start, length, place)
    put(step, kind, end, place, subject=subject, notice=notice)
    return end


def put(step: Step, kind: ClockKind, end: datetime, place: Place, *, subject: str = "", notice: str = "") -> None:
    """Set a clock to a due time that was computed elsewhere; reminders come from the policy."""
    specs = step.policy.reminders.get(kind, ())
    at = reminders(step.start, end, specs, place) if specs and step.start < end else ()
    _put(step, Clock(kind=kind, set_at=step.start, due=end, subject=subject, notice=notice, reminders=at))


def told_by(step: Step, kind: ClockKind, notice: str) -> None:
    """Remember which mail told the party of the deadline, because it may not run out undelivered (domain §4.4)."""
    clock = running(step, kind)
    if clock is not None:
        _put(step, replace(clock, notice=notice))


def stop(step: Step, *kinds: ClockKind, subject: str | None = None) -> None:
    """Take clocks away, of one subject or of all."""
    kept = (c for c in step.clocks if c.kind not in kinds or (subject is not None and c.subject != subject))
    _set(step, kept)


def running(step: Step, kind: ClockKind, subject: str = "") -> Clock | None:
    """The clock of that kind and subject, if it is set."""
    return next((c for c in step.clocks if c.kind is kind and c.subject == subject), None)


def stop_all(step: Step, keep: frozenset[ClockKind] = INQUIRIES) -> None:
    """Take all clocks away but those."""
    _set(step, (c for c in step.clocks if c.kind in keep))


def pause(step: Step, kind: ClockKind) -> None:
    """Let a clock stand still."""
    clock = running(step, kind)
    if clock is not None and clock.paused_at is None:
        _put(step, replace(clock, paused_at=step.start))


def resume(step: Step, kind: ClockKind, place: Place) -> None:
    """Let a paused clock run on with what it had left."""
    clock = running(step, kind)
    length = step.policy.clocks.get(kind)
    if clock is None or clock.paused_at is None or length is None:
        return
    end = postponed(clock.due, (clock.paused_at, step.start), length, place)
    _put(step, replace(clock, due=end, paused_at=None))


def postpone(step: Step, clock: Clock, end: datetime, place: Place) -> None:
    """Move a due time, and the reminders still to come with it; what was first told stays known."""
    specs = step.policy.reminders.get(clock.kind, ())
    at = reminders(step.start, end, specs, place) if specs and clock.reminders and step.start < end else ()
    stated = clock.stated or clock.due
    _put(step, replace(clock, due=end, moved=clock.moved + 1, stated=stated, reminders=at))


def remember(step: Step, clock: Clock, left: Iterable[datetime]) -> None:
    """Keep only those reminders."""
    _put(step, replace(clock, reminders=tuple(left)))


def _put(step: Step, clock: Clock) -> None:
    others = (c for c in step.clocks if (c.kind, c.subject) != (clock.kind, clock.subject))
    _set(step, (*others, clock))


def _set(step: Step, clocks: Iterable[Clock]) -> None:
    after = tuple(clocks)
    if after != step.clocks:
        step.change(clocks=after)
