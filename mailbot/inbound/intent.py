"""What a person's words mean for a claim: decline, accept, question, wrong person, data request, unclear or none.

The promise is asymmetric, because the acts are (domain §4.2): a decline is taken on a weak sign, an acceptance only on
a clear one, mere courtesy is nothing, and whatever is neither reaches a person as `unclear`. Pure, total, linear.
"""

from dataclasses import dataclass

from mailbot.inbound.clauses import Clauses, clauses_of, read_clauses
from mailbot.inbound.languages import Candidate, Language, likely, normal_code
from mailbot.inbound.letterform import letter_body
from mailbot.inbound.polarity import polarity_signs
from mailbot.inbound.typos import MOST_WORDS, corrected
from mailbot.inbound.words import Sentence, sentences

EXAMINED = 16 * 1024
"""So many characters of what a person wrote are read for meaning; a longer text is never a clear acceptance."""

RIVAL = 0.7
"""A second language is a rival when at least this share of what speaks for the first speaks for it."""

LOOSE_WORDS = 40
"""An acceptance that stands among more other words than these is not a clear one."""

MEANINGS = ("decline", "accept", "unclear", "question", "wrong_person", "data_request", "none")


@dataclass(frozen=True, slots=True)
class Intent:
    """One meaning, the language it was read in (BCP 47), and the words that carried it."""

    meaning: str
    language: str
    evidence: str


@dataclass(frozen=True, slots=True)
class _Reading:
    meaning: str
    evidence: str
    agrees: bool = False
    silent: bool = False


def read_intent(text: str, *, hint: str = "") -> Intent:
    """The meaning of the new words of one mail; `hint` is the language tag we last wrote to that person in."""
    body = letter_body(text[:EXAMINED])
    parts = sentences(body)
    candidates = likely(tuple(word for part in parts for word in part.words), hint)
    language, reading = _best(parts, body, candidates)
    if reading.silent and sum(len(part.words) for part in parts) <= MOST_WORDS:
        known = tuple(candidate.language for candidate in candidates)
        mended = tuple(corrected(part, known) for part in parts)
        if mended != parts:
            language, reading = _best(mended, body, candidates)
    if reading.meaning == "accept" and len(text) > EXAMINED:
        reading = _Reading("unclear", reading.evidence)
    return Intent(reading.meaning, _tag(language.code), reading.evidence)


def _best(parts: tuple[Sentence, ...], body: str, candidates: tuple[Candidate, ...]) -> tuple[Language, _Reading]:
    """The reading in the likeliest language; another language is heard where that one hears nothing definite.

    Languages that are about as likely and contradict each other over agreeing and refusing make it unclear.
    """
    readings = [(one.language, _read(parts, body, one.language), one.score) for one in candidates]
    language, reading, score = _spokesman(readings)
    rivals = [other for _, other, weight in readings if weight >= RIVAL * score]
    if any(_contradict(reading, rival) or _contradict(rival, reading) for rival in rivals):
        return language, _Reading("unclear", reading.evidence)
    return language, reading


def _spokesman(readings: list[tuple[Language, _Reading, float]]) -> tuple[Language, _Reading, float]:
    first = readings[0]
    if not first[1].silent:
        return first
    return next((one for one in readings[1:] if _heard(one[1].meaning, one[2], first[2])), first)


def _contradict(one: _Reading, other: _Reading) -> bool:
    return one.agrees and other.meaning == "decline"


def _heard(meaning: str, score: float, first: float) -> bool:
    """Whether a further language may speak where the first is silent: to refuse always, to agree if it is likelier."""
    share = {
        "decline": 0.0,
        "question": RIVAL,
        "wrong_person": RIVAL,
        "data_request": RIVAL,
        "accept": 1.0,
        "none": 1.0,
    }
    return meaning in share and score >= share[meaning] * first


def _read(parts: tuple[Sentence, ...], body: str, language: Language) -> _Reading:
    found: dict[str, str] = {}
    loose = 0
    for part in parts:
        clauses = read_clauses(part, language)
        signs = sentence_signs(clauses)
        if signs == {"other"} and "courtesy" in found and part is parts[-1] and _name(body[part.start : part.end]):
            continue
        evidence = " ".join(body[part.start : part.end].split())
        for sign in signs:
            found.setdefault(sign, evidence)
        loose += len(part.words) if signs == {"other"} else 0
    meaning = _meaning(frozenset(found), loose)
    evidence = next((found[sign] for sign in _EVIDENCE[meaning] if sign in found), "")
    agrees = meaning != "decline" and bool({"accept", "eased"} & found.keys())
    return _Reading(meaning, evidence, agrees, silent=bool(found) and not found.keys() - _WEIGHTLESS)


