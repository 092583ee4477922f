"""Insert statements that tolerate rows which are there already, the same words on every dialect.

SQLite and PostgreSQL share `ON CONFLICT`; the statement is PostgreSQL's construct, which SQLite reads as well. Nothing
here executes anything.
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Table
from sqlalchemy.dialects.postgresql import Insert


def insert_missing(table: Table) -> Insert:
    """Inserts rows whose keys are not there yet; the others stay as they are."""
    return Insert(table).on_conflict_do_nothing()


def insert_or_change(
    table: Table, keys: Iterable[str], changed: Iterable[str], where: ColumnElement[bool] | None = None
) -> Insert:
    """Inserts rows; of those whose `keys` are there already it changes the columns `changed`, if `where` holds."""
    insert = Insert(table)
    return insert.on_conflict_do_update(
        index_elements=[table.c[name] for name in keys],
        set_={name: insert.excluded[name] for name in changed},
        where=where,
    )
