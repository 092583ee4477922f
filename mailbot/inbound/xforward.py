"""XFORWARD: what a configured upstream peer says about the client it took the mail from (Postfix XFORWARD_README).

Pure. Attributes we do not need are read and dropped; a malformed command is None and changes nothing.
"""

import re
from dataclasses import dataclass, replace
from ipaddress import ip_address

_NAMES = frozenset(("NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE"))
_UNKNOWN = frozenset(("[UNAVAILABLE]", "[TEMPUNAVAIL]"))
_ESCAPED = re.compile(r"\+([0-9A-F]{2})")
_LONGEST_VALUE = 255


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The client behind the upstream peer; empty where the peer did not say."""

    host: str = ""
    helo: str = ""


def parse_forwarded(argument: str, before: Forwarded) -> Forwarded | None:
    """`before` with the attributes in `argument` applied, or None when it is not well-formed."""
    pairs = [attribute.partition("=") for attribute in argument.split()]
    if not pairs or any(
        not sep or name.upper() not in _NAMES or len(value) > _LONGEST_VALUE for name, sep, value in pairs
    ):
        return None
    for name, _, value in pairs:
        decoded = _decode(value)
        if name.upper() == "ADDR":
            host = _address(decoded)
            if host is None:
                return None
            before = replace(before, host=host)
        elif name.upper() == "HELO":
            before = replace(before, helo=decoded)
    return before


def _decode(value: str) -> str:
    """The xtext value (RFC 3461 §4) as printable ASCII; '' when the peer does not know it."""
    if value.upper() in _UNKNOWN:
        return ""
    text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value)
    return "".join(character for character in text if " " <= character <= "~")


def _address(text: str) -> str | None:
    if not text:
        return ""
    try:
        return str(ip_address(text[5:] if text[:5].upper() == "IPV6:" else text))
    except ValueError:
        return None
