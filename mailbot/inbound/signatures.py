"""Tell a signature, a mobile footer or a legal disclaimer from what the person wrote for this mail.

Only what is surely not message text is set apart; a plain "Regards, Ann" stays with the message. Pure, total, linear.
"""

import re
from collections.abc import Sequence
from functools import cache

from mailbot.inbound.claimlabels import field_of, split_field
from mailbot.inbound.letterform import closes
from mailbot.inbound.lexicon.load import lexicon
from mailbot.inbound.literals import any_of

LONGEST = 16
"""A signature has at most so many lines that are not blank."""

ROUNDS = 5
"""Footer, disclaimer, contacts and delimiter may stand on top of each other, but not more of them."""

_DELIMITER = re.compile(r"^(?:--|—|__|––)\s*$")
_PHONE = re.compile(r"(?:\+|\b0|\(|\btel|\bmob|\bphone|\bfax|☎|電話|手機)[\d\s().:/+-]{6,24}\d", re.IGNORECASE)
_LINK = re.compile(r"www\.|https?://|[\w.-]{1,64}@[\w-]{1,63}\.\w", re.IGNORECASE)
_MAY_REACH = re.compile(r"[\d@]|://|www", re.IGNORECASE)
_FOOTER_LENGTH = 110


def split_signature(lines: Sequence[str]) -> int:
    """The line at which the signature begins; `len(lines)` when there is none."""
    cut = len(lines)
    for _ in range(ROUNDS):
        end = _content_end(lines[:cut])
        if not end:
            break
        found = min(rule(lines, end) for rule in (_delimited, _footer, _disclaimed, _contact_block))
        if found == end:
            break
        cut = found
    return cut


def _content_end(lines: Sequence[str]) -> int:
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return end


def _delimited(lines: Sequence[str], end: int) -> int:
    """The first "-- " line under which a signature's worth of lines stands (RFC 3676 section 4.3)."""
    filled = 0
    cut = end
    for at in range(end - 1, -1, -1):
        filled += bool(lines[at].strip())
        if filled > LONGEST:
            break
        if _DELIMITER.match(lines[at]):
            cut = at
    return cut


def _footer(lines: Sequence[str], end: int) -> int:
    """The line "Sent from my iPhone" and its like, at the end or above a delimiter's remains."""
    if not _any_sent().search("\n".join(lines[max(0, end - 3) : end]).casefold()):
        return end
    for at in range(end - 1, max(-1, end - 4), -1):
        if mobile_footer(lines[at]):
            return at
    return end


def mobile_footer(line: str) -> bool:
    """Whether a program wrote this line to praise itself."""
    text = line.strip(" \t*_-<>[]()").casefold()
    text = text.partition("<http")[0].partition("(http")[0].partition("http")[0].strip()
    if not 0 < len(text) <= _FOOTER_LENGTH or len(text.split()) > 13 or not _any_sent().search(text):
        return False
    sent = next((word for word in _table("sent") if word in text), "")
    product = next((word for word in _table("product") if word in text), "")
    if not sent or not product:
        return False
    first, last = sorted((text.find(sent), text.find(product)))
    return first <= 20 and not any(sign in text[first:last] for sign in ",;!?") and text[-1] not in "?!"


def _disclaimed(lines: Sequence[str], end: int) -> int:
    """The first of the closing paragraphs that reads like a lawyer; the message itself is never all of it."""
    cut = end
    for start, stop in reversed(_paragraphs(lines[:end])):
        if start == 0 or not _legal(" ".join(lines[start:stop])):
            break
        cut = start
    return cut


def _paragraphs(lines: Sequence[str]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    start = -1
    for at, line in enumerate((*lines, "")):
        if line.strip() and start < 0:
            start = at
        elif not line.strip() and start >= 0:
            spans.append((start, at))
            start = -1
    return spans


def _legal(paragraph: str) -> bool:
    text = paragraph[:2000].casefold()
    if len(text) < 60 and "print" not in text:
        return False
    signs = sum(sign in text for sign in _table("disclaimer"))
    topic = any(sign in text for sign in _table("disclaimer_topic"))
    return signs >= 2 or (signs == 1 and topic and len(text) > 120) or (signs == 1 and "print" in text)


def _contact_block(lines: Sequence[str], end: int) -> int:
    """A closing paragraph of short lines with a phone number or a link, from its "Regards" on if it has one."""
    if not _MAY_REACH.search("\n".join(lines[max(0, end - LONGEST) : end])):
        return end
    spans = _paragraphs(lines[:end])
    if len(spans) < 2:
        return end
    start, stop = spans[-1]
    block = lines[start:stop]
    if not 2 <= len(block) <= LONGEST or any(len(line) > 90 for line in block):
        return _closing_above(lines, end)
    proofs = sum(bool(_PHONE.search(line)) for line in block) + any(_LINK.search(line) for line in block)
    if proofs == 0 or _form(block) or any(line.lstrip()[:2] in ("- ", "* ", "> ") or _numbered(line) for line in block):
        return _closing_above(lines, end)
    if len(spans) > 2 and closes(lines[spans[-2][0]]):
        return spans[-2][0]
    return start


def _closing_above(lines: Sequence[str], end: int) -> int:
    """A closing phrase within the last lines with more than a name under it."""
    first = max(1, end - LONGEST)
    if not any(map(_reachable, lines[first:end])):
        return end
    for at in range(first, end):
        below = [line for line in lines[at + 1 : end] if line.strip()]
        if len(below) > 1 and closes(lines[at]) and not _form(below) and any(map(_reachable, below)):
            return at if all(len(line) <= 90 for line in below) else end
    return end


def _reachable(line: str) -> bool:
    return _PHONE.search(line) is not None or _LINK.search(line) is not None


def _form(lines: Sequence[str]) -> bool:
    """Whether these are lines of a claim form, which has addresses and links as signatures have."""
    pairs = [split_field(line) for line in lines]
    return 2 * sum(pair is not None and field_of(pair[0]) is not None for pair in pairs) >= len(lines)


def _numbered(line: str) -> bool:
    return re.match(r"\s*\(?\d{1,2}[.)\]:]", line) is not None


@cache
def _any_sent() -> re.Pattern[str]:
    return re.compile(any_of(_table("sent")))


@cache
def _table(name: str) -> tuple[str, ...]:
    return tuple(lexicon("quotes")[name])
