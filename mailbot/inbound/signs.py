"""Every sign one sentence gives about what its writer wants; what they add up to is decided in intent.

Pure, total, linear. Signs: those of polarity, and `question`, `wrong_person`, `data_request`, `courtesy`, `receipt`,
`reserved` (a "but" or an "if"), `stray` (a refusal of some language where the sentence's language knows no such word)
and `other` (something we cannot place).
"""

from collections.abc import Iterator, Sequence

from mailbot.inbound.clauses import Clauses, Hit, clauses_of
from mailbot.inbound.languages import bare_refusals
from mailbot.inbound.polarity import polarity_signs

_ACTS = frozenset({"wrong_person", "data_request"})
_SLIGHT = frozenset({"receipt", "stray"})


def sentence_signs(clauses: Clauses) -> frozenset[str]:
    """Every sign one sentence gives; `other` when it says something we cannot place."""
    signs = set(polarity_signs(clauses)) | _strays(clauses)
    signs |= clauses.labels & _ACTS
    if _asks(clauses):
        signs = _asked(clauses, signs) | {"question"}
    if "contrast" in clauses.labels or (clauses.hits and "hedge" in clauses.hits[0].labels):
        signs.add("reserved")
    if "receipt" in clauses.labels:
        signs.add("receipt")
    if signs <= _SLIGHT:
        return frozenset(signs | ({"courtesy"} if clauses.courteous else {"other"}))
    return frozenset(signs)


def _asks(clauses: Clauses) -> bool:
    starts = bool(clauses.hits) and bool(clauses.hits[0].labels & {"wh", "howto"})
    return clauses.asked or starts or "question" in clauses.labels


def _asked(clauses: Clauses, signs: set[str]) -> set[str]:
    """What a sentence that asks may still decide: "could you remove us?" does, "should I decline?" does not."""
    first = clauses.hits[0].labels if clauses.hits else frozenset()
    kept = signs & _ACTS
    if not clauses.asked:
        decided = signs & {"decline", "optout", "no"}
        return kept | (_beside(clauses, 0) if first & {"wh", "howto"} else decided)
    if "request" in clauses.labels and "info" not in clauses.labels:
        return kept | (signs & {"decline", "optout"})
    return kept if first & {"ask", "wh", "hedge"} else kept | _beside(clauses, clauses.hits[-1].clause)


def _beside(clauses: Clauses, asking: int) -> set[str]:
    """What is decided in the clauses beside the asking one: "we decline, who are you?"."""
    others = [hit for hit in clauses.hits if hit.clause != asking]
    rest = clauses_of(others, clauses.language, asked=False)
    if any({"wh", "hedge", "howto", "question"} & hit.labels for hit in rest.hits):
        return set()
    return set(polarity_signs(rest) & {"decline", "optout", "no"})


def _strays(clauses: Clauses) -> set[str]:
    """Bare refusals among the words this language does not know: `no` when one is a clause by itself, else `stray`."""
    signs = set()
    for hits in clauses.by_clause.values():
        for run in _unknown_runs(hits):
            if any(bare_refusals().longest(run, at) for at in range(len(run))):
                whole = len(run) == sum(len(hit.words) for hit in hits if not hit.labels & _BESIDE)
                signs.add("no" if whole and bare_refusals().covers(run) else "stray")
    return signs


_BESIDE = frozenset({"courtesy", "greeting", "closing", "skip", "request"})


def _unknown_runs(hits: Sequence[Hit]) -> Iterator[tuple[str, ...]]:
    run: list[str] = []
    for hit in hits:
        if hit.labels:
            if run:
                yield tuple(run)
            run = []
        else:
            run += hit.words
    if run:
        yield tuple(run)
