"""What mail addresses and domains say about whose they are; comparison only, nothing is looked up.

An address or domain that is none fits nothing.
"""

import re

_DOMAIN = re.compile(r"(?=.{3,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}", re.ASCII)
_ADDRESS = re.compile(r"[^\s@<>(),;:\"\\\[\]]{1,64}@[^\s@]{3,253}")


def domain_of(email: str) -> str:
    """The domain of an address, in lower case; empty if it is no address."""
    return email.rpartition("@")[2].lower().rstrip(".") if is_address(email) else ""


def is_address(email: str) -> bool:
    """Whether mail could be sent there: one plain address with a domain."""
    return bool(_ADDRESS.fullmatch(email)) and is_domain(email.rpartition("@")[2])


def is_domain(domain: str) -> bool:
    """Whether that is a full domain name; international ones in their own letters or as xn--."""
    if _DOMAIN.fullmatch(domain.lower()):
        return True
    try:
        ascii_form = domain.lower().rstrip(".").encode("idna").decode()
    except UnicodeError:
        return False
    return bool(_DOMAIN.fullmatch(ascii_form))


def within(domain: str, parent: str) -> bool:
    """Whether a domain is the other or lies below it."""
    child, above = domain.lower().rstrip("."), parent.lower().rstrip(".")
    return bool(above) and (child == above or child.endswith("." + above))


def fits(email: str, tenant_domain: str) -> bool:
    """Whether an address belongs to a tenant's domain (domain §3)."""
    return within(domain_of(email), tenant_domain)
