"""What time it is, as an argument: rooms below the composition root are handed a Clock and never ask the machine.

Every instant is aware and UTC; a naive one raises ValueError.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Something that knows the time."""

    def now(self) -> datetime:
        """The present instant, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, UTC."""
        return datetime.now(UTC)


def steady_seconds() -> float:
    """Seconds since some instant that nobody can set; where the system tells, they go on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class CorrectedClock:
    """A clock that may be set right by somebody who knows better: the server of a shared database."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._off = timedelta()

    def now(self) -> datetime:
        """The present instant, UTC, as far as anybody knows."""
        return self._clock.now() + self._off

    def correct(self, by: timedelta) -> None:
        """Adds to what it says from now on."""
        self._off += by


class ManualClock:
    """A clock that stands still until it is moved: for simulation and tests."""

    def __init__(self, start: datetime) -> None:
        self._now = _utc(start)

    def now(self) -> datetime:
        """The instant it was last set to, UTC."""
        return self._now

    def set(self, instant: datetime) -> None:
        """Jump to an instant, backwards too: machines do that."""
        self._now = _utc(instant)

    def advance(self, by: timedelta) -> datetime:
        """Move on, and say what time it is then."""
        self._now += by
        return self._now


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone; clocks keep UTC")
    return instant.astimezone(UTC)
