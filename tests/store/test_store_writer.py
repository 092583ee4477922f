"""Group commit: many callers, one fsync, nobody hurt by another's failure, nothing torn by cancellation."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store import settings
from mailbot.store.database import Store
from mailbot.store.faults import StoreBroken, StoreFault, StoreFull, StoreUnready, translate

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


async def _value(store: Store, key: str) -> Any:
    async with store.read() as conn:
        return await settings.get(conn, key)


def _wal_frames_per_commit(path: Path) -> int:
    """Commit frames in the write-ahead log: one per transaction, by the format of the file."""
    data = path.with_name(path.name + "-wal").read_bytes()
    page = int.from_bytes(data[8:12], "big")
    salts, commits, at = data[16:24], 0, 32
    while at + 24 + page <= len(data):
        if data[at + 8 : at + 16] == salts and int.from_bytes(data[at + 4 : at + 8], "big"):
            commits += 1
        at += 24 + page
    return commits


async def test_what_was_written_is_read(store: Store) -> None:
    async def work(conn: AsyncConnection) -> str:
        await settings.put(conn, "a", {"b": [1, 2]})
        return "done"

    assert await store.write(work) == "done"
    assert await _value(store, "a") == {"b": [1, 2]}


@only_sqlite
async def test_callers_at_the_same_time_share_commits(patient: Store) -> None:
    store = patient
    before = _wal_frames_per_commit(store.path)
    await asyncio.gather(*(store.write(_put(f"k{i}", i)) for i in range(100)))
    commits = _wal_frames_per_commit(store.path) - before
    assert commits == 2
    assert [await _value(store, f"k{i}") for i in (0, 50, 99)] == [0, 50, 99]


def _put(key: str, value: object) -> Callable[[AsyncConnection], Any]:
    async def work(conn: AsyncConnection) -> None:
        await settings.put(conn, key, value)

    return work


async def test_one_callers_exception_undoes_only_its_own_part(store: Store) -> None:
    async def bad(conn: AsyncConnection) -> None:
        await settings.put(conn, "bad", 1)
        raise LookupError("mine alone")

    jobs = [store.write(_put(f"k{i}", i)) if i % 3 else store.write(bad) for i in range(12)]
    outcomes = await asyncio.gather(*jobs, return_exceptions=True)
    assert [isinstance(outcome, LookupError) for outcome in outcomes] == [i % 3 == 0 for i in range(12)]
    assert await _value(store, "bad") is None
    assert [await _value(store, f"k{i}") for i in (1, 2, 4, 11)] == [1, 2, 4, 11]


async def test_a_statement_the_database_refuses_hurts_only_its_caller(store: Store) -> None:
    async def twice(conn: AsyncConnection) -> None:
        await conn.exec_driver_sql("INSERT INTO policies VALUES ('v', 'one')")
        await conn.exec_driver_sql("INSERT INTO policies VALUES ('v', 'two')")

    outcomes = await asyncio.gather(
        store.write(_put("a", 1)), store.write(twice), store.write(_put("b", 2)), return_exceptions=True
    )
    assert isinstance(outcomes[1], Exception)
    assert (await _value(store, "a"), await _value(store, "b")) == (1, 2)
    async with store.read() as conn:
        assert (await conn.exec_driver_sql("SELECT * FROM policies")).all() == []


async def test_a_cancelled_caller_tears_nothing(store: Store) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow(conn: AsyncConnection) -> None:
        await settings.put(conn, "first", 1)
        started.set()
        await go_on.wait()
        await settings.put(conn, "second", 2)

    caller = asyncio.create_task(store.write(slow))
    other = asyncio.create_task(store.write(_put("other", 3)))
    await started.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    go_on.set()
    await other
    assert [await _value(store, key) for key in ("first", "second", "other")] == [1, 2, 3]


async def test_the_writes_of_one_caller_keep_their_order(store: Store) -> None:
    await asyncio.gather(*(store.write(_put("last", i)) for i in range(200)))
    assert await _value(store, "last") == 199


async def test_closing_finishes_what_was_asked_for_and_refuses_more(open_store: Callable[..., Any]) -> None:
    store = await open_store()
    jobs = [asyncio.create_task(store.write(_put(f"k{i}", i))) for i in range(20)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*jobs)
    with pytest.raises(StoreFault):
        await store.write(_put("late", 1))
    again = await open_store()
    assert await _value(again, "k19") == 19
    await again.close()


async def test_closing_leaves_no_thread(open_store: Callable[..., Any]) -> None:
    before = set(threading.enumerate())
    store = await open_store()
    async with store.read() as conn:
        await settings.get(conn, "a")
    await store.write(_put("a", 1))
    await store.close()
    left = [t for t in set(threading.enumerate()) - before if not t.name.startswith("asyncio_")]
    for thread in left:
        thread.join(timeout=5)
    assert not [t for t in left if t.is_alive()]


async def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(StoreFault):
        async with store.read() as conn:
            await conn.exec_driver_sql("DELETE FROM settings")


async def test_a_reader_sees_one_state_while_others_write(store: Store) -> None:
    await store.write(_put("a", 1))
    async with store.read() as conn:
        first = await settings.get(conn, "a")
        await store.write(_put("a", 2))
        assert await settings.get(conn, "a") == first == 1


@only_sqlite
async def test_foreign_keys_are_checked_and_commits_are_synced(store: Store) -> None:
    async def ask(conn: AsyncConnection) -> list[Any]:
        names = ("foreign_keys", "synchronous", "journal_mode", "wal_autocheckpoint")
        return [(await conn.exec_driver_sql(f"PRAGMA {name}")).scalar_one() for name in names]

    assert await store.write(ask) == [1, 2, "wal", 8000]


@only_sqlite
async def test_a_command_beside_the_service_never_checkpoints(store: Store, open_store: Callable[..., Any]) -> None:
    command = await open_store(lock=False)

    async def ask(conn: AsyncConnection) -> Any:
        return (await conn.exec_driver_sql("PRAGMA wal_autocheckpoint")).scalar_one()

    assert await command.write(ask) == 0
    await command.write(_put("from_command", 1))
    await command.close()
    assert await _value(store, "from_command") == 1


@only_sqlite
async def test_a_second_service_is_refused(store: Store, open_store: Callable[..., Any]) -> None:
    with pytest.raises(StoreUnready, match="another process"):
        await open_store()


@only_sqlite
async def test_a_full_disk_is_named_and_service_goes_on_when_there_is_room(store: Store) -> None:
    async def limit(conn: AsyncConnection, pages: int) -> None:
        await conn.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    async def grow(conn: AsyncConnection) -> None:
        await settings.put(conn, "large", "x" * 4_000_000)

    await store.write(lambda conn: limit(conn, 1))
    with pytest.raises(StoreFull):
        await store.write(grow)
    await store.write(lambda conn: limit(conn, 1_000_000))
    await store.write(grow)
    assert len(await _value(store, "large")) == 4_000_000


@pytest.fixture
async def patient(open_store: Callable[..., Any]) -> AsyncIterator[Store]:
    """A store whose groups take everybody who waits, however slow the machine is."""
    store = await open_store(slice_seconds=60)
    yield store
    await store.close()


async def test_when_the_commit_fails_everybody_in_the_group_hears_of_it(patient: Store) -> None:
    store = patient

    async def roll_back(conn: AsyncConnection) -> None:
        await conn.exec_driver_sql("ROLLBACK")

    outcomes = await asyncio.gather(
        store.write(_put("a", 1)), store.write(roll_back), store.write(_put("b", 2)), return_exceptions=True
    )
    assert all(isinstance(outcome, StoreFault) for outcome in (outcomes[0], outcomes[1]))
    await store.write(_put("later", 1))
    assert await _value(store, "a") is None
    assert await _value(store, "later") == 1


def test_a_failed_fsync_means_the_end() -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    assert isinstance(translate(error), StoreBroken)
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    assert type(translate(error)) is StoreFault
    assert isinstance(translate(OSError(28, "no space")), StoreFull)
    assert isinstance(translate(OSError(5, "I/O error")), StoreBroken)
    mine = ValueError("not the disk's")
    assert translate(mine) is mine


async def test_after_a_broken_disk_nothing_more_is_written(store: Store) -> None:
    async def broken(conn: AsyncConnection) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
        raise error

    with pytest.raises(StoreBroken):
        await store.write(broken)
    assert store.broken.is_set()
    with pytest.raises(StoreBroken):
        await store.write(_put("a", 1))


_KILLED = """
import asyncio, sys
from mailbot.clock import SystemClock
from mailbot.store import settings
from mailbot.store.database import Store

