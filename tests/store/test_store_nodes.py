"""Several nodes on one PostgreSQL: nobody gets what another has, and whoever was slower is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.claims.model import Claim, Status
from mailbot.clock import CorrectedClock, ManualClock
from mailbot.store import claims, inbox, outbox, reply_addresses, settings
from mailbot.store.claims import Change, Rivalry
from mailbot.store.database import Store
from mailbot.store.faults import Conflict, StoreFault, StoreUnsure
from mailbot.store.inbox import Item
from mailbot.store.leases import NAME, Watch
from mailbot.store.locking import my_turn
from mailbot.store.outbox import NewMail
from mailbot.store.reply_addresses import ReplyAddress

LEASE = timedelta(minutes=2)

_CUT_AT_COMMIT = """
CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON inbox DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut()
"""


@pytest.fixture
def database() -> str:
    """SQLite has one node."""
    return "postgres"


@pytest.fixture
async def other(open_store: Callable[..., Any]) -> AsyncIterator[Store]:
    """A second node."""
    store = await open_store()
    yield store
    await store.close()


def _item(number: int, now: datetime) -> Item:
    return Item(id=number, received_at=now, sha256=f"{number:064x}", size=4, raw=b"mail")


def _mail(number: int, now: datetime) -> NewMail:
    who = f"p{number}@fabrikam.example"
    return NewMail(
        id=number, claim_id=None, key=f"k{number}", code="help", party="partner", email=who,
        message_id=f"<{number}@mail.test>", mail_from="", raw=b"mail", created_at=now,
    )  # fmt: skip


async def test_nodes_that_take_at_the_same_time_take_different_mail(store: Store, other: Store, now: datetime) -> None:
    await store.write(lambda conn: inbox.accept(conn, [_item(n, now) for n in range(1, 41)]))
    taken = await asyncio.gather(
        *(node.write(lambda conn: inbox.take(conn, now, 5, "one", LEASE)) for node in (store, other) * 4)
    )
    ids = [item.id for items in taken for item in items]
    assert sorted(ids) == list(range(1, 41))


async def test_mail_to_one_address_waits_for_older_mail_that_another_node_has(
    store: Store, other: Store, now: datetime
) -> None:
    await _arrive(store, now, {1: 7, 2: 8, 3: 7})
    assert await _take(store, now, 1) == [1]
    assert await _take(other, now, 5) == [2]
    await store.write(lambda conn: inbox.settle(conn, [inbox.Settlement(id=1, disposition="ignored")], now))
    assert await _take(other, now, 5) == [3]


async def test_mail_waits_also_by_another_address_of_the_claim_and_behind_what_waits(
    store: Store, other: Store, now: datetime, a_claim: Callable[..., Claim]
) -> None:
    one, two = a_claim("CLM-222222"), a_claim("CLM-333333")
    await store.write(lambda conn: claims.save(conn, [Change(None, one), Change(None, two)], now))
    await store.write(lambda conn: reply_addresses.put(conn, [_address(7, now, one), _address(8, now, one, two)]))
    await store.write(lambda conn: reply_addresses.put(conn, [_address(9, now, two)]))
    await _arrive(store, now, {1: 7, 2: 8, 3: 9, 4: 0})
    assert await _take(store, now, 1) == [1]
    assert await _take(other, now, 5) == [4]


async def test_mail_that_hurt_its_reader_holds_up_nobody(store: Store, other: Store, now: datetime) -> None:
    await _arrive(store, now, {1: 7, 2: 7})
    assert await _take(store, now, 1) == [1]
    await store.write(lambda conn: inbox.failed(conn, 1, "reader_killed", now, 3))
    assert await _take(other, now, 5) == [2]


async def test_nodes_that_take_at_once_never_share_an_address(store: Store, other: Store, now: datetime) -> None:
    await _arrive(store, now, {n: 1 + n % 3 for n in range(1, 31)})
    held: dict[int, int] = {}
    for _ in range(30):
        took = await asyncio.gather(*(_take(node, now, 4) for node in (store, other)))
        for node, ids in enumerate(took):
            assert all(held.setdefault(1 + n % 3, node) == node for n in ids)
    assert set(held) == {1, 2, 3}


async def _arrive(store: Store, now: datetime, handles: dict[int, int]) -> None:
    items = [replace(_item(number, now), handle=handle) for number, handle in handles.items()]
    await store.write(lambda conn: inbox.accept(conn, items))


async def _take(node: Store, now: datetime, limit: int) -> list[int]:
    return [item.id for item in await node.write(lambda conn: inbox.take(conn, now, limit, "one", LEASE))]


def _address(handle: int, now: datetime, *of: Claim) -> ReplyAddress:
    mails = tuple((claim.id, f"m{handle}") for claim in of)
    return ReplyAddress(handle=handle, email="jana@contoso.example", party="customer", created_at=now, mails=mails)


async def test_of_two_nodes_that_settle_the_same_mail_one_is_told(store: Store, other: Store, now: datetime) -> None:
    await store.write(lambda conn: inbox.accept(conn, [_item(1, now)]))
    ends = [inbox.Settlement(id=1, disposition="ignored", reason="none")]
    outcomes = await asyncio.gather(
        *(node.write(lambda conn: inbox.settle(conn, ends, now)) for node in (store, other)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "NoneType"]


async def test_a_rival_let_in_by_another_node_meanwhile_is_noticed(
    store: Store, other: Store, now: datetime, a_claim: Callable[..., Claim]
) -> None:
    mine, theirs = a_claim("CLM-222222"), a_claim("CLM-333333", organisation_id="org-contoso")
    await store.write(lambda conn: claims.save(conn, [Change(None, mine), Change(None, theirs)], now))
    nobody = [Rivalry(mine, ()), Rivalry(theirs, ())]

    async def submit(node: Store, claim: Claim) -> None:
        change = Change(claim, replace(claim, version=2, status=Status.SUBMITTED, submitted_at=now))
        await node.write(lambda conn: claims.save(conn, [change], now, [r for r in nobody if r.claim is claim]))

    outcomes = await asyncio.gather(submit(store, mine), submit(other, theirs), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "NoneType"]


async def test_a_turn_is_one_nodes_until_its_transaction_ends(store: Store, other: Store) -> None:
    async with store.read() as mine, other.read() as theirs:
        assert await my_turn(mine, "ring")
        assert not await my_turn(theirs, "ring")
        assert await my_turn(theirs, "digests")
    async with other.read() as theirs:
        assert await my_turn(theirs, "ring")


async def test_work_that_ran_into_a_deadlock_is_done_anew(store: Store, other: Store) -> None:
    await store.write(lambda conn: _both(conn, "a", "b", asyncio.Event(), None))
    met: dict[str, asyncio.Event] = {"a": asyncio.Event(), "b": asyncio.Event()}
    await asyncio.gather(
        store.write(lambda conn: _both(conn, "a", "b", met["a"], met["b"])),
        other.write(lambda conn: _both(conn, "b", "a", met["b"], met["a"])),
    )
    async with store.read() as conn:
        assert await settings.get(conn, "a") == await settings.get(conn, "b") == "written"


async def _both(
    conn: AsyncConnection, first: str, second: str, mine: asyncio.Event, theirs: asyncio.Event | None
) -> None:
    await settings.put(conn, first, "written")
    mine.set()
    if theirs is not None:
        await theirs.wait()
    await settings.put(conn, second, "written")


async def test_a_node_whose_connections_were_cut_goes_on(store: Store, database_url: str) -> None:
    await store.write(lambda conn: settings.put(conn, "a", 1))
    async with store.read() as conn:
        assert await settings.get(conn, "a") == 1
    _cut_everybody(database_url)
    with pytest.raises(StoreFault):
        async with store.read() as conn:
            await settings.get(conn, "a")
    await store.write(lambda conn: settings.put(conn, "a", 2))
    async with store.read() as conn:
        assert await settings.get(conn, "a") == 2


def _cut_everybody(url: str) -> None:
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(f"{others} AND pid <> pg_backend_pid()".encode())


async def test_a_commit_without_an_answer_is_called_unsure(store: Store, database_url: str, now: datetime) -> None:
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(_CUT_AT_COMMIT.encode())
    try:
        with pytest.raises(StoreUnsure):
            await store.write_joined(inbox.accept, [_item(1, now)])
    finally:
        with psycopg.connect(database_url, autocommit=True) as conn:
            conn.execute("DROP FUNCTION cut() CASCADE")
    async with store.read() as conn:
        assert not await inbox.kept(conn, [1])
    await store.write_joined(inbox.accept, [_item(1, now)])
    async with store.read() as conn:
        assert await inbox.kept(conn, [1])


async def test_what_a_node_that_is_gone_was_reading_and_sending_is_given_back(
    open_store: Callable[..., Any], now: datetime
) -> None:
    store, gone = await open_store(name=f"{NAME}here"), await open_store(name=f"{NAME}there")
    await store.write(lambda conn: inbox.accept(conn, [_item(n, now) for n in (1, 2)]))
    await store.write(lambda conn: outbox.put(conn, [_mail(n, now) for n in (1, 2)]))
    assert [await _work(store, now, "here"), await _work(gone, now, "there")] == [(1, 1), (2, 2)]
    watch = Watch(store, "here")
    assert [await watch.look(), await watch.look()] == [0, 0]
    await gone.close()
    assert [await watch.look(), await watch.look()] == [0, 2]
    assert await _work(store, now, "here") == (2, 2)
    await store.close()


async def test_mail_that_hurt_a_node_which_is_gone_rests_all_the_same(
    open_store: Callable[..., Any], now: datetime
) -> None:
    store, gone = await open_store(name=f"{NAME}here"), await open_store(name=f"{NAME}there")
    await store.write(lambda conn: inbox.accept(conn, [_item(1, now)]))
    await gone.write(lambda conn: inbox.take(conn, now, 1, "there", LEASE))
    await gone.write(lambda conn: inbox.failed(conn, 1, "reader_killed", now, 3))
    await gone.close()
    watch = Watch(store, "here")
    assert [await watch.look(), await watch.look()] == [0, 0]
    assert await _take(store, now, 1) == []
    await store.close()


async def _work(node: Store, now: datetime, name: str) -> tuple[int, int]:
    """One mail to read and one to send, taken by that node."""
    [item] = await node.write(lambda conn: inbox.take(conn, now, 1, name, LEASE))
    [row] = await node.write(lambda conn: outbox.lease(conn, now, 1, name, LEASE))
    return item.id, row.id


async def test_the_servers_clock_sets_ours_right(open_store: Callable[..., Any], now: datetime) -> None:
    clock = CorrectedClock(ManualClock(now))
    store = await open_store(clock=clock)
    async with store.read() as conn:
        theirs = (await conn.execute(text("SELECT clock_timestamp()"))).scalar_one()
    assert abs(clock.now() - theirs) < timedelta(seconds=30)
    await store.close()


async def test_a_conflict_undoes_only_its_own_part(store: Store, now: datetime, a_claim: Callable[..., Claim]) -> None:
    claim = a_claim()
    await store.write(lambda conn: claims.save(conn, [Change(None, claim)], now))
    stale = Change(replace(claim, version=7), replace(claim, version=8))
    outcomes = await asyncio.gather(
        store.write(lambda conn: claims.save(conn, [stale], now)),
        store.write(lambda conn: settings.put(conn, "a", 1)),
        return_exceptions=True,
    )
    assert isinstance(outcomes[0], Conflict)
    assert outcomes[1] is None
