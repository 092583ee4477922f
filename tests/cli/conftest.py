"""A fresh installation for each test; one with a claim in it, and loaded code for services, are made once."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "crash"))

from cli_home import Home
from crash_house import Nursery


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    it = Nursery(tmp_path_factory.mktemp("nursery"))
    yield it
    it.close()


@pytest.fixture(scope="session")
def _original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("claimed")
    Home(folder).with_claim()
    return folder


@pytest.fixture
def claimed(_original: Path, tmp_path: Path) -> Home:
    """An installation with one submitted claim: a file, a history, mails that wait to be sent."""
    folder = tmp_path / "claimed"
    shutil.copytree(_original, folder)
    return Home(folder)
