"""The migration makes exactly the tables of schema.py."""

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from mailbot.store import migrate, schema


def _shape(path: Path) -> dict[str, object]:
    """Tables with their columns and foreign keys, and every index with its definition."""
    with closing(sqlite3.connect(path)) as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        shape: dict[str, object] = {}
        for table in sorted(set(tables) - {"alembic_version", "sqlite_sequence"}):
            columns = sorted(
                (name, kind, bool(notnull), _plain(default), bool(key))
                for _, name, kind, notnull, default, key in db.execute(f"PRAGMA table_info({table})")
            )
            keys = sorted(row[2:5] for row in db.execute(f"PRAGMA foreign_key_list({table})"))
            shape[table] = (columns, keys)
        for name, sql in db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index'"):
            shape[f"index {name}"] = sql
        for name, sql in db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"):
            shape[f"checks of {name}"] = sorted(line.strip(" ,)") for line in sql.split("\n") if "CHECK" in line)
        del shape["checks of alembic_version"]
        return shape


def _plain(default: str | None) -> str | None:
    return None if default is None else default.strip("()")


def test_the_migration_makes_the_tables_of_the_schema(tmp_path: Path) -> None:
    migrate.upgrade(tmp_path / "migrated.db")
    engine = create_engine(f"sqlite:///{tmp_path}/created.db")
    schema.metadata.create_all(engine)
    with engine.begin() as conn:
        conn.exec_driver_sql("CREATE TABLE alembic_version (version_num TEXT PRIMARY KEY)")
    engine.dispose()
    assert _shape(tmp_path / "migrated.db") == _shape(tmp_path / "created.db")


def test_alembic_finds_nothing_to_change(tmp_path: Path) -> None:
    migrate.upgrade(tmp_path / "a.db")
    with migrate.connection(tmp_path / "a.db") as conn:
        assert compare_metadata(MigrationContext.configure(conn), schema.metadata) == []


def test_the_revision_of_the_schema_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.REVISION


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    migrate.upgrade(tmp_path / "a.db")
    before = _shape(tmp_path / "a.db")
    migrate.upgrade(tmp_path / "a.db")
    assert _shape(tmp_path / "a.db") == before
