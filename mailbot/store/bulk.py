"""One statement for many rows, compiled once and handed to the driver as it is.

SQLAlchemy prepares each row's values anew; for the batches of the engine that costs more than the database does. The
statement must be a module constant, since its compiled form is kept for ever. All rows have the same keys.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Plan:
    """The SQL text, and for each of its values: its name, its constant if no row has it, and how it is converted."""

    sql: str
    values: tuple[tuple[str, Any, Callable[[Any], Any] | None], ...]
    positional: bool

    def bind(self, row: Row) -> Any:
        """The row as the driver takes it."""
        if self.positional:
            return tuple([_bound(row, value) for value in self.values])
        return {value[0]: _bound(row, value) for value in self.values}


def _bound(row: Row, value: tuple[str, Any, Callable[[Any], Any] | None]) -> Any:
    name, constant, convert = value
    given = row.get(name, constant)
    return given if convert is None else convert(given)


_plans: dict[tuple[UpdateBase, str, tuple[str, ...]], _Plan] = {}


async def execute_many(conn: AsyncConnection, statement: UpdateBase, rows: Sequence[Row]) -> int:
    """Runs `statement` for every row; how many rows of the database it touched. Without rows nothing is run."""
    if not rows:
        return 0
    key = (statement, conn.dialect.name, tuple(rows[0]))
    plan = _plans.get(key) or _plans.setdefault(key, _compile(statement, conn.dialect, tuple(rows[0])))
    result = await conn.exec_driver_sql(plan.sql, [plan.bind(row) for row in rows])
    return result.rowcount


def _compile(statement: UpdateBase, dialect: Dialect, names: tuple[str, ...]) -> _Plan:
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    order = compiled.positiontup if compiled.positional else list(compiled.params)
    values = tuple(
        (name, compiled.params.get(name), compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
        for name in order or ()
    )
    return _Plan(str(compiled), values, compiled.positional)
