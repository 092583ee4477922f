"""SQLite below the store: one connection that writes, a few that cannot.

WAL mode with `synchronous=FULL`: what was committed survives power loss. Only the service checkpoints.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from mailbot.store import driver
from mailbot.store.faults import StoreUnready

READERS = 4
_BUSY_MILLISECONDS = 5000
_SHARED = (
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-8192",
)
_WRITER = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA cache_size=-32768")


class SqliteEngines:
    """One writing connection, and a small pool of connections that cannot write."""

    facts: Mapping[str, str] = {"database": "SQLite", "synchronous": "FULL"}

    def __init__(self, writer: AsyncEngine, writing: AsyncConnection, raw: Any, reading: AsyncEngine) -> None:
        self._writer = writer
        self.writing = writing
        self.transaction = driver.Transaction(raw)
        self._compaction = driver.Compaction(raw)
        self.reading = reading

    @classmethod
    async def open(cls, path: Path, *, checkpoint_pages: int) -> "SqliteEngines":
        """Connects. Raises StoreUnready."""
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

    async def compact(self) -> bool:
        """Rewrites the file without what was deleted; False when readers kept the log from going."""
        return await self._compaction.run()

    async def close(self) -> None:
        """Closes every connection and its thread."""
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
