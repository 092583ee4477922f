"""Every accepted item ends somewhere, once, and keeps its bytes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from mailbot.claims.model import Claim
from mailbot.store import claims, inbox, reply_addresses
from mailbot.store.claims import Change
from mailbot.store.database import Store
from mailbot.store.faults import Conflict
from mailbot.store.inbox import Disposition, Item, Settlement
from mailbot.store.leases import forget_leases
from mailbot.store.reply_addresses import ReplyAddress

LEASE = timedelta(minutes=2)


def _item(number: int, at: datetime, **values: Any) -> Item:
    fixed: dict[str, Any] = {
        "id": number,
        "received_at": at,
        "sha256": f"{number:064x}",
        "size": 3,
        "raw": b"raw",
        "rcpt": "x@m.example",
    }
    return Item(**fixed | values)


async def _accept(store: Store, *items: Item) -> None:
    await store.write(lambda conn: inbox.accept(conn, items))


async def _take(store: Store, now: datetime, limit: int = 10) -> list[int]:
    taken = await store.write(lambda conn: inbox.take(conn, now, limit, "one", LEASE))
    return [item.id for item in taken]


async def _settle(store: Store, now: datetime, *settlements: Settlement) -> None:
    await store.write(lambda conn: inbox.settle(conn, settlements, now))


async def _get(store: Store, item_id: int) -> Item:
    async with store.read() as conn:
        found = await inbox.get(conn, item_id)
    assert found is not None
    return found


async def test_what_was_in_hand_when_the_only_process_ended_is_taken_up_at_once(store: Store, now: datetime) -> None:
    await _accept(store, _item(1, now))
    assert [await _take(store, now), await _take(store, now)] == [[1], []]
    await store.write(forget_leases)
    assert await _take(store, now) == [1]


async def test_an_accepted_item_keeps_everything_the_peer_said(store: Store, now: datetime) -> None:
    item = _item(
        7, now, peer="192.0.2.1", helo="mx.example", mail_from="a@b.example", role="token", purpose="r", handle=2**47,
        tls="yes", upstream=True, raw=b"\x00\r\n\xff",
    )  # fmt: skip
    await _accept(store, item)
    assert await _get(store, 7) == item


async def test_texts_that_no_database_takes_are_cleaned(store: Store, now: datetime) -> None:
    await _accept(store, _item(1, now, helo="a\udcff\x00b"))
    assert (await _get(store, 1)).helo == "a?\ufffdb"


async def test_large_bytes_lie_in_a_file_and_belong_to_the_item(store: Store, now: datetime) -> None:
    raw = b"x" * 100_000
    kept = await store.blobs.keep(raw)
    await _accept(store, _item(1, now, sha256=kept.sha256, size=kept.size, raw=None))
    async with store.read() as conn:
        [item] = await inbox.list_items(conn)
        assert await inbox.raw(conn, item, store.blobs) == raw
    await _accept(store, _item(2, now))
    async with store.read() as conn:
        assert await inbox.raw(conn, (await inbox.list_items(conn))[0], store.blobs) == b"raw"


async def test_items_are_taken_oldest_first_and_by_one_worker(store: Store, now: datetime) -> None:
    await _accept(store, *(_item(number, now) for number in (3, 1, 2)))
    assert await _take(store, now, 2) == [1, 2]
    assert await _take(store, now) == [3]
    assert await _take(store, now) == []
    assert await _take(store, now + LEASE) == [1, 2, 3]


async def test_a_settled_item_is_not_taken_again_and_tells_its_story(store: Store, now: datetime) -> None:
    await _accept(store, _item(1, now))
    await _take(store, now)
    settlement = Settlement(
        id=1, disposition="applied", claim_id="CLM-222222", sender="Petr@Fabrikam.example", digest="d", subject="Re",
        message_id="<a@b>", trace=[["claim", "found", ""]], reading={"intent": "none", "at": now},
    )  # fmt: skip
    await _settle(store, now, settlement)
    assert await _take(store, now + LEASE) == []
    item = await _get(store, 1)
    assert (item.disposition, item.sender, item.trace) == ("applied", "petr@fabrikam.example", [["claim", "found", ""]])
    assert item.reading == {"intent": "none", "at": now}
    assert (item.settled_at, item.lease_until) == (now, None)


async def test_two_workers_cannot_both_settle(store: Store, now: datetime) -> None:
    await _accept(store, _item(1, now), _item(2, now))
    await _settle(store, now, Settlement(id=1, disposition="ignored", reason="bulk"))
    with pytest.raises(Conflict) as caught:
        await _settle(store, now, Settlement(id=2, disposition="held"), Settlement(id=1, disposition="applied"))
    assert caught.value.item_ids == (1,)
    assert (await _get(store, 2)).disposition == "accepted"


async def test_the_same_words_to_one_address_are_applied_once(store: Store, now: datetime) -> None:
    await _accept(store, _item(1, now, handle=5), _item(2, now, handle=5), _item(3, now, handle=6), _item(4, now))
    for number in (1, 3, 4):
        await _settle(store, now, Settlement(id=number, disposition="applied", digest="same"))
    with pytest.raises(Conflict):
        await _settle(store, now, Settlement(id=2, disposition="applied", digest="same"))
    await _settle(store, now, Settlement(id=2, disposition="ignored", reason="duplicate", digest="same"))
    async with store.read() as conn:
        asked = [(5, "same"), (7, "same"), (None, "same"), (6, "other")]
        assert await inbox.duplicates(conn, asked) == {(5, "same"), (None, "same")}


async def test_an_item_that_hurts_rests_longer_each_time_and_is_put_aside_in_the_end(
    store: Store, now: datetime
) -> None:
    await _accept(store, _item(1, now))
    assert await store.write(lambda conn: inbox.failed(conn, 1, "reader_cpu", now, 3)) == 1
    assert await _take(store, now) == []
    assert await _take(store, now + timedelta(seconds=30)) == [1]
    assert await store.write(lambda conn: inbox.failed(conn, 1, "reader_cpu", now, 3)) == 2
    assert await _take(store, now + timedelta(seconds=59)) == []
    assert await store.write(lambda conn: inbox.failed(conn, 1, "reader_cpu", now, 3)) == 3
    item = await _get(store, 1)
    assert (item.disposition, item.reason, item.settled_at) == ("quarantined", "reader_cpu", now)
    with pytest.raises(Conflict):
        await store.write(lambda conn: inbox.failed(conn, 1, "again", now, 3))


@pytest.mark.parametrize(
    ("disposition", "again"), [("held", True), ("quarantined", True), ("ignored", True), ("applied", False)]
)
async def test_replay_gives_back_what_was_not_applied(
    store: Store, now: datetime, disposition: Disposition, again: bool
) -> None:
    await _accept(store, _item(1, now))
    await _settle(store, now, Settlement(id=1, disposition=disposition, waits_for="a@b.example"))
    work = store.write(lambda conn: inbox.reopen(conn, 1, claim_id="CLM-333333", person="A@B.example"))
    assert await work is again
    assert await _take(store, now) == ([1] if again else [])
    if again:
        item = await _get(store, 1)
        assert (item.claim_id, item.person, item.waits_for) == ("CLM-333333", "a@b.example", "")
    assert await store.write(lambda conn: inbox.reopen(conn, 99)) is False


async def test_held_acts_wait_for_the_address_of_record(store: Store, now: datetime) -> None:
    await _accept(store, *(_item(number, now) for number in (1, 2, 3)))
    for number, email in ((1, "Petr@Fabrikam.example"), (2, "eva@fabrikam.example"), (3, "petr@fabrikam.example")):
        await _settle(store, now, Settlement(id=number, disposition="held", waits_for=email))
    async with store.read() as conn:
        waiting = await inbox.held_for(conn, "petr@FABRIKAM.example")
    assert [item.id for item in waiting] == [1, 3]


async def test_no_verdict_in_the_dark(store: Store, a_claim: Callable[..., Claim], now: datetime) -> None:
    """Unread and held mail counts by its address, by attachment, and by when it was received."""
    one, two = a_claim("CLM-222222"), a_claim("CLM-333333")
    address = ReplyAddress(
        handle=5, email="c@contoso.example", party="customer", created_at=now, mails=((one.id, "k"), (two.id, "k"))
    )

    async def work(conn: Any) -> None:
        await claims.save(conn, [Change(None, one), Change(None, two)], now)
        await reply_addresses.put(conn, [address])
        held = [_item(number, now + timedelta(hours=number), handle=5) for number in (1, 2)]
        await inbox.accept(conn, [*held, _item(3, now + timedelta(hours=3)), _item(4, now, handle=6)])
        await inbox.settle(conn, [Settlement(id=3, disposition="held", claim_id=one.id)], now)
        await inbox.settle(conn, [Settlement(id=2, disposition="held")], now)

    await store.write(work)
    early, late = now, now + timedelta(hours=9)
    pairs = [(one.id, early), (one.id, late), (two.id, late), ("CLM-444444", late)]
    async with store.read() as conn:
        assert await inbox.unread_before(conn, pairs) == {(one.id, late), (two.id, late)}
        two_hours = now + timedelta(hours=2)
        assert await inbox.held_before(conn, pairs) == {(one.id, late): two_hours, (two.id, late): two_hours}
        assert await inbox.held_before(conn, []) == {}


async def test_lists_and_counts(store: Store, now: datetime) -> None:
    await _accept(store, *(_item(number, now) for number in range(1, 7)))
    await _settle(store, now, Settlement(id=2, disposition="held", claim_id="CLM-222222", sender="a@b.example"))
    await _settle(store, now, Settlement(id=4, disposition="quarantined"), Settlement(id=5, disposition="held"))
    async with store.read() as conn:
        held = await inbox.list_items(conn, "held")
        assert [item.id for item in held] == [5, 2]
        assert [item.raw for item in held] == [None, None]
        assert [item.id for item in await inbox.list_items(conn, limit=2, before=4)] == [3, 2]
        assert [item.id for item in await inbox.of_claim(conn, "CLM-222222")] == [2]
        assert await inbox.waiting_counts(conn) == {"accepted": 3, "held": 2, "quarantined": 1}
        assert await inbox.count_from(conn, "A@b.example", now) == 1
        assert await inbox.count_from(conn, "a@b.example", now + timedelta(seconds=1)) == 0
        assert await inbox.get(conn, 99) is None


def test_an_item_is_a_value(now: datetime) -> None:
    assert replace(_item(1, now), reason="x").reason == "x"
