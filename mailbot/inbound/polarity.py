"""Which way a sentence leans: each word of agreeing or refusing, weighed with the negations that bear on it.

Pure and total. Signs: `decline`, `optout`, `no` (a bare one), `accept`, `eased` (no objection), `yes` (a bare one),
`denied` (a refusal for which there is no reason), `undecided` (leans, but not clearly enough to act on).
"""

from collections.abc import Callable
from functools import lru_cache

from mailbot.inbound.clauses import Clauses, Hit

CLAUSE = 24
"""So many words around it are the clause of a word, however long the clause is."""

_REFUSING = frozenset({"refuse", "not_refuse", "halt", "not_halt", "optout", "object", "not_object", "decline"})


def polarity_signs(clauses: Clauses) -> frozenset[str]:
    """The leanings of one sentence, not yet weighed against each other."""
    signs = _whole_clauses(clauses)
    if not _WEIGHTY.isdisjoint(clauses.labels):
        weighed = ((_weigher(hit.labels), hit) for hit in clauses.hits if hit.labels)
        signs |= {sign for weigh, hit in weighed if weigh and (sign := _weighed(weigh, hit, clauses))}
    if not _LEANING.isdisjoint(signs) and _doubtful(clauses, signs):
        signs.add("undecided")
    return frozenset(signs)


def _weighed(weigh: "_Weigh", hit: Hit, clauses: Clauses) -> str:
    """What is done instead of says nothing."""
    return "" if clauses.set_aside(hit) else weigh(hit, clauses)


@lru_cache(maxsize=4096)
def _weigher(labels: frozenset[str]) -> "_Weigh | None":
    """The first weighty label decides; a phrase listed as neutral says nothing."""
    return None if "neutral" in labels else next((_WEIGHTS[label] for label in _WEIGHTS if label in labels), None)


def _refused(sign: str, hit: Hit, clauses: Clauses) -> str:
    """A refusal that is only thought about, asked about or itself denied does not act."""
    if clauses.groundless(hit) and clauses.negations(hit) <= 1:
        return "denied"
    unsettled = _unsettled(hit, clauses) or _howto(hit, clauses)
    return "undecided" if unsettled or clauses.negations(hit) else sign


def _refuse(hit: Hit, clauses: Clauses) -> str:
    return _refused("decline", hit, clauses)


def _optout(hit: Hit, clauses: Clauses) -> str:
    return _refused("optout", hit, clauses)


def _decline(hit: Hit, clauses: Clauses) -> str:
    if clauses.groundless(hit):
        return "denied" if clauses.negations(hit) <= 1 else "undecided"
    return "undecided" if _howto(hit, clauses) or clauses.conditional(hit) else "decline"


def _object(hit: Hit, clauses: Clauses) -> str:
    count = clauses.negations(hit)
    if count == 0:
        return "eased" if _taken_back(hit, clauses) else _refused("decline", hit, clauses)
    return "eased" if count == 1 else "undecided"


def _doubt(hit: Hit, clauses: Clauses) -> str:
    return "eased" if clauses.negations(hit) == 1 else "undecided"


def _agree(hit: Hit, clauses: Clauses) -> str:
    count = clauses.negations(hit)
    if count == 0:
        return "decline" if clauses.needless(hit) else ""
    return "undecided" if count > 1 or _unsettled(hit, clauses) or clauses.conditional(hit) else "decline"


def _accept(hit: Hit, clauses: Clauses) -> str:
    return _agree(hit, clauses) or "accept"


def _not_agree(hit: Hit, clauses: Clauses) -> str:
    return "undecided" if clauses.negations(hit, echoes=False) or _unsettled(hit, clauses) else "decline"


def _ease(hit: Hit, clauses: Clauses) -> str:
    return "undecided" if clauses.negations(hit, echoes=False) else "eased"


def _wish(hit: Hit, clauses: Clauses) -> str:
    """ "I do not want this" refuses; "I do not want to refuse" leaves it to the refusing word."""
    later = any(other.labels & _REFUSING for other in clauses.after(hit, CLAUSE))
    return "" if later or clauses.negations(hit) == 0 else _agree(hit, clauses)


def _not_wish(hit: Hit, clauses: Clauses) -> str:
    later = any(other.labels & _REFUSING for other in clauses.after(hit, CLAUSE))
    return "" if later else _not_agree(hit, clauses)


def _not_refuse(_hit: Hit, _clauses: Clauses) -> str:
    return "undecided"


_Weigh = Callable[[Hit, Clauses], str]

_WEIGHTS: dict[str, _Weigh] = {
    "decline": _decline,
    "optout": _optout,
    "not_accept": _not_agree,
    "not_agree": _not_agree,
    "not_refuse": _not_refuse,
    "not_halt": _not_refuse,
    "not_object": _ease,
    "refuse": _refuse,
    "halt": _optout,
    "object": _object,
    "ease": _ease,
    "accept": _accept,
    "doubt": _doubt,
    "agree": _agree,
    "not_wish": _not_wish,
    "wish": _wish,
}
_WEIGHTY = frozenset(_WEIGHTS)
_LEANING = frozenset({"accept", "eased", "yes"})
_EASING = frozenset({"object", "doubt", "reason"})
_HELD_BACK = frozenset({"hedge", "open", "contrast"})


_WHOLE = {"no": "no", "yes": "yes", "decline_alone": "optout", "accept_alone": "accept"}


def _whole_clauses(clauses: Clauses) -> set[str]:
    """What a word means only because it stands alone: "Stop.", "No, …", "Agreed."."""
    signs = {_WHOLE[label] for label in clauses.whole.values()}
    if clauses.hits and "lead_no" in clauses.hits[0].labels:
        signs.add("no")
    return signs


def _howto(hit: Hit, clauses: Clauses) -> bool:
    return any("howto" in other.labels for other in clauses.before(hit, 4))


def _unsettled(hit: Hit, clauses: Clauses) -> bool:
    """Whether the clause of `hit` leaves things open ("we are considering whether …")."""
    return _near(hit, clauses, "open")


def _taken_back(hit: Hit, clauses: Clauses) -> bool:
    """Whether the clause of an objection takes it back ("against it we have nothing")."""
    return _near(hit, clauses, "eases")


def _near(hit: Hit, clauses: Clauses, label: str) -> bool:
    around = (*clauses.before(hit, CLAUSE), *clauses.after(hit, CLAUSE))
    return label in hit.labels or any(label in other.labels for other in around)


def _doubtful(clauses: Clauses, signs: set[str]) -> bool:
    """Whether an agreement is hedged, reported, conditional, or has a negation that nothing accounts for."""
    if not _HELD_BACK.isdisjoint(clauses.labels) or _reported(clauses):
        return True
    if "no" in signs and "eased" not in signs:
        return True
    loose_no = sum("negation" not in hit.labels for hit in clauses.having("no"))
    loose_no -= sum(label == "no" for label in clauses.whole.values())
    negated = clauses.negated
    accounted = bool(signs & {"eased", "denied"})
    echoes = not accounted and "accept" in signs and "concord" in clauses.labels and not negated
    eased = sum(bool(hit.labels & _EASING) for hit in clauses.hits) if accounted else 0
    return loose_no > 0 or echoes or negated > eased


def _reported(clauses: Clauses) -> bool:
    """Whether the agreement hangs on a "that" which nothing announces: "I never said that we agree"."""
    for hit in clauses.hits:
        if hit.labels & _SETTLING:
            return False
        if "that" in hit.labels:
            return True
    return False


_SETTLING = frozenset({"announce", "accept", "object", "doubt", "ease", "agree", "reason"})
