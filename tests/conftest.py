"""What holds for every test: a property is not wrong because the machine was busy while it was tried.

And what many rooms share: a PostgreSQL server, started when the first test wants it, one for each worker.
"""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from postgres_here import NoServer, Server, empty, migrated

# Hypothesis brings a profile of its own for continuous integration (the same examples each time); it stays the base.
settings.register_profile("mailbot", settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("mailbot")


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
