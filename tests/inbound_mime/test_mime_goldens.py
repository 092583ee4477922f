"""Every case in cases/ and bounces/ is a mail and what must be read from it, as far as its .json names the fields."""

import json
from pathlib import Path
from typing import Any

import pytest
from mime_letters import NOW, RCPT

from mailbot.inbound.trial import trial

FOLDERS = [Path(__file__).parent / name for name in ("cases", "bounces")]
CASES = sorted(case for folder in FOLDERS for case in folder.glob("*.eml"))


def differences(want: Any, got: Any, path: str = "") -> list[str]:
    """Where `got` lacks what `want` names; lists must have the same length."""
    if isinstance(want, dict) and isinstance(got, dict):
        return [line for key, value in want.items() for line in differences(value, got.get(key), f"{path}.{key}")]
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        return [line for n, value in enumerate(want) for line in differences(value, got[n], f"{path}[{n}]")]
    return [] if want == got else [f"{path}: wanted {want!r}, got {got!r}"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_case_is_read_as_its_neighbour_file_says(case: Path) -> None:
    want = json.loads(case.with_suffix(".json").read_text(encoding="utf-8"))
    got = trial(case.read_bytes(), case.name, rcpt=RCPT, now=NOW)
    assert differences(want, got) == []


def test_every_mail_has_its_expectation() -> None:
    assert {path for folder in FOLDERS for path in folder.glob("*.json")} == {
        case.with_suffix(".json") for case in CASES
    }
    assert len(CASES) >= 160