async def main(folder):
    store = await Store.open(f"sqlite:///{folder}/mailbot.db", f"file:{folder}/blobs", clock=SystemClock())
    async def one(number):
        while True:
            await store.write(lambda conn: settings.put(conn, f"k{number}", number))
            print(number, flush=True)
            number += 8
    await asyncio.gather(*(one(start) for start in range(8)))

asyncio.run(main(sys.argv[1]))
"""


def test_acknowledged_writes_survive_sigkill(folder: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", _KILLED, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    acknowledged = [int(process.stdout.readline()) for _ in range(100)]
    os.kill(process.pid, signal.SIGKILL)
    acknowledged += [int(line) for line in process.stdout.read().split("\n")[:-1]]
    process.wait()
    process.stdout.close()
    with closing(sqlite3.connect(folder / "mailbot.db")) as db:
        stored = {key for (key,) in db.execute("SELECT key FROM settings")}
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert {f"k{number}" for number in acknowledged} <= stored


@only_sqlite
async def test_a_busy_database_is_a_temporary_fault(store: Store) -> None:
    async def impatient(conn: AsyncConnection) -> None:
        await conn.exec_driver_sql("PRAGMA busy_timeout=0")

    await store.write(impatient)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreFault) as caught:
            await store.write(_put("a", 1))
        assert type(caught.value) is StoreFault
        other.execute("ROLLBACK")
    await store.write(_put("a", 2))
    assert await _value(store, "a") == 2


async def _put_all(conn: AsyncConnection, items: Sequence[tuple[str, int]]) -> None:
    _CALLS.append(len(items))
    for key, value in items:
        if value < 0:
            raise ValueError(key)
        await settings.put(conn, key, value)


_CALLS: list[int] = []


async def test_callers_of_one_function_share_its_statements(patient: Store) -> None:
    store = patient
    _CALLS.clear()
    await asyncio.gather(*(store.write_joined(_put_all, [(f"k{i}", i), (f"l{i}", i)]) for i in range(40)))
    assert _CALLS == [80]
    assert [await _value(store, key) for key in ("k0", "l39")] == [0, 39]


async def test_of_joined_callers_only_the_one_with_the_mistake_hears_of_it(store: Store) -> None:
    jobs = [store.write_joined(_put_all, [(f"k{i}", i if i != 7 else -1)]) for i in range(20)]
    outcomes = await asyncio.gather(*jobs, store.write(_put("other", 1)), return_exceptions=True)
    assert [i for i, outcome in enumerate(outcomes) if outcome is not None] == [7]
    assert isinstance(outcomes[7], ValueError)
    assert [await _value(store, f"k{i}") for i in (6, 7, 8, 19)] == [6, None, 8, 19]


async def test_joined_and_other_writes_all_come_to_pass(store: Store) -> None:
    jobs = [
        store.write(_put(f"w{i}", i)) if i % 3 else store.write_joined(_put_all, [(f"j{i}", i)] * (i % 50))
        for i in range(300)
    ]
    await asyncio.gather(*jobs)
    async with store.read() as conn:
        for i in range(300):
            expected = i if i % 3 or i % 50 else None
            assert await settings.get(conn, f"{'w' if i % 3 else 'j'}{i}") == expected


_FORGETFUL = """
import asyncio, sys
from mailbot.clock import SystemClock
from mailbot.store.database import Store

async def main(folder):
    store = await Store.open(f"sqlite:///{folder}/mailbot.db", f"file:{folder}/blobs", clock=SystemClock())
    async with store.read():
        raise RuntimeError("the start failed")

asyncio.run(main(sys.argv[1]))
"""


def test_a_process_that_forgets_to_close_still_ends(folder: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-c", _FORGETFUL, str(folder)], capture_output=True, timeout=20, check=False
    )
    assert process.returncode == 1
    assert b"the start failed" in process.stderr
