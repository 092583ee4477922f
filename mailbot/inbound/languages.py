"""The languages people write to us in: their phrase books, and which of them a text is likely in.

Built once from the lexicon files. Pure and total: an unknown language simply finds nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from mailbot.inbound.lexicon.load import lexicon
from mailbot.inbound.phrases import PhraseBook
from mailbot.inbound.words import fold, words_of

MAIN = ("en", "cs", "pl", "hu", "zh_tw")
"""The languages we write in ourselves; their lexicons are deep, the others' cover what matters most."""

CANDIDATES = 3
"""A text is read in at most so many languages."""

_NOT_PHRASES = frozenset({"words", "negative_prefix", "negation_after"})
_NEGATABLE = frozenset({"accept", "accept_alone", "agree", "refuse", "object", "wish"})


@dataclass(frozen=True, slots=True)
class Language:
    """One language's phrases; `negation_after` are the words that negate what stands before them,
    `letterform` its greetings and closings."""

    code: str
    book: PhraseBook
    negation_after: frozenset[str]
    letterform: tuple[tuple[str, str], ...]


@cache
def languages() -> Mapping[str, Language]:
    """Every language by its code (`zh_tw` for Chinese of any script)."""
    return {code: _language(code, table) for code, table in _tables()}


def likely(words: Sequence[str], hint: str = "") -> tuple[Language, ...]:
    """The languages `words` may be in, likeliest first; `hint` (a code) breaks ties and stands in for no sign."""
    scores = dict.fromkeys([code for code in (normal_code(hint), *MAIN) if code in languages()], 0.0)
    if normal_code(hint) in scores:
        scores[normal_code(hint)] += 0.6
    index = _index()
    for word in words:
        found = index.get(word, ())
        for code in found:
            scores[code] = scores.get(code, 0.0) + 1.0 / len(found)
    ranked = sorted(scores, key=lambda code: -scores[code])
    if not any(scores[code] >= 1 / len(languages()) for code in ranked):
        return tuple(languages()[code] for code in ranked)
    best = scores[ranked[0]]
    return tuple(languages()[code] for code in ranked[:CANDIDATES] if scores[code] >= best / 4)


def normal_code(tag: str) -> str:
    """The lexicon's name for a language tag: `zh-Hant`, `zh-CN` and `zh` are `zh_tw`, `nb-NO` is `no`."""
    primary = tag.replace("_", "-").split("-", 1)[0].lower()
    return {"zh": "zh_tw", "nb": "no", "nn": "no", "cz": "cs"}.get(primary, primary)


def _tables() -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from ((code, lexicon(code)) for code in MAIN)
    yield from lexicon("others").items()


def _language(code: str, table: Mapping[str, Any]) -> Language:
    after = frozenset(fold(word) for word in table.get("negation_after", ()))
    letterform = tuple((phrase, label) for label in ("greeting", "closing") for phrase in table.get(label, ()))
    return Language(code, PhraseBook(_entries(table)), after, letterform)


def _entries(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    prefix = table.get("negative_prefix", "")
    for label, phrases in table.items():
        if label in _NOT_PHRASES:
            continue
        for phrase in phrases:
            yield phrase, label
            if prefix and label in _NEGATABLE:
                yield prefix + phrase, f"not_{label}"


@cache
def _index() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for code, table in _tables():
        singles = languages()[code].book.singles
        for word in singles.union(*(words_of(entry) for entry in table.get("words", ()))):
            found.setdefault(word, []).append(code)
    return {word: tuple(codes) for word, codes in found.items()}
