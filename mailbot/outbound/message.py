"""Writes one mail as bytes for the wire: a small serialiser for exactly the mails we send.

Pure and total: any text in any field gives a well-formed message of CRLF lines of at most 76 columns (single long
words in headers we build ourselves apart), pure ASCII, multipart/alternative with the text first (RFC 5322, 2045–2047).
`email.message.EmailMessage` does the same twenty times slower and is the oracle of the tests.
"""

import re
import unicodedata
from base64 import b64encode
from binascii import b2a_qp
from collections.abc import Iterable

_LINE = 76
_CAP = 200
_WORD_BYTES = 42
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+")


def clean_header(text: str) -> str:
    """The text as it may stand in a header: NFC, no control, bidirectional or invisible characters, at most 200 long.

    White space becomes single blanks, so nothing can start a new header line (security item 28).
    """
    spaced = unicodedata.normalize("NFC", _UNSAFE.sub(" ", text[: 4 * _CAP]))
    return " ".join(_UNSAFE.sub(" ", spaced).split())[:_CAP].rstrip()


def clean_text(text: str) -> str:
    """A body as it may leave: LF line ends, no control or bidirectional characters but tab and line feed."""
    return _NOT_TEXT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def unstructured(text: str) -> str:
    """A header value of free text, cleaned, encoded where needed (RFC 2047) and folded."""
    clean = clean_header(text)
    if clean.isascii() and "=?" not in clean and max(map(len, clean.split(" "))) < _LINE - 20:
        return _fold(clean.split(" "))
    return _encoded(clean)


def mailbox(name: str, address: str) -> str:
    """A name and an address as one mailbox; the name is cleaned, an unsendable address leaves an empty group."""
    phrase = _phrase(clean_header(name))
    if not _ADDRESS.fullmatch(address):
        return f"{phrase or 'unsendable'}:;"
    return f"{phrase}\r\n <{address}>" if len(phrase) + len(address) > _LINE - 14 else f"{phrase} <{address}>".strip()


def message(headers: Iterable[tuple[str, str]], text: str, html: str, boundary: str) -> bytes:
    """The whole mail. Header values must come from the functions here or be fixed words and tokens of ours."""
    lines = [f"{name}: {value}" for name, value in headers]
    lines += ["MIME-Version: 1.0", f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"', ""]
    delimiter = f"\r\n--{boundary}\r\n".encode("ascii")
    return b"".join(
        (
            "\r\n".join(lines).encode("ascii"),
            delimiter,
            _part("plain", text),
            delimiter,
            _part("html", html),
            f"\r\n--{boundary}--\r\n".encode("ascii"),
        )
    )


def _part(subtype: str, content: str) -> bytes:
    clean = clean_text(content)
    data = (clean if clean.endswith("\n") else clean + "\n").replace("\n", "\r\n").encode()
    # Mostly Chinese text is half as long in base64; everything else stays legible as quoted-printable.
    dense = len(data) > 1.6 * len(clean)
    body, encoding = (_base64(data), "base64") if dense else (b2a_qp(data), "quoted-printable")
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode("ascii") + body


def _base64(data: bytes) -> bytes:
    coded = b64encode(data)
    return b"".join(coded[i : i + _LINE] + b"\r\n" for i in range(0, len(coded), _LINE))


def _phrase(name: str) -> str:
    if not name.isascii() or "=?" in name:
        return _encoded(name)
    if _ATOMS.fullmatch(name) and len(name) < _LINE - 16:
        return name
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"' if len(quoted) < _LINE - 16 else _encoded(name)


def _encoded(text: str) -> str:
    """Encoded words in UTF-8 and base64, each whole characters only, one a line."""
    words, chunk = [], b""
    for char in text:
        piece = char.encode()
        if len(chunk) + len(piece) > _WORD_BYTES:
            words.append(chunk)
            chunk = b""
        chunk += piece
    words.append(chunk)
    return "\r\n ".join(f"=?utf-8?b?{b64encode(word).decode()}?=" for word in words)


def _fold(words: list[str]) -> str:
    lines, line = [], ""
    for word in words:
        # The header's name takes part of the first line; every line leaves room for it.
        if line and len(line) + 1 + len(word) > _LINE - 16:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line])
