"""Processes that work on hostile bytes, so that none of these meets the connections and the database.

Whatever crashes, hangs or bloats a process costs that process only: the caller gets a ReaderFailure, the process is
replaced, the rest of the batch is done by the new one. They hold no keys. None outlives `close`, nor its parent.
"""

import asyncio
import contextlib
import os
import pickle
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeVar

from mailbot.failpoints import failpoint
from mailbot.inbound.interpretation import Keys
from mailbot.inbound.reader_frames import LENGTH, packed, unpacked
from mailbot.inbound.reader_process import OUT_OF_MEMORY, READY

T = TypeVar("T")
Task = tuple[Any, ...]

_START_SECONDS = 30.0
# The processor limit is the process's own. The wall only ends one that waits for ever, and is so long because on a
# starved machine a good mail gets a small share of a processor: the machine's trouble is no fault of the mail.
_WALL = 4
_STREAM_LIMIT = 4 * 2**20
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "TZ")


@dataclass(frozen=True, slots=True)
class ReaderFailure:
    """The bytes hurt their reader: it took too long, too much memory, or the process died."""

    cause: Literal["timeout", "killed", "memory"]
    detail: str = ""


class ReaderPool(Generic[T]):
    """`count` processes that call `reading(first, second, keys, *rest)` for each task, behind one door.

    `answers` are the classes a result may have. The limits of `keys` bound one task; a process is replaced after
    `recycle_after` tasks. `first` is done once at the start, so that no task pays for loading libraries.
    """

    def __init__(
        self,
        keys: Keys,
        reading: Callable[..., object],
        *,
        answers: tuple[type[T], ...],
        first: Task,
        count: int,
        recycle_after: int = 2000,
    ) -> None:
        self._keys = keys
        self._answers = answers
        self._first = first
        self._count = count
        self._recycle_after = recycle_after
        self._reading = f"{reading.__module__}:{reading.__qualname__}"
        self._idle: asyncio.Queue[_Reader[T]] = asyncio.Queue()
        self._all: set[_Reader[T]] = set()

    async def start(self) -> None:
        """Starts all processes side by side and waits until they are ready.

        Raises:
            OSError: a process could not be started.
        """
        for reader in await asyncio.gather(*(self._started() for _ in range(self._count))):
            self._idle.put_nowait(reader)

    async def run(self, tasks: Sequence[Task]) -> list[T | ReaderFailure]:
        """Several tasks in one hop, in order; each has its own time limit."""
        if not tasks:
            return []
        results: list[T | ReaderFailure] = []
        reader = await self._idle.get()
        try:
            while len(results) < len(tasks):
                reader = await self._fit(reader)
                results.extend(await reader.answers(tasks[len(results) :]))
        except BaseException:
            reader.abandon()  # the caller gave up half-way: what the reader still writes belongs to nobody
            raise
        finally:
            self._idle.put_nowait(reader)
        return results

    async def close(self) -> None:
        """Ends every process; one that does not end by itself within a second is killed."""
        readers, self._all = self._all, set()
        await asyncio.gather(*(reader.end() for reader in readers))

    async def _started(self) -> "_Reader[T]":
        reader = await _Reader.started(self._instructions(), self._keys.limits.reader_seconds, self._answers)
        self._all.add(reader)
        return reader

    async def _fit(self, reader: "_Reader[T]") -> "_Reader[T]":
        """The same process, or a new one in place of one that failed or has read enough."""
        if not reader.spent and reader.read < self._recycle_after:
            return reader
        fresh = await self._started()
        self._all.discard(reader)
        await reader.end()
        return fresh

    def _instructions(self) -> bytes:
        return packed(
            {
                "path": list(sys.path),
                "reading": self._reading,
                "keys": replace(self._keys, tokens=None),
                "memory": self._keys.limits.reader_bytes,
                "seconds": self._keys.limits.reader_seconds,
                "warm_up": [self._first],
            }
        )


class _Reader(Generic[T]):
    """One process and the two pipes to it."""

    def __init__(self, process: asyncio.subprocess.Process, seconds: float, answers: tuple[type[T], ...]) -> None:
        self._process = process
        self._seconds = seconds
        self._answers = answers
        self.read = 0
        self.spent = False

    @classmethod
    async def started(cls, instructions: bytes, seconds: float, answers: tuple[type[T], ...]) -> "_Reader[T]":
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "mailbot.inbound.reader_process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_STREAM_LIMIT,
            env={
                **{key: os.environ[key] for key in _PASSED_ON if key in os.environ},
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
        )
        reader = cls(process, seconds, answers)
        try:
            reader._write(instructions)
            ready = await asyncio.wait_for(reader._frame(), _START_SECONDS)
        except (TimeoutError, EOFError, pickle.UnpicklingError, OSError) as error:
            reader.abandon()
            raise OSError("a reader process did not start") from error
        if ready != READY:
            reader.abandon()
            raise OSError("a reader process did not start")
        return reader

    async def answers(self, tasks: Sequence[Task]) -> list[T | ReaderFailure]:
        """Results for the first tasks, up to and including the first failure."""
        results: list[T | ReaderFailure] = []
        self._write(packed(list(tasks)))
        failpoint("reader.handed")
        for _ in tasks:
            result = await self._result()
            results.append(result)
            self.read += 1
            if isinstance(result, ReaderFailure):
                self.abandon()
                break
        return results

    async def _result(self) -> T | ReaderFailure:
        try:
            value = await asyncio.wait_for(self._frame(), self._seconds * _WALL)
        except TimeoutError:
            return ReaderFailure("timeout", f"no result within {self._seconds * _WALL:g} s")
        except EOFError:
            return await self._death()
        except pickle.UnpicklingError as error:
            return ReaderFailure("killed", f"sent what no reader sends: {error}")
        if isinstance(value, self._answers):
            return value
        return ReaderFailure("memory" if value == OUT_OF_MEMORY else "killed", "the reader gave up")

    async def _death(self) -> ReaderFailure:
        code = await self._process.wait()
        return ReaderFailure("timeout" if code == -signal.SIGPROF else "killed", f"exit {code}")

    def _write(self, frame: bytes) -> None:
        stream = self._process.stdin
        assert stream is not None
        with contextlib.suppress(ConnectionError):
            stream.write(frame)

    async def _frame(self) -> object:
        stream = self._process.stdout
        assert stream is not None
        try:
            length = LENGTH.unpack(await stream.readexactly(LENGTH.size))[0]
            return unpacked(await stream.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise EOFError from error

    async def end(self) -> None:
        """Closes its input and waits a second for its end."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 1.0)
        except TimeoutError:
            self.abandon()
            await self._process.wait()

    def abandon(self) -> None:
        """Kills it; whoever takes it next must replace it."""
        self.spent = True
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
