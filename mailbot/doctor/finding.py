"""What a check says. Frozen values; the levels are `ok`, `note`, `warning` and `error`."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "note", "warning", "error"]

Area = Literal[
    "sender", "domain", "tls", "webhooks", "lab",
    "keys", "database", "pauses", "inbox", "outbox", "blobs",
    "python", "sqlite", "clock", "folders", "disk",
    "delivery", "relay-tls", "relay-login", "ports", "clamav",
    "dns", "mx", "ptr", "spf", "dmarc", "dkim",
    "exchanger", "strangers", "probe", "sub-address", "upstream",
]  # fmt: skip
"""What is looked at, by the name that a finding carries. Names are kept: people watch for them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `do` says what to do about it; empty when there is nothing to do."""

    level: Level
    area: Area
    what: str
    do: str = ""


def ok(area: Area, what: str) -> Finding:
    """As it should be."""
    return Finding("ok", area, what)


def note(area: Area, what: str, do: str) -> Finding:
    """Works, and could be better."""
    return Finding("note", area, what, do)


def warning(area: Area, what: str, do: str) -> Finding:
    """Works now, and will hurt."""
    return Finding("warning", area, what, do)


def error(area: Area, what: str, do: str) -> Finding:
    """The service cannot do its work like this."""
    return Finding("error", area, what, do)
