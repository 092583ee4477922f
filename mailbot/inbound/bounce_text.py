"""Failure reports in plain words: which addresses failed, and which words belong to each.

For servers that do not speak RFC 3464. Pure, linear and total; what a report sounds like is data
(lexicon/bounces.toml).
"""

import re
from dataclasses import dataclass
from functools import cache

from mailbot.addresses import canonical
from mailbot.inbound.folding import fold, fold_pattern
from mailbot.inbound.lexicon.load import lexicon
from mailbot.inbound.mailboxes import find_addresses

TEXT_CAP = 24 * 1024
_ROLE = re.compile(
    r"^(?:mailer-daemon|post-?master|abuse|support|help(?:desk)?|admin|(?:web|host)master|info-?desk"
    r"|hilfe|aide|ayuda|assistenza|soporte|suporte|napoveda|podpora|pomoc|kefu|ugyfelszolgalat|no-?reply)@"
)
_HEAD = re.compile(r"^[\s*>\-–•\"'<\[(|#]*(?:smtp:|rfc822;\s*)?<?\"?([^\s<>\"';:,\[\]()]+@[^\s<>\"';:,\[\]()]+)")
_ADDRESS = r"([^\s<>\"';:,\[\]()]+@[^\s<>\"';:,\[\]()]+)"
_SPOKEN = re.compile(
    r"(?:rcpt to ?: ?<?|recipient(?:s|\(s\))?(?: address)? ?: ?<?(?:\[?smtp:)?|address ?: ?<"
    r"|error-for: *|dda:smtp=|\[smtp:|t=\["
    r"|\b(?:deliver(?:ed|y)?|send|sent|addressed|undeliverable|message|mail) (?:message |mail )?to ?:? ?['\"<]?"
    r"|\b(?:address|recipient|userid|full|for|user|mailbox|account|compte|konto) ?:? ['\"<]?"
    r"|\b(?:address|user|full) ?: ?<?)" + _ADDRESS,
    re.IGNORECASE,
)
_TRANSCRIPT = re.compile(r"^\s*[45]\d\d(?: [45]\.\d{1,3}\.\d{1,3})? <?" + _ADDRESS + r">?\.\.\.")
_GENERATED = re.compile(r"\((?:generated|expanded) from:? <?([^\s<>()]+@[^\s<>()]+)>?\)", re.IGNORECASE)
_REPLY_LINE = re.compile(r"^\s*(?:<<<|>>>|\d{3}[ -]|\(reason:|\.\.\. while talking)")
_BRACKETED = re.compile(r"(?:to|for|recipient|address): ?<[^\s<>@]{1,64}@[^\s<>@]{1,255}>", re.IGNORECASE)
_CODES = re.compile(r"(?<![\d.])(?:[45]\d\d[ -]|[45]\.\d{1,3}\.\d{1,3}(?![.\d]))")
_LABELLED = re.compile(r"\s*[*>\-•]?\s*([^:@<>\"]{1,40}?)\s*:\s*[\"'<\[]*(?:smtp:|rfc822;\s*)?" + _ADDRESS)
# Signs of CJK text that stand where Western ones are expected.
_WIDE = str.maketrans("：，；（）＜＞［］「」『』【】、。", ':,;()<>[]""""[],.')
_BLOCK = 40


@dataclass(frozen=True, slots=True)
class Failure:
    """One address and the words that the report has for it."""

    address: str
    diagnostic: str
    original: str = ""


@cache
def pattern(key: str) -> re.Pattern[str]:
    """All expressions of one list of the lexicon as one, for folded text."""
    return re.compile("|".join(f"(?:{fold_pattern(expression)})" for expression in lexicon("bounces")[key]))


def own_words(text: str) -> str:
    """The report without the returned mail behind it."""
    kept: list[str] = []
    for line in text[:TEXT_CAP].translate(_WIDE).split("\n"):
        stripped = fold(line.strip())
        if kept and stripped and pattern("separators").match(stripped):
            break
        if len(kept) > 3 and stripped.startswith(("received:", "return-path:")):
            break
        kept.append(line)
    return "\n".join(kept)


def technical(words: str, text: str) -> bool:
    """True when a text has what machines write: a reply or status code, or an address that stands first on a line."""
    if _CODES.search(words):
        return True
    return any(_HEAD.match(line) or _BRACKETED.search(line) for line in own_words(text).split("\n"))


def failures_in(text: str, strangers: frozenset[str]) -> tuple[Failure, ...]:
    """The failed addresses of a report; `strangers` cannot be recipients: its own sender, we, all of our @domain."""
    lines = text.split("\n")
    found: dict[str, tuple[int, int, str]] = {}
    for number, line in enumerate(lines):
        strength, address = _recipient_in(line)
        key = canonical(address)
        stranger = key in strangers or key[key.rfind("@") :] in strangers or _ROLE.match(key)
        if address and not stranger and found.get(key, (0,))[0] < strength:
            found[key] = (strength, number, found[key][2] if key in found else address)
    best = max((strength for strength, _, _ in found.values()), default=0)
    chosen = [entry for entry in found.values() if entry[0] == best]
    starts = sorted(number for _, number, _ in chosen)
    return tuple(_failure(lines, number, address, starts) for _, number, address in sorted(chosen, key=lambda e: e[1]))


def _recipient_in(line: str) -> tuple[int, str]:
    """How surely a line names a failed recipient (3 it stands first, 2 it is spoken of, 1 it is there), and which."""
    if "@" not in line:
        return 0, ""
    label, labelled = _labelled(line)
    if label == "sender" or pattern("not_recipients").search(fold(line.strip())):
        return 0, ""
    if label == "recipient":
        return 2, labelled
    head = _HEAD.match(line)
    if head and not _REPLY_LINE.match(line):
        return 3, _clean(head.group(1))
    spoken = _TRANSCRIPT.match(line) or _SPOKEN.search(line)
    if spoken:
        return 2, _clean(spoken.group(1))
    addresses = find_addresses(line)
    return (1, addresses[0]) if addresses else (0, "")


def _labelled(line: str) -> tuple[str, str]:
    """Whose address a line of the form `label: address` gives (sender, recipient or unknown), and which."""
    match = _LABELLED.match(line)
    if match is None:
        return "", ""
    words = fold(match.group(1)).replace("-", " ")
    for role in ("sender", "recipient"):
        if _label(role).search(words):
            return role, _clean(match.group(2))
    return "", ""


@cache
def _label(role: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{pattern(f'{role}_labels').pattern})(?!\w)")


def _clean(address: str) -> str:
    found = find_addresses(address)
    return found[0] if found else ""


def _failure(lines: list[str], number: int, address: str, starts: list[int]) -> Failure:
    following = next((start for start in starts if start > number), len(lines))
    block = "\n".join(lines[number : min(following, number + _BLOCK)])
    if following == len(lines) and len(starts) == 1:
        block = "\n".join(lines[number : number + _BLOCK])
    generated = _GENERATED.search(block)
    return Failure(address, block, generated.group(1) if generated else "")
