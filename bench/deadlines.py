"""What a due deadline costs: rows of ours, found and fired, against jobs in APScheduler's SQL store, found and removed.

Both on SQLite and durable. APScheduler takes its jobs one by one, as it comes; what it would call is not called.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.clock import SystemClock
from mailbot.engine.clockwork import BATCH
from mailbot.store import timers
from mailbot.store.database import Store

_LATER = datetime(2100, 1, 1, tzinfo=UTC)


async def by_rows(database: Path, batches: int) -> float:
    """Milliseconds for each of so many batches of due timers."""
    blobs = f"file:{database.parent / 'blobs'}"
    async with await Store.open(f"sqlite:///{database}", blobs, clock=SystemClock()) as store:
        fired, began = 0, time.perf_counter()
        for _ in range(batches):
            fired += await store.write(_fire)
        return (time.perf_counter() - began) / fired * 1000


async def _fire(conn: AsyncConnection) -> int:
    found = await timers.due(conn, _LATER, BATCH)
    await timers.fire(conn, [timer.id for timer in found], _LATER)
    return len(found)


def by_jobs(folder: Path, count: int) -> float:
    """Milliseconds for each of so many due jobs."""
    store = SQLAlchemyJobStore(url=f"sqlite:///{folder / 'jobs.db'}")
    scheduler = BackgroundScheduler(jobstores={"default": store}, timezone=UTC)
    scheduler.start(paused=True)
    try:
        due = datetime.now(UTC) + timedelta(days=1)
        for number in range(count):
            scheduler.add_job(_nothing, "date", run_date=due, id=str(number), misfire_grace_time=None)
        began = time.perf_counter()
        jobs: Sequence[Any] = store.get_due_jobs(due + timedelta(days=1))
        for job in jobs:
            store.remove_job(job.id)
        return (time.perf_counter() - began) / len(jobs) * 1000
    finally:
        scheduler.shutdown(wait=False)


def _nothing() -> None:
    pass
