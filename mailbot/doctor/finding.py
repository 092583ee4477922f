"""What a check says. Frozen values; the levels are `ok`, `note`, `warning` and `error`."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "note", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `do` says what to do about it; empty when there is nothing to do."""

    level: Level
    area: str
    what: str
    do: str = ""


def ok(area: str, what: str) -> Finding:
    """As it should be."""
    return Finding("ok", area, what)


def note(area: str, what: str, do: str) -> Finding:
    """Works, and could be better."""
    return Finding("note", area, what, do)


def warning(area: str, what: str, do: str) -> Finding:
    """Works now, and will hurt."""
    return Finding("warning", area, what, do)


def error(area: str, what: str, do: str) -> Finding:
    """The service cannot do its work like this."""
    return Finding("error", area, what, do)
