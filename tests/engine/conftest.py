"""A house, on SQLite and where a story shows what transactions do on PostgreSQL too: `@pytest.mark.on_both`.

`MAILBOT_TEST_DATABASE=postgres` tells every story there instead.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from engine_house import House, house

_ONLY = os.environ.get("MAILBOT_TEST_DATABASE")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A story on both databases is told twice."""
    if "database" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("on_both")
        kinds = ("sqlite", "postgres") if both else ("sqlite",)
        metafunc.parametrize("database", [_ONLY] if _ONLY else kinds)


@pytest.fixture
def url(database: str, request: pytest.FixtureRequest) -> str:
    """Where the house has its database: a migrated one without a row; empty for a file of its own."""
    return str(request.getfixturevalue("postgres_url")) if database == "postgres" else ""


@pytest.fixture
async def home(tmp_path: Path, url: str) -> AsyncIterator[House]:
    async with house(tmp_path, url=url) as it:
        yield it
