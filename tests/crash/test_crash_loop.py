"""The service dies everywhere and keeps its word; a service that does not is found out."""

import logging
from pathlib import Path

import pytest
from crash_house import Nursery
from crash_loop import fire
from crash_points import points

logging.getLogger("mail.log").setLevel(logging.WARNING)

pytestmark = [pytest.mark.timeout(400), pytest.mark.filterwarnings("ignore::DeprecationWarning:aiosmtpd")]

_SEED = 5


def test_every_failpoint_has_a_name_of_its_own() -> None:
    names = points()
    assert len(names) == len(set(names)) > 30


def test_killed_at_many_places_nothing_is_lost_and_nothing_happens_twice(tmp_path: Path, nursery: Nursery) -> None:
    # As many of the places as this machine manages in half a minute; `make crash` insists on all.
    with fire(tmp_path, _SEED, pace=1, nursery=nursery) as run:
        run.rage(0, points(), most_seconds=25)
        run.settle()
        report = run.judge()
    assert not report.defects, "\n".join(report.lines())
    assert len(report.reached) >= 5


@pytest.mark.parametrize(
    ("planted", "finding"),
    [
        ("early_250", "heard 250 and is not stored"),
        ("no_dedupe", "I2: applied"),
        ("fresh_message_id", "which nobody wrote"),
    ],
)
def test_a_planted_fault_is_found(tmp_path: Path, nursery: Nursery, planted: str, finding: str) -> None:
    with fire(tmp_path, _SEED, pace=4, planted=planted, nursery=nursery) as run:
        run.rage(3, [])
        run.settle()
        report = run.judge()
    assert any(finding in defect for defect in report.defects), "\n".join(report.lines())
