"""Find the line by which a mail program introduces a quote: "On Monday, Ann <ann@…> wrote:", in any language.

Such a line is wrapped over up to four lines, may share its line with the answer above it, and may lack its verb.
Pure and total; bounded work per line, so a whole mail costs linear time.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from mailbot.inbound.htmltext import SIGNED
from mailbot.inbound.lexicon.load import lexicon
from mailbot.inbound.literals import any_of

WRAPPED = 3
"""An attribution is spread over at most so many lines besides its last."""

TORN = 6
LONGEST = 420

_DATE = re.compile(r"\d{1,4}[./-]\s?\d{1,2}[./-]\s?\d{1,4}|\b\d{1,2}[:.]\d{2}\b|\b(?:19|20)\d\d\b|\d年|\d월")
_ADDRESS = re.compile(r"[\w.+=-]{1,64}@[\w-]{1,63}\.[\w.-]{1,190}", re.ASCII)
_TAIL = " \t\xa0*_-\u200b\u202f\u200e\u200f"
_MIDDLE = re.compile(r"(?:^|(?<=[\s\-—]))(?:On|Am|Dne|Le|El|Il|Em|Op|Den|W dniu|Dnia)\s(?=[\w\s,.'’]{0,12}\d)")


@dataclass(frozen=True, slots=True)
class Attribution:
    """Lines `start` to `end` introduce a quote; `kept` is the writer's own text before it on the first line."""

    start: int
    end: int
    kept: str
    ours: bool


def attributions(lines: Sequence[str], own_addresses: Sequence[str]) -> Mapping[int, Attribution]:
    """Every attribution of a text by its first line."""
    found: dict[int, Attribution] = {}
    for end, line in enumerate(lines):
        if line[:1] == ">" and line[-1] != ":" and not line[-1].isspace():
            continue  # most lines of a reply are quoted, and no end of an attribution
        bare = line.strip()
        if not bare or len(line) > 2 * LONGEST or line.startswith(SIGNED):
            continue
        if bare[0] != ">":
            one = _ending_at(lines, end, _quoted_below(lines, end), own_addresses)
        else:
            one = _torn(lines, end, own_addresses) if bare[-1] == ":" else None
        if one is not None:
            found.setdefault(one.start, one)
    return found


def _ending_at(lines: Sequence[str], end: int, quoted: bool, own: Sequence[str]) -> Attribution | None:
    tail = lines[end].rstrip(_TAIL)
    colon = tail.endswith((":", "："))
    if not (colon or quoted or _verb_ends(tail)):
        return None
    above = _starts(lines, end)
    for start in above:
        text = " ".join(line.strip() for line in lines[start : end + 1])
        if len(text) <= LONGEST and _opens(text) and _introduces(text, colon, quoted):
            return Attribution(start, end, "", _mentions(text, own))
    alone = _on_one_line(lines[end], end, colon, quoted, own)
    if len(above) > 1 and not _complete(lines[end]):
        text = " ".join(line.strip() for line in lines[above[-1] : end + 1])
        if len(text) <= LONGEST and _complete(text) and (colon or quoted):
            return Attribution(above[-1], end, "", _mentions(text, own))
    return alone


def _torn(lines: Sequence[str], end: int, own: Sequence[str]) -> Attribution | None:
    """An attribution whose address was torn off onto lines of its own, so that it ends in "> wrote:" (Polymail)."""
    if len(lines[end]) > 30 or not _verb_ends(lines[end].rstrip(": \t")):
        return None
    for start in range(end - 1, max(-1, end - TORN - 1), -1):
        text = " ".join(line.strip() for line in lines[start : end + 1])
        if len(text) <= LONGEST and _opens(text) and _complete(text):
            return Attribution(start, end, "", _mentions(text, own))
    return None


def _complete(text: str) -> bool:
    """Whether the text has both a date and an address: enough without any known word."""
    return _DATE.search(text) is not None and _ADDRESS.search(text) is not None


def _on_one_line(line: str, end: int, colon: bool, quoted: bool, own: Sequence[str]) -> Attribution | None:
    """An attribution with the answer before it on its line, or one that starts with a name."""
    if len(line) > LONGEST:
        return None
    middle = _MIDDLE.search(line)
    if middle and _introduces(line[middle.start() :], colon, quoted):
        return Attribution(end, end, line[: middle.start()].rstrip(" -—\t"), _mentions(line, own))
    mentioned = _mentions(line, own)
    sure = _has_verb(line) and (
        _ADDRESS.search(line) or _DATE.search(line) or (quoted and (colon or _verb_ends(line.rstrip(_TAIL))))
    )
    if (colon or quoted) and (sure or mentioned or _complete(line)):
        return Attribution(end, end, "", mentioned)
    return None


def _starts(lines: Sequence[str], end: int) -> list[int]:
    """Lines at which the attribution that ends at `end` may begin, nearest first."""
    starts = [end]
    for start in range(end - 1, max(-1, end - WRAPPED - 1), -1):
        if not lines[start].strip() or lines[start].lstrip()[:1] == ">":
            break
        starts.append(start)
    return starts


def _introduces(text: str, colon: bool, quoted: bool) -> bool:
    dated = _DATE.search(text) is not None
    if _has_verb(text):
        return (dated or _ADDRESS.search(text) is not None) and (colon or quoted or _verb_ends(text.rstrip(_TAIL)))
    return dated and _ADDRESS.search(text) is not None and (colon or quoted)


def _opens(text: str) -> bool:
    """Whether `text` begins as attributions do: with a date, a weekday, or a word such as "On"."""
    head = text[:40].lstrip(_TAIL + "\"'«")
    if head[:1].isdigit():
        return _DATE.match(head) is not None or _DATE.search(head) is not None
    word = re.split(r"[\s,.]", head, maxsplit=1)[0].casefold()
    two = " ".join(head.casefold().split()[:2])
    return word in _words("starts") or two in _words("starts") or head[:1] in "於在"


def _has_verb(text: str) -> bool:
    return _verbs().search(text.casefold()) is not None


def _verb_ends(text: str) -> bool:
    tail = text[-40:].casefold()
    if not tail.endswith(_endings()) and not tail[:-1].endswith(_endings()):
        return False
    return any(found.end() >= len(tail) - 1 for found in _verbs().finditer(tail))


def _mentions(text: str, own: Sequence[str]) -> bool:
    lowered = text.casefold()
    return any(address and address.casefold() in lowered for address in own)


def _quoted_below(lines: Sequence[str], at: int) -> bool:
    """Whether the next line below `at` that is not blank is quoted; each gap is looked at once, from the line above."""
    for below in range(at + 1, len(lines)):
        if bare := lines[below].lstrip():
            return bare[0] == ">"
    return False


@cache
def _words(table: str) -> frozenset[str]:
    return frozenset(lexicon("quotes")[table])


@cache
def _endings() -> tuple[str, ...]:
    return tuple(_words("wrote"))


@cache
def _verbs() -> re.Pattern[str]:
    """Verbs of scripts without spaces need no word boundary."""
    verbs = _words("wrote")
    plain = any_of(verb for verb in verbs if verb[0] < "\u0250" or "\u0370" <= verb[0] < "\u0600")
    dense = any_of(verb for verb in verbs if verb[0] >= "\u0600")
    return re.compile(rf"(?<!\w){plain}(?!\w)|{dense}")
