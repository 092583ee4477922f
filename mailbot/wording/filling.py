"""Breaks paragraphs into lines for a terminal; knows that Chinese characters are two columns wide and break anywhere.

Pure and total: any text in, lines of at most `width` columns out, except for single words that are longer (links).
"""

import re
import unicodedata

WIDTH = 72
_WIDE = re.compile(r"[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]")
# Not str.split(): a no-break space keeps a number and its unit, or an hour and its PM, on one line.
_BLANK = " \t\r\n\f\v"
_GAP = re.compile(r"[ \t\r\n\f\v]+")
_CLOSING = frozenset("。，、；：？！）」』》〉】’”…%")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def columns(text: str) -> int:
    """How many terminal columns the text takes."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in text)


def fill(text: str, width: int = WIDTH, indent: str = "", first: str | None = None) -> str:
    """One paragraph as lines; `indent` starts every line, `first` the first one instead. White space is collapsed."""
    lines: list[str] = []
    line, used = (indent if first is None else first), columns(indent if first is None else first)
    empty = True
    for gap, piece in _pieces(text):
        size = columns(piece)
        if not empty and used + len(gap) + size > width:
            lines.append(line)
            line, used, empty = indent, columns(indent), True
        line += piece if empty else gap + piece
        used += size if empty else len(gap) + size
        empty = False
    lines.append(line.rstrip() if empty else line)
    return "\n".join(lines)


def quote(text: str, width: int = WIDTH, indent: str = "    ") -> str:
    """Someone else's words, their own line breaks kept, indented so that no line can pass for one of ours."""
    kept = plain(text).strip("\n").split("\n")
    return "\n".join(fill(line, width, indent) if line.strip() else "" for line in kept)


def plain(text: str) -> str:
    """Text without control, bidirectional and other invisible characters that could steer a terminal or deceive."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _pieces(text: str) -> list[tuple[str, str]]:
    """The unbreakable pieces, each with the gap that separates it from the one before on the same line."""
    words = _GAP.split(text.strip(_BLANK))
    if words == [""]:
        return []
    if text.isascii() or not _WIDE.search(text):
        return [(" ", word) for word in words]
    pieces: list[tuple[str, str]] = []
    for word in words:
        gap = " "
        for piece in _breakable(word):
            pieces.append((gap, piece))
            gap = ""
    return pieces


def _breakable(word: str) -> list[str]:
    """A word cut where Chinese lets it break: around wide characters, but never before closing punctuation."""
    parts: list[str] = []
    glue = False
    for char in word:
        wide = bool(_WIDE.match(char))
        if parts and (char in _CLOSING or (not wide and not glue)):
            parts[-1] += char
        else:
            parts.append(char)
        glue = wide
    return parts
