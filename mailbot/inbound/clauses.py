"""What one sentence says, word by word: phrases found, and how many negations bear on each.

Pure and total; the cost of a sentence grows with its length only.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mailbot.inbound.languages import Language
from mailbot.inbound.words import BREAK, Sentence

REACH = 6
"""A negation bears on what follows within so many words of its clause."""

REACH_BACK = 4
"""In languages that put it last, a negation bears on what stands so many words before it."""

_POLITE = frozenset({"courtesy", "filler", "greeting", "closing", "neutral", "skip", "receipt"})
_ALONE = frozenset({"courtesy", "greeting", "closing", "skip", "request"})


@dataclass(frozen=True, slots=True)
class Hit:
    """One phrase (or one unknown word: no labels) at a place in its sentence."""

    labels: frozenset[str]
    at: int
    clause: int
    word: str


@dataclass(frozen=True, slots=True)
class Clauses:
    """A sentence as hits in order, with the language it was read in."""

    hits: tuple[Hit, ...]
    language: Language
    asked: bool

    def having(self, label: str) -> tuple[Hit, ...]:
        """Every hit that carries `label`."""
        return tuple(hit for hit in self.hits if label in hit.labels)

    def in_clause(self, hit: Hit, label: str) -> bool:
        """Whether the clause of `hit` has `label` anywhere."""
        return any(label in other.labels and other.clause == hit.clause for other in self.hits)

    def negations(self, hit: Hit) -> int:
        """How many negations bear on `hit`; words that only echo a negation count once, and only alone."""
        before = [h for h in self.hits if h.clause == hit.clause and 0 < hit.at - h.at <= REACH]
        after = [h for h in self.hits if h.clause == hit.clause and 0 < h.at - hit.at <= REACH_BACK]
        full = sum(_negates(h) for h in before) + sum(h.word in self.language.negation_after for h in after)
        echo = any("concord" in h.labels and "neutral" not in h.labels for h in before)
        return full or int(echo)

    @property
    def negated(self) -> int:
        """How many negations the sentence has at all."""
        return sum(_negates(hit) for hit in self.hits)

    @property
    def courteous(self) -> bool:
        """Whether nothing but courtesy stands here; up to two unknown words pass as a name."""
        unknown = sum(not hit.labels & _POLITE for hit in self.hits if "yes" not in hit.labels)
        known = any("courtesy" in hit.labels or "closing" in hit.labels for hit in self.hits)
        return unknown == 0 or (known and unknown <= 2 and all(h.labels & _POLITE or not h.labels for h in self.hits))

    def alone(self, label: str, *, beside: frozenset[str] = frozenset()) -> Hit | None:
        """The hit with `label` that makes up a whole clause (courtesy and labels in `beside` left out), or None."""
        for clause in sorted({hit.clause for hit in self.hits}):
            core = [
                h for h in self.hits if h.clause == clause and (label in h.labels or not h.labels & (_ALONE | beside))
            ]
            if len(core) == 1 and label in core[0].labels:
                return core[0]
        return None


def read_clauses(sentence: Sentence, language: Language) -> Clauses:
    """The phrases of `language` in `sentence`, longest first, left to right."""
    return Clauses(tuple(_hits(sentence, language)), language, sentence.asked)


def _hits(sentence: Sentence, language: Language) -> Iterator[Hit]:
    at = place = clause = 0
    words = tuple(word for word in sentence.words)
    while at < len(words):
        if words[at] == BREAK:
            clause += 1
            at += 1
            continue
        match = language.book.longest(words, at)
        labels = frozenset(match.labels) if match else frozenset()
        clause += "contrast" in labels
        yield Hit(labels, place, clause, words[at])
        at += match.length if match else 1
        place += "skip" not in labels


def _negates(hit: Hit) -> bool:
    return "negation" in hit.labels and "concord" not in hit.labels and "neutral" not in hit.labels
