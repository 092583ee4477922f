"""An SPF record taken apart: its mechanisms in order and its redirect (RFC 7208 §4.6, §5, §6), and macros (§7).

Pure. A record that breaks the grammar is a BadRecord as a whole, as §4.6 demands; unknown modifiers mean nothing.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from urllib.parse import quote

_RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_TERM = re.compile(r"([+?~-]?)([a-z][a-z0-9]*)(?:([:/])(.*))?", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE)
_PREFIXES = re.compile(r"(?:/(0|[1-9]\d{0,2}))?(?://(0|[1-9]\d{0,2}))?\Z")
_MACRO = re.compile(r"%(?:\{([slodiphcrtv])(\d{0,3})(r?)([.+,/_=-]*)\}|([%_-]))", re.IGNORECASE)
_ENDS = re.compile(r".*(?:\.(?=[^.]*[a-z-])[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.?|%\{[^}]*\})", re.IGNORECASE)
_LONGEST_NAME = 253
_OPTIONAL, _REQUIRED = ("a", "mx", "ptr"), ("include", "exists")


class BadRecord(ValueError):  # noqa: N818
    """The record cannot be read: permerror."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """`domain` is a macro text, empty for the domain being checked; `network` for ip4 and ip6; prefixes in bits."""

    result: str
    name: str
    domain: str = ""
    network: IPv4Network | IPv6Network | None = None
    prefix4: int = 32
    prefix6: int = 128


@dataclass(frozen=True, slots=True)
class SpfRecord:
    """What an SPF record says; `redirect` is a macro text, empty when there is none."""

    mechanisms: tuple[Mechanism, ...]
    redirect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Macros:
    """The letters of §7.2, as far as they do not depend on the clock or on reverse names."""

    ip: IPv4Address | IPv6Address
    sender: str
    helo: str

    def expand(self, text: str, domain: str) -> str:
        """The text with its macros filled in, cut from the left to the length of a name (§7.3).

        Raises:
            BadRecord: a macro keeps nothing.
        """
        filled = _MACRO.sub(lambda match: self._value(match, domain), text)
        while len(filled) > _LONGEST_NAME and "." in filled:
            filled = filled.partition(".")[2]
        return filled

    def _value(self, match: re.Match[str], domain: str) -> str:
        if match[5]:
            return {"%": "%", "_": " ", "-": "%20"}[match[5]]
        letter = match[1].lower()
        parts = re.split(f"[{re.escape(match[4] or '.')}]", self._letter(letter, domain))
        if match[3]:
            parts.reverse()
        if match[2]:
            if int(match[2]) == 0:
                raise BadRecord("a macro that keeps nothing")
            parts = parts[-int(match[2]) :]
        value = ".".join(parts)
        return quote(value, safe="") if match[1].isupper() else value

    def _letter(self, letter: str, domain: str) -> str:
        local, _, sender_domain = self.sender.rpartition("@")
        if letter == "i":
            digits = self.ip.exploded.replace(":", "")
            return str(self.ip) if self.ip.version == 4 else ".".join(digits)
        family = "in-addr" if self.ip.version == 4 else "ip6"
        known = {"s": self.sender, "l": local, "o": sender_domain, "d": domain, "h": self.helo, "v": family}
        return known.get(letter, "unknown")


def is_spf(text: str) -> bool:
    """Whether a TXT record is an SPF record at all."""
    return text[:6].lower() == "v=spf1" and text[6:7] in ("", " ")


def read_spf(text: str) -> SpfRecord:
    """The record's parts. Raises BadRecord."""
    if not text.isascii():
        raise BadRecord("not ASCII")
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    for term in text[6:].split(" "):
        modifier = _MODIFIER.fullmatch(term)
        if modifier:
            name = modifier[1].lower()
            if name in ("redirect", "exp") and (name in modifiers or not _is_domain(modifier[2])):
                raise BadRecord(f"bad {name}")
            if "%" in _MACRO.sub("", modifier[2]):
                raise BadRecord(f"bad {name[:40]}")
            modifiers[name] = modifier[2]
        elif term:
            mechanisms.append(_mechanism(term))
    return SpfRecord(tuple(mechanisms), modifiers.get("redirect", ""))


def _mechanism(term: str) -> Mechanism:
    match = _TERM.fullmatch(term)
    if match is None:
        raise BadRecord(f"cannot read {term[:40]!r}")
    result, name = _RESULTS[match[1] or "+"], match[2].lower()
    rest = f"{match[3] or ''}{match[4] or ''}"
    if name == "all" and not rest:
        return Mechanism(result=result, name=name)
    if name in ("ip4", "ip6") and rest.startswith(":"):
        return Mechanism(result=result, name=name, network=_network(rest[1:], 4 if name == "ip4" else 6))
    if name in _REQUIRED and rest.startswith(":") and _is_domain(rest[1:]):
        return Mechanism(result=result, name=name, domain=rest[1:])
    if name in _OPTIONAL:
        return _host(result, name, rest)
    raise BadRecord(f"cannot read {term[:40]!r}")


def _host(result: str, name: str, rest: str) -> Mechanism:
    prefixes = _PREFIXES.search(rest)
    assert prefixes is not None
    target, four, six = rest[: prefixes.start()], *(int(p) if p else None for p in prefixes.groups())
    wrong = (four or 0) > 32 or (six or 0) > 128 or (name == "ptr" and (four, six) != (None, None))
    if wrong or (target and not (target.startswith(":") and _is_domain(target[1:]))):
        raise BadRecord(f"cannot read {name}{rest[:40]!r}")
    return Mechanism(
        result=result,
        name=name,
        domain=target[1:],
        prefix4=32 if four is None else four,
        prefix6=128 if six is None else six,
    )


def _is_domain(text: str) -> bool:
    """Whether the text, macros and all, can become a domain; some macros only explanations may hold (§7.2)."""
    macros = {match[1].lower() for match in _MACRO.finditer(text) if match[1]}
    return bool(_ENDS.fullmatch(text)) and "%" not in _MACRO.sub("", text) and not macros & set("crt")


def _network(text: str, version: int) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise BadRecord(f"no network: {text[:40]!r}") from None
    if network.version != version or not re.fullmatch(r"[0-9a-f.:]+(?:/(?:0|[1-9]\d{0,2}))?", text, re.IGNORECASE):
        raise BadRecord(f"no network: {text[:40]!r}")
    return network
