"""A wall clock that was moved is noticed, and no timer rings by it: the steady clock, which nobody can set, went on.

A clock that is years ahead would make every deadline due and, in the dark, move it there for good. So the timers pause,
and go on by themselves when the clock is where it was going; else a person looks and resumes them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from mailbot import log
from mailbot.clock import Clock
from mailbot.store import settings
from mailbot.store.database import Store
from mailbot.store.settings import OUTAGE


@dataclass(slots=True)
class Jumps:
    """Compares the wall clock with `steady`, seconds since whenever, as they were when this was made."""

    store: Store
    clock: Clock
    steady: Callable[[], float]
    _apart: float = field(init=False)
    _jumped: bool = False

    def __post_init__(self) -> None:
        self._apart = self._distance()

    async def look(self) -> None:
        """Pauses the timers at a jump of more than an hour; resumes what it paused when the clock is right again."""
        by = self._distance() - self._apart
        jumped = abs(by) > OUTAGE.total_seconds()
        if jumped == self._jumped:
            return
        log.clock_jumped(round(by)) if jumped else log.clock_right()
        await self.store.write(lambda conn: settings.pause_for_clock(conn, jumped=jumped))
        self._jumped = jumped

    def _distance(self) -> float:
        return self.clock.now().timestamp() - self.steady()
