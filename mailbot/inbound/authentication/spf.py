"""Whether a host may send mail for the envelope sender's domain: SPF (RFC 7208), over our own resolver.

At most ten terms that ask the DNS and two empty answers, as §4.6.4 sets them; DNS faults are `temperror`, broken
records `permerror`. `ptr` costs its lookup and never matches, `%{p}` is "unknown": both are deprecated, and who has
nothing else is simply not proved.
"""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeVar

from mailbot.inbound.authentication.resolver import BadName, DnsFault, Resolver
from mailbot.inbound.authentication.spf_record import BadRecord, Macros, Mechanism, SpfRecord, is_spf, read_spf
from mailbot.inbound.interpretation import Check

_T = TypeVar("_T")
_MOST_LOOKUPS, _MOST_VOIDS, _MOST_EXCHANGERS = 10, 2, 10


async def check_spf(peer: str, mail_from: str, helo: str, dns: Resolver) -> Check:
    """The SPF result for the envelope sender; for the null sender, for postmaster at the greeting's name (§2.4)."""
    local, _, named = mail_from.rpartition("@")
    sender = f"{local or 'postmaster'}@{named or helo}"
    domain = sender.rpartition("@")[2].lower().rstrip(".")
    ip = _address(peer)
    if ip is None:
        return Check(method="spf", result="none", domain=domain, detail="who sent it is not known")
    if "." not in domain or not domain.isascii() or len(domain) > 253:
        return Check(method="spf", result="none", domain="", detail="no domain in the envelope")
    evaluation = _Evaluation(Macros(ip=ip, sender=sender, helo=helo), dns)
    try:
        result, why = await evaluation.host(domain)
    except BadRecord as error:
        result, why = "permerror", str(error)
    except BadName:
        result, why = "none", "the domain cannot be"
    except DnsFault as fault:
        result, why = "temperror", str(fault)
    return Check(method="spf", result=result, domain=domain, detail=f"{ip} {why}".strip(), record=evaluation.record)


@dataclass(slots=True)
class _Evaluation:
    """One check_host and everything it includes: the limits hold for all of it."""

    macros: Macros
    dns: Resolver
    record: str = ""
    lookups: int = field(default=0)
    voids: int = field(default=0)

    async def host(self, domain: str) -> tuple[str, str]:
        """The result for a domain, and the term that gave it."""
        texts = [text for text in await self.dns.texts(domain) if is_spf(text)]
        if len(texts) > 1:
            raise BadRecord(f"{domain} has several records")
        if not texts:
            return "none", "no record"
        self.record = self.record or texts[0]
        return await self._decide(read_spf(texts[0]), domain)

    async def _decide(self, record: SpfRecord, domain: str) -> tuple[str, str]:
        for term in record.mechanisms:
            if await self._matches(term, domain):
                return term.result, term.name
        if not record.redirect or any(term.name == "all" for term in record.mechanisms):
            return "neutral", "nothing matched"
        self._count()
        result, why = await self.host(self.macros.expand(record.redirect, domain))
        if result == "none":
            raise BadRecord("redirect leads nowhere")
        return result, why

    async def _matches(self, term: Mechanism, domain: str) -> bool:
        if term.name == "all":
            return True
        if term.network is not None:
            return self.macros.ip in term.network
        self._count()
        target = self.macros.expand(term.domain, domain) if term.domain else domain
        if term.name == "include":
            return await self._includes(target)
        try:
            return await self._asked(term, target)
        except BadName:
            return False

    async def _includes(self, target: str) -> bool:
        try:
            result, _ = await self.host(target)
        except BadName:
            result = "none"
        if result == "none":
            raise BadRecord(f"include of {target[:80]}, which has no record")
        return result == "pass"

    async def _asked(self, term: Mechanism, target: str) -> bool:
        if term.name == "exists":
            return bool(self._noted(await self.dns.addresses(target, 4)))
        if term.name == "a":
            return self._within(term, self._noted(await self.dns.addresses(target, self.macros.ip.version)))
        if term.name == "mx":
            return await self._exchanged(term, target)
        return False

    async def _exchanged(self, term: Mechanism, target: str) -> bool:
        hosts = self._noted(await self.dns.exchangers(target))
        if len(hosts) > _MOST_EXCHANGERS:
            raise BadRecord(f"{target} has more than {_MOST_EXCHANGERS} exchangers")
        for host in hosts:
            if host and self._within(term, self._noted(await self.dns.addresses(host, self.macros.ip.version))):
                return True
        return False

    def _within(self, term: Mechanism, found: tuple[IPv4Address | IPv6Address, ...]) -> bool:
        bits = term.prefix4 if self.macros.ip.version == 4 else term.prefix6
        return any(self.macros.ip in ip_network(f"{address}/{bits}", strict=False) for address in found)

    def _noted(self, found: tuple[_T, ...]) -> tuple[_T, ...]:
        self.voids += not found
        if self.voids > _MOST_VOIDS:
            raise BadRecord("more than two empty answers")
        return found

    def _count(self) -> None:
        self.lookups += 1
        if self.lookups > _MOST_LOOKUPS:
            raise BadRecord("more than ten lookups")


def _address(peer: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(peer)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
