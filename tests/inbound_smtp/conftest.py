"""Fixtures of the listener's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from smtp_bench import Bench, Serve, start_bench


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    """Starts listeners and stops them, and their peers, at the end."""
    benches: list[Bench] = []

    async def start(**config: object) -> Bench:
        bench = await start_bench(tmp_path / "spool", **config)
        benches.append(bench)
        return bench

    yield start
    for bench in benches:
        await bench.stop()
        assert bench.listener.session_count == 0


@pytest.fixture
async def bench(serve: Serve) -> Bench:
    """A listener with the shipped limits and a small message size."""
    return await serve()
