"""The database of one installation: opening it safely, its one writer, its query-only readers.

SQLite (sqlite.py) is served by one process; PostgreSQL (postgres.py) by any number of them. What `write` returned
survives power loss. A database that is missing, not migrated, damaged or already served raises StoreUnready before
anything is written.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mailbot.clock import Clock
from mailbot.store import migrate
from mailbot.store.blobs import Blobs
from mailbot.store.faults import (
    Conflict,
    Refused,
    StoreBroken,
    StoreFault,
    StoreFull,
    StoreUnready,
    StoreUnsure,
    translate,
)
from mailbot.store.places import Lock, blob_place, database_file, is_postgres
from mailbot.store.sqlite import SqliteEngines
from mailbot.store.writer import SLICE_SECONDS, Many, Transaction, Work, Writer

__all__ = ["Conflict", "Refused", "Store", "StoreBroken", "StoreFault", "StoreFull", "StoreUnready", "StoreUnsure"]

T = TypeVar("T")


class Engines(Protocol):
    """What a kind of database gives the store: a writing connection, its transactions, and connections that read."""

    writing: AsyncConnection
    reading: AsyncEngine
    facts: Mapping[str, str]

    @property
    def transaction(self) -> Transaction: ...

    async def compact(self) -> bool: ...

    async def close(self) -> None: ...


class Store:
    """An open database with its blobs. Made by `open`, given back by `close`."""

    def __init__(
        self,
        *,
        path: Path | None,
        blobs: Blobs,
        clock: Clock,
        engines: Engines,
        lock: Lock | None,
        slice_seconds: float,
    ) -> None:
        self.path = path
        """The file of a SQLite database."""
        self.blobs = blobs
        self.clock = clock
        self.facts = engines.facts
        """What is promised on whose word, for `/readyz`: texts by name."""
        self._engines = engines
        self._lock = lock
        self._writer = Writer(engines.writing, engines.transaction, seconds=slice_seconds)
        blobs.on_broken = self._writer.broken.set

    @classmethod
    async def open(
        cls,
        url: str,
        blobs_url: str,
        *,
        clock: Clock,
        create: bool = False,
        lock: bool = True,
        slice_seconds: float = SLICE_SECONDS,
        name: str = "mailbot",
    ) -> "Store":
        """Opens the database at `url` (`sqlite:///path`, `postgresql://…`) with its blobs at `blobs_url`.

        `create` makes and migrates it first. `lock` is for the service: of a SQLite file a second one is refused, and
        without it (commands) the connection never checkpoints. A group of writes takes no further caller after
        `slice_seconds`. A server's connections are called `name`. Raises StoreUnready with one line that says what to
        do.
        """
        blobs = Blobs(blob_place(blobs_url))
        path = None if is_postgres(url) else database_file(url)
        held = Lock.take(path) if lock and path is not None else None
        try:
            if create:
                await asyncio.to_thread(migrate.upgrade, path or url)
            await asyncio.to_thread(migrate.check, path or url)
            engines = await _engines(url, path, name, clock, checkpoint_pages=8000 if lock else 0)
        except BaseException:
            if held:
                held.release()
            raise
        return cls(path=path, blobs=blobs, clock=clock, engines=engines, lock=held, slice_seconds=slice_seconds)

    @property
    def shared(self) -> bool:
        """Whether other nodes may serve this database at the same time."""
        return self.path is None

    async def write(self, work: Work[T]) -> T:
        """Runs `work(conn)` in the writer's transaction, joined with others', and returns when it is durable.

        `work` awaits nothing but its connection, and neither commits nor rolls back. Its exception undoes only its own
        part. Raises StoreFault (nothing happened), StoreFull, StoreUnsure (it may have happened), StoreBroken (end the
        process). On PostgreSQL `work` runs again when it met another node. It is done even if the caller is cancelled.
        """
        return await self._writer.write(work)

    async def write_joined(self, many: Many[T], items: Sequence[T]) -> None:
        """Like `write(lambda conn: many(conn, items))`, for small writes of many callers at once.

        Those that wait with the same function `many` share one call of it with all their items; if that fails, each is
        tried by itself, so that an error still reaches only the caller it belongs to.
        """
        await self._writer.write_joined(many, items)

    async def compact(self) -> bool:
        """Rewrites the database so that nothing deleted can be read in it; False when readers kept the log from going.

        This process does not write meanwhile, which takes about a second for each 100 MB. A SQLite file is for the
        holder of its lock only; what a PostgreSQL server keeps in its log and on standbys is its administrator's.
        """
        return await self._writer.apart(self._engines.compact)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A query-only connection that sees one consistent state; raises StoreFault when none is to be had."""
        try:
            async with self._engines.reading.connect() as conn:
                yield conn
        except (DBAPIError, PoolTimeoutError) as error:
            fault = translate(error)
            if isinstance(fault, StoreBroken):
                self._writer.broken.set()
            raise fault from error

    @property
    def is_alone(self) -> bool:
        """Whether this process holds the lock: nobody else serves the database."""
        return self._lock is not None

    @property
    def broken(self) -> asyncio.Event:
        """Set once the disk has lied (StoreBroken): whoever waits for it ends the process."""
        return self._writer.broken

    async def close(self) -> None:
        """Finishes the writes in hand, then closes every connection and its thread."""
        try:
            await self._writer.close()
        finally:
            await self._engines.close()
            if self._lock:
                self._lock.release()

    async def __aenter__(self) -> "Store":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def _engines(url: str, path: Path | None, name: str, clock: Clock, *, checkpoint_pages: int) -> Engines:
    if path is not None:
        return await SqliteEngines.open(path, checkpoint_pages=checkpoint_pages)
    # Its driver comes with an extra; whoever stays with SQLite needs none.
    from mailbot.store.postgres import PostgresEngines

    return await PostgresEngines.open(url, name, clock)
