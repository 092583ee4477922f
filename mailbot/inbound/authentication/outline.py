"""The header of a raw mail as a signature sees it, and the one domain its From names.

Total. A header that a reader and a signature checker could divide differently (blank lines of blanks, stray lines,
lone carriage returns, several From) is not orderly: no signature over it counts, since it might cover other words than
those we read (RFC 6376 §8.15).
"""

import re
from dataclasses import dataclass

from mailbot.inbound.authentication.canonical import with_line_ends
from mailbot.inbound.headers import unfold
from mailbot.inbound.mailboxes import ascii_lower, read_addresses
from mailbot.inbound.mime import StructureError, split_header
from mailbot.limits import Limits

_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"([!-9;-~]{1,256})([ \t]*):(.*)", re.DOTALL)
_NEXT_FIELD = re.compile(rb"\r\n(?![ \t])")


@dataclass(frozen=True, slots=True)
class Field:
    """One header field: its lower-case name, the name as written, and all after the colon without the line end."""

    name: str
    written: bytes
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """`domain` is empty unless exactly one plain mailbox stands in exactly one From; `fields` unless orderly.

    `body` is where the body begins. `why` says what is wrong, if something is.
    """

    domain: str
    fields: tuple[Field, ...] = ()
    body: int = 0
    why: str = ""


def outline(raw: bytes, limits: Limits) -> Outline:
    """The outline of a mail as it came over the wire."""
    try:
        headers, _ = split_header(raw, limits)
    except StructureError as error:
        return Outline(domain="", why=error.reason)
    found = read_addresses(headers.get("from"))
    if headers.count("from") != 1 or len(found.mailboxes) != 1 or not found.strict:
        return Outline(domain="", why="not one plain From")
    domain = ascii_lower(found.mailboxes[0].address.rpartition("@")[2]).rstrip(".")
    if not domain.isascii():
        return Outline(domain="", why="From is not ASCII")
    fields, body = _fields(raw)
    written = [field.value for field in fields if field.name == "from"]
    if len(written) != 1 or unfold(written[0]) != headers.get("from"):
        return Outline(domain=domain, why="the header is not orderly")
    return Outline(domain=domain, fields=fields, body=body)


def _fields(raw: bytes) -> tuple[tuple[Field, ...], int]:
    end = _END.search(raw)
    block = with_line_ends(raw[: end.start()] if end else raw).removesuffix(b"\r\n")
    fields: list[Field] = []
    for line in _NEXT_FIELD.split(block):
        match = _FIELD.fullmatch(line)
        if match is None or b"\r" in line.replace(b"\r\n", b"") or not all(part.strip() for part in line.split(b"\n")):
            return (), 0
        name = match.group(1)
        fields.append(Field(name.decode("ascii").lower(), name + match.group(2), match.group(3)))
    return tuple(fields), end.end() if end else len(raw)
