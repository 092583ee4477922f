"""What holds for every test: where its files lie, and that a property is not wrong because the machine was busy.

Files lie in memory where the system has room for them: the store is the real one, but a test proves what is written,
not how fast a disk confirms it, and every commit waits for that. `--basetemp` puts them elsewhere.

And what many rooms share: a PostgreSQL server, started when the first test wants it, one for each worker.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings
from postgres_here import NoServer, Server, empty, migrated

MEMORY = Path("/dev/shm")
ROOM = 4 << 30

# Rooms whose tests start processes or live through weeks come first; what is left for the end is small.
LONG = ("crash", "cli", "demo", "attack", "web", "engine", "doctor", "postfix", "inbound_smtp", "docs", "store")

# The same examples each time: who changed nothing breaks nothing. `--hypothesis-profile=search` looks for new ones.
settings.register_profile("search", deadline=None, derandomize=False, print_blob=True)
settings.register_profile("mailbot", deadline=None, derandomize=True, database=None)
settings.load_profile("mailbot")

# Every process that a test starts loads code that is compiled, also where the environment forbids to keep it.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# What is logged where nobody set logging up: structlog would draw each traceback for a terminal, for seconds each.
structlog.configure(
    processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)],
    cache_logger_on_first_use=False,
)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Iterator[None]:
    """Workers of pytest-xdist get folders below the one that is chosen here, and modules in the order of LONG."""
    config.option.loadscopereorder = False
    if config.option.basetemp or not _has_room():
        return (yield)
    folder = config.option.basetemp = tempfile.mkdtemp(prefix="mailbot-", dir=MEMORY)
    try:
        return (yield)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONG.index(room) if (room := item.path.parent.name) in LONG else len(LONG))


def _has_room() -> bool:
    try:
        return shutil.disk_usage(MEMORY).free > ROOM
    except OSError:
        return False


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    try:
        server = Server.find()
    except NoServer as error:
        pytest.skip(str(error))
    yield server
    server.close()


@pytest.fixture(scope="session")
def _postgres_database(postgres: Server) -> Iterator[str]:
    url = migrated(postgres)
    yield url
    postgres.drop(url)


@pytest.fixture
def postgres_url(_postgres_database: str) -> str:
    """A migrated database without a row; the same one for every test of this worker."""
    empty(_postgres_database)
    return _postgres_database
