"""Does this subject or text sound like a machine answering for a person? Lexicon and weights are data (robots.toml).

Pure and total. A person's reply says something about the matter; an auto-reply says only that somebody is away or that
it is automatic. So signs of absence are weighed against what remains when they are taken out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from mailbot.inbound.days import names_date
from mailbot.inbound.folding import fold, fold_pattern
from mailbot.inbound.lexicon.load import lexicon
from mailbot.inbound.literals import any_match

TEXT_CAP = 4000
SURE = 2.5
_CJK = "\u3040-\u9fff\uac00-\ud7af"
_CLAUSE = re.compile(
    rf"[.!?\n;,:()]+(?:\s|$)|[。、\n]|(?<=[{_CJK}])[,:;!?]|[,:;!?](?=[{_CJK}])"
    r"| (?:but|however|aber|mais|pero|maar|men|ale|jednak|azonban|но|але) "
)
_ANSWERED = re.compile(r"\s*(?:re|aw|sv|vs|odp|antw|回覆|回复|答复|答覆|va|ynt|atb|rif|res)\s*(?:\[\d{1,3}\])?\s*[:：]")
_WORD = re.compile(r"[^\W\d_]+")
_LEFT_SOME, _LEFT_MANY = 3, 12
_SOME_PENALTY, _LEFT_PENALTY = 0.5, 1.5
_NOTHING_LEFT = 0.5
_A_DATE = 5
"""So few words around a date say when somebody is back, in whatever language."""

_DATED = 1.5
_TELLING = frozenset(("automatic", "office", "absence", "urgent", "unread", "back"))


@dataclass(frozen=True, slots=True)
class Robot:
    """How much a text sounds like a machine, by which kinds of phrases, and what a machine would not have said.

    `person` is set where it speaks of the matter, of an absence that is over or another's, or asks something.
    """

    score: float
    signs: tuple[str, ...]
    remainder: str
    person: bool = False

    @property
    def sure(self) -> bool:
        """Whether words alone make a robot: a last day and thanks are not enough, and no person may speak."""
        told = "automatic" in self.signs or not (self.person or _TELLING.isdisjoint(self.signs))
        return told and self.score >= SURE


@cache
def _one_of(*path: str, anchored: bool = False) -> re.Pattern[str]:
    node: Any = lexicon("robots")
    for key in path:
        node = node[key]
    joined = any_match(map(fold_pattern, node))
    return re.compile(rf"\s*(?:\[[^\]]{{0,40}}\]\s*)?{joined}" if anchored else joined)


@cache
def _groups() -> tuple[tuple[str, float, re.Pattern[str]], ...]:
    weights = lexicon("robots")["weights"]
    # Tried at word starts only: that is most of the cost of a mail that no robot wrote.
    return tuple(
        (name, float(weight), re.compile(rf"(?<![a-z])(?:{_plainly(lexicon('robots')['phrases'][name])})"))
        for name, weight in weights.items()
    )


def _plainly(lines: Sequence[str]) -> str:
    """The lines one after the other, for the length of what is found depends on their order."""
    return "|".join(f"(?:{fold_pattern(line)})" for line in lines)


@cache
def _any_group() -> re.Pattern[str]:
    """All phrases at once: most mails have none, and are gone through once instead of once a group."""
    phrases = lexicon("robots")["phrases"]
    return re.compile(
        rf"(?<![a-z]){any_match(fold_pattern(line) for name, _, _ in _groups() for line in phrases[name])}"
    )


def robot_subject(subject: str) -> bool:
    """True for a subject with which a machine announces itself; never for an answer to such a mail."""
    folded = fold(subject[:300])
    if _ANSWERED.match(folded):
        return False
    return bool(_one_of("subjects", anchored=True).match(folded) or _one_of("subjects_anywhere").search(folded))


def subject_of_kind(kind: str, subject: str) -> bool:
    """True when a subject opens like a `calendar`, `receipts` or `challenge` mail."""
    return bool(_one_of(kind, "subjects", anchored=True).match(fold(subject[:300])))


def complaint_subject(subject: str) -> bool:
    """True when a provider passes on that somebody called our mail spam, without the fields of RFC 5965."""
    return bool(_one_of("complaints", "subjects", anchored=True).match(fold(subject[:300])))


def challenge_text(text: str) -> bool:
    """True for text that asks to prove that a person sent the mail."""
    return bool(_one_of("challenge", "bodies").search(fold(text[:TEXT_CAP])))


def robot_sender(address: str) -> bool:
    """True for local parts behind which nobody reads (noreply and its translations)."""
    return bool(_one_of("senders").search(fold(address.partition("@")[0])))


def robot_header(names: frozenset[str]) -> str:
    """The first header field that only answering machines write, or an empty string."""
    if names.isdisjoint(_fields()):
        return ""
    return str(next(name for name in lexicon("robots")["headers"] if name in names))


@cache
def _fields() -> frozenset[str]:
    return frozenset(lexicon("robots")["headers"])


def robot_text(text: str) -> Robot:
    """Weighs the newly written text of a mail."""
    folded = fold(text[:TEXT_CAP])
    if not _any_group().search(folded):
        return Robot(0.0, (), text)
    spans = {name: [match.span() for match in pattern.finditer(folded)] for name, _, pattern in _groups()}
    found = {name: weight for name, weight, _ in _groups() if spans[name]}
    remainder = _unexplained(folded, sorted(span for several in spans.values() for span in several))
    score = sum(found.values()) - _penalty(remainder)
    if not {"office", "absence"}.isdisjoint(found) and names_date(folded):
        score += _DATED
    return Robot(score, tuple(found), " ".join(remainder), person=bool(_person().search(folded)))


def _penalty(remainder: list[str]) -> float:
    """The more is said beside an absence, the less it is a machine's; nothing beside it speaks for one."""
    lengths = ((len(_WORD.findall(one)) if one.isascii() else len(one) // 3, one) for one in remainder)
    left = sum(length for length, clause in lengths if length > _A_DATE or not names_date(clause))
    if not left:
        return -_NOTHING_LEFT
    return _LEFT_PENALTY if left > _LEFT_MANY else _SOME_PENALTY if left > _LEFT_SOME else 0.0


@cache
def _person() -> re.Pattern[str]:
    """What only a person says; another's absence is theirs by a word for that other in the same clause."""
    away = "|".join(_one_of("phrases", name).pattern for name in ("office", "absence"))
    other = _one_of("persons", "others").pattern
    said = "|".join(_one_of("persons", name).pattern for name in ("over", "matter", "asking"))
    return re.compile(rf"(?<![a-z])(?:{said})|(?<![a-z])(?:{other})[^.!?,;\n]{{0,60}}?(?:{away})|\?")


def tells_absence(text: str) -> bool:
    """True when an automatic text is about somebody being away, not a receipt or a ticket number."""
    return bool({"office", "absence", "back", "until"} & set(robot_text(text).signs))


def _unexplained(folded: str, spans: list[tuple[int, int]]) -> list[str]:
    """The clauses that no phrase of absence touches and that are no mere courtesy."""
    left: list[str] = []
    start = 0
    waiting = iter([*spans, (len(folded) + 1, len(folded) + 1)])
    begin, end = next(waiting)
    for stop in (*(match.start() for match in _CLAUSE.finditer(folded)), len(folded)):
        while end <= start and begin <= len(folded):
            begin, end = next(waiting)
        clause = folded[start:stop].strip(" \n.,;:!?()")
        if begin >= stop and _WORD.search(clause) and not _one_of("phrases", "courtesy").search(clause):
            left.append(clause)
        start = stop
    return left
