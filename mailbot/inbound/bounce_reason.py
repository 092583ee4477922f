"""Why a mail did not arrive: the status code and whether the address itself cannot receive.

Pure and total over diagnostic text; patterns are data (lexicon/bounces.toml). `permanent` follows the contract: only an
unknown user or host, a moved or a disabled address; a full mailbox, policy, spam, size, authentication or time never.
"""

import re
from dataclasses import dataclass
from functools import cache

from mailbot.inbound.folding import fold, fold_pattern
from mailbot.inbound.lexicon.load import lexicon

_ENHANCED = re.compile(r"(?<![\d.\w-])([245]\.\d{1,3}\.\d{1,3})(?![\d\w]|\.\d)")
_REPLY = re.compile(r"(?<![\d.\w-])([45]\d\d)(?=[ \-#:;,.)]|$)(?![.]\d)")
_ADDRESS = re.compile(r"<?[^\s<>,;:()\[\]]{1,128}@[^\s<>,;:()\[\]]{1,255}>?")
_LINK = re.compile(r"https?://\S+")
# At which command the remote server refused: only a refused RCPT surely speaks about the address.
_AT_RCPT = re.compile(r"\brcpt\b|does not like recipient|recipient address rejected|\bin reply to rcpt\b")
# Said of the address, but of a policy too; and replies that speak of a mailbox name only (RFC 5321 §4.2.2).
_OF_ADDRESS = re.compile(r"rejected (?:the )?address|(?<![\d.])55[13](?=[ -])")
_AT_DATA = re.compile(r"\bend of data\b|\bfinal data\b|>>> data\b|\bdata command\b|smtp command data\b")
_PASSING = re.compile(r"temporar|try (?:it )?(?:again )?later|not found, try again")
_DIAGNOSTIC_CAP = 2000
# Statuses whose meaning is about the address itself (RFC 3463 §3.2, §3.3; Exchange Online's 5.1.10, 5.4.310).
_ADDRESS_STATUSES = frozenset(
    ("5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1", "5.4.310", "5.4.4", "5.7.13")
)
_HOST_STATUSES = frozenset(("5.1.2", "5.4.4", "5.4.310"))
_SENDER_STATUSES = frozenset(("5.1.7", "5.1.8", "4.1.7", "4.1.8"))
_UNKNOWN_STATUS = re.compile(r"[45]\.1\.(?:[012346]|10)$")
_POLICY_STATUS = re.compile(r"[45]\.7\.\d")
_WEAK_STATUS = re.compile(r"\d\.0\.0$|[45]\.4\.7$")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in our words, with the status to report when the server named none."""

    name: str
    permanent: bool
    status: str


UNKNOWN = Reason("undefined", False, "5.0.0")


@cache
def _reasons() -> tuple[tuple[Reason, re.Pattern[str]], ...]:
    return tuple(
        (
            Reason(entry["name"], entry["permanent"], entry["status"]),
            re.compile(fold_pattern("|".join(entry["patterns"]))),
        )
        for entry in lexicon("bounces")["reasons"]
    )


def statuses(text: str) -> tuple[str, ...]:
    """Enhanced status codes (RFC 3463) in a diagnostic, in order; addresses of hosts are not mistaken for them."""
    return tuple(dict.fromkeys(_ENHANCED.findall(text[:_DIAGNOSTIC_CAP])))


def reply_code(text: str) -> str:
    """The first SMTP failure reply in a diagnostic, or an empty string."""
    found = _REPLY.search(text[:_DIAGNOSTIC_CAP])
    return found.group(1) if found else ""


def reason_of(diagnostic: str, status: str, *, context: str = "") -> Reason:
    """The reason a diagnostic gives in words, else what its status code means; `context` is the whole report."""
    words = plain_words(diagnostic)
    codes = {status, *statuses(diagnostic)} - {""}
    if codes & _SENDER_STATUSES:
        return Reason("sender", False, status or "5.1.8")
    for reason, pattern in _reasons():
        if pattern.search(words):
            if reason.name == "temporary" and status in _HOST_STATUSES and not _PASSING.search(words):
                return Reason("unknown_host", True, status)  # the sending server knows which of its DNS errors last
            return _certain(reason, words, codes, plain_words(context))
    if status in _ADDRESS_STATUSES or (not status and codes & _ADDRESS_STATUSES):
        return Reason("address", True, status)
    return UNKNOWN


def _certain(reason: Reason, words: str, codes: set[str], context: str) -> Reason:
    """Takes the verdict back where the words alone do not prove it.

    "User unknown" after the data is what filters say, so it needs a refused RCPT or a 5.1.x code; a host that could not
    be found just now, or an account that is locked for a while, may come back.
    """
    if not reason.permanent:
        return reason
    if _PASSING.search(words) or (reason.name == "unknown_host" and any(code.startswith("4.") for code in codes)):
        return Reason(reason.name, False, reason.status)
    if reason.name == "unknown_user":
        told = any(_UNKNOWN_STATUS.match(code) for code in codes) or _refused(codes, f"{words} {context}")
        return reason if told else Reason("filtered", False, reason.status)
    return reason


def _refused(codes: set[str], text: str) -> bool:
    """Whether the address itself was refused, not the mail for it."""
    if _AT_DATA.search(text) and "need rcpt" not in text:  # who misses a RCPT at DATA has refused the one before
        return False
    policy = any(_POLICY_STATUS.match(code) for code in codes)
    return bool(_AT_RCPT.search(text) or (not policy and _OF_ADDRESS.search(text)))


def plain_words(text: str) -> str:
    """Folded, one space, no links; addresses become one sign, so that their letters are never read as words."""
    return " ".join(fold(_ADDRESS.sub("*", _LINK.sub(" ", text[:_DIAGNOSTIC_CAP]))).split())


def chosen_status(declared: str, diagnostic: str, reason: Reason) -> str:
    """The most telling code: what the remote server said, then the declared one; general codes come last."""
    found = [code for code in statuses(diagnostic) if code[0] != "2"]
    specific = [code for code in (*found, declared) if code and not _WEAK_STATUS.match(code)]
    return next(iter((*specific, declared, *found)), "") or _own(reason, diagnostic)


def _own(reason: Reason, diagnostic: str) -> str:
    code = reply_code(diagnostic)
    return f"{code[0]}{reason.status[1:]}" if code else reason.status
