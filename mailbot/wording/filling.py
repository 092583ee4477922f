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
_NOT_ONE_COLUMN = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u0e7f\u1100-\u11ff\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u231a-\u23ff\u25fd-\u27bf\u2b1b-\uffff\U00010000-\U0010ffff]"
)
_CLOSING = frozenset("。，、；：？！）」』》〉】’”…%")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def columns(text: str) -> int:
    """How many terminal columns the text takes."""
    if _one_column_each(text):
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in text)


def fill(text: str, width: int = WIDTH, indent: str = "", first: str | None = None) -> str:
    """One paragraph as lines; `indent` starts every line, `first` the first one instead. White space is collapsed."""
    start = indent if first is None else first
    measure = len if _one_column_each(text) else columns
    lines: list[str] = []
    line, used, empty = start, columns(start), True
    for gap, piece in _pieces(text):
        size = measure(piece)
        if empty:
            line, used, empty = line + piece, used + size, False
        elif used + len(gap) + size > width:
            lines.append(line)
            line, used = indent + piece, columns(indent) + size
        else:
            line, used = line + gap + piece, used + len(gap) + size
    lines.append(line.rstrip() if empty else line)
    return "\n".join(lines)


def quote(text: str, width: int = WIDTH, indent: str = "    ") -> str:
    """Someone else's words, their own line breaks kept, indented so that no line can pass for one of ours."""
    kept = plain(text).strip("\n").split("\n")
    return "\n".join(fill(line, width, indent) if line.strip() else "" for line in kept)


def plain(text: str) -> str:
    """Text without control, bidirectional and other invisible characters that could steer a terminal or deceive."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _one_column_each(text: str) -> bool:
    return text.isascii() or not _NOT_ONE_COLUMN.search(text)


def _pieces(text: str) -> list[tuple[str, str]]:
    """The unbreakable pieces, each with the gap that separates it from the one before on the same line."""
    words = _GAP.split(text.strip(_BLANK))
    if words == [""]:
        return []
    if _one_column_each(text):
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
