"""aiosqlite with one trip to its thread per statement, where SQLAlchemy otherwise makes three.

A trip costs about as much as the statement itself. A cursor here runs the statement, fetches all rows and closes in the
same trip, and answers everything else from memory. Errors are sqlite3's, raised where the statement was awaited.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import aiosqlite

_STATEMENTS = 256
_SAVEPOINT = "SAVEPOINT caller"


class Connection(aiosqlite.Connection):
    """A connection whose cursors are made and used in one trip."""

    def cursor(self) -> "Cursor":  # type: ignore[override]
        """A cursor that does not exist in the database yet."""
        return Cursor(self)

    async def trip(self, function: Any, *args: Any) -> Any:
        """What `function` returns in the connection's thread."""
        return await self._execute(function, *args)  # type: ignore[no-untyped-call]


class Cursor:
    """The part of aiosqlite's cursor that SQLAlchemy uses."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: Sequence[Any] = ()
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> "Cursor":
        return self

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> "Cursor":
        """Runs one statement and fetches what it gives."""
        await self._connection.trip(self._run, sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> "Cursor":
        """Runs one statement for many rows; `rowcount` is the sum."""
        await self._connection.trip(self._run_many, sql, parameters)
        return self

    async def fetchall(self) -> Sequence[Any]:
        """The rows, once."""
        rows, self._rows = self._rows, ()
        return rows

    async def close(self) -> None:
        """Forgets the rows; in the database the cursor is closed already."""
        self._rows = ()

    def _run(self, sql: str, parameters: Iterable[Any]) -> None:
        cursor = self._connection._conn.execute(sql, parameters)  # type: ignore[arg-type]
        self._keep(cursor)

    def _run_many(self, sql: str, parameters: Iterable[Iterable[Any]]) -> None:
        self._keep(self._connection._conn.executemany(sql, parameters))  # type: ignore[arg-type]

    def _keep(self, cursor: sqlite3.Cursor) -> None:
        self.description = cursor.description
        self._rows = cursor.fetchall() if cursor.description else ()
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        cursor.close()


class Transaction:
    """Transaction control without SQLAlchemy in between; errors are sqlite3's."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def begin(self) -> None:
        """BEGIN IMMEDIATE: a deferred one, when it comes to write, fails at once whatever busy_timeout says (D11)."""
        await self._connection.trip(self._run, "BEGIN IMMEDIATE", _SAVEPOINT)

    async def savepoint(self) -> None:
        """Marks where `undo` goes back to."""
        await self._connection.trip(self._run, _SAVEPOINT)

    async def undo(self) -> None:
        """Back to the latest savepoint, which stays, if the transaction is still there."""
        if self.active():
            await self._connection.trip(self._run, "ROLLBACK TO caller")

    async def abandon(self) -> None:
        """Ends it without a trace, if it is still there."""
        if self.active():
            await self._connection.trip(self._run, "ROLLBACK")

    def active(self) -> bool:
        """Whether the database still has our transaction."""
        return self._connection.in_transaction

    def lost(self) -> bool:
        """Never: what a failed commit left is known."""
        return False

    def refuses_writes(self, error: Exception) -> None:
        """There is no other server to go to."""

    def _run(self, *statements: str) -> None:
        for statement in statements:
            self._connection._conn.execute(statement)


class Compaction:
    """The file written anew without what was deleted: it would stay readable in free pages and in the WAL otherwise."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def run(self) -> bool:
        """Whether the WAL could be emptied too: a reader of an older state keeps it."""
        return bool(await self._connection.trip(self._run))

    def _run(self) -> bool:
        conn = self._connection._conn
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        conn.execute("VACUUM")
        busy, *_ = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy


async def connect(uri: str) -> Connection:
    """Opens a SQLite URI; begins no transaction by itself (security C4). Its thread does not keep a process alive."""

    def open_it() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, isolation_level=None, cached_statements=_STATEMENTS)

    connection = Connection(open_it, iter_chunk_size=64)
    connection._thread.daemon = True
    return await connection  # type: ignore[return-value]
