"""The bench's way to a large database, which writes past the store, writes what the store reads."""

from collections.abc import Callable
from datetime import datetime

import pytest

from bench.filling import fill
from mailbot.claims.model import Claim
from mailbot.store import claims, reply_addresses
from mailbot.store.claims import Change
from mailbot.store.database import Store
from mailbot.store.reply_addresses import ReplyAddress


@pytest.fixture
def database() -> str:
    """The filling writes into a file."""
    return "sqlite"


async def test_copies_of_a_claim_are_claims_with_addresses_of_their_own(
    store: Store, a_claim: Callable[..., Claim], now: datetime
) -> None:
    original = a_claim()
    address = ReplyAddress(
        handle=77, email="clara@contoso.example", party="customer", created_at=now, mails=((original.id, "k"),)
    )
    await store.write(lambda conn: claims.save(conn, [Change(None, original)], now))
    await store.write(lambda conn: reply_addresses.put(conn, [address]))
    fill(store.path, original.id, 3)
    async with store.read() as conn:
        rows = (await conn.exec_driver_sql("SELECT id FROM claims WHERE id <> ?", (original.id,))).scalars().all()
        copies = await claims.load(conn, rows)
        handles = (await conn.exec_driver_sql("SELECT handle FROM reply_addresses WHERE handle <> 77")).scalars().all()
        found = await reply_addresses.find(conn, handles)
    assert sorted(copies) == ["CLM-000000", "CLM-000001", "CLM-000002"]
    assert {claim.id for claim in copies.values()} == set(copies)
    assert not any(claim.keys() & original.keys() for claim in copies.values())
    assert sorted(a.claims for a in found.values()) == [("CLM-000000",), ("CLM-000001",), ("CLM-000002",)]
