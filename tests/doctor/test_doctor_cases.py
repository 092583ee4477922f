"""The doctor says nothing about an installation in good health, and names each planted misconfiguration, no more."""

import asyncio
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
import trustme
from doctor_world import findings, prepare

from mailbot.doctor.finding import Finding

CASES = sorted((Path(__file__).parent / "cases").glob("*.toml"))
# What the machine that runs the tests is like is not the installation's fault.
_MACHINE = ("python", "sqlite", "disk")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def original(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("healthy")
    asyncio.run(prepare(folder, authority))
    return folder


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "installation"))


def wrong(found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.level != "ok" and finding.area not in _MACHINE]


async def test_an_installation_in_good_health_hears_nothing_and_every_area_was_looked_at(
    folder: Path, authority: trustme.CA
) -> None:
    found = await findings(folder, authority, {"selectors": ["k1"]})
    assert wrong(found) == []
    assert {finding.area for finding in found} >= {
        "keys", "database", "clock", "folders", "tls", "delivery", "ports", "dns", "mx", "ptr", "spf", "dmarc", "dkim",
        "exchanger", "strangers", "probe", "sub-address",
    }  # fmt: skip


@pytest.fixture(params=CASES, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest) -> Any:
    return tomllib.loads(request.param.read_text(encoding="utf-8"))


async def test_a_planted_misconfiguration_is_found_and_nothing_else(
    case: dict[str, Any], folder: Path, authority: trustme.CA
) -> None:
    found = wrong(await findings(folder, authority, case))
    assert [f"{finding.level} {finding.area}" for finding in found] == case["expected"], found
    said = " ".join(f"{finding.what} {finding.do}" for finding in found)
    assert case["says"] in said
    assert all(finding.do for finding in found)


def test_the_cases_are_numbered_without_gaps() -> None:
    assert [int(path.stem[:2]) for path in CASES] == list(range(1, len(CASES) + 1))
