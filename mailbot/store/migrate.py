"""Bringing a database to the present schema, and refusing one that is not there.

`upgrade` is one transaction: killed half way it leaves the old schema. `check` writes nothing and raises StoreUnready
with one line that says what to do. Both are plain blocking calls, made before the service begins. A schema of a later
version is left alone and served while it says that it can be (`schema.OLDEST`): nodes are upgraded one by one.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from mailbot.store import schema, server
from mailbot.store.faults import StoreUnready
from mailbot.store.upsert import insert_or_change

_SCRIPTS = Path(__file__).parent / "migrations"
_HEADER = b"SQLite format 3\x00"
_DRAFT = ".new"
_OLDEST = "schema.oldest"
_WAY_BACK = "bring a backup back with 'mailbot restore --replace'"
_SMALL = 64 * 1024 * 1024
"""Files up to this size are checked page by page at every start; larger ones by `mailbot verify`."""


def upgrade(place: Path | str, scripts: Path = _SCRIPTS) -> None:
    """Brings the SQLite file, or the PostgreSQL database at that URL, to the newest of `scripts`. Idempotent.

    A missing file is made, and gets its name when it is complete; one that is damaged or empty is left as it is:
    StoreUnready, as `check` has it. A PostgreSQL database has to be there, and goes on working meanwhile.
    """
    if isinstance(place, str):
        server.upgrade(place, lambda conn: _run(conn, scripts))
    else:
        _upgrade_file(place)


def check(place: Path | str) -> None:
    """Refuses a database that is missing, damaged, from another version, or no database at all."""
    if isinstance(place, str):
        server.check(place, lambda conn: _check_revision(conn, "the database"))
    else:
        _check_whole(place)


def _upgrade_file(path: Path) -> None:
    if path.exists():
        _check_file(path)
        return _upgrade(path)
    draft = path.with_name(path.name + _DRAFT)
    for left in ("", "-wal", "-shm"):
        draft.with_name(draft.name + left).unlink(missing_ok=True)
    _upgrade(draft)
    draft.rename(path)
    return None


def _check_whole(path: Path) -> None:
    if not path.is_file():
        raise StoreUnready(f"{path}: there is no database; run 'mailbot migrate'")
    _check_file(path)
    engine = create_engine(f"sqlite:///file:{quote(str(path))}?mode=ro&uri=true", poolclass=NullPool)
    with engine.connect() as conn:
        _check_revision(conn, str(path))


def _upgrade(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        with closing(sqlite3.connect(path)) as raw:
            raw.execute("PRAGMA journal_mode=WAL")
        with connection(path) as conn:
            _run(conn, _SCRIPTS)
    except OSError as error:
        raise StoreUnready(f"{path}: cannot be written ({error.strerror})") from error
    except (sqlite3.DatabaseError, DBAPIError) as error:
        raise StoreUnready(f"{path}: cannot be migrated ({getattr(error, 'orig', error)})") from error


@contextmanager
def connection(path: Path) -> Iterator[Connection]:
    """A blocking connection in one BEGIN IMMEDIATE that is committed at the end, for schema work only."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args={"isolation_level": None})

    @event.listens_for(engine, "begin")
    def start(conn: Connection) -> None:
        conn.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.begin() as conn:
        yield conn


def _run(conn: Connection, scripts: Path) -> None:
    found = _found(conn)
    if found is not None and found > schema.REVISION and _serves_us(conn):
        return
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = conn
    if found != ScriptDirectory.from_config(config).get_current_head():
        command.upgrade(config, "head")
    conn.execute(insert_or_change(schema.settings, ["key"], ["value"]), {"key": _OLDEST, "value": schema.OLDEST})


def _check_file(path: Path) -> None:
    """Refuses a file that is no whole database. Writes nothing."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
        if not header:
            raise StoreUnready(f"{path}: is empty; {_WAY_BACK}, or remove it and run 'mailbot migrate'")
        if not header.startswith(_HEADER):
            raise StoreUnready(f"{path}: is not a SQLite database; {_WAY_BACK}")
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as raw:
            _check_pages(raw, path)
    except OSError as error:
        raise StoreUnready(f"{path}: cannot be read ({error.strerror})") from error
    except sqlite3.DatabaseError as error:
        raise StoreUnready(f"{path}: is damaged ({error}); {_WAY_BACK}") from error


def _check_pages(raw: sqlite3.Connection, path: Path) -> None:
    size = path.stat().st_size
    pages, page = raw.execute("PRAGMA page_count").fetchone()[0], raw.execute("PRAGMA page_size").fetchone()[0]
    no_log = not path.with_name(path.name + "-wal").exists()
    if size % page or (no_log and size < pages * page):
        raise StoreUnready(f"{path}: is cut off; {_WAY_BACK}")
    if size <= _SMALL and raw.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise StoreUnready(f"{path}: is damaged; {_WAY_BACK}")


def _check_revision(conn: Connection, name: str) -> None:
    found = _found(conn)
    if found is None:
        raise StoreUnready(f"{name}: is not migrated; run 'mailbot migrate'")
    if found != schema.REVISION and not (found > schema.REVISION and _serves_us(conn)):
        raise StoreUnready(f"{name}: has schema {found}, this version needs {schema.REVISION}; run 'mailbot migrate'")


def _found(conn: Connection) -> str | None:
    return MigrationContext.configure(conn).get_current_revision()


def _serves_us(conn: Connection) -> bool:
    """Whether a later schema says that our revision may go on with it."""
    table = schema.settings.c
    oldest = conn.execute(select(table.value).where(table.key == _OLDEST)).scalar_one_or_none()
    return oldest is not None and str(oldest) <= schema.REVISION
