"""The only writer: many callers' work joined in one transaction and made durable by one fsync (group commit).

Each caller's work is a savepoint: its exception undoes its part and reaches only it. When the commit fails, nothing of
the group happened and all of it gets a StoreFault. Work that was asked for is done even if the asker goes away; a
cancelled caller knows nothing about the outcome. After a StoreBroken every further write is refused: the process has
to end.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store.faults import StoreBroken, StoreFault, translate

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

SLICE_SECONDS = 0.003
"""A group takes no further caller after this long, so that the first one does not wait for the last."""

GROUP_CALLERS = 64


@dataclass(slots=True)
class _Ask:
    work: Work[Any]
    future: asyncio.Future[Any]
    outcome: Any = None
    error: Exception | None = None


class Writer:
    """Runs the work of many callers on one connection, in the order of asking.

    `in_transaction` says whether the database still has our transaction: some faults end it behind our back.
    """

    def __init__(
        self,
        conn: AsyncConnection,
        in_transaction: Callable[[], bool],
        *,
        seconds: float = SLICE_SECONDS,
        callers: int = GROUP_CALLERS,
    ) -> None:
        self._conn = conn
        self._in_transaction = in_transaction
        self._seconds = seconds
        self._callers = callers
        self._asks: deque[_Ask] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self.broken = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="store writer")

    async def write(self, work: Work[T]) -> T:
        """What `work` returns, once it is on the disk. Raises what `work` raised, or a StoreFault."""
        if self.broken.is_set():
            raise StoreBroken("the store is broken; the process has to end")
        if self._closing:
            raise StoreFault("the store is closing")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_seen)
        self._asks.append(_Ask(work, future))
        self._wake.set()
        return await asyncio.shield(future)

    async def close(self) -> None:
        """Finishes what was asked for, then stops."""
        self._closing = True
        self._wake.set()
        await self._task

    async def _run(self) -> None:
        try:
            while not (self._closing and not self._asks):
                await self._wake.wait()
                self._wake.clear()
                while self._asks:
                    await self._group()
        finally:
            self._closing = True
            self._fail([*self._asks], StoreFault("the store is closing"))

    async def _group(self) -> None:
        """One transaction: as many waiting callers as fit."""
        members: list[_Ask] = []
        try:
            await self._conn.begin()
            await self._work(members)
            await self._conn.commit()
        except Exception as error:
            await self._undo()
            named = self._named(error)
            fault = named if isinstance(named, StoreFault) else StoreFault(f"the transaction failed: {error}")
            self._fail(members or [self._asks.popleft()], fault)
        except BaseException:
            self._fail(members, StoreFault("the store was stopped"))
            raise
        else:
            for ask in members:
                _settle(ask)

    async def _work(self, members: list[_Ask]) -> None:
        clock = asyncio.get_running_loop().time
        until = clock() + self._seconds
        while self._asks and len(members) < self._callers:
            ask = self._asks.popleft()
            members.append(ask)
            await self._conn.exec_driver_sql("SAVEPOINT caller")
            await self._one(ask)
            if clock() >= until:
                break

    async def _one(self, ask: _Ask) -> None:
        # Savepoints are not released one by one: they nest, undoing goes to the latest, and the commit releases all.
        try:
            ask.outcome = await ask.work(self._conn)
        except Exception as error:
            ask.error = self._named(error)
            if isinstance(ask.error, StoreBroken):
                raise
            if self._in_transaction():
                await self._conn.exec_driver_sql("ROLLBACK TO caller")
        if not self._in_transaction():
            raise ask.error or StoreFault("the transaction ended before its time")

    async def _undo(self) -> None:
        """Back to no transaction at all; on a broken disk even that may fail, and then nothing more is tried."""
        with contextlib.suppress(Exception):
            await self._conn.rollback()

    def _named(self, error: Exception) -> Exception:
        fault = translate(error)
        if isinstance(fault, StoreBroken):
            self.broken.set()
        return fault

    def _fail(self, asks: list[_Ask], error: Exception) -> None:
        for ask in asks:
            ask.error = ask.error or error
            _settle(ask)


def _settle(ask: _Ask) -> None:
    if ask.future.done():
        return
    if ask.error is not None:
        ask.future.set_exception(ask.error)
    else:
        ask.future.set_result(ask.outcome)


def _seen(future: asyncio.Future[Any]) -> None:
    """Takes note of an exception nobody waits for any more."""
    if not future.cancelled():
        future.exception()
