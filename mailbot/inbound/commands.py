"""Read the command on the first line of a partner's or a reviewer's mail (contract, Mail).

Pure and total: what is not a command is None, and the mail is read as plain words.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from mailbot.inbound.lexicon.load import lexicon
from mailbot.inbound.words import words_of

CLAIM_ID = re.compile(r"CLM-?([0-9A-Z]{4,12})", re.IGNORECASE)
MAX_ITEMS = 40

_NEEDS_COLON = frozenset({"comment", "dispute", "withdraw", "disassociate", "answer", "uphold"})
_MARKS = " \t\xa0\u3000*_\"'“”„.!。！,，-–>"


@dataclass(frozen=True, slots=True)
class Command:
    """A verb and what follows it; `items` are (reason code or claim id, text) pairs of ask, reject and arbitrate."""

    verb: str
    argument: str = ""
    items: tuple[tuple[str, str], ...] = ()


def read_command(text: str, role: str) -> Command | None:
    """The command on the first line that is not blank; `role` is `partner` or `reviewer`, both may ask for help."""
    lines = [line.strip() for line in text[:64_000].replace("\r", "\n").split("\n")]
    first = next((at for at, line in enumerate(lines) if line), None)
    if first is None:
        return None
    head, argument, colon = _split(lines[first])
    body = "\n".join([argument, *lines[first + 1 :]]).strip()
    verb, rest = _verb(head, role)
    if verb is None or (verb in _NEEDS_COLON and not colon and rest):
        return None
    return _complete(verb, rest, argument, body, colon=colon)


def _split(line: str) -> tuple[str, str, bool]:
    head, sign, argument = line.replace("：", ":").partition(":")
    return head.strip(_MARKS), argument.strip(), bool(sign)


def _verb(head: str, role: str) -> tuple[str | None, str]:
    """The verb that `head` starts with, longest first, and the words between it and the colon."""
    words = words_of(head[:120])
    table = _verbs(role)
    for length in range(min(len(words), 6), 0, -1):
        verb = table.get(words[:length])
        if verb is not None:
            return verb, " ".join(words[length:])
    return None, ""


def _complete(verb: str, rest: str, argument: str, body: str, *, colon: bool) -> Command | None:
    match verb:
        case "approve":
            return _approve(rest, argument, colon=colon)
        case "reject":
            return _reject(rest, body, colon=colon)
        case "ask":
            return _ask(rest, argument, body, colon=colon)
        case "arbitrate":
            return _arbitrate(rest, argument, body)
        case "submit" | "cancel" | "start" | "help" | "status":
            return Command(verb) if not rest and not argument else None
        case _:
            return Command(verb, body)


def _approve(rest: str, argument: str, *, colon: bool) -> Command | None:
    """`approve`, or `approve contact: source` which ticks the contact check."""
    if not rest:
        return Command("approve") if not argument else None
    contact = rest in {" ".join(words_of(word)) for word in lexicon("commands")["contact"]["words"]}
    return Command("approve", argument) if contact and colon and argument else None


def _reject(rest: str, body: str, *, colon: bool) -> Command | None:
    reason = reason_code(rest)
    if rest and reason is None:
        return None
    if reason is None:
        found, text = _leading_reason(body)
        return Command("reject", body, ((found, text),)) if found else None
    return Command("reject", body, ((reason, body if colon else ""),))


def _ask(rest: str, argument: str, body: str, *, colon: bool) -> Command | None:
    """One item a line: `reason: text`; the first may stand on the command's own line."""
    if rest and (reason_code(rest) is None or not colon):
        return None
    lines = [f"{rest}: {argument}" if rest else argument, *body.split("\n")[1 if argument else 0 :]]
    items: list[tuple[str, str]] = []
    for line in filter(None, (line.strip() for line in lines)):
        reason, text = _leading_reason(line.lstrip("-*•0123456789.) "))
        if reason:
            items.append((reason, text))
        elif items:
            items[-1] = (items[-1][0], f"{items[-1][1]}\n{line}".strip())
    return Command("ask", body, tuple(items[:MAX_ITEMS])) if items else None


def _arbitrate(rest: str, argument: str, body: str) -> Command | None:
    found = CLAIM_ID.search(rest.replace(" ", "-")) or CLAIM_ID.search(argument)
    if found is None:
        return None
    text = CLAIM_ID.sub("", body, count=1).strip(" :：-") if found.string == argument else body
    return Command("arbitrate", body, ((f"CLM-{found[1].upper()}", text),))


def _leading_reason(line: str) -> tuple[str, str]:
    head, sign, text = line.replace("：", ":").partition(":")
    code = reason_code(head)
    return (code, text.strip()) if code and (sign or not text) else ("", line)


def reason_code(words: str) -> str | None:
    """The stable code (domain §6) of a reason given as code or in words."""
    return _reasons().get(words_of(words.replace("_", " ")[:120]))


@cache
def _reasons() -> Mapping[tuple[str, ...], str]:
    table = lexicon("commands")["reasons"]
    return {words_of(text.replace("_", " ")): code for code, texts in table.items() for text in (code, *texts)}


@cache
def _verbs(role: str) -> Mapping[tuple[str, ...], str]:
    tables = lexicon("commands")
    rooms = (tables.get(role, {}) if role in ("partner", "reviewer") else {}, tables["anyone"])
    return {words_of(text): verb for room in rooms for verb, texts in room.items() for text in texts}
