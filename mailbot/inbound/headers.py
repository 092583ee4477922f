"""Header fields of a mail or part, read without the standard library's slow or raising paths.

Total: a damaged field yields what can be read of it. Every value is capped at 16 KiB before anything looks at it, and
all patterns are linear (security items 20, 21).
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from mailbot.inbound.charsets import codec_of, decode

VALUE_CAP = 16 * 1024
_FIELD = re.compile(rb"([!-9;-~]{1,256})[ \t]*:(.*)", re.DOTALL)
_ORDERLY = re.compile(rb"([!-9;-~]{1,256})[ \t]*:([^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*+)")
_UNFOLD = re.compile(r"[\r\n]+[ \t]*")
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]{0,8000})\?=")
_BETWEEN = re.compile(r"(\?=)\s+(=\?[^?\s]{1,60}\?[bBqQ]\?)")
_PARAMETER = re.compile(r';\s*([^\s=;"]{1,80}?)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_MAX_PARAMETERS = 64
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
_SPACES = re.compile(r"\s+")
# A garbage line inside a header block is skipped only while one of these still follows it; a bare CR ends a line too.
_KNOWN = re.compile(
    rb"[\r\n](?:from|to|cc|subject|date|message-id|mime-version|content-[a-z-]+|received|reply-to|references)[ \t]*:",
    re.IGNORECASE,
)


class Headers:
    """Fields in their order: lower-case name, raw value. What was read once is kept."""

    __slots__ = ("_by_name", "_firsts", "_texts", "fields")

    def __init__(self, fields: tuple[tuple[str, bytes], ...]) -> None:
        self.fields = fields
        self._by_name: dict[str, list[bytes]] = {}
        self._firsts: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        for name, value in fields:
            self._by_name.setdefault(name, []).append(value)

    def raw(self, name: str) -> bytes | None:
        """The first field of that name as it came, or None."""
        values = self._by_name.get(name)
        return values[0] if values else None

    def all(self, name: str) -> tuple[str, ...]:
        """Every field of that name, unfolded, not decoded, capped."""
        return tuple(unfold(value) for value in self._by_name.get(name, ()))

    def get(self, name: str) -> str:
        """The first field of that name, unfolded, not decoded; empty when missing."""
        if name not in self._by_name:
            return ""
        known = self._firsts.get(name)
        if known is None:
            known = self._firsts[name] = unfold(self._by_name[name][0])
        return known

    def text(self, name: str) -> str:
        """The first field of that name for people: encoded words decoded, nothing invisible left."""
        known = self._texts.get(name)
        if known is None:
            known = self._texts[name] = visible(decode_words(self.get(name)))
        return known

    def count(self, name: str) -> int:
        return len(self._by_name.get(name, ()))

    def has(self, name: str) -> bool:
        return name in self._by_name

    def names(self) -> Iterator[str]:
        return iter(self._by_name)


@dataclass(frozen=True, slots=True)
class Structured:
    """A Content-Type or Content-Disposition: lower-case value and its parameters (RFC 2045, 2231)."""

    value: str
    parameters: dict[str, str]


def read_headers(block: bytes) -> tuple[Headers, int]:
    """Fields of a header block, and where inside it the body begins when the blank line was forgotten.

    The second value is len(block) for an orderly block.
    """
    fields, position = _orderly(block)
    if not block[position:].strip():
        return Headers(tuple(fields)), len(block)
    fields, position = [], 0
    last_known = -1
    for line in _logical_lines(block):
        match = _FIELD.match(line)
        if match:
            fields.append((match.group(1).decode("ascii").lower(), match.group(2)[: VALUE_CAP * 2]))
        elif position == 0 and line.startswith((b"From ", b">From ")):
            pass
        elif line.strip():
            if last_known < 0:
                last_known = max((found.start() for found in _KNOWN.finditer(block)), default=0)
            if last_known < position:
                return Headers(tuple(fields)), position
        position += len(line)
    return Headers(tuple(fields)), len(block)


def _orderly(block: bytes) -> tuple[list[tuple[str, bytes]], int]:
    """The fields that follow each other without any other line, and where the last of them ends."""
    fields: list[tuple[str, bytes]] = []
    position = 0
    while match := _ORDERLY.match(block, position):
        name, value = match.groups()
        fields.append((name.decode("ascii").lower(), value[: VALUE_CAP * 2]))
        position = match.end()
    return fields, position


def _logical_lines(block: bytes) -> Iterator[bytes]:
    """Physical lines joined with their continuations; line ends kept, so that lengths add up."""
    current: list[bytes] = []
    for line in block.splitlines(keepends=True):
        if current and line[:1] in (b" ", b"\t"):
            current.append(line)
            continue
        if current:
            yield b"".join(current)
        current = [line]
    if current:
        yield b"".join(current)


def unfold(value: bytes) -> str:
    """One line of text from a raw value: 8-bit is UTF-8 or guessed, folds become one space."""
    text = decode(value[:VALUE_CAP]).strip()
    return _UNFOLD.sub(" ", text) if "\n" in text or "\r" in text else text


def visible(text: str) -> str:
    """Text without control, bidirectional and zero-width characters, white space collapsed (security item 8)."""
    if text.isprintable() and "  " not in text:  # only the plain space is white and printable
        return text.strip()
    return _SPACES.sub(" ", _INVISIBLE.sub("", _SPACES.sub(" ", text))).strip()


def decode_words(text: str) -> str:
    """RFC 2047 encoded words in `text` decoded; broken ones stay as they are. Also read inside quotes, as people do."""
    words = text.count("=?")
    if not words:
        return text
    joined = _BETWEEN.sub(r"\1\2", _BETWEEN.sub(r"\1\2", text)) if words > 1 else text
    pieces: list[str] = []
    end = 0
    held: list[tuple[str, bytes]] = []
    for match in _WORD.finditer(joined):
        if match.start() > end:
            pieces.append(_flush(held))
            pieces.append(joined[end : match.start()])
        held.append((match.group(1).split("*")[0], _word_bytes(match.group(2), match.group(3))))
        end = match.end()
    pieces.append(_flush(held))
    pieces.append(joined[end:])
    return "".join(pieces)


def _flush(held: list[tuple[str, bytes]]) -> str:
    """Neighbours of one charset are joined before decoding: a character may be cut between two words."""
    out: list[str] = []
    index = 0
    while index < len(held):
        label, data = held[index]
        index += 1
        while index < len(held) and held[index][0].lower() == label.lower() and "2022" not in label:
            data += held[index][1]
            index += 1
        out.append(decode(data, label))
    held.clear()
    return "".join(out)


def _word_bytes(kind: str, data: str) -> bytes:
    octets = data.encode("utf-8", "surrogateescape")
    if kind in "qQ":
        return binascii.a2b_qp(octets, header=True)
    return loose_base64(octets)


def loose_base64(data: bytes) -> bytes:
    """Base64 with foreign characters ignored, missing padding added and a broken tail dropped."""
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        clean = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
        clean = clean[: len(clean) - 1] if len(clean) % 4 == 1 else clean
        return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))


def structured(value: str) -> Structured:
    """A structured field with its parameters; continuations and percent-encoding of RFC 2231 undone."""
    head, _, rest = value.partition(";")
    parameters: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for count, match in enumerate(_PARAMETER.finditer(";" + rest)):
        if count >= _MAX_PARAMETERS:
            break
        _collect(match.group(1).lower(), _unquote(match.group(2)), parameters, pieces)
    for name, numbered in pieces.items():
        parameters[name] = _joined(numbered)
    return Structured((head.split() or [""])[0].strip('"').lower(), parameters)


def _unquote(value: str) -> str:
    value = value.strip()
    if value.startswith('"'):
        return _ESCAPED.sub(r"\1", value[1:-1] if value.endswith('"') and len(value) > 1 else value[1:])
    return value


def _collect(name: str, value: str, parameters: dict[str, str], pieces: dict[str, dict[int, tuple[str, bool]]]) -> None:
    base, star, section = name.partition("*")
    if not star:
        parameters.setdefault(base, value)
        return
    number = section.rstrip("*")
    index = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0
    pieces.setdefault(base, {})[index] = (value, name.endswith("*"))


def _joined(numbered: dict[int, tuple[str, bool]]) -> str:
    first, encoded = numbered[min(numbered)]
    label = ""
    if encoded and first.count("'") >= 2:
        label, _, first = first.split("'", 2)
    octets = b""
    for position, key in enumerate(sorted(numbered)):
        value, percent = numbered[key]
        value = first if position == 0 else value
        octets += unquote_to_bytes(value) if percent else value.encode("utf-8", "surrogateescape")
    return decode(octets, label if codec_of(label) else "")
