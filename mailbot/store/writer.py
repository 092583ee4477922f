"""The only writer: many callers' work joined in one transaction and made durable by one fsync (group commit).

Each caller's work is a savepoint: its exception undoes its part and reaches only it. When the commit fails, nothing of
the group happened and all of it gets a StoreFault. Work that was asked for is done even if the asker goes away; a
cancelled caller knows nothing about the outcome. Work that met another node (StoreBusy) is done anew, so `work` may run
more than once. After a StoreBroken every further write is refused: the process has
to end.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.failpoints import failpoint
from mailbot.store.faults import StoreBroken, StoreBusy, StoreFault, StoreUnsure, translate

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]
Many = Callable[[AsyncConnection, Sequence[T]], Awaitable[None]]

SLICE_SECONDS = 0.003
"""A group takes no further caller after this long, so that the first one does not wait for the last."""

GROUP_CALLERS = 64
JOINED_ITEMS = 256
_TRIES = 6
"""How often work that another node was in the way of is done anew before its caller hears of it."""


class Transaction(Protocol):
    """What the database does for the writer, each in one trip to its thread."""

    async def begin(self) -> None:
        """Starts a transaction that may write, with a first savepoint."""
        ...

    async def savepoint(self) -> None:
        """Marks where `undo` goes back to."""
        ...

    async def undo(self) -> None:
        """Back to the latest savepoint, which stays, if the transaction is still there."""
        ...

    async def abandon(self) -> None:
        """Ends it without a trace, if it is still there."""
        ...

    def active(self) -> bool:
        """Whether the transaction is still good: some faults end it behind our back."""
        ...

    def lost(self) -> bool:
        """Whether it cannot be known what became of a commit that failed."""
        ...

    def refuses_writes(self, error: Exception) -> None:
        """Told every error: one that says that this server takes no writes any more sends the next begin elsewhere."""
        ...


@dataclass(slots=True)
class _Ask:
    """What a caller wants: `work` done, its `items` written together with others' by `many`, or `apart` run alone."""

    future: asyncio.Future[Any]
    work: Work[Any] | None = None
    apart: Callable[[], Awaitable[Any]] | None = None
    many: Many[Any] | None = None
    items: list[Any] = field(default_factory=list)
    outcome: Any = None
    error: Exception | None = None
    tries: int = 1


