"""A book of phrases in which the longest one that starts at a word is found, each with its labels.

Built once from lexicon data; `stem*` stands for every word that starts so. Lookup is pure, never raises, and costs a
few dictionary reads a word however large the book is.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import NamedTuple

from mailbot.inbound.words import words_of


@dataclass(slots=True)
class _Node:
    exact: dict[str, "_Node"] = field(default_factory=dict)
    stems: dict[str, "_Node"] = field(default_factory=dict)
    lengths: tuple[int, ...] = ()
    labels: frozenset[str] = frozenset()


_Step = tuple[_Node, int]
_Start = tuple["Match | None", list[_Step]]


class Match(NamedTuple):
    """A phrase of the book found in a text: how many words it covers and what it stands for."""

    length: int
    labels: frozenset[str]


class PhraseBook:
    """Phrases with labels; the same phrase may carry several."""

    __slots__ = ("_root", "_singles", "_starts")

    def __init__(self, entries: Iterable[tuple[str, str]]) -> None:
        self._root = _Node()
        self._singles: dict[tuple[str, bool], set[str]] = {}
        for phrase, label in entries:
            self._add(phrase, label)
        _measure(self._root)
        # People use the same few words: where a word leads from the root is remembered.
        self._starts: Callable[[str], _Start] = lru_cache(maxsize=4096)(partial(_start, self._root))

    def _add(self, phrase: str, label: str) -> None:
        node = self._root
        parts = [(word, part.endswith("*")) for part in phrase.split() for word in _folded(part)]
        for word, stem in parts:
            node = (node.stems if stem else node.exact).setdefault(word, _Node())
        node.labels |= {label}
        if len(parts) == 1:
            self._singles.setdefault(parts[0], set()).add(label)

    def longest(self, words: Sequence[str], at: int) -> Match | None:
        """The longest phrase that starts at word `at` (of equally long ones the most exact), or None."""
        if at >= len(words):
            return None
        alone, longer = self._starts(words[at])
        if not longer or at + 1 == len(words):
            return alone
        return _longest(longer, words, at) or alone

    def covers(self, words: Sequence[str]) -> bool:
        """Whether all of `words` is one phrase."""
        match = self.longest(words, 0)
        return match is not None and match.length == len(words)

    @property
    def singles(self) -> frozenset[str]:
        """Words that are a phrase by themselves."""
        return frozenset(word for word, stem in self._singles if not stem)

    @property
    def stems(self) -> frozenset[str]:
        """Beginnings of words that are a phrase by themselves."""
        return frozenset(word for word, stem in self._singles if stem)

    def singles_with(self, labels: Iterable[str]) -> tuple[tuple[str, bool], ...]:
        """(word, whether it is a stem) of every phrase of one word that carries one of `labels`."""
        wanted = set(labels)
        return tuple(single for single, found in self._singles.items() if found & wanted)


def _folded(part: str) -> list[str]:
    return list(words_of(part.rstrip("*")))


def _measure(node: _Node) -> None:
    stack = [node]
    while stack:
        one = stack.pop()
        one.lengths = tuple(sorted({len(stem) for stem in one.stems}))
        stack.extend((*one.exact.values(), *one.stems.values()))


def _start(root: _Node, word: str) -> _Start:
    """The phrase that `word` is by itself, and the nodes from which longer ones go on."""
    steps = _next(root, word)
    most = max((signs for node, signs in steps if node.labels), default=0)
    labels = frozenset().union(*(node.labels for node, signs in steps if signs == most))
    return Match(1, labels) if labels else None, [step for step in steps if step[0].exact or step[0].stems]


def _longest(starts: list[_Step], words: Sequence[str], at: int) -> Match | None:
    """The longest phrase of at least two words along `starts`, which are the nodes of word `at`."""
    best = (0, 0)
    labels: frozenset[str] = frozenset()
    trail = [(node, at + 1, signs) for node, signs in starts]
    while trail:
        node, place, exact = trail.pop()
        for following, signs in _next(node, words[place]):
            reached = (place + 1 - at, exact + signs)
            if following.labels and reached >= best:
                labels = labels | following.labels if reached == best else following.labels
                best = reached
            if place + 1 < len(words):
                trail.append((following, place + 1, exact + signs))
    return Match(best[0], labels) if best[0] else None


def _next(node: _Node, word: str) -> list[_Step]:
    """The nodes that `word` leads to, each with how many letters of it are accounted for."""
    exact = node.exact.get(word)
    steps = [] if exact is None else [(exact, len(word) + 1)]
    for length in node.lengths:
        if length > len(word):
            break
        stem = node.stems.get(word[:length])
        if stem is not None:
            steps.append((stem, length))
    return steps
