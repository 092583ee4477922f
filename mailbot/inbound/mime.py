"""Splits a mail into its tree of parts: iterative, linear, with hard limits.

A structure over the limits (security item 19 and §8) raises StructureError, which interpret turns into quarantine;
every other damage (missing boundaries, bad base64, wrong labels) yields the best reading. The standard library recurses
and raises on the same inputs.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailbot.inbound.headers import Headers, Structured, loose_base64, read_headers, structured
from mailbot.limits import Limits

MAX_BOUNDARY = 70
DEFAULTS = Limits()

_BLANK = re.compile(rb"\n[ \t]*\r?\n")
_BLANK_AT_ONCE = re.compile(rb"\r?\n(?:[ \t]*\r?\n)?")
_LEADING = re.compile(rb"(?:[ \t]*\r?\n)+")
_SNIFFED_BOUNDARY = re.compile(rb"(?:\A|\n)--([!-~][ -~]{0,68}[!-~])[ \t]*\r?\nContent-[A-Za-z]", re.IGNORECASE)
_WORDS = re.compile(rb"[A-Za-z]{1,40} [A-Za-z]{1,40} [A-Za-z]")
_UU_BEGIN = re.compile(rb"(?:\A|\n)begin [0-7]{3,4} ([^\r\n]{1,200})\r?\n")


class StructureError(Exception):
    """The structure exceeds a limit; `reason` is the stable quarantine code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Part:
    """One node: its headers, its undecoded body, its children (multipart parts or the one message inside)."""

    headers: Headers
    body: bytes
    media_type: str
    parameters: dict[str, str]
    disposition: Structured
    depth: int
    children: list["Part"] = field(default_factory=list)

    @property
    def main_type(self) -> str:
        return self.media_type.partition("/")[0]

    @property
    def file_name(self) -> str:
        """The name as given, undecoded words and all; empty when the part has none."""
        return self.disposition.parameters.get("filename") or self.parameters.get("name") or ""

    @property
    def attached(self) -> bool:
        return self.disposition.value == "attachment"

    def content(self) -> bytes:
        """The body with its transfer encoding undone; damaged encodings give what can be decoded."""
        return decode_transfer(self.body, self.headers.get("content-transfer-encoding"))

    def walk(self) -> Iterator["Part"]:
        """This part and all below it, in document order."""
        stack = [self]
        while stack:
            part = stack.pop()
            yield part
            stack.extend(reversed(part.children))


def parse_mail(raw: bytes, limits: Limits = DEFAULTS) -> Part:
    """The tree of a whole mail.

    Raises:
        StructureError: over a limit of depth, parts, header count, header bytes or line length.
    """
    if b"\n" not in raw and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    root = _part(_after_blank_lines(raw), depth=0, default="text/plain", limits=limits)
    waiting = [root]
    count = 1
    while waiting:
        parent = waiting.pop()
        for child in _children(parent, limits):
            count += 1
            if count > limits.mime_parts:
                raise StructureError("too_many_parts")
            parent.children.append(child)
            waiting.append(child)
        if parent.children and (parent.main_type == "multipart" or parent.depth > 2):
            parent.body = b""  # nested copies of a large mail would add up to the reader's memory limit
    return root


def _after_blank_lines(raw: bytes) -> bytes:
    """Blank lines before the first field come from broken gateways; without a field after them they mean no header."""
    match = _LEADING.match(raw)
    if match and re.match(rb"[!-9;-~]{1,60}:[ \t]", raw[match.end() : match.end() + 80]):
        return raw[match.end() :]
    return raw


def _part(data: bytes, *, depth: int, default: str, limits: Limits) -> Part:
    if depth > limits.mime_depth:
        raise StructureError("too_deep")
    headers, body = split_header(data, limits)
    content_type = structured(headers.get("content-type"))
    media_type = content_type.value if content_type.value.count("/") == 1 else default
    disposition = structured(headers.get("content-disposition"))
    return Part(headers, body, media_type, content_type.parameters, disposition, depth)


def split_header(data: bytes, limits: Limits = DEFAULTS) -> tuple[Headers, bytes]:
    """Header fields and body of a mail or part.

    Raises:
        StructureError: the header block is over a limit.
    """
    end, start = _blank_line(data)
    window = data[: min(end + 2, limits.header_bytes + 1)]
    headers, used = read_headers(window)
    if used < len(window):
        return _limited(headers, window[:used], limits), data[used:]
    if end > limits.header_bytes:
        raise StructureError("header_too_large")
    return _limited(headers, window, limits), data[start:]


