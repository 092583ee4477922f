"""One nursery for all runs of a worker: loading the program takes longer than a run."""

from collections.abc import Iterator

import pytest
from crash_house import Nursery


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    it = Nursery(tmp_path_factory.mktemp("nursery"))
    yield it
    it.close()
