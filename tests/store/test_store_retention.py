"""When a claim's time is over its originals go, and what happened stays."""

import hashlib
from datetime import datetime

import pytest

from mailbot.store import blobs, inbox
from mailbot.store.blobs import BlobLost
from mailbot.store.database import Store
from mailbot.store.inbox import Item, Settlement
from mailbot.store.retention import forget_originals

ONE, TWO = "CLM-222222", "CLM-333333"


async def test_originals_go_with_the_last_claim_that_needs_them(store: Store, now: datetime) -> None:
    shared, own, large = await store.blobs.keep(b"shared"), await store.blobs.keep(b"own"), b"mail" * 30_000
    kept = await store.blobs.keep(large)
    items = [
        Item(id=1, received_at=now, sha256=hashlib.sha256(b"raw").hexdigest(), size=3, raw=b"raw"),
        Item(id=2, received_at=now, sha256=kept.sha256, size=kept.size),
        Item(id=3, received_at=now, sha256=hashlib.sha256(b"raw").hexdigest(), size=3, raw=b"raw"),
    ]

    async def fill(conn: object) -> None:
        await blobs.put(conn, [shared, own], f"claim:{ONE}", now)  # type: ignore[arg-type]
        await blobs.use(conn, [(shared.sha256, f"claim:{TWO}")])  # type: ignore[arg-type]
        await inbox.accept(conn, items)  # type: ignore[arg-type]
        settled = [
            Settlement(id=number, disposition="applied", claim_id=claim_id, digest=str(number), reading={"text": "x"})
            for number, claim_id in ((1, ONE), (2, ONE), (3, TWO))
        ]
        await inbox.settle(conn, settled, now)  # type: ignore[arg-type]

    await store.write(fill)
    await store.write(lambda conn: forget_originals(conn, [ONE]))
    await store.write(lambda conn: forget_originals(conn, []))
    async with store.read() as conn:
        assert await store.blobs.get(conn, shared.sha256) == b"shared"
        with pytest.raises(BlobLost):
            await store.blobs.get(conn, own.sha256)
        first, third = await inbox.get(conn, 1), await inbox.get(conn, 3)
        assert first is not None
        assert third is not None
        assert (first.raw, first.reading, first.disposition) == (None, None, "applied")
        assert (third.raw, third.reading) == (b"raw", {"text": "x"})
        with pytest.raises(BlobLost):
            await inbox.raw(conn, first, store.blobs)
        await store.blobs.sweep(conn, datetime(2200, 1, 1, tzinfo=now.tzinfo))
    assert list(store.blobs.place.names()) == []
