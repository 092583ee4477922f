"""Nodes of one PostgreSQL die one after another, and the server once: together they keep the word of each."""

import logging
from pathlib import Path

import pytest
from crash_house import Nursery
from crash_nodes import Plan, run
from postgres_here import NoServer

logging.getLogger("mail.log").setLevel(logging.WARNING)

pytestmark = [pytest.mark.timeout(400), pytest.mark.filterwarnings("ignore::DeprecationWarning:aiosmtpd")]

_SEED = 5


def test_nodes_that_are_killed_lose_nothing_and_do_nothing_twice(tmp_path: Path, nursery: Nursery) -> None:
    # Few messages, so that it takes half a minute; `make crash-nodes` takes thousands and more nodes.
    plan = Plan(nodes=2, messages=60, kills=2, seconds=200)
    try:
        report = run(tmp_path, _SEED, plan, nursery)
    except NoServer as error:
        pytest.skip(str(error))
    assert not report.defects, "\n".join(report.lines())
    assert report.kills == 2
