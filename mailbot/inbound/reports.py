"""Delivery reports in their own language (RFC 3464, 6533), also where a server writes the same fields as plain text.

Total: groups without a recipient or a known action are skipped, damaged fields give what can be read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailbot.inbound.charsets import decode
from mailbot.inbound.headers import visible
from mailbot.inbound.mailboxes import find_addresses

_FIELD = re.compile(r"^[> \t]*([A-Za-z][A-Za-z-]{2,40})[ \t]*:[ \t]*(.*)$")
_KNOWN = frozenset(
    (
        "final-recipient",
        "original-recipient",
        "x-actual-recipient",
        "action",
        "status",
        "diagnostic-code",
        "remote-mta",
        "x-original-recipient",
        "x-display-name",
        "last-attempt-date",
        "will-retry-until",
        "x-supplementary-info",
        "x-notes-addr",
        "final-log-id",
        "final-rec",
    )
)
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_MAX_GROUPS = 200


@dataclass(frozen=True, slots=True)
class Recipient:
    """One per-recipient group as it stands in the report."""

    address: str
    original: str
    action: str
    status: str
    diagnostic: str


def read_report(content: bytes, label: str = "") -> tuple[Recipient, ...]:
    """The recipients of a message/delivery-status part."""
    text = decode(content[: 256 * 1024], label)
    return tuple(_recipients(_groups(text.splitlines())))


def fields_in_text(text: str) -> tuple[Recipient, ...]:
    """Recipients of report fields that stand in ordinary text (Amazon, old gateways)."""
    lowered = text.lower()
    if "final-recipient" not in lowered and "original-recipient" not in lowered:
        return ()
    return tuple(_recipients(_groups(text.splitlines())))


def _groups(lines: list[str]) -> Iterator[dict[str, str]]:
    """Groups of fields; a new one begins at a blank line or when a recipient field comes twice."""
    group: dict[str, str] = {}
    last = ""
    for line in lines[:20_000]:
        match = _FIELD.match(line)
        name = match.group(1).lower() if match else ""
        if match and name in _KNOWN:
            if name in group and name == "final-recipient":
                yield group
                group = {}
            group.setdefault(name, match.group(2).strip())
            last = name
        elif last and line[:1] in (" ", "\t") and line.strip():
            group[last] = f"{group[last]} {line.strip()}"[:4000]
        elif not line.strip() and ("action" in group or "status" in group):
            yield group
            group, last = {}, ""
        else:
            last = ""
    if group:
        yield group


def _recipients(groups: Iterator[dict[str, str]]) -> Iterator[Recipient]:
    for _, group in zip(range(_MAX_GROUPS), groups, strict=False):
        final = _address(group.get("final-recipient", ""))
        original = _address(group.get("original-recipient", group.get("x-original-recipient", "")))
        actual = _address(group.get("x-actual-recipient", ""))
        address = final or original or actual
        if not address and not group.get("action"):
            continue
        status = _STATUS.search(group.get("status", ""))
        yield Recipient(
            address,
            original,
            re.split(r"[\s(;,]", group.get("action", "").strip().lower(), maxsplit=1)[0],
            status.group(0) if status else "",
            visible(_without_type(group.get("diagnostic-code", ""))),
        )


def _without_type(value: str) -> str:
    kind, separator, rest = value.partition(";")
    return rest.strip() if separator and len(kind) < 20 and " " not in kind.strip() else value


def _address(value: str) -> str:
    """The mailbox of `type; address`; UTF-8 escapes of RFC 6533 undone, angle brackets and quotes dropped."""
    text = _without_type(value)
    text = re.sub(r"\\x\{([0-9A-Fa-f]{1,6})\}", _character, text)
    found = find_addresses(text.rpartition(":")[2] if text.startswith("@") else text)
    return found[0] if found else text.strip("<> \"'")[:320]


def _character(match: re.Match[str]) -> str:
    code = int(match.group(1), 16)
    return chr(code) if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "?"


def feedback_fields(content: bytes) -> dict[str, tuple[str, ...]]:
    """The fields of a feedback report (RFC 5965 §3), lower-case names, all values in order."""
    found: dict[str, tuple[str, ...]] = {}
    for line in decode(content[: 64 * 1024]).splitlines()[:500]:
        name, colon, value = line.partition(":")
        if colon and re.fullmatch(r"[A-Za-z][A-Za-z-]{1,40}", name.strip()):
            found[name.strip().lower()] = (*found.get(name.strip().lower(), ()), value.strip()[:1000])
    return found