def _name(text: str) -> bool:
    """Whether a last short sentence is just the writer's name."""
    words = text.strip(" .\n").split()
    return 0 < len(words) <= 2 and all(word[0].isupper() and word[1:].islower() for word in words)


def sentence_signs(clauses: Clauses) -> frozenset[str]:
    """Every sign one sentence gives; `other` when it says something we cannot place."""
    signs = set(polarity_signs(clauses))
    signs |= {label for label in ("wrong_person", "data_request") if clauses.having(label)}
    if _asks(clauses):
        signs = _asked(clauses, signs) | {"question"}
    if clauses.having("contrast") or (clauses.hits and "hedge" in clauses.hits[0].labels):
        signs.add("reserved")
    if clauses.having("receipt"):
        signs.add("receipt")
    if not signs - {"receipt"}:
        return frozenset(signs | ({"courtesy"} if clauses.courteous else {"other"}))
    return frozenset(signs)


def _asks(clauses: Clauses) -> bool:
    starts = bool(clauses.hits) and bool(clauses.hits[0].labels & {"wh", "howto"})
    return clauses.asked or starts or bool(clauses.having("question"))


def _asked(clauses: Clauses, signs: set[str]) -> set[str]:
    """What a sentence that asks may still decide: "could you remove us?" does, "should I decline?" does not."""
    first = clauses.hits[0].labels if clauses.hits else frozenset()
    kept = signs & {"wrong_person", "data_request"}
    if not clauses.asked:
        decided = signs & {"decline", "optout", "no"}
        return kept | (_beside(clauses, 0) if first & {"wh", "howto"} else decided)
    if clauses.having("request") and not clauses.having("info"):
        return kept | (signs & {"decline", "optout"})
    return kept if first & {"ask", "wh", "hedge"} else kept | _beside(clauses, clauses.hits[-1].clause)


def _beside(clauses: Clauses, asking: int) -> set[str]:
    """What is decided in the clauses beside the asking one: "we decline, who are you?"."""
    others = [hit for hit in clauses.hits if hit.clause != asking]
    rest = clauses_of(others, clauses.language, asked=False)
    if any({"wh", "hedge", "howto", "question"} & hit.labels for hit in rest.hits):
        return set()
    return set(polarity_signs(rest) & {"decline", "optout", "no"})


_WEIGHTLESS = frozenset({"other", "courtesy", "receipt", "reserved"})

_EVIDENCE = {
    "decline": ("decline", "optout", "no"),
    "wrong_person": ("wrong_person",),
    "data_request": ("data_request",),
    "question": ("question",),
    "accept": ("accept", "eased", "yes"),
    "none": ("courtesy", "receipt"),
    "unclear": ("undecided", "reserved", "other", "accept", "eased", "yes", "no"),
}


def _meaning(signs: frozenset[str], loose: int) -> str:
    """One meaning out of all signs; the order is the policy: refusing beats everything, doubt beats agreeing."""
    if "decline" in signs:
        return "decline"
    for act in ("wrong_person", "data_request"):
        if act in signs:
            return act
    if "optout" in signs:
        return "decline"
    if "no" in signs:
        return _plain_no(signs)
    if "question" in signs:
        return "question"
    if signs & {"accept", "eased", "yes"}:
        return _yes(signs, loose)
    if signs & {"undecided", "reserved", "other"}:
        return "unclear"
    return "none"


def _plain_no(signs: frozenset[str]) -> str:
    """A bare no decides, unless the same mail goes on to agree: then "no, no objection" agrees, the rest is unclear."""
    if "eased" in signs and not signs & {"undecided", "reserved", "question"}:
        return "accept"
    return "unclear" if signs & {"accept", "eased"} else "decline"


def _yes(signs: frozenset[str], loose: int) -> str:
    if signs & {"undecided", "reserved"} or loose > LOOSE_WORDS:
        return "unclear"
    if not signs & {"accept", "eased"}:
        return "none" if "receipt" in signs else ("unclear" if "other" in signs else "accept")
    return "accept"


def _tag(code: str) -> str:
    return {"zh_tw": "zh-TW"}.get(normal_code(code), code)
