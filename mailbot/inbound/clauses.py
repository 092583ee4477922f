"""What one sentence says, word by word: phrases found, and how many negations bear on each.

Pure and total. Every question about a hit looks at its clause or its neighbours only, so that the cost of a sentence
grows with its length, however it is made.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mailbot.inbound.languages import Language
from mailbot.inbound.words import BREAK, Sentence

REACH = 6
"""A negation bears on what follows within so many words of its clause."""

REACH_BACK = 4
"""In languages that put it last, a negation bears on what stands so many words before it."""

NEIGHBOURS = 24
"""So many hits around one are looked at, though emphatic words between them do not count as distance."""

NAME_WORDS = 2
NAME_SIGNS = 4
"""So many unknown words (characters, where each is a word and a closing stands by) may be a name."""

_POLITE = frozenset({"courtesy", "filler", "greeting", "closing", "neutral", "skip", "receipt"})
_ALONE = frozenset({"contrast", "courtesy", "greeting", "closing", "skip", "request"})
_WIDER = frozenset({"filler", "yes"})
_BESIDE = _ALONE | _WIDER
_OBJECTIONS = frozenset({"object", "doubt"})
_BEHIND = frozenset({"negation_after"})
_BEHIND_ALL = _BEHIND | {"negation_of_infinitive"}
_SELF = frozenset({"we", "i", "my", "ja", "我"})
_INSTEAD = frozenset({"instead", "instead_after"})
_REFUSALS = frozenset({"refuse", "not_refuse", "halt", "decline"})


class Hit(NamedTuple):
    """One phrase (or one unknown word: no labels): which clause, how far in (`at`), the how-manieth (`number`)."""

    labels: frozenset[str]
    number: int
    at: int
    clause: int
    words: tuple[str, ...]

    @property
    def negates(self) -> bool:
        """Whether this is a negation by itself, not an echo of one nor part of a harmless phrase."""
        return "negation" in self.labels and not self.labels & {"concord", "neutral"}


@dataclass(frozen=True, slots=True)
class Clauses:
    """A sentence as hits in order, with the language it was read in; `by_clause` holds the same hits by clause.

    `labels` are those of all hits, `whole` the clauses that are, courtesy left out, one phrase that decides only as a
    whole: label by clause.
    """

    hits: tuple[Hit, ...]
    language: Language
    asked: bool
    by_clause: Mapping[int, Sequence[Hit]]
    labels: frozenset[str]
    whole: Mapping[int, str]

    def having(self, label: str) -> tuple[Hit, ...]:
        """Every hit that carries `label`."""
        return tuple(hit for hit in self.hits if label in hit.labels) if label in self.labels else ()

    def before(self, hit: Hit, reach: int) -> Iterator[Hit]:
        """The hits of its clause that stand up to `reach` words before `hit`, nearest first."""
        for index in range(hit.number - 1, max(-1, hit.number - NEIGHBOURS - 1), -1):
            other = self.hits[index]
            if other.clause != hit.clause or hit.at - other.at > reach:
                return
            yield other

    def after(self, hit: Hit, reach: int) -> Iterator[Hit]:
        """The hits of its clause that stand up to `reach` words behind `hit`."""
        for index in range(hit.number + 1, min(len(self.hits), hit.number + NEIGHBOURS + 1)):
            other = self.hits[index]
            if other.clause != hit.clause or other.at - hit.at > reach:
                return
            yield other

    def negations(self, hit: Hit, *, echoes: bool = True) -> int:
        """How many negations bear on `hit`; words that only echo a negation count once, and only alone."""
        before = list(self.before(hit, REACH))
        full = sum(other.negates and not self._spent(other, hit) for other in before)
        full += sum(not self._behind(hit).isdisjoint(other.labels) for other in self.after(hit, REACH_BACK))
        echo = echoes and any("concord" in h.labels and "neutral" not in h.labels for h in before)
        return full or int(echo)

    def _behind(self, hit: Hit) -> frozenset[str]:
        """The labels of negations that bear on `hit` from behind it."""
        endings = self.language.infinitive
        return _BEHIND_ALL if endings and hit.words[-1].endswith(endings) else _BEHIND

    def _spent(self, negation: Hit, hit: Hit) -> bool:
        """Whether a negation before `hit` belongs to what stands between: "without objections we agree"."""
        if hit.labels & _OBJECTIONS:
            return False
        between = [h for h in self.after(negation, REACH) if h.number < hit.number]
        if any(h.labels & _OBJECTIONS and h.at - negation.at <= 2 for h in between):
            return True
        reason = next((h for h in between if "reason" in h.labels), None)
        if hit.labels & _REFUSALS:
            return reason is not None and self._done(hit)
        return reason is not None and any(h.labels & _REFUSALS and h.number > reason.number for h in between)

    def groundless(self, hit: Hit) -> bool:
        """Whether `hit` is what there is no reason to do ("no reason to refuse"), not done for none ("for no reason we
        refuse")."""
        if "reason" not in self.labels:
            return False
        reasons = (other for other in (*self.before(hit, REACH), *self._led_by(hit)) if self._denied(other))
        return any(not self._own_act(reason, hit) for reason in reasons)

    def needless(self, hit: Hit) -> bool:
        """Whether `hit` hangs on a reason denied in the clause before: "we see no reason, why we should agree"."""
        return "reason" in self.labels and any(self._denied(other) for other in self._led_by(hit))

    def _denied(self, reason: Hit) -> bool:
        return "reason" in reason.labels and self.negations(reason) == 1

    def _led_by(self, hit: Hit) -> Sequence[Hit]:
        """The last hits of the clause before, where the clause of `hit` opens with a word that hangs it on those."""
        opening = self.by_clause[hit.clause][0].labels
        last = self.by_clause.get(hit.clause - 1, ())[-REACH_BACK:] if opening & {"wh", "that"} else ()
        return () if any(other.labels & (_REFUSALS | {"agree", "accept"}) for other in last) else last

    def _own_act(self, start: Hit, hit: Hit) -> bool:
        """Whether somebody does `hit`, by its ending or by a "we" behind `start`; an infinitive is only spoken of."""
        return self._done(hit) or any(
            not _SELF.isdisjoint(other.words) for other in self.hits[start.number + 1 : hit.number]
        )

    def _done(self, hit: Hit) -> bool:
        return bool(self.language.finite) and hit.words[-1].endswith(self.language.finite)

    def set_aside(self, hit: Hit) -> bool:
        """Whether something else is done than `hit`: "instead of declining"."""
        if _INSTEAD.isdisjoint(self.labels):
            return False
        before = (other for other in self.before(hit, 3) if "instead" in other.labels)
        after = any("instead_after" in other.labels for other in self.after(hit, 2))
        return after or any(not self._own_act(other, hit) for other in before)

    def conditional(self, hit: Hit) -> bool:
        """Whether `hit` stands in the condition of an agreement: "if the seats are not shared, we agree"."""
        if "if" not in self.by_clause[hit.clause][0].labels:
            return False
        agreeing = (h for h in self.hits if h.clause != hit.clause and h.labels & {"accept", "agree"})
        return any(self.negations(other) == 0 for other in agreeing)

    @property
    def negated(self) -> int:
        """How many negations the sentence has, a bare "no" of its own clause left out."""
        alone = {clause for clause, label in self.whole.items() if label == "no"}
        return sum(hit.negates for hit in self.having("negation") if hit.clause not in alone)

    @property
    def courteous(self) -> bool:
        """Whether nothing but courtesy stands here; up to two unknown words pass as a name."""
        rest = [hit for hit in self.hits if not hit.labels & _POLITE and "yes" not in hit.labels]
        known = any(hit.labels & {"courtesy", "closing"} for hit in self.hits)
        signed = any("closing" in hit.labels for hit in self.hits)
        most = NAME_SIGNS if signed and all(_one_sign(hit) for hit in rest) else NAME_WORDS
        return not rest or (known and len(rest) <= most and not any(hit.labels for hit in rest))


def read_clauses(sentence: Sentence, language: Language) -> Clauses:
    """The phrases of `language` in `sentence`, longest first, left to right."""
    return _clauses(tuple(_hits(sentence, language)), language, sentence.asked)


def clauses_of(hits: Sequence[Hit], language: Language, *, asked: bool) -> Clauses:
    """Hits as one sentence; those left of a longer one are counted anew."""
    return _clauses(tuple(hit._replace(number=number) for number, hit in enumerate(hits)), language, asked)


def _clauses(hits: tuple[Hit, ...], language: Language, asked: bool) -> Clauses:
    by_clause: dict[int, list[Hit]] = {}
    for hit in hits:
        by_clause.setdefault(hit.clause, []).append(hit)
    labels = frozenset().union(*{hit.labels for hit in hits})
    whole = _whole(by_clause, language, wide=not _WIDER.isdisjoint(labels))
    return Clauses(hits, language, asked, by_clause, labels, whole)


def _whole(by_clause: Mapping[int, Sequence[Hit]], language: Language, *, wide: bool) -> dict[int, str]:
    """What each clause means as a whole; `wide` says that there is anything more to leave aside."""
    found = {}
    for clause, hits in by_clause.items():
        label = language.whole.get(_core(hits, _ALONE))
        wider = label or (language.whole.get(_core(hits, _BESIDE)) if wide else None)
        if label or wider == "accept_alone":
            found[clause] = wider or ""
    return found


def _hits(sentence: Sentence, language: Language) -> Iterator[Hit]:
    at = place = clause = number = 0
    words = sentence.words
    while at < len(words):
        if words[at] == BREAK:
            clause += 1
            at += 1
            continue
        match = language.book.longest(words, at)
        labels = match.labels if match else _UNKNOWN
        clause += "contrast" in labels
        length = match.length if match else 1
        yield Hit(labels, number, place, clause, words[at : at + length])
        number += 1
        at += length
        place += "skip" not in labels


_UNKNOWN: frozenset[str] = frozenset()


def _core(hits: Sequence[Hit], aside: frozenset[str]) -> tuple[str, ...]:
    """The words of a clause without the polite phrases at its ends; a long clause is no whole phrase."""
    first, last = 0, len(hits)
    while first < last - 1 and hits[first].labels & aside:
        first += 1
    while last - 1 > first and hits[last - 1].labels & aside:
        last -= 1
    return tuple([word for hit in hits[first : min(last, first + NEIGHBOURS)] for word in hit.words])


def _one_sign(hit: Hit) -> bool:
    return not hit.words[0].isascii() and len(hit.words[0]) == 1
