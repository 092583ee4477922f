"""One regular expression for many: where one of them may begin, a letter is tried once, not every word.

Pure. What words, or lines of a lexicon, begin with in common is written once (a trie), so that a text costs hardly
more when a lexicon grows. Words are matched longest first; of expressions it is only told whether one matches.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

_Trie = dict[str, "_Trie"]

_ATOM = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
_QUANTIFIER = re.compile(r"(?:[*+?]|\{\d*,?\d*\})[?+]?")


def any_of(words: Iterable[str]) -> str:
    """The source of an expression that matches the longest of `words` at a place; no word matches nothing."""
    return _joined(map(re.escape, word) for word in words)


def any_match(expressions: Iterable[str]) -> str:
    """The source of an expression that matches at a place if one of `expressions` does, though maybe another length."""
    return _joined(atoms for expression in expressions for atoms in _alternatives(expression))


def _joined(sequences: Iterable[Iterable[str]]) -> str:
    root: _Trie = {}
    for atoms in sequences:
        node = root
        for atom in atoms:
            node = node.setdefault(atom, {})
        node[""] = {}
    return _branches(root) if root else r"(?!)"


def _branches(node: _Trie) -> str:
    """What may follow at `node`; the end of a word comes last, so that a longer one is preferred."""
    further = [atom + _branches(after) for atom, after in node.items() if atom]
    if "" in node:
        further.append("")
    return further[0] if len(further) == 1 else f"(?:{'|'.join(further)})"


def _alternatives(expression: str) -> Iterator[Sequence[str]]:
    """The atoms of each alternative; a plain group that all of it begins with is opened."""
    branch: list[str] = []
    for atom in (*_atoms(expression), "|"):
        if atom != "|":
            branch.append(atom)
        elif branch and branch[0].startswith("(?:") and branch[0].endswith(")"):
            yield from ([*opened, *branch[1:]] for opened in _alternatives(branch[0][3:-1]))
            branch = []
        else:
            yield branch
            branch = []


def _atoms(expression: str) -> Iterator[str]:
    """A letter, class, escape or whole group of a regular expression, each with its quantifier."""
    depth, begun, place = 0, 0, 0
    while place < len(expression):
        atom = _ATOM.match(expression, place)
        assert atom is not None  # a dot matches anything
        depth += (atom.group() == "(") - (atom.group() == ")")
        place = atom.end()
        if depth == 0:
            quantifier = _QUANTIFIER.match(expression, place)
            place = quantifier.end() if quantifier else place
            yield expression[begun:place]
            begun = place
