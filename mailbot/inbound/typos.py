"""Put right a slip of the fingers in a word that decides, one edit away at most.

Only long words that no lexicon knows are touched, and a word that may be a refusal is always taken as one, so that a
slip can turn "nsouhlasim" into a decline and never into an acceptance. Pure, total.
"""

from functools import cache, lru_cache

from mailbot.inbound.languages import Language, languages
from mailbot.inbound.words import Sentence

SHORTEST = 6
"""Shorter words are too close to each other to be guessed."""

MOST_WORDS = 60
"""Longer texts should not be mended: whoever writes so much says it more than once."""

_REFUSING = ("decline", "decline_alone", "optout", "refuse", "halt", "not_accept", "not_agree")
_AGREEING = ("accept", "accept_alone", "object", "agree")


def corrected(sentence: Sentence, candidates: tuple[Language, ...]) -> Sentence:
    """`sentence` with unknown words replaced by the deciding word they were meant to be, if there is one."""
    codes = tuple(language.code for language in candidates)
    words = tuple(_meant(word, codes) for word in sentence.words)
    return Sentence(words, sentence.asked, sentence.start, sentence.end)


@lru_cache(maxsize=4096)
def _meant(word: str, codes: tuple[str, ...]) -> str:
    if len(word) < SHORTEST or languages()[codes[0]].book.longest((word,), 0) is not None:
        return word
    for labels in (_REFUSING, _AGREEING):
        for code in codes:
            for known, stem in _deciding(code, labels):
                if not _alike(word, known):
                    continue
                mended = _mended(word, known) if stem else (known if one_edit(word, known) else "")
                if mended:
                    return mended
    return word


@cache
def _deciding(code: str, labels: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
    """The single words and stems under `labels`, long enough to be recognised with a slip."""
    language = languages()[code]
    alone = ((phrase[0], False) for phrase, label in language.whole.items() if label in labels and len(phrase) == 1)
    return tuple((word, stem) for word, stem in (*language.book.singles_with(labels), *alone) if len(word) >= SHORTEST)


def _alike(word: str, known: str) -> bool:
    """Cheap to ask first: one slip leaves the beginning of `known` or its second half as it was."""
    half = len(known) // 2
    return word.startswith(known[: half - 1]) or known[half:] in word


def _mended(word: str, stem: str) -> str:
    """`word` with the slip in its stem put right and its ending kept, or ""."""
    cuts = (len(stem) + extra for extra in (0, -1, 1) if len(stem) + extra <= len(word))
    return next((stem + word[cut:] for cut in cuts if one_edit(word[:cut], stem)), "")


def one_edit(left: str, right: str) -> bool:
    """Whether one letter was missed, added, changed, or swapped with its neighbour."""
    if abs(len(left) - len(right)) > 1 or left == right:
        return False
    same = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    rest, other = left[same:], right[same:]
    if len(rest) == len(other):
        return rest[1:] == other[1:] or (rest[:2] == other[1::-1] and rest[2:] == other[2:])
    return rest[1:] == other or rest == other[1:]
