"""PostgreSQL below the store: one connection of this node that writes, and a pool of connections that cannot.

A connection that is lost comes back with the next transaction. When it is lost during a commit nobody here knows
whether that happened: the writer says so (StoreUnsure). A node that hangs is cut off by the server, so that its locks
hold up the others for half a minute at most. The server's clock corrects ours (`mailbot/clock.py`).
"""

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from mailbot.clock import Clock, CorrectedClock
from mailbot.store.faults import StoreUnready

READERS = 4
_OLDEST_SERVER = 130000
_CONNECT_SECONDS = 10
_LOOK_AT_CLOCK_SECONDS = 10.0
_READ_ONLY = "25006"
_LIVE = (TransactionStatus.INTRANS, TransactionStatus.INERROR)

# What a node that was stopped, cut off or unplugged may hold up, the server itself brings to an end.
_SESSION = """
SET lock_timeout = '10s'; SET statement_timeout = '60s';
SET idle_in_transaction_session_timeout = '30s'; SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 3; SET tcp_user_timeout = '30s'; SET client_encoding = 'UTF8'
"""
_READING = "; SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_FACTS = text(
    "SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,"
    " current_setting('server_encoding') AS encoding, current_setting('synchronous_commit') AS synchronous_commit,"
    " current_setting('fsync') AS fsync, pg_is_in_recovery() AS standby"
)
_NOW = text("SELECT clock_timestamp()")


class PostgresEngines:
    """One writing connection that comes back when it was lost, and a small pool of connections that cannot write."""

    def __init__(self, writer: AsyncEngine, writing: AsyncConnection, reading: AsyncEngine, facts: Any) -> None:
        self._writer = writer
        self.writing = writing
        self.transaction = Transaction(writing)
        self.reading = reading
        self.facts: Mapping[str, str] = {
            "database": f"PostgreSQL {facts.version}",
            "synchronous_commit": facts.synchronous_commit,
            "fsync": facts.fsync,
        }
        self._following: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str, name: str, clock: Clock) -> "PostgresEngines":
        """Connects, under a name by which others see that this node is there. Raises StoreUnready, also when a 250 must
        not be said on this server's word."""
        writer, reading = _engine(url, name, _SESSION, size=1), _engine(url, name, _SESSION + _READING, size=READERS)
        try:
            async with contextlib.AsyncExitStack() as undo:
                undo.push_async_callback(writer.dispose)
                writing = await undo.enter_async_context(writer.connect())
                facts = (await writing.execute(_FACTS)).one()
                await writing.rollback()
                _check(facts)
                engines = cls(writer, writing, reading, facts)
                await engines._follow(clock)
                undo.pop_all()
        except (DBAPIError, psycopg.Error, OSError) as error:
            raise StoreUnready(f"PostgreSQL cannot be reached ({getattr(error, 'orig', error)})") from error
        return engines

    async def compact(self) -> bool:
        """Has the server clear what was deleted out of its tables."""
        await self.transaction.run_alone("SET statement_timeout = 0", "VACUUM", "SET statement_timeout = '60s'")
        return True

    async def close(self) -> None:
        """Closes every connection."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        await self.reading.dispose()
        with contextlib.suppress(Exception):
            await self.writing.close()
        await self._writer.dispose()

    async def _follow(self, clock: Clock) -> None:
        """The server's clock decides who is late: ours is set by it now and from time to time."""
        if isinstance(clock, CorrectedClock):
            await self._set(clock)
            self._following = asyncio.create_task(self._keep_following(clock), name="database clock")

    async def _keep_following(self, clock: CorrectedClock) -> None:
        while True:
            await asyncio.sleep(_LOOK_AT_CLOCK_SECONDS)
            with contextlib.suppress(Exception):
                await self._set(clock)

    async def _set(self, clock: CorrectedClock) -> None:
        async with self.reading.connect() as conn:
            await conn.execute(_NOW)
            asked = clock.now()
            theirs: datetime = (await conn.execute(_NOW)).scalar_one()
            answered = clock.now()
        clock.correct(theirs - (asked + (answered - asked) / 2))


