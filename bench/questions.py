"""What the database is asked in daily work, timed through the store's own queries: milliseconds of wall clock each."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mailbot.clock import SystemClock
from mailbot.store import claim_lists, claims, history, timers
from mailbot.store.claim_lists import ClaimFilter
from mailbot.store.database import Store

Question = Callable[[Any, str], Awaitable[object]]

QUESTIONS: dict[str, Question] = {
    "lookup": lambda conn, claim_id: claims.load(conn, [claim_id]),
    "history": lambda conn, claim_id: history.of_claim(conn, claim_id),
    "list": lambda conn, _: claim_lists.page(conn, ClaimFilter()),
    "due scan": lambda conn, _: timers.due(conn, datetime.now(UTC), 64),
    "idle tick": lambda conn, _: timers.next_at(conn),
}


def asked(database: Path, rounds: int, times: int = 40) -> dict[str, float]:
    """Question → the median over rounds of the median time it took."""
    return asyncio.run(_asked(database, rounds, times))


async def _asked(database: Path, rounds: int, times: int) -> dict[str, float]:
    url, blobs = f"sqlite:///{database}", f"file:{database.parent / 'blobs'}"
    async with await Store.open(url, blobs, clock=SystemClock()) as store:
        taken: dict[str, list[float]] = {name: [] for name in QUESTIONS}
        for _ in range(rounds):
            for name, question in QUESTIONS.items():
                taken[name].append(await _one(store, question, times))
        return {name: statistics.median(found) for name, found in taken.items()}


async def _one(store: Store, question: Question, times: int) -> float:
    spent = []
    async with store.read() as conn:
        count = int((await conn.exec_driver_sql("SELECT max(seq) FROM claims")).scalar_one())
        for number in range(times):
            row = await conn.exec_driver_sql("SELECT id FROM claims WHERE seq >= ? LIMIT 1", (number * count // times,))
            claim_id = str(row.scalar_one())
            began = time.perf_counter()
            await question(conn, claim_id)
            spent.append((time.perf_counter() - began) * 1000)
    return statistics.median(spent)
