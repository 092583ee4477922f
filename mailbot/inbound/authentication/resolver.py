"""The DNS as mail needs it: text, address, exchanger and name records, asynchronously and within a time limit.

"There is no such name" and "no such record" are answers (an empty tuple); whatever keeps us from knowing is a DnsFault.
Answers are kept as long as their time to live says, by dnspython, and nowhere else.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver
import dns.reversename

_CACHED_ANSWERS = 10_000
_MAX_TEXT = 16 * 1024


class DnsFault(Exception):  # noqa: N818 - a state of the network, like a full disk
    """The DNS gave no usable answer: a time-out, SERVFAIL, a refusal, a broken reply."""


class BadName(ValueError):  # noqa: N818
    """The text is no name that the DNS could hold."""


class Resolver:
    """Asks the given name servers, or those the machine is configured for; each question takes at most `seconds`."""

    def __init__(self, nameservers: Sequence[tuple[str, int]] = (), *, seconds: float = 4.0) -> None:
        self._resolver = _configured(nameservers)
        self._resolver.lifetime = seconds
        self._resolver.timeout = seconds / 2
        self._resolver.cache = dns.resolver.LRUCache(_CACHED_ANSWERS)
        self._resolver.use_edns(0, 0, 1232)

    async def texts(self, name: str) -> tuple[str, ...]:
        """The TXT records of a name, the strings of each joined; octets over ASCII become replacement characters.

        Raises:
            DnsFault: the answer could not be had.
            BadName: there can be no such name.
        """
        found = await self._ask(name, dns.rdatatype.TXT)
        return tuple(b"".join(record.strings)[:_MAX_TEXT].decode("ascii", "replace") for record in found)

    async def addresses(self, name: str, version: int) -> tuple[IPv4Address | IPv6Address, ...]:
        """The addresses of a host of IP version 4 or 6. Raises like `texts`."""
        kind = dns.rdatatype.A if version == 4 else dns.rdatatype.AAAA
        return tuple(ip_address(record.address) for record in await self._ask(name, kind))

    async def exchangers(self, name: str) -> tuple[str, ...]:
        """The names of the mail exchangers of a domain, the preferred one first. Raises like `texts`."""
        found = sorted(await self._ask(name, dns.rdatatype.MX), key=lambda record: int(record.preference))
        return tuple(record.exchange.to_text(omit_final_dot=True) for record in found)

    async def names(self, address: str) -> tuple[str, ...]:
        """What an address is called (PTR). Raises like `texts`."""
        found = await self._ask(dns.reversename.from_address(address).to_text(), dns.rdatatype.PTR)
        return tuple(record.target.to_text(omit_final_dot=True) for record in found)

    # dnspython's records are typed by their attributes only at run time.
    async def _ask(self, text: str, kind: dns.rdatatype.RdataType) -> list:  # type: ignore[type-arg]
        name = _name(text)
        try:
            answer = await self._resolver.resolve(name, kind, raise_on_no_answer=False, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise DnsFault(f"{text}: {type(error).__name__}") from error
        return [record for record in answer.rrset or () if record.rdtype == kind]


def _configured(nameservers: Sequence[tuple[str, int]]) -> dns.asyncresolver.Resolver:
    """A machine without DNS configuration gets a resolver without servers: every question is a fault then."""
    if not nameservers:
        try:
            return dns.asyncresolver.Resolver()
        except dns.resolver.NoResolverConfiguration:
            return dns.asyncresolver.Resolver(configure=False)
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in nameservers]
    return resolver


def _name(text: str) -> dns.name.Name:
    try:
        return dns.name.from_text(text.rstrip(".").encode("ascii").decode() + ".")
    except (dns.exception.DNSException, UnicodeError, ValueError) as error:
        raise BadName(text) from error
