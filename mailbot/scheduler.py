"""The tick: APScheduler kicks the pulses at intervals, rows decide what is due (security §7 E1-E7).

No deadline is a job: a missed tick only means that the next one finds more. Jobs live in memory, never overlap and
run in UTC.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

TICK_SECONDS = 1
BEAT_SECONDS = 60
RESCAN_SECONDS = 60
SWEEP_SECONDS = 3600


class Ticker:
    """Calls functions at fixed intervals until it is stopped."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    def every(self, seconds: int, call: Callable[[], Awaitable[object] | object]) -> None:
        """Calls `call` each `seconds`; a call that is still running is not started again."""
        self._scheduler.add_job(
            call,
            IntervalTrigger(seconds=seconds, timezone=UTC),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )

    def start(self) -> None:
        """Begins to tick in the running loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """Ends at once; calls that run go on. Does nothing when it was never started."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
