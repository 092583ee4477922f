"""Does this subject or text sound like a machine answering for a person? Lexicon and weights are data (robots.toml).

Pure and total. A person's reply says something about the matter; an auto-reply says only that somebody is away or that
it is automatic. So signs of absence are weighed against what remains when they are taken out.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

from mailbot.inbound.lexicon.load import lexicon

TEXT_CAP = 4000
SURE = 2.5
_SPECIAL = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ß": "ss", "ı": "i", "’": "'", "‘": "'"})
_CLAUSE = re.compile(r"[.!?。！？\n;；,，、:：()]+(?:\s|$)|[。！？，、；：\n]")
_ANSWERED = re.compile(r"\s*(?:re|aw|sv|vs|odp|antw|回覆|回复|答复|答覆|va|ynt|atb|rif|res)\s*(?:\[\d{1,3}\])?\s*[:：]")
_WORD = re.compile(r"[^\W\d_]+")
_GROUP = re.compile(r"\([^()]*\)")
_QUANTIFIERS = ("?", "*", "+", "{")
_LEFT_MANY = 12
_LEFT_PENALTY = 1.5


@dataclass(frozen=True, slots=True)
class Robot:
    """How much a text sounds like a machine, by which kinds of phrases, and what a machine would not have said."""

    score: float
    signs: tuple[str, ...]
    remainder: str

    @property
    def sure(self) -> bool:
        return self.score >= SURE


def fold(text: str) -> str:
    """Lower case without diacritics, so that a lexicon line fits however hurried the writer was."""
    if text.isascii():
        return text.lower()
    bare = unicodedata.normalize("NFKD", text.casefold().translate(_SPECIAL))
    return unicodedata.normalize("NFKC", "".join(sign for sign in bare if not unicodedata.combining(sign)))


@cache
def _one_of(*path: str, anchored: bool = False) -> re.Pattern[str]:
    node: Any = lexicon("robots")
    for key in path:
        node = node[key]
    joined = "|".join(f"(?:{fold_pattern(expression)})" for expression in node)
    return re.compile(rf"\s*(?:\[[^\]]{{0,40}}\]\s*)?(?:{joined})" if anchored else joined)


def fold_pattern(expression: str) -> str:
    """A lexicon line in folded form; its own escapes (\\S, \\W, \\D) must keep their case."""
    return "".join(piece if piece.startswith("\\") else fold(piece) for piece in re.split(r"(\\.)", expression))


@cache
def _groups() -> tuple[tuple[str, float, re.Pattern[str]], ...]:
    weights = lexicon("robots")["weights"]
    # Tried at word starts only: that is most of the cost of a mail that no robot wrote.
    return tuple(
        (name, float(weight), re.compile(rf"(?<![a-z])(?:{_one_of('phrases', name).pattern})"))
        for name, weight in weights.items()
    )


@cache
def _any_group() -> re.Pattern[str]:
    """All phrases at once: most mails have none, and are gone through once instead of once a group.

    Those that begin with the same letter stand together, so that a word is tried against its own letter's only.
    """
    by_letter: dict[str, list[str]] = {}
    for name, _, _ in _groups():
        for phrase in lexicon("robots")["phrases"][name]:
            letter, rest = _first_letter(fold_pattern(phrase))
            by_letter.setdefault(letter, []).append(rest)
    joined = "|".join(f"{letter}(?:{'|'.join(rest)})" for letter, rest in by_letter.items())
    return re.compile(rf"(?<![a-z])(?:{joined})")


def _first_letter(expression: str) -> tuple[str, str]:
    """The letter every match of `expression` begins with, and the rest of it; no letter when it may begin otherwise."""
    outside = expression
    while (inner := _GROUP.sub("", outside)) != outside:
        outside = inner
    if expression[0].isalpha() and expression[1:2] not in _QUANTIFIERS and "|" not in outside:
        return expression[0], expression[1:]
    return "", f"(?:{expression})"


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
    left = sum(len(_WORD.findall(clause)) if clause.isascii() else len(clause) // 3 for clause in remainder)
    score = sum(found.values()) + (0.0 if left else 0.5) - (_LEFT_PENALTY if left > _LEFT_MANY else 0.0)
    return Robot(score, tuple(found), " ".join(remainder))


def tells_absence(text: str) -> bool:
    """True when an automatic text is about somebody being away, not a receipt or a ticket number."""
    return bool({"office", "absence", "back"} & set(robot_text(text).signs))


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
