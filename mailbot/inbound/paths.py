"""The arguments of MAIL and RCPT, read strictly: RFC 5321 §4.1.2 mailboxes and the parameters we know.

Pure. Whatever is not a plain mailbox (control characters, source routes, comments, no domain, over length) is None,
which the dialogue answers with 501. One regular expression decides for ordinary addresses.
"""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from mailbot.inbound import replies
from mailbot.inbound.replies import Reply

_MAX_PATH = 256 - 2
_MAX_LOCAL_PART = 64
_MAX_DOMAIN = 255

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOT_STRING = rf"{_ATOM}(?:\.{_ATOM})*"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"
_QUOTED = r'"(?:[ !#-\[\]-~]|\\[ -~])*"'

_PLAIN = re.compile(rf"({_DOT_STRING})@({_DOMAIN})")
_UNUSUAL = re.compile(rf"({_DOT_STRING}|{_QUOTED})@({_DOMAIN}|\[[0-9A-Za-z:.]+\])")
_PATH = re.compile(r'<((?:"(?:[^"\\]|\\.)*"|[^"<>])*)>(?: +(.*))?')
# Forwarders put the whole original address into the local part, and two of them exceed 64 octets (security §3.2).
_WRAPPED = re.compile(r"(?:SRS[01][-+=]|prvs=)", re.IGNORECASE)
_SIZE = re.compile(r"[0-9]{1,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox as written; `local_part` is without its quotes."""

    text: str
    local_part: str
    domain: str


def split_path(argument: str, keyword: str) -> tuple[str, list[str]] | None:
    """What stands between the angle brackets after `keyword` (FROM: or TO:), and the parameters behind them.

    A space after the colon is an old Outlook habit and passes; missing brackets do not.
    """
    if argument[: len(keyword)].upper() != keyword:
        return None
    match = _PATH.fullmatch(argument[len(keyword) :].lstrip(" "))
    return None if match is None else (match[1], (match[2] or "").split())


def parse_mailbox(text: str) -> Mailbox | None:
    """The mailbox in `text`, or None when RFC 5321 has no such mailbox."""
    match = _PLAIN.fullmatch(text)
    if match is None:
        return _parse_unusual(text)
    local_part, domain = match.groups()
    return Mailbox(text, local_part, domain) if _fits(text, local_part, domain) else None


def parse_mail_parameters(parameters: list[str]) -> int | Reply:
    """The SIZE that MAIL announces (0 when it does not), or the reply that refuses a parameter.

    Known are SIZE (RFC 1870) and BODY=7BIT|8BITMIME (RFC 6152); everything else was not advertised.
    """
    size = 0
    for parameter in parameters:
        name, _, value = parameter.upper().partition("=")
        if name == "SIZE" and _SIZE.fullmatch(value):
            size = int(value)
        elif name == "SIZE":
            return replies.BAD_ARGUMENT
        elif name != "BODY" or value not in ("7BIT", "8BITMIME"):
            return replies.PARAMETER_UNKNOWN
    return size


def _parse_unusual(text: str) -> Mailbox | None:
    """A quoted local part or an address literal: legal, rare."""
    match = _UNUSUAL.fullmatch(text)
    if match is None:
        return None
    local_part, domain = match.groups()
    if not _fits(text, local_part, domain) or (domain.startswith("[") and not _is_literal(domain[1:-1])):
        return None
    if local_part.startswith('"'):
        local_part = re.sub(r"\\(.)", r"\1", local_part[1:-1])
    return Mailbox(text, local_part, domain)


def _fits(text: str, local_part: str, domain: str) -> bool:
    short = len(local_part) <= _MAX_LOCAL_PART or _WRAPPED.match(local_part) is not None
    return short and len(domain) <= _MAX_DOMAIN and len(text) <= _MAX_PATH


def _is_literal(text: str) -> bool:
    try:
        if text[:5].upper() == "IPV6:":
            IPv6Address(text[5:])
        else:
            IPv4Address(text)
    except AddressValueError:
        return False
    return True