def _blank_line(data: bytes) -> tuple[int, int]:
    """Where the header block ends, and where the body begins behind the blank line."""
    blank = _BLANK_AT_ONCE.match(data) or _BLANK.search(data)
    if blank is None:
        return len(data), len(data)
    end = blank.start()
    return end - (end > 0 and data[end - 1] == 0x0D), blank.end()


def _limited(headers: Headers, block: bytes, limits: Limits) -> Headers:
    if len(headers.fields) > limits.header_count:
        raise StructureError("too_many_headers")
    longest = limits.header_line_bytes
    if len(block) > longest and any(len(line) > longest for line in block.splitlines()):
        raise StructureError("header_line_too_long")
    return headers


def _children(part: Part, limits: Limits) -> list[Part]:
    if part.main_type == "multipart":
        default = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
        pieces = _pieces(part, limits.mime_parts)
        return [_part(piece, depth=part.depth + 1, default=default, limits=limits) for piece in pieces]
    if part.media_type in ("message/rfc822", "message/global"):
        data = part.content()
        if data.strip():
            return [_part(_after_blank_lines(data), depth=part.depth + 1, default="text/plain", limits=limits)]
    return []


def _pieces(part: Part, most: int) -> list[bytes]:
    """The bodies between the boundary lines; an undeclared boundary is sniffed from the first delimiter."""
    boundary = part.parameters.get("boundary", "").rstrip()
    if len(boundary) > MAX_BOUNDARY:
        raise StructureError("boundary_too_long")
    marker = boundary.encode("utf-8", "surrogateescape")
    if not marker or b"--" + marker not in part.body:
        sniffed = _SNIFFED_BOUNDARY.search(part.body[:8192])
        if sniffed is None:
            return []
        marker = sniffed.group(1)
    return _between(part.body, b"--" + marker, most)


def _between(body: bytes, delimiter: bytes, most: int) -> list[bytes]:
    pieces: list[bytes] = []
    start = -1
    position = 0
    while (found := body.find(delimiter, position)) >= 0:
        position = found + len(delimiter)
        if found and body[found - 1] not in b"\r\n":
            continue
        line_end = body.find(b"\n", position)
        line_end = len(body) if line_end < 0 else line_end
        rest = body[position : min(line_end, position + 200)].strip()
        if rest not in (b"", b"--"):
            continue
        if start >= 0:
            pieces.append(_without_final_newline(body[start:found]))
            if len(pieces) > most:
                raise StructureError("too_many_parts")
        position = start = line_end + 1
        if rest == b"--":
            start = -1
            break
    if start >= 0 and body[start:].strip():
        pieces.append(body[start:])
    return pieces


def _without_final_newline(piece: bytes) -> bytes:
    if piece.endswith(b"\r\n"):
        return piece[:-2]
    return piece[:-1] if piece.endswith(b"\n") else piece


def decode_transfer(body: bytes, encoding: str) -> bytes:
    """The octets behind a Content-Transfer-Encoding; unknown names mean identity. Total."""
    name = encoding.strip().strip("\"'").lower().partition(";")[0].strip()
    if name == "base64":
        return loose_base64(body.partition(b"\n--")[0] if b"\n--" in body else body) if _is_base64(body) else body
    if name == "quoted-printable":
        return binascii.a2b_qp(body)
    if name in ("x-uuencode", "uuencode", "x-uue"):
        return _uudecoded(body)
    return body


def _is_base64(body: bytes) -> bool:
    """False for plain text under a false label: words with spaces between them instead of solid lines."""
    sample = body[:4096].strip()
    return sample.count(b" ") * 20 <= len(sample) or not _WORDS.search(sample)


def _uudecoded(body: bytes) -> bytes:
    begin = _UU_BEGIN.search(body)
    if begin is None:
        return body
    out: list[bytes] = []
    for line in body[begin.end() :].splitlines():
        if line.strip() in (b"end", b"`", b""):
            break
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            out.append(_repaired_uu(line))
    return b"".join(out)


def _repaired_uu(line: bytes) -> bytes:
    """Encoders that count wrong leave rubbish after the data: only the announced length is read."""
    length = (((line[0] - 32) & 63) * 4 + 5) // 3
    try:
        return binascii.a2b_uu(line[:length])
    except binascii.Error:
        return b""
