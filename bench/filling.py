"""A database of any size: copies of one claim's rows, each with ids, tenant and customer of its own.

The database multiplies by itself, some thousand claims a statement, so a million takes minutes. Copies are older than
their original: their row ids count from 1. Bytes of sent mails are not copied, nor is what came in.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

_TABLES = (
    "claims", "claim_keys", "timers", "history", "history_heads", "outbox", "reply_addresses", "address_claims",
)  # fmt: skip
_IDS = {
    "claims": ("seq",),
    "timers": ("id",),
    "history": ("id", "inbox_id"),
    "outbox": ("id", "handle", "triggered_by"),
    "reply_addresses": ("handle", "outbox_id"),
    "address_claims": ("handle",),
}
_CHUNK, _FIRST_ID = 5000, 1000


def fill(database: Path, claim_id: str, count: int) -> None:
    """Adds `count` copies of the claim."""
    with closing(sqlite3.connect(database, isolation_level=None)) as conn:
        conn.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-400000; PRAGMA foreign_keys=OFF;")
        statements = list(_statements(conn, claim_id))
        for first in range(0, count, _CHUNK):
            conn.execute("BEGIN")
            for statement, values in statements:
                conn.execute(statement, {**values, "first": first, "last": min(first + _CHUNK, count) - 1})
            conn.execute("COMMIT")
        conn.executescript("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA optimize;")


def _statements(conn: sqlite3.Connection, claim_id: str) -> Iterator[tuple[str, dict[str, object]]]:
    """For each table one INSERT that copies its rows for claims :first to :last."""
    rows = {table: _rows(conn, table, claim_id) for table in _TABLES}
    numbers = _numbered(rows)
    tenant = next(row["tenant_id"] for row in rows["claims"])
    domain = next(row["tenant_domain"] for row in rows["claims"])
    swapped = {
        claim_id: "printf('CLM-%06d', n)",
        str(tenant): "printf('t-%08d', n)",
        str(domain): "printf('c%d.test', n)",
    }
    for table, found in rows.items():
        for row in found:
            values = {f"v{place}": value for place, value in enumerate(row.values())}
            columns = [
                _copied(f":v{place}", value, name in _IDS.get(table, ()), numbers, swapped)
                for place, (name, value) in enumerate(row.items())
            ]
            series = "WITH RECURSIVE s(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM s WHERE n < :last)"
            names = ", ".join(row)
            yield f"{series} INSERT INTO {table} ({names}) SELECT {', '.join(columns)} FROM s", values


def _rows(conn: sqlite3.Connection, table: str, claim_id: str) -> list[dict[str, object]]:
    own = {
        "claims": "id = ?",
        "reply_addresses": "handle IN (SELECT handle FROM address_claims WHERE claim_id = ?)",
    }.get(table, "claim_id = ?")
    cursor = conn.execute(f"SELECT * FROM {table} WHERE {own}", (claim_id,))
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _numbered(rows: dict[str, list[dict[str, object]]]) -> dict[object, int]:
    """Every row id of the original with its place among them."""
    found = [row[name] for table, names in _IDS.items() for row in rows[table] for name in names]
    return {value: place for place, value in enumerate(dict.fromkeys(v for v in found if v))}


def _copied(mark: str, value: object, is_id: bool, numbers: dict[object, int], swapped: dict[str, str]) -> str:
    """The expression for one column of a copy."""
    if is_id and value in numbers:
        return f"{_FIRST_ID} + n * {len(numbers)} + {numbers[value]}"
    if not isinstance(value, str):
        return mark
    for old, new in swapped.items():
        if old in value:
            mark = f"replace({mark}, '{old}', {new})"
    return mark
