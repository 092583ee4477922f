"""A fresh installation for each test; one with a claim in it is made once and copied."""

import shutil
from pathlib import Path

import pytest
from cli_home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


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
