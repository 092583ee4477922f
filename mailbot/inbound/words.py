"""Cut what a person wrote into folded words and sentences, so that lexicons can be looked up in it.

Folding forgives what hurried people leave out: capitals, diacritics, apostrophes, full-width forms, the choice
between simplified and traditional characters. Total over any string, linear in its length, never raises.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from mailbot.inbound.lexicon.load import lexicon

BREAK = ","
"""The token that stands for every mark between two clauses."""

ADDRESS = "@"
"""The token that stands for a mail address or a link, so that their letters are never read as words."""

LONG = 120
"""A sentence of so many words ends at its next clause: negations do not reach further anyway."""

_CHUNK = re.compile(r"\S+|\n")
_CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_PIECE = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+|[.!?,;:…。、，；：！？()\"«»„“”|/]|[\u2600-\u27bf\U0001f300-\U0001faff]")
_STRETCHED = re.compile(r"([^\W\d])\1{2,}")
_SPECIAL = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d", "þ": "th"})
_APOSTROPHES = str.maketrans(dict.fromkeys("'’‘`´\u200b\u200c\u200d\ufe0f\ufeff\u00ad🏻🏼🏽🏾🏿"))
_ENDS = frozenset(".!?。！？…;；")
_CLAUSES = frozenset(',:，：、()"«»„“”|/')
_SIMPLE = frozenset(",.!?")
_DASHES = frozenset("-–—_*=~•·>")


@dataclass(frozen=True, slots=True)
class Sentence:
    """Folded words of one sentence; `BREAK` stands between clauses, `start` and `end` point into the source."""

    words: tuple[str, ...]
    asked: bool
    start: int
    end: int


@cache
def _variants() -> dict[int, int]:
    table = lexicon("characters")
    return str.maketrans(table["simplified"], table["traditional"])


@lru_cache(maxsize=8192)
def fold(word: str) -> str:
    """`word` in the form in which lexicons are compared: lower case, no diacritics, one script for Chinese."""
    word = _STRETCHED.sub(r"\1", word)
    if word.isascii():
        return word.lower().replace("'", "")
    bare = unicodedata.normalize("NFKC", word).translate(_APOSTROPHES).casefold().translate(_SPECIAL)
    if any("\u3040" <= sign <= "\u9fff" or "\uac00" <= sign <= "\ud7a3" for sign in bare):
        return bare.translate(_variants())
    return "".join(s for s in unicodedata.normalize("NFD", bare) if not unicodedata.combining(s))


def words_of(text: str) -> tuple[str, ...]:
    """All folded words of a short text, marks left out."""
    words: list[str] = []
    for raw in text.split():
        if _plain(raw):
            words.append(fold(raw))
        elif _is_address(raw):
            words.append(ADDRESS)
        else:
            pieces = (piece.group() for piece in _PIECE.finditer(raw.translate(_APOSTROPHES)))
            words += [fold(piece) for piece in pieces if piece not in _CLAUSES and piece not in _ENDS]
    return tuple(words)


def _plain(raw: str) -> bool:
    """Whether `raw` is one word of letters, in a script that writes words."""
    return raw.isalpha() and (raw.isascii() or max(raw) < "\u3040")


def _is_address(raw: str) -> bool:
    return "@" in raw or "://" in raw or raw.startswith("www.")


def sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of `text` in order; a wrapped line goes on, a new paragraph or list item starts anew."""
    return tuple(_assembled(text))


def _assembled(text: str) -> Iterator[Sentence]:
    words: list[str] = []
    start = end = 0
    for at, stop, piece in _pieces(text):
        if piece in _ENDS or piece == "\n" or (piece == BREAK and len(words) >= LONG):
            asked = piece in "?？"
            if any(word != BREAK for word in words):
                yield Sentence(tuple(words), asked, start, stop if piece != "\n" else end)
            words = []
            continue
        if not words:
            start = at
        words.append(piece)
        end = stop
    if any(word != BREAK for word in words):
        yield Sentence(tuple(words), False, start, end)


def _pieces(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, folded word | BREAK | sentence mark | newline that ends a sentence)."""
    for chunk in _CHUNK.finditer(text):
        at, stop, raw = chunk.start(), chunk.end(), chunk.group()
        if raw == "\n":
            if _ends_line(text, at):
                yield at, stop, "\n"
            continue
        if _plain(raw):
            yield at, stop, fold(raw)
            continue
        if _plain(raw[:-1]) and raw[-1] in _SIMPLE:
            yield at, stop - 1, fold(raw[:-1])
            yield stop - 1, stop, (BREAK if raw[-1] == BREAK else raw[-1])
            continue
        if _is_address(raw):
            yield at, stop, ADDRESS
            yield from ((stop, stop, mark) for mark in raw[-1] if mark in _ENDS)
            continue
        if all(sign in _DASHES for sign in raw):
            yield at, stop, BREAK
            continue
        yield from _split(raw, at)


def _split(raw: str, at: int) -> Iterator[tuple[int, int, str]]:
    bare = raw.translate(_APOSTROPHES)
    last = len(bare.rstrip("\"'”»)*_"))
    for piece in _PIECE.finditer(bare):
        sign = piece.group()
        place = (at + min(piece.start(), len(raw)), at + min(piece.end(), len(raw)))
        if sign in _CLAUSES:
            yield *place, BREAK
        elif sign in _ENDS:
            ends = sign not in "." or piece.end() >= last
            yield *place, (sign if ends else BREAK)
        else:
            yield *place, fold(sign)


def _ends_line(text: str, at: int) -> bool:
    """Whether the newline at `at` ends a sentence: not when a client or a hand merely wrapped the line."""
    before = text.rfind("\n", 0, at) + 1
    line = text[before:at].strip()
    following = text[at + 1 : at + 81].split("\n", 1)[0].strip()
    if not line or not following:
        return True
    if unicodedata.category(line[-1]) == "Lo":
        return at - before < 20 and line[-1] not in "不沒没未無无非"
    return not (following[0].islower() or (at - before > 50 and following[0].isalnum() and line[-1].isalnum()))
