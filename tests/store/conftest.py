"""A real store in a temporary folder, and claims to put into it."""

import random
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailbot.claims.model import Claim, Clock, ClockKind, Contact, Product, Status
from mailbot.clock import ManualClock
from mailbot.store import migrate
from mailbot.store.database import Store

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "mailbot.db"
    migrate.upgrade(path)
    return path


@pytest.fixture
def folder(tmp_path: Path, migrated: Path) -> Path:
    shutil.copy(migrated, tmp_path / "mailbot.db")
    return tmp_path


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database; a module about one of them says so by a fixture of this name."""
    return str(request.param)


@pytest.fixture
def database_url(database: str, folder: Path, request: pytest.FixtureRequest) -> str:
    if database == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{folder}/mailbot.db"


@pytest.fixture
def open_store(folder: Path, database_url: str) -> Callable[..., Any]:
    """Opens the store of this test; more than once if the test wants."""

    async def open_it(**options: Any) -> Store:
        given = {"clock": ManualClock(NOW)} | options
        return await Store.open(database_url, f"file:{folder}/blobs", **given)

    return open_it


@pytest.fixture
async def store(open_store: Callable[..., Any]) -> AsyncIterator[Store]:
    store = await open_store()
    yield store
    await store.close()


@pytest.fixture
def salts() -> Callable[[int], bytes]:
    return random.Random(7).randbytes


@pytest.fixture
def a_claim() -> Callable[..., Claim]:
    """A draft with everything filled in; other values by field name."""

    def make(claim_id: str = "CLM-222222", **changes: Any) -> Claim:
        claim = Claim(
            id=claim_id,
            version=1,
            policy="2021",
            created_at=NOW,
            organisation_id="org-fabrikam",
            organisation_name="Fabrikam",
            name="Rollout of Teams",
            location_id="4567890",
            tenant_id="11111111-2222-3333-4444-555555555555",
            tenant_domain="contoso.example",
            solution_area="modern_work_security",
            activity="usage",
            products=(Product(code="teams"), Product(code="exchange_online")),
            customer=Contact(name="Clara", email="Clara@Contoso.example", country="CZ"),
            partner=Contact(name="Petr", email="petr@fabrikam.example", language="cs"),
            status=Status.DRAFT,
            clocks=(Clock(kind=ClockKind.START_REVIEW, set_at=NOW, due=NOW + timedelta(days=5)),),
        )
        return replace(claim, **changes)

    return make
