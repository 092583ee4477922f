"""What a person's words mean for a claim: decline, accept, question, wrong person, data request, unclear or none.

The promise is asymmetric, because the acts are (domain §4.2): a decline is taken on a weak sign, an acceptance only on
a clear one, mere courtesy is nothing, and whatever is neither reaches a person as `unclear`. Pure, total, linear.
"""

from dataclasses import dataclass

from mailbot.inbound.clauses import Clauses, read_clauses
from mailbot.inbound.languages import Candidate, Language, likely, normal_code
from mailbot.inbound.letterform import letter_body
from mailbot.inbound.signatures import mobile_footer
from mailbot.inbound.signs import sentence_signs
from mailbot.inbound.typos import MOST_WORDS, corrected
from mailbot.inbound.words import Sentence, fold, sentences

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
    body = letter_body(_without_footer(text[:EXAMINED]))
    parts = sentences(body)
    candidates = likely(tuple(word for part in parts for word in part.words), hint)
    language, reading = _best(parts, body, candidates)
    if (reading.silent or reading.agrees) and sum(len(part.words) for part in parts) <= MOST_WORDS:
        language, reading = _mended(parts, body, candidates, (language, reading))
    if reading.meaning == "accept" and len(text) > EXAMINED:
        reading = _Reading("unclear", reading.evidence)
    return Intent(reading.meaning, _tag(language.code), reading.evidence)


def _without_footer(text: str) -> str:
    """`text` without a last line by which a program names itself; quoting has cut longer ones."""
    head, _, last = text.rstrip().rpartition("\n")
    return head if head.strip() and mobile_footer(last) else text


def _mended(
    parts: tuple[Sentence, ...], body: str, candidates: tuple[Candidate, ...], read: tuple[Language, _Reading]
) -> tuple[Language, _Reading]:
    """The reading with slips of the fingers put right; an agreement beside what may be a refusal is no clear one."""
    known = tuple(candidate.language for candidate in candidates)
    mended = tuple(corrected(part, known) for part in parts)
    if mended == parts:
        return read
    language, reading = _best(mended, body, candidates)
    if read[1].agrees:
        return read if reading.meaning == read[1].meaning else (language, _Reading("unclear", reading.evidence))
    return language, reading


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
        "question": 1.01,
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
        written = body[part.start : part.end]
        if signs == {"other"} and found and part is parts[-1] and _name(written):
            continue
        if "courtesy" in signs and not _names_only(clauses, written):
            signs = signs - {"courtesy"} | {"other"}
        if "no" in signs and ("accept" in found or "eased" in found):
            signs |= {"undecided"}
        said = " ".join(written.split())
        for sign in signs:
            found.setdefault(sign, said)
        loose += len(part.words) if signs == {"other"} else 0
    meaning = _meaning(frozenset(found), loose)
    evidence = next((found[sign] for sign in _EVIDENCE[meaning] if sign in found), "")
    agrees = meaning != "decline" and bool({"accept", "eased", "yes"} & found.keys())
    return _Reading(meaning, evidence, agrees, silent=bool(found) and not found.keys() - _WEIGHTLESS)


def _name(text: str) -> bool:
    """Whether a last short line is just the writer's name."""
    words = text.split()
    return 0 < len(words) <= 2 and all(word[0].isupper() and word[1:].islower() and word.isalpha() for word in words)


def _names_only(clauses: Clauses, written: str) -> bool:
    """Whether the words of a courteous sentence that no lexicon knows are written as names are."""
    unknown = {word for hit in clauses.hits if not hit.labels for word in hit.words}
    if not unknown:
        return True
    plain = (raw.strip(".,!;:()") for raw in written.split())
    return not any(raw[:1].islower() and fold(raw) in unknown for raw in plain)


_WEIGHTLESS = frozenset({"other", "courtesy", "receipt", "reserved", "stray"})

_EVIDENCE = {
    "decline": ("decline", "optout", "no"),
    "wrong_person": ("wrong_person",),
    "data_request": ("data_request",),
    "question": ("question",),
    "accept": ("accept", "eased", "yes"),
    "none": ("courtesy", "receipt"),
    "unclear": ("undecided", "denied", "reserved", "stray", "other", "accept", "eased", "yes", "no"),
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
    if signs & {"undecided", "denied", "reserved", "stray", "other"}:
        return "unclear"
    return "none"


def _plain_no(signs: frozenset[str]) -> str:
    """A bare no decides, unless the same mail goes on to agree: then "no, no objection" agrees, the rest is unclear."""
    if "eased" in signs and not signs & {"undecided", "reserved", "question"}:
        return "accept"
    return "unclear" if signs & {"accept", "eased"} else "decline"


def _yes(signs: frozenset[str], loose: int) -> str:
    if signs & {"undecided", "reserved", "stray"} or loose > LOOSE_WORDS:
        return "unclear"
    if not signs & {"accept", "eased"}:
        return "none" if "receipt" in signs else ("unclear" if "other" in signs else "accept")
    return "accept"


def _tag(code: str) -> str:
    return {"zh_tw": "zh-TW"}.get(normal_code(code), code)
