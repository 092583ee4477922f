"""The languages people write to us in: their phrase books, and which of them a text is likely in.

Built once from the lexicon files. Pure and total: an unknown language simply finds nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from mailbot.inbound.lexicon.load import lexicon
from mailbot.inbound.phrases import PhraseBook
from mailbot.inbound.words import BREAK, words_of

MAIN = ("en", "cs", "pl", "hu", "zh_tw")
"""The languages we write in ourselves; their lexicons are deep, the others' cover what matters most."""

CANDIDATES = 3
"""A text is read in at most so many languages."""

_KANA = ("\u3040", "\u30ff")
"""Without these a text of Han characters is Chinese, not Japanese."""

_SCRIPTS = (
    ("\u0370", "\u03ff", ("el",)),
    ("\u0400", "\u04ff", ("ru", "uk")),
    ("\u3040", "\u30ff", ("ja",)),
    ("\u4e00", "\u9fff", ("zh_tw",)),
    ("\uac00", "\ud7a3", ("ko",)),
)

SHARE = 0.26
"""A language is tried if it has at least that share of what speaks for the likeliest one."""

SHORTEST_STEM = 4
LONGEST_STEM = 14
HINT = 0.6
WHOLE = 0.5
"""What a hint, and a text that is one known phrase of a language, weigh beside a word of that language."""

_WHOLE = ("decline_alone", "accept_alone", "yes", "no")
"""Labels of what means something only when it is all that a clause says."""

_TELLING = ("words", "decline", "optout", "accept")
"""Labels whose phrases tell a language by each of their words."""

_NOT_PHRASES = frozenset({"words", "negative_prefix", "decline_alone", "accept_alone", "infinitive", "finite"})
_NEGATABLE = frozenset({"accept", "accept_alone", "agree", "refuse", "halt", "object", "wish"})


@dataclass(frozen=True, slots=True)
class Language:
    """One language's phrases; `letterform` are its greetings and closings, `whole` what decides only as a clause.

    `infinitive` is how its infinitives end, where a negated verb may follow one ("odmítat nebudeme"), `finite` how a
    verb of the writer's own does ("odmítáme").
    """

    code: str
    book: PhraseBook
    letterform: tuple[tuple[str, str], ...]
    whole: Mapping[tuple[str, ...], str]
    infinitive: tuple[str, ...] = ()
    finite: tuple[str, ...] = ()


@cache
def languages() -> Mapping[str, Language]:
    """Every language by its code (`zh_tw` for Chinese of any script)."""
    return {code: _language(code, table) for code, table in _tables()}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A language a text may be in, and how much speaks for it."""

    language: Language
    score: float


@cache
def bare_refusals() -> PhraseBook:
    """What refuses as a whole message in any language: "stop", "nein", "退訂"."""
    refusing = ("decline_alone", "no")
    return PhraseBook(
        (phrase, label) for _, table in _tables() for label in refusing for phrase in table.get(label, ())
    )


def likely(words: Sequence[str], hint: str = "") -> tuple[Candidate, ...]:
    """The languages `words` may be in, likeliest first; `hint` (a code) breaks ties and stands in for no sign."""
    known = languages()
    scores = dict.fromkeys([code for code in (normal_code(hint), *MAIN) if code in known], 0.0)
    if normal_code(hint) in scores:
        scores[normal_code(hint)] += HINT
    for word in words:
        found = _speakers(word)
        for code in found:
            scores[code] = scores.get(code, 0.0) + 1.0 / len(found)
    if "ja" in scores and not any(_KANA[0] <= word[0] <= _KANA[1] for word in words):
        del scores["ja"]
    said = tuple(word for word in words if word != BREAK)
    for code in _whole_index().get(said, ()):
        scores[code] = scores.get(code, 0.0) + WHOLE
    ranked = sorted(scores, key=lambda code: -scores[code])
    best = scores[ranked[0]]
    chosen = [code for code in ranked[:CANDIDATES] if scores[code] > SHARE * best] if best else ranked
    return tuple(Candidate(known[code], scores[code]) for code in chosen)


def normal_code(tag: str) -> str:
    """The lexicon's name for a language tag: `zh-Hant`, `zh-CN` and `zh` are `zh_tw`, `nb-NO` is `no`."""
    primary = tag.replace("_", "-").split("-", 1)[0].lower()
    return {"zh": "zh_tw", "nb": "no", "nn": "no", "cz": "cs"}.get(primary, primary)


def _tables() -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from ((code, lexicon(code)) for code in MAIN)
    yield from lexicon("others").items()


def _language(code: str, table: Mapping[str, Any]) -> Language:
    letterform = tuple((phrase, label) for label in ("greeting", "closing") for phrase in table.get(label, ()))
    endings = (tuple(table.get(key, ())) for key in ("infinitive", "finite"))
    return Language(code, PhraseBook(_entries(table)), letterform, dict(_whole_entries(table)), *endings)


def _entries(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    prefix = table.get("negative_prefix", "")
    for label, phrases in table.items():
        if label in _NOT_PHRASES:
            continue
        for phrase in phrases:
            yield phrase, label
            if prefix and label in _NEGATABLE:
                yield prefix + phrase, f"not_{label}"


def _whole_entries(table: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    for label in reversed(_WHOLE):
        yield from ((words_of(phrase), label) for phrase in table.get(label, ()))


@cache
def _whole_index() -> Mapping[tuple[str, ...], tuple[str, ...]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for code, language in languages().items():
        for phrase in language.whole:
            found.setdefault(phrase, []).append(code)
    return {phrase: tuple(codes) for phrase, codes in found.items()}


@lru_cache(maxsize=8192)
def _speakers(word: str) -> tuple[str, ...]:
    """The languages that know `word`, by itself or as an inflection of a stem they know."""
    exact = _index().get(word, ())
    lengths = range(min(len(word), LONGEST_STEM), SHORTEST_STEM - 1, -1)
    stem = next((codes for length in lengths if (codes := _stems().get(word[:length]))), ())
    return tuple(dict.fromkeys((*exact, *stem))) or _by_script(word[:1])


def _by_script(sign: str) -> tuple[str, ...]:
    """The languages that are written with `sign`, where a script says as much."""
    return next((codes for first, last, codes in _SCRIPTS if first <= sign <= last), ())


@cache
def _stems() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for code, language in languages().items():
        for stem in language.book.stems:
            found.setdefault(stem, []).append(code)
    return {stem: tuple(codes) for stem, codes in found.items()}


@cache
def _index() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for code, table in _tables():
        singles = languages()[code].book.singles
        alone = (phrase[0] for phrase in languages()[code].whole if len(phrase) == 1)
        telling = (words_of(entry) for label in _TELLING for entry in table.get(label, ()))
        for word in singles.union(alone, *telling):
            found.setdefault(word, []).append(code)
    return {word: tuple(codes) for word, codes in found.items()}
