"""Schema work on a PostgreSQL server: one node at a time, in one transaction that never makes mail wait for long.

Changing a table wants a lock that waits for every reader, and everybody else waits behind it: so it asks for a short
time only, lets them pass, and asks again. Raises StoreUnready when it does not get through, or nobody answers.
"""

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from mailbot.store.faults import StoreBusy, StoreUnready, translate

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(7246289)"
_TRIES = 30
_PAUSE_SECONDS = 1.0


def upgrade(url: str, run: Callable[[Connection], None]) -> None:
    """Runs schema work on that database. Blocks."""
    for attempt in range(_TRIES):
        try:
            with _engine(url).begin() as conn:
                conn.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
                conn.exec_driver_sql(_ONE_AT_A_TIME)
                return run(conn)
        except DBAPIError as error:
            if not isinstance(translate(error), StoreBusy) or attempt == _TRIES - 1:
                raise StoreUnready(f"the database cannot be migrated ({error.orig})") from error
        time.sleep(_PAUSE_SECONDS)
    raise AssertionError("unreachable")


def check(url: str, look: Callable[[Connection], None]) -> None:
    """Looks at that database. Blocks."""
    try:
        with _engine(url).connect() as conn:
            look(conn)
    except DBAPIError as error:
        raise StoreUnready(f"PostgreSQL cannot be used ({error.orig})") from error


def _engine(url: str) -> Any:
    import psycopg

    def connect() -> Any:
        return psycopg.connect(url, connect_timeout=10, application_name="mailbot migrate")

    return create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool, hide_parameters=True)
