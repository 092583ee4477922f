"""The tick: APScheduler kicks the pulses at intervals, rows decide what is due (security §7 E1-E7).

No deadline is a job: a missed tick only means that the next one finds more. Jobs live in memory, never overlap, run in
UTC and in the loop that started them: a function that is no coroutine function would be run in a thread, and what it
returns never be awaited.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from datetime import UTC

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

TICK_SECONDS = 1
BEAT_SECONDS = 60
RESCAN_SECONDS = 60
SWEEP_SECONDS = 3600
COMPACT_SECONDS = 60
HEADS_SECONDS = 600
WATCH_SECONDS = 15

Call = Callable[[], Awaitable[object] | object]


class Ticker:
    """Calls functions at fixed intervals until it is stopped."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._running: set[asyncio.Task[object]] = set()

    def every(self, seconds: float, call: Call) -> None:
        """Calls `call` each `seconds`; a call that is still running is not started again."""
        self._scheduler.add_job(
            self._run,
            IntervalTrigger(seconds=seconds, timezone=UTC),
            args=(call,),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )

    def start(self) -> None:
        """Begins to tick in the running loop."""
        self._scheduler.start()

    async def stop(self, grace: float) -> None:
        """Starts no more calls, waits that many seconds for those that run. Does nothing when it was never started."""
        if not self._scheduler.running:
            return
        self._scheduler.pause()
        if self._running:
            await asyncio.wait(self._running, timeout=grace)
        self._scheduler.shutdown(wait=False)

    async def _run(self, call: Call) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            result = call()
            if inspect.isawaitable(result):
                await result
        finally:
            self._running.discard(task)