class Writer:
    """Runs the work of many callers on one connection, in the order of asking."""

    def __init__(
        self,
        conn: AsyncConnection,
        transaction: Transaction,
        *,
        seconds: float = SLICE_SECONDS,
        callers: int = GROUP_CALLERS,
    ) -> None:
        self._conn = conn
        self._transaction = transaction
        self._seconds = seconds
        self._callers = callers
        self._asks: deque[_Ask] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self.broken = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="store writer")

    async def write(self, work: Work[T]) -> T:
        """What `work` returns, once it is on the disk. Raises what `work` raised, or a StoreFault."""
        result: T = await self._ask(_Ask(asyncio.get_running_loop().create_future(), work=work))
        return result

    async def write_joined(self, many: Many[T], items: Sequence[T]) -> None:
        """Like `write(lambda conn: many(conn, items))`; callers that wait with the same `many` share its statements."""
        await self._ask(_Ask(asyncio.get_running_loop().create_future(), many=many, items=list(items)))

    async def apart(self, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` returns; it runs on the writing connection, outside any transaction and while nobody writes."""
        result: T = await self._ask(_Ask(asyncio.get_running_loop().create_future(), apart=work))
        return result

    async def close(self) -> None:
        """Finishes what was asked for, then stops."""
        self._closing = True
        self._wake.set()
        await self._task

    async def _ask(self, ask: _Ask) -> Any:
        if self.broken.is_set():
            raise StoreBroken("the store is broken; the process has to end")
        if self._closing:
            raise StoreFault("the store is closing")
        ask.future.add_done_callback(_seen)
        self._asks.append(ask)
        self._wake.set()
        return await asyncio.shield(ask.future)

    async def _run(self) -> None:
        try:
            while not (self._closing and not self._asks):
                await self._wake.wait()
                self._wake.clear()
                while self._asks:
                    await (self._alone() if self._asks[0].apart else self._group())
        finally:
            self._closing = True
            self._fail([*self._asks], StoreFault("the store is closing"))

    async def _alone(self) -> None:
        ask = self._asks.popleft()
        assert ask.apart is not None
        try:
            ask.outcome = await ask.apart()
        except Exception as error:
            ask.error = self._named(error)
        _settle(ask)

    async def _group(self) -> None:
        """One transaction: as many waiting callers as fit."""
        members: list[_Ask] = []
        try:
            await self._transaction.begin()
            await self._conn.begin()
            failpoint("writer.begun")
            await self._work(members)
            failpoint("writer.decided")
            await self._commit()
            failpoint("writer.committed")
        except Exception as error:
            await self._roll_back()
            named = self._named(error)
            fault = named if isinstance(named, StoreFault) else StoreFault(f"the transaction failed: {error}")
            # Without a transaction nobody who waits can be served.
            self._fail(members or self._all_waiting(), fault)
        except BaseException:
            self._fail(members, StoreFault("the store was stopped"))
            raise
        else:
            self._finish(members)

    async def _commit(self) -> None:
        try:
            await self._conn.commit()
        except Exception as error:
            if self._transaction.lost():
                raise StoreUnsure("the connection broke during the commit") from error
            raise

    async def _work(self, members: list[_Ask]) -> None:
        clock = asyncio.get_running_loop().time
        until = clock() + self._seconds
        while self._asks and self._asks[0].apart is None and len(members) < self._callers:
            if members:
                await self._transaction.savepoint()
            together = self._take()
            members += together
            await self._run_together(together)
            if clock() >= until:
                break

    def _take(self) -> list[_Ask]:
        """The next ask, with all that can share its statements."""
        first = self._asks.popleft()
        if first.many is None:
            return [first]
        joined, others, size = [first], deque[_Ask](), len(first.items)
        for ask in self._asks:
            fits = ask.many is first.many and size + len(ask.items) <= JOINED_ITEMS
            (joined if fits else others).append(ask)
            size += len(ask.items) if fits else 0
        self._asks = others
        return joined

    async def _run_together(self, asks: list[_Ask]) -> None:
        if len(asks) == 1:
            return await self._one(asks[0])
        together = _Ask(asks[0].future, many=asks[0].many, items=[item for ask in asks for item in ask.items])
        await self._one(together)
        if together.error is not None:
            # One of them cannot be written: each for itself, so that it hurts nobody else.
            for ask in asks:
                await self._transaction.savepoint()
                await self._one(ask)
        return None

    async def _one(self, ask: _Ask) -> None:
        # Savepoints are not released one by one: they nest, undoing goes to the latest, and the commit releases all.
        try:
            if ask.work is not None:
                ask.outcome = await ask.work(self._conn)
            elif ask.many is not None:
                await ask.many(self._conn, ask.items)
        except Exception as error:
            ask.error = self._named(error)
            if isinstance(ask.error, StoreBroken):
                raise
            await self._transaction.undo()
        if not self._transaction.active():
            raise ask.error or StoreFault("the transaction ended before its time")

    async def _roll_back(self) -> None:
        """Back to no transaction at all; on a broken disk even that may fail, and then nothing more is tried."""
        with contextlib.suppress(Exception):
            await self._conn.rollback()
        with contextlib.suppress(Exception):
            await self._transaction.abandon()

    def _named(self, error: Exception) -> Exception:
        self._transaction.refuses_writes(error)
        fault = translate(error)
        if isinstance(fault, StoreBroken):
            self.broken.set()
        return fault

    def _all_waiting(self) -> list[_Ask]:
        waiting, self._asks = list(self._asks), deque()
        return waiting

    def _fail(self, asks: list[_Ask], error: Exception) -> None:
        for ask in asks:
            ask.error = ask.error or error
        self._finish(asks)

    def _finish(self, asks: list[_Ask]) -> None:
        """Tells the callers; whose work only met another node is done again."""
        again: list[_Ask] = []
        for ask in asks:
            if isinstance(ask.error, StoreBusy) and ask.tries < _TRIES and not self._closing:
                ask.error, ask.tries = None, ask.tries + 1
                again.append(ask)
            else:
                _settle(ask)
        self._asks.extendleft(reversed(again))


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
