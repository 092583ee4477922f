"""A database that cannot be trusted is not opened, and the line says what to do."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mailbot.clock import ManualClock
from mailbot.store.blob_files import BlobFiles
from mailbot.store.database import Store
from mailbot.store.faults import StoreUnready
from mailbot.store.places import blob_place, database_file


@pytest.fixture
def database() -> str:
    """This is about SQLite."""
    return "sqlite"


async def test_a_missing_database_is_not_made_by_accident(tmp_path: Path, now: Any) -> None:
    with pytest.raises(StoreUnready, match="mailbot migrate"):
        await Store.open(f"sqlite:///{tmp_path}/none.db", f"file:{tmp_path}/b", clock=ManualClock(now))
    assert not (tmp_path / "none.db").exists()


async def test_create_makes_folder_database_and_schema(tmp_path: Path, now: Any) -> None:
    url = f"sqlite:///{tmp_path}/deep/er/new.db"
    store = await Store.open(url, f"file:{tmp_path}/b", clock=ManualClock(now), create=True)
    await store.close()
    assert (tmp_path / "deep/er/new.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"not a database at all" * 100), "not a SQLite database"),
        (lambda path: path.write_bytes(path.read_bytes()[:-5000]), "cut off|damaged"),
        (
            lambda path: path.write_bytes(path.read_bytes()[:8192] + b"\xff" * 8192 + path.read_bytes()[16384:]),
            "damaged",
        ),
        (lambda path: path.write_bytes(path.read_bytes()[:100]), "cut off|damaged"),
    ],
)
async def test_a_damaged_file_is_refused(
    folder: Path, open_store: Callable[..., Any], spoil: Callable[[Path], Any], says: str
) -> None:
    spoil(folder / "mailbot.db")
    before = (folder / "mailbot.db").read_bytes()
    with pytest.raises(StoreUnready, match=says):
        await open_store()
    assert (folder / "mailbot.db").read_bytes() == before


async def test_a_restored_file_goes_back_to_write_ahead_logging(folder: Path, open_store: Callable[..., Any]) -> None:
    with closing(sqlite3.connect(folder / "mailbot.db")) as db:
        db.execute("PRAGMA journal_mode=DELETE")
    store = await open_store()
    async with store.read() as conn:
        assert (await conn.exec_driver_sql("PRAGMA journal_mode")).scalar_one() == "wal"
    await store.close()


async def test_another_schema_is_refused(folder: Path, open_store: Callable[..., Any]) -> None:
    store = await open_store()

    async def age(conn: Any) -> None:
        await conn.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")

    await store.write(age)
    await store.close()
    with pytest.raises(StoreUnready, match="schema 0000"):
        await open_store()
    # A refused start lets go of its lock.
    with pytest.raises(StoreUnready, match="schema 0000"):
        await open_store()


def test_urls_name_files() -> None:
    assert database_file("sqlite:///var/mailbot.db") == Path("var/mailbot.db")
    assert database_file("sqlite:////srv/mailbot.db") == Path("/srv/mailbot.db")
    for url in ("postgresql://db/mailbot", "sqlite://", "sqlite:///:memory:", "mailbot.db"):
        with pytest.raises(StoreUnready):
            database_file(url)


@pytest.mark.parametrize(("url", "folder"), [("file:var/blobs", "var/blobs"), ("file:///srv/blobs", "/srv/blobs")])
def test_urls_name_places_of_blobs(url: str, folder: str) -> None:
    place = blob_place(url)
    assert isinstance(place, BlobFiles)
    assert place.folder == Path(folder)


@pytest.mark.parametrize("url", ["", "file:", "ftp://blobs", "s3://", "var/blobs"])
def test_other_places_for_blobs_are_refused(url: str) -> None:
    with pytest.raises(StoreUnready):
        blob_place(url)
