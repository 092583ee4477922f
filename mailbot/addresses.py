"""One spelling per mail address, for comparing and for keys; mail still goes to the address as it was stored.

Total: whatever is no address comes back as it stands and equals no canonical address. Nothing that merely looks alike
is ever made equal: no Unicode case folding, no compatibility mapping, no dropped dots or tags (security item 9).
"""

import re

import idna

_LONGEST = 320
# IDNA libraries take these for a dot (RFC 3490, section 3.1); to us they are letters of a domain that is none.
_OTHER_DOTS = re.compile("[\u3002\uff0e\uff61]")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")


def canonical(address: str) -> str:
    """Local part lower-cased if it is ASCII, domain as lower-case A-labels (IDNA 2008) without a final dot."""
    local, at, domain = address.strip().rpartition("@")
    if not at or len(address) > _LONGEST:
        return address.strip()
    folded = local.lower() if local.isascii() else local
    return f"{folded}@{canonical_domain(domain)}"


def canonical_domain(domain: str) -> str:
    """A domain for comparison; one that IDNA 2008 refuses stays as it is and so equals no real one."""
    plain = domain.strip().removesuffix(".")
    if plain.isascii():
        return plain.lower()
    if _OTHER_DOTS.search(plain):
        return plain
    try:
        return idna.encode(plain).decode("ascii").lower()
    except idna.IDNAError:
        return plain


def is_address(address: str) -> bool:
    """Whether mail can be sent to this: one mailbox, a real domain, RFC 5321 lengths (64 octets before the @)."""
    local, at, domain = canonical(address).rpartition("@")
    if not at or len(local.encode("utf-8", "replace")) > 64:
        return False
    return _LOCAL.fullmatch(local) is not None and _DOMAIN.fullmatch(domain) is not None


def domain_of(address: str) -> str:
    """The canonical domain of an address, empty when it has none."""
    return canonical(address).rpartition("@")[2] if "@" in address else ""
