"""A PostgreSQL that cannot keep what a 250 promises is not used, and the line says what to change."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from postgres_here import Server, migrated

from mailbot.clock import ManualClock
from mailbot.store.database import Store
from mailbot.store.faults import StoreUnready


@pytest.fixture
def own_url(postgres: Server) -> Iterator[str]:
    """A database that may be spoiled."""
    url = migrated(postgres)
    yield url
    postgres.drop(url)


async def opened(url: str, folder: Path, now: Any) -> None:
    store = await Store.open(url, f"file:{folder}/blobs", clock=ManualClock(now))
    await store.close()


def set_for(url: str, setting: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(f'ALTER DATABASE "{conn.info.dbname}" SET {setting}')  # type: ignore[call-overload]


async def test_a_server_that_says_done_before_it_is_durable_is_refused(own_url: str, tmp_path: Path, now: Any) -> None:
    await opened(own_url, tmp_path, now)
    set_for(own_url, "synchronous_commit = off")
    with pytest.raises(StoreUnready, match="set it to on for this role"):
        await opened(own_url, tmp_path, now)


async def test_settings_that_break_no_promise_are_the_administrators(own_url: str, tmp_path: Path, now: Any) -> None:
    set_for(own_url, "client_encoding = 'LATIN1'")
    await opened(own_url, tmp_path, now)


async def test_a_server_that_does_not_answer_is_named(tmp_path: Path, now: Any) -> None:
    with pytest.raises(StoreUnready, match="PostgreSQL"):
        await opened("postgresql://nobody@127.0.0.1:1/none", tmp_path, now)
