"""The history is a chain: whatever is changed in it afterwards shows, and erasing personal data does not."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from mailbot.claims.model import Claim
from mailbot.store import claims, history
from mailbot.store.claims import Change
from mailbot.store.database import Store
from mailbot.store.faults import Conflict
from mailbot.store.history import Entry, Head

ONE, TWO = "CLM-222222", "CLM-333333"


def _entry(claim_id: str, number: int, at: datetime) -> Entry:
    return Entry(
        claim_id=claim_id,
        event_id=f"mail:{number}",
        at=at + timedelta(minutes=number),
        kind="comment_added",
        actor="petr@fabrikam.example",
        channel="mail",
        inbox_id=number,
        public={"status": ["draft", "submitted"], "due": at},
        private={"text": "Příliš žluťoučký", "by": "Petr"},
    )


@pytest.fixture
async def told(
    store: Store, a_claim: Callable[..., Claim], now: datetime, salts: Callable[[int], bytes]
) -> list[Entry]:
    """Two claims with five entries each, appended in turns."""
    entries = [_entry(claim_id, number, now) for number in range(5) for claim_id in (ONE, TWO)]

    async def work(conn: Any) -> None:
        await claims.save(conn, [Change(None, a_claim(ONE)), Change(None, a_claim(TWO))], now)
        await history.append(conn, entries[:4], salts)
        await history.append(conn, entries[4:], salts)

    await store.write(work)
    return entries


async def _verify(store: Store, anchor: dict[str, Head] | None = None) -> list[tuple[str, int]]:
    async with store.read() as conn:
        return [(defect.claim_id, defect.seq) for defect in await history.verify(conn, anchor)]


async def _spoil(store: Store, *statements: str) -> None:
    async def work(conn: Any) -> None:
        for statement in statements:
            await conn.exec_driver_sql(statement)

    await store.write(work)


async def test_entries_come_back_in_order(store: Store, told: list[Entry]) -> None:
    async with store.read() as conn:
        found = await history.of_claim(conn, ONE)
        assert [entry.seq for entry in found] == [1, 2, 3, 4, 5]
        assert [(e.event_id, e.at, e.public, e.private) for e in found] == [
            (e.event_id, e.at, e.public, e.private) for e in told if e.claim_id == ONE
        ]
        assert [entry.seq for entry in await history.of_claim(conn, ONE, after_seq=3, limit=1)] == [4]


async def test_an_untouched_history_has_no_defects(store: Store, told: list[Entry]) -> None:
    async with store.read() as conn:
        anchor = await history.heads(conn)
    assert await _verify(store) == []
    assert await _verify(store, anchor) == []


async def test_an_event_is_recorded_once(store: Store, told: list[Entry], salts: Callable[[int], bytes]) -> None:
    async def again(conn: Any) -> None:
        await history.append(conn, [told[0]], salts)

    with pytest.raises(Conflict):
        await store.write(again)
    async with store.read() as conn:
        asked = [(ONE, "mail:0"), (ONE, "mail:99"), (TWO, "mail:4")]
        assert await history.seen(conn, asked) == {(ONE, "mail:0"), (TWO, "mail:4")}
    assert await _verify(store) == []


@pytest.mark.parametrize(
    "flip",
    [
        "public = replace(public, 'draft', 'Draft')",
        "at = at + 1",
        "kind = 'approved'",
        "channel = 'web'",
        "inbox_id = 77",
        "event_id = 'mail:77'",
        "private = replace(private, 'Petr', 'Eve')",
        "actor = 'eve@evil.example'",
        "salt = {bytes}",
        "commitment = {bytes}",
        "hash = {bytes}",
        "private = NULL",
        "salt = NULL",
    ],
)
async def test_a_flipped_row_is_named(store: Store, told: list[Entry], flip: str) -> None:
    zeros = "x'00'" if store.path else r"'\x00'::bytea"
    flip = flip.format(bytes=zeros)
    await _spoil(store, f"UPDATE history SET {flip} WHERE claim_id = '{ONE}' AND seq = 3")
    assert (ONE, 3) in await _verify(store)


async def test_a_deleted_row_is_noticed_at_its_successor(store: Store, told: list[Entry]) -> None:
    await _spoil(store, f"DELETE FROM history WHERE claim_id = '{ONE}' AND seq = 3")
    assert await _verify(store) == [(ONE, 4)]


async def test_a_deleted_row_is_noticed_when_the_rest_is_renumbered(store: Store, told: list[Entry]) -> None:
    await _spoil(
        store,
        f"DELETE FROM history WHERE claim_id = '{ONE}' AND seq = 3",
        f"UPDATE history SET seq = 3 WHERE claim_id = '{ONE}' AND seq = 4",
        f"UPDATE history SET seq = 4 WHERE claim_id = '{ONE}' AND seq = 5",
    )
    assert (ONE, 3) in await _verify(store)


async def test_reordered_rows_are_named(store: Store, told: list[Entry]) -> None:
    await _spoil(
        store,
        f"UPDATE history SET seq = 99 WHERE claim_id = '{ONE}' AND seq = 2",
        f"UPDATE history SET seq = 2 WHERE claim_id = '{ONE}' AND seq = 3",
        f"UPDATE history SET seq = 3 WHERE claim_id = '{ONE}' AND seq = 99",
    )
    assert {(ONE, 2), (ONE, 3)} <= set(await _verify(store))


async def test_a_row_moved_to_another_claim_is_named(store: Store, told: list[Entry]) -> None:
    await _spoil(
        store,
        f"DELETE FROM history WHERE claim_id = '{TWO}' AND seq = 5",
        f"UPDATE history SET claim_id = '{TWO}' WHERE claim_id = '{ONE}' AND seq = 5",
    )
    assert (TWO, 5) in await _verify(store)


async def test_a_truncated_chain_shows_against_its_head(store: Store, told: list[Entry]) -> None:
    await _spoil(store, f"DELETE FROM history WHERE claim_id = '{ONE}' AND seq = 5")
    assert await _verify(store) == [(ONE, 0)]


async def test_a_chain_truncated_with_its_head_shows_only_against_the_anchor(store: Store, told: list[Entry]) -> None:
    async with store.read() as conn:
        anchor = await history.heads(conn)
    await _spoil(
        store,
        f"DELETE FROM history WHERE claim_id = '{ONE}' AND seq = 5",
        f"UPDATE history_heads SET seq = 4, hash = (SELECT hash FROM history WHERE claim_id = '{ONE}' AND seq = 4)"
        f" WHERE claim_id = '{ONE}'",
        f"DELETE FROM history WHERE claim_id = '{TWO}'",
        f"DELETE FROM history_heads WHERE claim_id = '{TWO}'",
    )
    assert await _verify(store) == []
    assert await _verify(store, anchor) == [(ONE, 0), (TWO, 0)]


async def test_erasing_the_personal_part_keeps_the_chain_whole(store: Store, told: list[Entry]) -> None:
    await _spoil(store, f"UPDATE history SET private = NULL, salt = NULL, actor = '' WHERE claim_id = '{ONE}'")
    assert await _verify(store) == []
    async with store.read() as conn:
        assert [entry.private for entry in await history.of_claim(conn, ONE)] == [{}] * 5
