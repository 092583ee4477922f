"""P1: what the rows of a message cost on PostgreSQL, 32 messages a transaction against one at a time.

The work is the store's of every message: take it, load its claim, write claim, history and a mail, settle it. CPU is
that of this process and of the server together, which therefore has to be one that was started here
(`tests/postgres_here.py`).
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from bench.figures import Taken, in_turns
from bench.processes import cpu_of
from mailbot.claims.model import Claim
from mailbot.claims.specimens import AT, first_draft
from mailbot.clock import ManualClock
from mailbot.store import claims, history, inbox, outbox
from mailbot.store.claims import Change
from mailbot.store.database import Store
from mailbot.store.history import Entry
from mailbot.store.inbox import Item, Settlement
from mailbot.store.outbox import NewMail

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from postgres_here import NoServer, Server, migrated

BATCH = 32
_MAIL = b"Subject: Question\r\n\r\n" + b"It is a question that is asked again and again.\r\n" * 80
_LEASE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Costs:
    """A round of each: in batches, and one message after the other."""

    batch: Taken
    single: Taken


def measured(folder: Path, rounds: int, messages: int) -> Costs | str:
    """The medians, or why there are none."""
    try:
        server = Server.find(durable=True)
    except NoServer as error:
        return str(error)
    try:
        if server.pid is None:
            return "the CPU of a server that runs elsewhere cannot be seen"
        with asyncio.Runner() as runner:
            store = runner.run(Store.open(migrated(server), f"file:{folder}/blobs", clock=ManualClock(AT)))
            work = _Work(store, server.pid)
            contenders = [partial(_timed, runner, work, messages, size) for size in (BATCH, 1)]
            for contender in contenders:
                contender()  # once to warm up
            taken = in_turns(contenders, rounds)
            runner.run(store.close())
        return Costs(*taken)
    finally:
        server.close()


def _timed(runner: asyncio.Runner, work: "_Work", messages: int, size: int) -> Taken:
    return runner.run(work.round(messages, size))


class _Work:
    """Messages about claims of their own, each round anew."""

    def __init__(self, store: Store, server: int) -> None:
        self._store, self._server = store, server
        self._numbers = count(1)

    async def round(self, messages: int, size: int) -> Taken:
        """Rate and CPU of so many messages, `size` in a transaction."""
        numbers = [next(self._numbers) for _ in range(messages)]
        await self._store.write(partial(_arrive, numbers=numbers))
        began, cpu = time.perf_counter(), self._cpu()
        left = messages
        while left:
            left -= await self._step(size)
        return Taken(messages / (time.perf_counter() - began), (self._cpu() - cpu) / messages * 1000)

    def _cpu(self) -> float:
        return time.process_time() + cpu_of(self._server)

    async def _step(self, size: int) -> int:
        items = await self._store.write(lambda conn: inbox.take(conn, AT, size, "bench", _LEASE))
        async with self._store.read() as conn:
            found = await claims.load(conn, [_name(item.id) for item in items])
        await self._store.write(partial(_settle, items=items, found=found))
        return len(items)


async def _arrive(conn: AsyncConnection, numbers: Sequence[int]) -> None:
    drafts = [Change(None, replace(first_draft(), id=_name(n), tenant_id=f"tenant {n}")) for n in numbers]
    await claims.save(conn, drafts, AT)
    items = [Item(id=n, received_at=AT, handle=n, sha256=f"{n:064x}", size=len(_MAIL), raw=_MAIL) for n in numbers]
    await inbox.accept(conn, items)


async def _settle(conn: AsyncConnection, items: Sequence[Item], found: dict[str, Claim]) -> None:
    before = [(item, found[_name(item.id)]) for item in items]
    await claims.save(conn, [Change(claim, replace(claim, version=claim.version + 1)) for _, claim in before], AT)
    await history.append(conn, [_entry(item, claim, AT) for item, claim in before], lambda size: b"s" * size)
    await outbox.put(conn, [_answer(item, claim) for item, claim in before])
    ends = [Settlement(id=i.id, disposition="applied", claim_id=c.id, digest=f"{i.id}") for i, c in before]
    await inbox.settle(conn, ends, AT)


def _name(number: int) -> str:
    return f"CLM-{number:06d}"


def _entry(item: Item, claim: Claim, at: datetime) -> Entry:
    return Entry(
        claim_id=claim.id, event_id=f"inbox:{item.id}", at=at, kind="question_asked", actor=claim.customer.email,
        channel="mail", inbox_id=item.id, public={"consent": {"before": "asked", "after": "suspended"}}, private={},
    )  # fmt: skip


def _answer(item: Item, claim: Claim) -> NewMail:
    return NewMail(
        id=item.id, claim_id=claim.id, key=f"question:{item.id}", code="question", party="office",
        email="rita@office.example", message_id=f"<{item.id}@mail.test>", mail_from="", raw=_MAIL, created_at=AT,
        triggered_by=item.id,
    )  # fmt: skip
