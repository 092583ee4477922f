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
_ALONE = frozenset({"contrast", "courtesy", "greeting", "closing", "skip", "request"})
_BESIDE = _ALONE | {"filler", "yes"}

_OBJECTIONS = frozenset({"object", "doubt"})

NAME_WORDS = 2
NAME_SIGNS = 4
"""So many unknown words (characters, where each is a word and a closing stands by) may be a name."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One phrase (or one unknown word: no labels) at a place in its sentence."""

    labels: frozenset[str]
    at: int
    clause: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clauses:
    """A sentence as hits in order, with the language it was read in."""

    hits: tuple[Hit, ...]
    language: Language
    asked: bool

    def having(self, label: str) -> tuple[Hit, ...]:
        """Every hit that carries `label`."""
        return tuple(hit for hit in self.hits if label in hit.labels)

    def unsettled(self, hit: Hit) -> bool:
        """Whether the clause of `hit` leaves things open ("we are considering whether …")."""
        return any("open" in other.labels and other.clause == hit.clause for other in self.hits)

    def negations(self, hit: Hit, *, echoes: bool = True) -> int:
        """How many negations bear on `hit`; words that only echo a negation count once, and only alone."""
        before = [h for h in self.hits if h.clause == hit.clause and 0 < hit.at - h.at <= REACH]
        after = [h for h in self.hits if h.clause == hit.clause and 0 < h.at - hit.at <= REACH_BACK]
        full = sum(_negates(h) and not self._spent(h, hit) for h in before) + sum(
            "negation_after" in h.labels for h in after
        )
        echo = echoes and any("concord" in h.labels and "neutral" not in h.labels for h in before)
        return full or int(echo)

    def _spent(self, negation: Hit, hit: Hit) -> bool:
        """Whether a negation before `hit` belongs to an objection between them: "without objections we agree"."""
        if hit.labels & _OBJECTIONS:
            return False
        return any(h.labels & _OBJECTIONS and 0 < h.at - negation.at <= 2 and h.at < hit.at for h in self.hits)

    def eased(self, hit: Hit) -> bool:
        """Whether the clause of an objection takes it back ("against it we have nothing")."""
        return any("eases" in h.labels and h.clause == hit.clause for h in self.hits)

    @property
    def negated(self) -> int:
        """How many negations the sentence has, a bare "no" of its own clause left out."""
        alone = {clause for clause, label in self.whole().items() if label == "no"}
        return sum(_negates(hit) for hit in self.hits if hit.clause not in alone)

    @property
    def courteous(self) -> bool:
        """Whether nothing but courtesy stands here; up to two unknown words pass as a name."""
        rest = [hit for hit in self.hits if not hit.labels & _POLITE and "yes" not in hit.labels]
        known = any(hit.labels & {"courtesy", "closing"} for hit in self.hits)
        signed = any("closing" in hit.labels for hit in self.hits)
        most = NAME_SIGNS if signed and all(_one_sign(hit) for hit in rest) else NAME_WORDS
        return not rest or (known and len(rest) <= most and not any(hit.labels for hit in rest))

    def whole(self) -> dict[int, str]:
        """The clauses that are, courtesy left out, one phrase that decides only as a whole: label by clause."""
        found = {}
        for clause in {hit.clause for hit in self.hits}:
            hits = [hit for hit in self.hits if hit.clause == clause]
            label = self.language.whole.get(_core(hits, _ALONE))
            wider = self.language.whole.get(_core(hits, _BESIDE))
            if label or wider == "accept_alone":
                found[clause] = label or wider or ""
        return found


def _core(hits: list[Hit], aside: frozenset[str]) -> tuple[str, ...]:
    """The words of a clause without the polite phrases at its ends."""
    first, last = 0, len(hits)
    while first < last - 1 and hits[first].labels & aside:
        first += 1
    while last - 1 > first and hits[last - 1].labels & aside:
        last -= 1
    return tuple(word for hit in hits[first:last] for word in hit.words)


def _one_sign(hit: Hit) -> bool:
    return not hit.words[0].isascii() and len(hit.words[0]) == 1


def read_clauses(sentence: Sentence, language: Language) -> Clauses:
    """The phrases of `language` in `sentence`, longest first, left to right."""
    return Clauses(tuple(_hits(sentence, language)), language, sentence.asked)


def _hits(sentence: Sentence, language: Language) -> Iterator[Hit]:
    at = place = clause = 0
    words = sentence.words
    while at < len(words):
        if words[at] == BREAK:
            clause += 1
            at += 1
            continue
        match = language.book.longest(words, at)
        labels = frozenset(match.labels) if match else frozenset()
        clause += "contrast" in labels
        length = match.length if match else 1
        yield Hit(labels, place, clause, words[at : at + length])
        at += length
        place += "skip" not in labels


def _negates(hit: Hit) -> bool:
    return "negation" in hit.labels and "concord" not in hit.labels and "neutral" not in hit.labels
