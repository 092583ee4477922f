"""Find the header block that a mail program prints above a quoted mail: From, Sent, To, Subject in any language.

Pure and total; each look reads a bounded number of lines, so a whole mail costs linear time.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache

from mailbot.inbound.lexicon.load import lexicon

LOOK = 10
"""A header block is looked for in so many lines."""

_LABEL_LENGTH = 28
_TIME = re.compile(r"\d{1,2}[:.h]\d{2}|上午|下午|오전|오후|\d{1,2}時")
_NO_LABEL = frozenset('.@<>()"/')
_DRESS = "*_ \t\xa0\u3000|>"


def header_block(lines: Sequence[str], at: int) -> bool:
    """Whether a header block begins at line `at`."""
    first = _field(lines[at])
    if first is None:
        return False
    if _on_one_line(lines[at], first):
        return True
    fields = _fields(lines, at)
    kinds = {kind for label, _ in fields for kind in _kinds().get(label, ())}
    values = [value for _, value in fields]
    proof = any("@" in value or _TIME.search(value) for value in values)
    if _kinds().get(first[0]) and "from" in kinds:
        known = len(kinds & {"from", "date", "to", "subject"})
        return known >= 3 or (known == 2 and (proof or len(fields) >= 3))
    return _unknown_language(fields)


def _on_one_line(line: str, first: tuple[str, str]) -> bool:
    """Sender and date run together on one line, as when HTML lost its breaks."""
    label, value = first
    if "from" not in _kinds().get(label, ()) or "@" not in value or not _TIME.search(value):
        return False
    words = (word.strip(_DRESS).casefold() for word in line[:400].replace("：", ":").split() if word[-1:] == ":")
    return any("date" in _kinds().get(word.rstrip(":"), ()) for word in words)


def _unknown_language(fields: Sequence[tuple[str, str]]) -> bool:
    """Three to seven labelled lines with an address above and a time of day among the first: no form looks so."""
    if not 3 <= len(fields) <= 7 or any(len(label.split()) > 2 for label, _ in fields):
        return False
    return "@" in fields[0][1] and any(_TIME.search(value) for _, value in fields[1:3])


def _fields(lines: Sequence[str], at: int) -> list[tuple[str, str]]:
    """The labelled lines from `at` on; a blank line or a wrapped value between them does not end the block."""
    fields: list[tuple[str, str]] = []
    misses = 0
    for line in lines[at : at + LOOK]:
        found = _field(line)
        if found is not None:
            fields.append(found)
            misses = 0
            continue
        misses += 1
        if misses > 2 or (line.strip(_DRESS) and len(fields) >= 4):
            break
    return fields


def _field(line: str) -> tuple[str, str] | None:
    """(label in lower case, value) of a `Label: value` line, however it is dressed."""
    head = line[:120].replace("：", ":")
    label, colon, value = head.partition(":")
    if not colon:
        return None
    label = label.strip(_DRESS).casefold()
    if not label or len(label) > _LABEL_LENGTH:
        return None
    if value[:2] == "//" or not _NO_LABEL.isdisjoint(label):
        return None
    return label, value.strip(_DRESS)


@cache
def _kinds() -> Mapping[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for kind, labels in lexicon("quotes")["headers"].items():
        for label in labels:
            table[label] = (*table.get(label, ()), kind)
    return table
