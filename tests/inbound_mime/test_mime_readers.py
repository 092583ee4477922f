"""Reader processes: what hurts one of them costs that process only, and nothing outlives the pool."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import poison
from mime_letters import KEYS, NOW, RCPT, TOKEN, envelope, letter

from mailbot.inbound.interpretation import Interpretation, Keys
from mailbot.inbound.reader_pool import ReaderFailure
from mailbot.inbound.readers import Readers, Task
from mailbot.limits import Limits

QUICK = replace(KEYS, limits=Limits(reader_seconds=0.4, reader_bytes=256 * 2**20))


@asynccontextmanager
async def pool(keys: Keys = QUICK, count: int = 1, **more: int) -> AsyncIterator[Readers]:
    readers = Readers(keys, count=count, reading=poison.read, **more)
    await readers.start()
    try:
        yield readers
    finally:
        await readers.close()


def task(raw: bytes = b"") -> Task:
    return (raw or letter("We decline.\r\n"), envelope(), NOW)


def children() -> set[str]:
    """Living child processes of this one."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if parent == str(os.getpid()) and state != "Z":
            found.add(folder.name)
    return found


async def test_a_mail_is_read_as_in_this_process() -> None:
    async with pool() as readers:
        got = await readers.read(*task())
    assert isinstance(got, Interpretation)
    assert (got.reason, got.tokens) == ("decline", (TOKEN,))


async def test_a_mail_that_never_ends_is_a_timeout() -> None:
    async with pool() as readers:
        got = await readers.read(*task(b"HANG"))
        assert isinstance(got, ReaderFailure)
        assert got.cause == "timeout"
        assert isinstance(await readers.read(*task()), Interpretation)


def test_what_a_task_may_cost_is_counted_for_each_and_ends_the_process() -> None:
    program = (
        "import time\n"
        "from mailbot.inbound.cage import allow_processor\n"
        "for allowed in (0.5, 0.5, 0.5):\n"
        "    allow_processor(allowed)\n"
        "    end = time.process_time() + 0.3\n"
        "    while time.process_time() < end: pass\n"
        "print('three done', flush=True)\n"
        "while True: pass\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=100)
    assert (ended.stdout, ended.returncode) == (b"three done\n", -signal.SIGPROF)


async def test_a_mail_that_waits_for_ever_without_working_is_a_timeout_too() -> None:
    async with pool() as readers:
        got = await readers.read(*task(b"WAIT"))
        assert isinstance(got, ReaderFailure)
        assert got.cause == "timeout"
        assert isinstance(await readers.read(*task()), Interpretation)


async def test_a_mail_that_takes_all_memory_is_told_apart() -> None:
    async with pool(replace(QUICK, limits=Limits(reader_seconds=20, reader_bytes=256 * 2**20))) as readers:
        got = await readers.read(*task(b"BLOAT"))
        assert isinstance(got, ReaderFailure)
        assert got.cause == "memory"
        assert isinstance(await readers.read(*task()), Interpretation)


async def test_a_mail_that_kills_its_reader_is_told_apart() -> None:
    async with pool() as readers:
        got = await readers.read(*task(b"DIE"))
    assert isinstance(got, ReaderFailure)
    assert got.cause == "killed"


async def test_a_reader_that_was_taken_over_cannot_make_its_parent_run_anything() -> None:
    async with pool() as readers:
        got = await readers.read(*task(b"STRANGE"))
    assert isinstance(got, ReaderFailure)
    assert "no reading value" in got.detail


async def test_the_rest_of_a_batch_is_read_by_the_next_reader() -> None:
    async with pool() as readers:
        got = await readers.read_batch([task(), task(b"DIE"), task(), task(b"HANG"), task()])
    assert [type(one).__name__ for one in got] == [
        "Interpretation",
        "ReaderFailure",
        "Interpretation",
        "ReaderFailure",
        "Interpretation",
    ]


async def test_a_caller_who_gives_up_leaves_no_answer_for_the_next() -> None:
    async with pool() as readers:
        waiting = asyncio.ensure_future(readers.read(*task(b"HANG")))
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
        waiting.cancel()
        await asyncio.wait([waiting])
        got = await readers.read(*task(letter("We accept.\r\n")))
    assert isinstance(got, Interpretation)
    assert got.reply_text == "We accept."


async def test_a_reader_is_replaced_after_its_share_of_mails() -> None:
    async with pool(recycle_after=2) as readers:
        first = children()
        await readers.read_batch([task()] * 2)
        assert children() == first
        await readers.read(*task())
        assert children() != first


async def test_several_readers_work_side_by_side() -> None:
    async with pool(count=2) as readers:
        hanging = asyncio.ensure_future(readers.read(*task(b"HANG")))
        assert isinstance(await readers.read(*task()), Interpretation)
        assert not hanging.done()
        await hanging


async def test_no_process_outlives_the_pool() -> None:
    before = children()
    async with pool(count=2) as readers:
        await readers.read(*task(b"HANG"))
        assert children() - before
    assert children() <= before


class Signed:
    """Knows one address; stands for tokens.Tokens."""

    def __init__(self, known: str) -> None:
        self._known = known

    def read(self, text: str) -> object | None:
        return text if text == self._known else None


async def test_signatures_are_checked_in_the_parent() -> None:
    async with pool(replace(QUICK, tokens=Signed("another"))) as readers:
        got = await readers.read(*task())
    assert isinstance(got, Interpretation)
    assert got.tokens == ()
    async with pool(replace(QUICK, tokens=Signed(TOKEN))) as readers:
        got = await readers.read(*task())
    assert isinstance(got, Interpretation)
    assert (got.tokens, RCPT.partition("@")[0]) == ((TOKEN,), TOKEN)


async def test_a_large_mail_passes_through() -> None:
    async with pool(replace(QUICK, limits=Limits())) as readers:
        got = await readers.read(*task(letter("x" * 30_000_000)))
    assert isinstance(got, Interpretation)