class Transaction:
    """Transaction control without SQLAlchemy in between; errors are psycopg's."""

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn
        self._raw: Any = None
        self._foreign = False

    async def begin(self) -> None:
        """BEGIN on a connection that is there, with a first savepoint; one that was lost since the last time is made
        anew."""
        try:
            await self._begin()
        except psycopg.OperationalError:
            if not self.lost():
                raise
            await self._begin()

    async def _begin(self) -> None:
        raw = await self._connected()
        await raw.execute("BEGIN; SAVEPOINT caller", prepare=False)

    async def run_alone(self, *statements: str) -> None:
        """Runs statements each by itself, outside any transaction."""
        raw = await self._connected()
        for statement in statements:
            await raw.execute(statement)

    async def savepoint(self) -> None:
        """Marks where `undo` goes back to."""
        await self._raw.execute("SAVEPOINT caller")

    async def undo(self) -> None:
        """Back to the latest savepoint, which stays, if the transaction is still there."""
        if self._status() in _LIVE:
            await self._raw.execute("ROLLBACK TO caller")

    async def abandon(self) -> None:
        """Ends it without a trace, if it is still there."""
        if self._status() in _LIVE:
            await self._raw.execute("ROLLBACK")

    def active(self) -> bool:
        """Whether a commit would do what was asked for; a statement that failed and was not undone forbids it."""
        return self._status() is TransactionStatus.INTRANS

    def lost(self) -> bool:
        """Whether the connection is gone: then nobody here knows what became of a commit."""
        return self._raw is None or self._raw.closed or self._status() is TransactionStatus.UNKNOWN

    def refuses_writes(self, error: Exception) -> None:
        """A server that became a standby stays connected; the next transaction looks for the one that took over."""
        self._foreign = self._foreign or getattr(getattr(error, "orig", error), "sqlstate", None) == _READ_ONLY

    def _status(self) -> TransactionStatus:
        if self._raw is None:
            return TransactionStatus.UNKNOWN
        status: TransactionStatus = self._raw.info.transaction_status
        return status

    async def _connected(self) -> Any:
        if self._raw is not None and (self._foreign or self.lost()):
            self._foreign = False
            await self._conn.invalidate()
        self._raw = (await self._conn.get_raw_connection()).driver_connection
        return self._raw


def _engine(url: str, name: str, session: str, *, size: int) -> AsyncEngine:
    async def connect(*_: Any, **__: Any) -> Any:
        conn = await psycopg.AsyncConnection.connect(
            url, autocommit=True, connect_timeout=_CONNECT_SECONDS, application_name=name
        )
        await conn.execute(session, prepare=False)
        if session.endswith(_READING):
            await conn.set_autocommit(False)
        return conn

    return create_async_engine(
        "postgresql+psycopg://",
        async_creator=connect,
        pool_size=size,
        max_overflow=0,
        pool_timeout=30,
        # As with SQLite: statements may reach the log, values never.
        hide_parameters=True,
        # Whether an insert found its row there already is read from its count.
        execution_options={"preserve_rowcount": True},
    )


def _check(facts: Any) -> None:
    if facts.number < _OLDEST_SERVER:
        raise StoreUnready(f"PostgreSQL {facts.version}: 13 or later is needed")
    if facts.standby:
        raise StoreUnready("this PostgreSQL is a standby; name the primary, or both with target_session_attrs=primary")
    if facts.encoding != "UTF8":
        raise StoreUnready(f"the database's encoding is {facts.encoding}; create it with ENCODING 'UTF8'")
    if facts.synchronous_commit == "off":
        raise StoreUnready("synchronous_commit is off, so a 250 would be no promise; set it to on for this role")
