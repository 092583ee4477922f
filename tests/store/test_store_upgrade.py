"""The next release changes the schema while this one serves it, and this one may come back."""

import asyncio
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from postgres_here import Server, migrated

from mailbot.clock import ManualClock
from mailbot.store import inbox, migrate, schema
from mailbot.store.database import Store
from mailbot.store.faults import StoreUnready
from mailbot.store.inbox import Item

_NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{before}"


def upgrade() -> None:
    op.add_column("inbox", sa.Column("mood", sa.Text(), nullable=False, server_default=""))
"""


@pytest.fixture
def next_release(tmp_path: Path) -> Path:
    """Our migrations and one more, which only adds."""
    scripts = tmp_path / "migrations"
    shutil.copytree(Path(migrate.__file__).parent / "migrations", scripts)
    (scripts / "versions/9999_next.py").write_text(_NEXT.format(before=schema.REVISION), encoding="utf-8")
    return scripts


@pytest.fixture
def url(postgres: Server) -> Any:
    """A database of its own, since its tables change."""
    url = migrated(postgres)
    yield url
    postgres.drop(url)


async def test_mail_goes_on_while_the_schema_grows(url: str, next_release: Path, tmp_path: Path, now: datetime) -> None:
    store = await Store.open(url, f"file:{tmp_path}/blobs", clock=ManualClock(now))
    done = asyncio.Event()

    async def accept() -> int:
        count = 0
        while not done.is_set() or count < 20:
            count += 1
            item = Item(id=count, received_at=now, sha256="0" * 64, size=1, raw=b"x")
            await store.write(lambda conn, item=item: inbox.accept(conn, [item]))
            await asyncio.sleep(0)
        return count

    accepting = asyncio.create_task(accept())
    await asyncio.to_thread(migrate.upgrade, url, next_release)
    done.set()
    count = await accepting
    async with store.read() as conn:
        assert (await inbox.waiting_counts(conn)) == {"accepted": count}
    await store.close()


async def test_the_old_release_may_come_back_until_something_is_taken_away(url: str, next_release: Path) -> None:
    migrate.upgrade(url, next_release)
    migrate.check(url)
    migrate.upgrade(url)
    migrate.check(url)
    with psycopg.connect(url) as conn:
        conn.execute("UPDATE settings SET value = '\"9999\"' WHERE key = 'schema.oldest'")
    with pytest.raises(StoreUnready, match="schema 9999"):
        migrate.check(url)


def test_an_older_schema_is_not_served(url: str) -> None:
    with psycopg.connect(url) as conn:
        conn.execute("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(StoreUnready, match="run 'mailbot migrate'"):
        migrate.check(url)
