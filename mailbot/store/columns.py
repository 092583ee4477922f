"""Columns that mean the same on every database: instants, JSON trees, 64-bit row ids, and the words of schema.py.

Instants are whole microseconds since 1970 in UTC, so that they compare and index as integers everywhere; a naive one
raises ValueError before it reaches the database.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Dialect,
    Integer,
    Text,
    literal_column,
    text,
)
from sqlalchemy.types import TypeDecorator

from mailbot.store.codec import from_json, to_json

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

BigId = BigInteger().with_variant(Integer(), "sqlite")
"""A 63-bit row id; on SQLite it is the rowid itself, so that ids that grow with time append to the table."""


class Instant(TypeDecorator[datetime]):
    """An aware instant."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_micros(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else from_micros(value)


class Json(TypeDecorator[Any]):
    """A tree of plain values, kept as text (codec.to_json)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else to_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else from_json(value)


def to_micros(instant: datetime) -> int:
    """Microseconds since 1970; raises ValueError for an instant without a time zone."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone; the store keeps UTC")
    return (instant - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The instant that `to_micros` was given, in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def row_id() -> Column[int]:
    """The key `id`, handed in or counted up by the database."""
    return Column("id", BigId, primary_key=True)


def words(*names: str) -> list[Column[str]]:
    """Texts that may be empty, never NULL."""
    return [Column(name, Text, nullable=False, server_default="") for name in names]


def texts(*names: str) -> list[Column[str]]:
    """Texts that every row has."""
    return [Column(name, Text, nullable=False) for name in names]


def at(*names: str, nullable: bool = False) -> list[Column[datetime]]:
    """Instants."""
    return [Column(name, Instant, nullable=nullable) for name in names]


def flags(*names: str) -> list[Column[bool]]:
    """Truths, false at first."""
    return [Column(name, Boolean, nullable=False, server_default=text("false")) for name in names]


def count(name: str) -> Column[int]:
    """A number that starts at 0."""
    return Column(name, Integer, nullable=False, server_default=text("0"))


def states(*allowed: str, column: str = "state") -> CheckConstraint:
    """The column holds one of these words."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(word) for word in allowed)})", name=column)


def when(condition: str, sqlite: str = "") -> dict[str, Any]:
    """Makes an index partial. Queries must use the very words (`word`), or the database does not see that it fits."""
    return {"sqlite_where": text(sqlite or condition), "postgresql_where": text(condition)}


def word(text_of_ours: str) -> ColumnElement[str]:
    """A constant written into the statement: a bound value hides from the planner which partial index fits."""
    if not re.fullmatch(r"[a-z_]*", text_of_ours):
        raise ValueError("only words of ours are written into statements")
    return literal_column(f"'{text_of_ours}'", Text)


def words_of(*texts_of_ours: str) -> list[ColumnElement[str]]:
    """Several such constants, for IN."""
    return [word(each) for each in texts_of_ours]
