"""Everything moves between SQLite and PostgreSQL, and what arrives is what left, byte for byte."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from mailbot.claims.model import Claim
from mailbot.clock import ManualClock
from mailbot.store import api_keys, blobs, claims, history, inbox, migrate, reply_addresses, settings
from mailbot.store.api_keys import ApiKey
from mailbot.store.claims import Change
from mailbot.store.database import Store
from mailbot.store.faults import Refused
from mailbot.store.history import Entry
from mailbot.store.inbox import Item
from mailbot.store.moving import read_in, write_out
from mailbot.store.reply_addresses import ReplyAddress

LARGE = b"evidence " * 20_000


@pytest.fixture
async def lived_in(store: Store, now: datetime, a_claim: Callable[..., Claim], salts: Callable[[int], bytes]) -> Store:
    """A store with something of every kind of value."""
    claim = replace(a_claim(), name="Zavedení 導入")
    kept, small = await store.blobs.keep(LARGE), await store.blobs.keep(b"small")
    item = Item(id=1, received_at=now, sha256="0" * 64, size=4, raw=b"\x00\xff")
    settled = inbox.Settlement(id=1, disposition="applied", digest="d", claim_id=claim.id, trace=[["a", now]])
    address = ReplyAddress(handle=7, email="a@b.example", party="customer", created_at=now, expires=date(2027, 1, 1))

    async def live(conn: Any) -> None:
        await claims.save(conn, [Change(None, claim)], now)
        await blobs.put(conn, [kept, small], f"claim:{claim.id}", now)
        await inbox.accept(conn, [item])
        await inbox.settle(conn, [settled], now)
        await reply_addresses.put(conn, [replace(address, mails=((claim.id, "k"),))])
        await history.append(conn, [_entry(claim.id, "e", now)], salts)
        await api_keys.create(conn, ApiKey(id=1, role="admin", created_at=now), "secret")
        for key in ("b", "B", "ä", "a"):
            await settings.put(conn, key, {"at": now})

    await store.write(live)
    return store


def _entry(claim_id: str, event_id: str, at: datetime) -> Entry:
    return Entry(
        claim_id=claim_id,
        event_id=event_id,
        at=at,
        kind="drafted",
        actor="a",
        channel="mail",
        public={},
        private={"a": 1},
    )


async def _elsewhere(kind: str, folder: Path, postgres_url: str, now: datetime) -> Store:
    url = postgres_url if kind == "postgres" else f"sqlite:///{folder}/other.db"
    if kind == "sqlite":
        migrate.upgrade(folder / "other.db")
    return await Store.open(url, f"file:{folder}/other-blobs", clock=ManualClock(now))


async def test_what_moved_to_the_other_database_is_the_same(
    lived_in: Store,
    database: str,
    tmp_path: Path,
    now: datetime,
    postgres_url: str,
    salts: Callable[[int], bytes],
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    moved = await write_out(lived_in, first)
    if database == "postgres":
        await lived_in.close()
    kind = "sqlite" if database == "postgres" else "postgres"
    other = await _elsewhere(kind, tmp_path, postgres_url, now)
    assert await read_in(other, first) == moved
    await write_out(other, second)
    assert first.read_bytes() == second.read_bytes()
    async with other.read() as conn:
        assert await history.verify(conn) == []
    # Ids go on after those that came in.
    await other.write(lambda conn: history.append(conn, [_entry("CLM-222222", "f", now)], salts))
    await other.close()


async def test_only_an_empty_database_is_filled(lived_in: Store, tmp_path: Path) -> None:
    await write_out(lived_in, tmp_path / "file")
    with pytest.raises(Refused, match="has rows"):
        await read_in(lived_in, tmp_path / "file")


async def test_what_is_no_export_is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"something else")
    with pytest.raises(Refused, match="is not what"):
        await read_in(store, tmp_path / "file")
