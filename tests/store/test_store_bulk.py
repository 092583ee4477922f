"""Statements for many rows give the driver what SQLAlchemy would have given it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from mailbot.store import schema
from mailbot.store.bulk import execute_many
from mailbot.store.database import Store

_table = schema.outages
_INSERT = insert(_table)
_END = update(_table).where(_table.c.id == bindparam("row")).values(cause="ended")


async def _rows(store: Store) -> list[Any]:
    async with store.read() as conn:
        return [tuple(row) for row in await conn.execute(select(_table).order_by(_table.c.id))]


async def test_values_are_converted_and_constants_kept(store: Store, now: datetime) -> None:
    later = now.astimezone(UTC) + timedelta(microseconds=1)
    rows = [{"id": number, "down_at": now, "up_at": later, "cause": "down"} for number in (1, 2, 3)]
    assert await store.write(lambda conn: execute_many(conn, _INSERT, rows)) == 3
    assert await store.write(lambda conn: execute_many(conn, _END, [{"row": 2}, {"row": 3}, {"row": 9}])) == 2
    assert await _rows(store) == [(1, now, later, "down"), (2, now, later, "ended"), (3, now, later, "ended")]


async def test_rows_of_another_shape_are_another_statement(store: Store, now: datetime) -> None:
    await store.write(lambda conn: execute_many(conn, _INSERT, [{"id": 1, "down_at": now, "up_at": now, "cause": "x"}]))
    await store.write(lambda conn: execute_many(conn, _INSERT, [{"id": 2, "down_at": now, "up_at": now}]))
    assert [row[3] for row in await _rows(store)] == ["x", ""]


async def test_no_rows_are_no_statement(store: Store) -> None:
    assert await store.write(lambda conn: execute_many(conn, _INSERT, [])) == 0
