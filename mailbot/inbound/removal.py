"""Whether a partner's words confirm that products are to go, which the reviewer asked about (domain §4.1).

Pure and total. Only what cannot be misread counts: the question names the products, the answer says yes or "remove" and
nothing that could mean anything else. All other answers stay words for the reviewer.
"""

from collections.abc import Iterable, Sequence
from functools import cache

from mailbot.claims.catalogue import Catalogue
from mailbot.claims.model import Product
from mailbot.inbound.lexicon.load import lexicon
from mailbot.inbound.words import words_of


def confirmed_removals(
    asked: str, answer: str, claimed: Sequence[Product], catalogue: Catalogue
) -> tuple[Product, ...]:
    """The claimed products that the question names and the answer gives up; none where there is any doubt."""
    spellings = _spellings(claimed, catalogue)
    wanted, _ = _named(asked, spellings)
    said, rest = _named(answer, spellings)
    clear = wanted and (not said or said == wanted) and _confirms(rest)
    gone = tuple(product for product in claimed if product.code in wanted)
    return gone if clear and len(gone) < len(claimed) else ()


def _confirms(words: Iterable[str]) -> bool:
    """Whether the words say yes or remove, and nothing else."""
    said = set(words)
    return bool(said & _words("yes", "remove")) and said <= _words("yes", "remove", "around")


@cache
def _words(*groups: str) -> frozenset[str]:
    table = lexicon("removal")
    return frozenset(word for group in groups for entry in table[group] for word in words_of(entry))


def _spellings(claimed: Sequence[Product], catalogue: Catalogue) -> list[tuple[tuple[str, ...], str]]:
    """The words of every name of the claimed products, the longest first: Teams Phone is not Teams."""
    found = []
    for product in claimed:
        entry = catalogue.products.get(product.code)
        names = (entry.code.replace("_", " "), entry.name, *entry.synonyms) if entry else (product.code,)
        found += [(words_of(name), product.code) for name in names]
    return sorted({pair for pair in found if pair[0]}, key=lambda pair: (-len(pair[0]), pair))


def _named(text: str, spellings: Sequence[tuple[tuple[str, ...], str]]) -> tuple[frozenset[str], list[str]]:
    """The codes of the products that a text names, and its other words."""
    words, codes, rest = words_of(text.replace("_", " ")), set(), []
    at = 0
    while at < len(words):
        hit = next(((name, code) for name, code in spellings if words[at : at + len(name)] == name), None)
        if hit is None:
            rest.append(words[at])
            at += 1
        else:
            codes.add(hit[1])
            at += len(hit[0])
    return frozenset(codes), rest
