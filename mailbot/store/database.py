"""The database of one installation: opening it safely, the one writer, query-only readers, dialect differences.

SQLite in WAL mode with `synchronous=FULL`: what `write` returned survives power loss. Exactly one connection of the
service writes and checkpoints; readers cannot write. A database that is missing, not migrated, damaged or already
served raises StoreUnready before anything is written.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from mailbot.clock import Clock
from mailbot.store import driver, migrate
from mailbot.store.blobs import Blobs
from mailbot.store.faults import Conflict, Refused, StoreBroken, StoreFault, StoreFull, StoreUnready, translate
from mailbot.store.places import Lock, blobs_folder, database_file
from mailbot.store.writer import SLICE_SECONDS, Many, Work, Writer

__all__ = ["Conflict", "Refused", "Store", "StoreBroken", "StoreFault", "StoreFull", "StoreUnready"]

T = TypeVar("T")

READERS = 4
_BUSY_MILLISECONDS = 5000
_SHARED = (
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-8192",
)
_WRITER = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA cache_size=-32768")


class Store:
    """An open database with its blobs. Made by `open`, given back by `close`."""

    def __init__(
        self, *, path: Path, blobs: Blobs, clock: Clock, engines: "_Engines", lock: Lock | None, slice_seconds: float
    ) -> None:
        self.path = path
        self.blobs = blobs
        self.clock = clock
        self._engines = engines
        self._lock = lock
        self._writer = Writer(engines.writing, driver.Transaction(engines.raw), seconds=slice_seconds)
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
    ) -> "Store":
        """Opens the database at `url` (`sqlite:///path`) with its blobs at `blobs_url` (`file:folder`).

        `create` makes and migrates it first. `lock` is for the service: a second one is refused; without it (commands)
        the connection never checkpoints. A group of writes takes no further caller after `slice_seconds`. Raises
        StoreUnready with one line that says what to do.
        """
        path = database_file(url)
        blobs = Blobs(blobs_folder(blobs_url))
        held = Lock.take(path) if lock else None
        try:
            if create:
                await asyncio.to_thread(migrate.upgrade, path)
            await asyncio.to_thread(migrate.check, path)
            engines = await _Engines.open(path, checkpoint_pages=8000 if lock else 0)
        except BaseException:
            if held:
                held.release()
            raise
        return cls(path=path, blobs=blobs, clock=clock, engines=engines, lock=held, slice_seconds=slice_seconds)

    async def write(self, work: Work[T]) -> T:
        """Runs `work(conn)` in the writer's transaction, joined with others', and returns when it is durable.

        `work` awaits nothing but its connection, and neither commits nor rolls back. Its exception undoes only its own
        part. Raises StoreFault (nothing happened), StoreFull, StoreBroken (end the process). If the caller is
        cancelled, the work is still done.
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

        Nobody writes meanwhile, which takes about a second for each 100 MB. For the holder of the lock only.
        """
        return await self._writer.apart(driver.Compaction(self._engines.raw).run)

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


class _Engines:
    """One writing connection, and a small pool of connections that cannot write."""

    def __init__(self, writer: AsyncEngine, writing: AsyncConnection, raw: Any, reading: AsyncEngine) -> None:
        self._writer = writer
        self.writing = writing
        self.raw = raw
        self.reading = reading

    @classmethod
    async def open(cls, path: Path, *, checkpoint_pages: int) -> "_Engines":
        pragmas = (*_SHARED, *_WRITER, f"PRAGMA wal_autocheckpoint={checkpoint_pages}")
        writer = _engine(path, "rw", pragmas, size=1)
        reading = _engine(path, "ro", (*_SHARED, "PRAGMA query_only=ON"), size=READERS)
        event.listen(reading.sync_engine, "begin", _begin)
        try:
            writing = await writer.connect()
            raw = (await writing.get_raw_connection()).driver_connection
        except DBAPIError as error:
            await writer.dispose()
            raise StoreUnready(f"{path}: cannot be opened ({error.orig})") from error
        return cls(writer, writing, raw, reading)

    async def close(self) -> None:
        await self.reading.dispose()
        await self.writing.close()
        await self._writer.dispose()


def _engine(path: Path, mode: str, pragmas: tuple[str, ...], *, size: int) -> AsyncEngine:
    async def connect(*_: Any, **__: Any) -> driver.Connection:
        return await driver.connect(f"file:{quote(str(path))}?mode={mode}")

    engine = create_async_engine(
        "sqlite+aiosqlite://",
        async_creator=connect,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=30,
        # An error's text reaches the log with its traceback: statements may, addresses and words in them never.
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.execute("PRAGMA foreign_keys")
        if cursor.fetchone() != (1,):
            raise StoreUnready("this SQLite does not check foreign keys")
        cursor.close()

    return engine


def _begin(connection: Connection) -> None:
    """A reader's own transaction: everything it reads is of one moment. (The writer begins in writer.py.)"""
    connection.exec_driver_sql("BEGIN")
