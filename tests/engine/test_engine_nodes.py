"""A claim's story on PostgreSQL, told to two nodes at once: what one has done the other does not do again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from engine_house import JANA, PETR, House, house

from mailbot.store.database import Store
from mailbot.store.faults import Conflict


@pytest.fixture
async def home(tmp_path: Path, postgres_url: str) -> AsyncIterator[House]:
    async with house(tmp_path, url=postgres_url) as it:
        yield it


async def test_two_nodes_do_the_work_of_one(home: House, tmp_path: Path, postgres_url: str) -> None:
    store = await Store.open(postgres_url, f"file:{tmp_path}/blobs", clock=home.clock)
    other = House(store, home.clock, home.policy, dict(home.desk.office.policies), home.tokens)
    other.relay, other.ids = home.relay, home.ids
    claim_id = await home.approved()
    await home.writes(PETR, home.mails(PETR)[-1].reply_to, "comment: seen by both")
    for _ in range(12):
        await asyncio.gather(*(_works(node) for node in (home, other)))
    claim = await home.claim(claim_id)
    assert (str(claim.status), len(claim.comments)) == ("approved", 1)
    ids = [mail.parsed["Message-ID"] for mail in home.mails()]
    assert len(ids) == len(set(ids))
    assert home.mails(JANA) == [] or len(home.mails(JANA)) == 1
    await store.close()


async def _works(node: House) -> None:
    """A round of everything a node does; what another one was quicker with is left to it, as the service does."""
    steps = (node.mailroom.step, node.clockwork.ring, node.clockwork.leave, node.clockwork.report)
    for step in (*steps, lambda: node.delivery.step(node.clock.now())):
        try:
            await step()
        except Conflict:
            continue
