"""A wall clock that was moved is noticed, and no timer rings by it: the steady clock, which nobody can set, went on.

A clock that is years ahead would make every deadline due and, in the dark, move it there for good. So the timers pause,
and go on by themselves when the clock is where it was going; else a person looks and resumes them. Until then no mail
is given up for its age; what was put off by the wrong clock goes out when it is right. The jump and a person's own
pause are two facts: neither hides the other, and a right clock ends only the first.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot import log
from mailbot.clock import Clock
from mailbot.store import outbox, settings
from mailbot.store.database import Store
from mailbot.store.settings import OUTAGE

LONGEST_WAIT = timedelta(days=5)
"""A retry that is put off for longer was put off by a wrong clock. An early one does no harm."""


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
        """Notes a jump of more than an hour, which stops the timers, and that the clock is right again."""
        by = self._distance() - self._apart
        jumped = abs(by) > OUTAGE.total_seconds()
        if jumped == self._jumped:
            return
        log.clock_jumped(round(by)) if jumped else log.clock_right()
        await self.store.write(lambda conn: self._note(conn, jumped))
        self._jumped = jumped

    async def _note(self, conn: AsyncConnection, jumped: bool) -> None:
        await settings.note_jump(conn, jumped=jumped)
        if not jumped:
            await outbox.call_back(conn, self.clock.now(), LONGEST_WAIT)

    def _distance(self) -> float:
        return self.clock.now().timestamp() - self.steady()
