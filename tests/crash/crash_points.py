"""The failpoints there are, read from the sources: a place that nobody ever dies at is not a tested place."""

import re
from pathlib import Path

import mailbot

_CALL = re.compile(r'\bfailpoint\("([a-z_.]+)"\)')


def points() -> list[str]:
    """Every name, sorted; raises ValueError when one stands in two places."""
    folder = Path(mailbot.__file__).parent
    found = [name for path in sorted(folder.rglob("*.py")) for name in _CALL.findall(path.read_text(encoding="utf-8"))]
    twice = {name for name in found if found.count(name) > 1}
    if twice:
        raise ValueError(f"failpoints in two places: {', '.join(sorted(twice))}")
    return sorted(found)


AT_START = frozenset({"service.begun"})
AT_STOP = frozenset({"service.stopping", "service.quiet"})
