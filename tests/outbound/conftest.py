"""What the tests of this room share: a real store on disk, a clock moved by hand, templates compiled once."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailbot.clock import ManualClock
from mailbot.outbound import gallery
from mailbot.outbound.compose import Composer
from mailbot.store.database import Store
from mailbot.templates import Templates

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    async with await Store.open(
        f"sqlite:///{tmp_path / 'mailbot.db'}", f"file:{tmp_path / 'blobs'}", clock=clock, create=True
    ) as opened:
        yield opened


@pytest.fixture(scope="session")
def templates() -> Templates:
    return Templates({"teams": "Teams", "exchange_online": "Exchange Online"}, folders=("mail",))


@pytest.fixture(scope="session")
def composer(templates: Templates) -> Composer:
    return gallery.composer(templates)
