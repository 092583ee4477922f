"""A claim's story on PostgreSQL, told to two nodes at once: what one has done the other does not do again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from engine_house import JANA, PETR, House, ReadingHere

from mailbot.inbound.interpretation import Interpretation, Keys
from mailbot.inbound.readers import ReaderFailure
from mailbot.store.database import Store
from mailbot.store.faults import Conflict


@pytest.fixture
def url(postgres_url: str) -> str:
    """SQLite has one node."""
    return postgres_url


@pytest.fixture
async def other(home: House, tmp_path: Path, url: str) -> AsyncIterator[House]:
    """A second node."""
    async with await Store.open(url, f"file:{tmp_path}/blobs", clock=home.clock) as store:
        node = House(store, home.clock, home.policy, dict(home.desk.office.policies), home.tokens)
        node.relay, node.ids = home.relay, home.ids
        yield node


async def test_two_nodes_do_the_work_of_one(home: House, other: House) -> None:
    claim_id = await home.approved()
    await home.writes(PETR, home.mails(PETR)[-1].reply_to, "comment: seen by both")
    for _ in range(12):
        await asyncio.gather(*(_works(node) for node in (home, other)))
    claim = await home.claim(claim_id)
    assert (str(claim.status), len(claim.comments)) == ("approved", 1)
    ids = [mail.parsed["Message-ID"] for mail in home.mails()]
    assert len(ids) == len(set(ids))
    assert home.mails(JANA) == [] or len(home.mails(JANA)) == 1


async def test_mail_is_applied_in_the_order_of_receipt_though_one_node_reads_slowly(home: House, other: House) -> None:
    claim_id = await home.submitted()
    to, slow = home.mails(PETR)[-1].reply_to, SlowReading(home.readers.keys)
    home.mailroom.readers = slow  # type: ignore[assignment]
    await home.writes(PETR, to, "comment: first")
    working = asyncio.create_task(home.mailroom.step())
    await slow.begun.wait()
    await home.writes(PETR, to, "comment: second")
    took_early = await other.mailroom.step()
    slow.may_end.set()
    assert (took_early, await working, await other.mailroom.step()) == (0, 1, 1)
    assert [comment.text for comment in (await home.claim(claim_id)).comments] == ["first", "second"]


class SlowReading(ReadingHere):
    """A reader that ends when it is told to."""

    def __init__(self, keys: Keys) -> None:
        super().__init__(keys)
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()

    async def read_batch(self, tasks: Sequence[Any]) -> list[Interpretation | ReaderFailure]:
        self.begun.set()
        await self.may_end.wait()
        return await super().read_batch(tasks)


async def _works(node: House) -> None:
    """A round of everything a node does; what another one was quicker with is left to it, as the service does."""
    steps = (node.mailroom.step, node.clockwork.ring, node.clockwork.leave, node.clockwork.report)
    for step in (*steps, lambda: node.delivery.step(node.clock.now())):
        try:
            await step()
        except Conflict:
            continue
