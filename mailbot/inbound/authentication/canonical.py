"""What DKIM signs, byte for byte: the simple and relaxed forms of header fields and body (RFC 6376 §3.4).

Pure, total and linear: the body is worked through in pieces, so that no hostile mail can hold a thread or the
interpreter for long. Lone line feeds count as line ends, as they do for every signer.
"""

import hashlib
import re
from collections.abc import Iterator
from typing import Literal

Form = Literal["simple", "relaxed"]

_PIECE = 128 * 1024
_LONE_FEED = re.compile(rb"(?<!\r)\n")
_BLANKS = re.compile(rb"  +")
_INK = re.compile(rb"[^ \t\r\n]")
_SIGNATURE_VALUE = re.compile(rb"(\A|;)([ \t\r\n]*b[ \t\r\n]*=)[^;]*")


def body_hash(body: bytes, start: int, form: Form) -> bytes:
    """SHA-256 over the canonical form of the body that begins at `start`."""
    digest = hashlib.sha256()
    lines_held = 0
    something = False
    for piece in _pieces(body, start):
        text = _relaxed(piece) if form == "relaxed" else piece
        end = len(text)
        while text.endswith(b"\r\n", 0, end):
            end -= 2
        if end:
            digest.update(b"\r\n" * lines_held)
            digest.update(memoryview(text)[:end])
            lines_held, something = 0, True
        lines_held += (len(text) - end) // 2
    if something or form == "simple":
        digest.update(b"\r\n")
    return digest.digest()


def header_field(name: bytes, value: bytes, form: Form) -> bytes:
    """One field with its line end; `name` as written, `value` everything after the colon without the last line end."""
    if form == "simple":
        return name + b":" + value + b"\r\n"
    unfolded = value.replace(b"\r\n", b"").replace(b"\t", b" ")
    return name.strip().lower() + b":" + _BLANKS.sub(b" ", unfolded).strip() + b"\r\n"


def without_signature(value: bytes) -> bytes:
    """The value of a DKIM-Signature field as it was when it was signed: its `b=` empty."""
    return _SIGNATURE_VALUE.sub(rb"\1\2", value)


def with_line_ends(piece: bytes) -> bytes:
    """The same with CRLF for every line end."""
    return _LONE_FEED.sub(b"\r\n", piece)


def _relaxed(piece: bytes) -> bytes:
    """Runs of blanks first, then blanks at line ends: in this order both steps look at each byte once."""
    return _BLANKS.sub(b" ", piece.replace(b"\t", b" ")).replace(b" \r\n", b"\r\n")


def _pieces(body: bytes, start: int) -> Iterator[bytes]:
    """The body cut before visible characters only: no run of blanks and no line end is torn."""
    while start < len(body):
        cut = _INK.search(body, start + _PIECE)
        end = cut.start() if cut else len(body)
        yield with_line_ends(body[start:end])
        start = end
