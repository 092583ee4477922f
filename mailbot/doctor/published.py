"""Checks of what the DNS says about our domain: exchangers, names of addresses, SPF, DMARC, DKIM keys. None raises.

An example has nothing to publish: there only whether name servers answer counts, and only if they are needed.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from mailbot.config import Config
from mailbot.doctor.finding import Finding, error, note, ok, warning
from mailbot.doctor.installation import is_example
from mailbot.doctor.outside import Outside
from mailbot.endpoints import Maildir, Relay, is_loopback
from mailbot.inbound.authentication.dmarc import walk
from mailbot.inbound.authentication.resolver import BadName, DnsFault, Resolver
from mailbot.inbound.authentication.signature import read_tags
from mailbot.inbound.authentication.spf import check_spf
from mailbot.inbound.authentication.spf_record import BadRecord, is_spf, read_spf

# Nobody sends from there (RFC 5737): whoever lets it send lets everybody.
_NOBODY = "192.0.2.1"
_RECORDS = "mailbot doctor --dns prints what to publish"


@dataclass(frozen=True, slots=True)
class Exchanger:
    """A host that the DNS names for our mail, with its addresses."""

    host: str
    addresses: tuple[str, ...]


async def exchangers(domain: str, dns: Resolver) -> tuple[Exchanger, ...]:
    """Who takes our mail, the preferred one first; without MX the domain itself (RFC 5321 §5.1). Raises DnsFault."""
    hosts = await dns.exchangers(domain)
    found = [Exchanger(host, await _addresses(host, dns)) for host in hosts or (domain,)]
    return tuple(one for one in found if hosts or one.addresses)


async def published(config: Config, outside: Outside) -> AsyncIterator[Finding]:
    """Every record that mail needs, in the order in which it is needed."""
    domain, dns = config.domain, outside.dns
    if is_example(domain) and config.sender.trust != "verify":
        return
    try:
        found = await exchangers(domain, dns)
        yield ok("dns", "name servers answer")
        if is_example(domain):
            return
        for exchanger in _exchangers(domain, found):
            yield exchanger
        senders = await _senders(config, found, dns)
        for address in senders:
            yield await _named(address, dns)
        async for finding in _spf(domain, senders, dns):
            yield finding
        yield await _dmarc(domain, dns)
        for selector in outside.selectors:
            yield await dkim_key(domain, selector, dns)
    except (DnsFault, BadName) as fault:
        yield error("dns", f"no answer: {fault}", "correct /etc/resolv.conf: without the DNS every act waits")


def _exchangers(domain: str, found: Sequence[Exchanger]) -> list[Finding]:
    if not found:
        return [error("mx", f"nobody takes mail for {domain}", f"publish an MX record; {_RECORDS}")]
    return [
        ok("mx", f"{one.host} {', '.join(one.addresses)}")
        if one.addresses
        else error(
            "mx", f"{one.host or 'the null exchanger'} has no address", f"correct the MX of {domain}; {_RECORDS}"
        )
        for one in found
    ]


async def _senders(config: Config, found: Sequence[Exchanger], dns: Resolver) -> tuple[str, ...]:
    """The addresses from which our mail leaves, as far as can be known: the relay's, or this machine's."""
    where = config.delivery.url
    if isinstance(where, Maildir):
        return ()
    if isinstance(where, Relay) and not is_loopback(where.host):
        return await _addresses(where.host, dns)
    return tuple(address for one in found for address in one.addresses)


async def _addresses(host: str, dns: Resolver) -> tuple[str, ...]:
    if not host:
        return ()
    return tuple(str(address) for address in (*await dns.addresses(host, 4), *await dns.addresses(host, 6)))


async def _named(address: str, dns: Resolver) -> Finding:
    """Large receivers refuse mail from addresses without a name that leads back (security §1, sender rules)."""
    names = await dns.names(address)
    do = f"have whoever gives you {address} name it (PTR) like the host that mail comes from"
    if not names:
        return warning("ptr", f"{address} has no name", do)
    for name in names:
        if address in await _addresses(name, dns):
            return ok("ptr", f"{address} is {name}")
    return warning("ptr", f"{address} is called {names[0]}, which does not lead back to it", do)


async def _spf(domain: str, senders: Sequence[str], dns: Resolver) -> AsyncIterator[Finding]:
    records = [text for text in await dns.texts(domain) if is_spf(text)]
    if len(records) != 1:
        level = error if records else warning
        yield level("spf", f"{domain} has {len(records)} SPF records", f"publish exactly one; {_RECORDS}")
        return
    try:
        read_spf(records[0])
    except BadRecord as wrong:
        yield error("spf", f"{records[0]}: {wrong}", "correct the record: as it is it counts for nothing")
        return
    if (await check_spf(_NOBODY, f"b@{domain}", domain, dns)).result == "pass":
        yield warning("spf", f"{records[0]} lets everybody send", "end it with -all")
        return
    for address in senders:
        check = await check_spf(address, f"b@{domain}", domain, dns)
        if check.result != "pass":
            yield warning(
                "spf", f"{address}: {check.result}, {check.detail}", "name in the record what your mail leaves by"
            )
            return
    yield ok("spf", records[0])


async def _dmarc(domain: str, dns: Resolver) -> Finding:
    record = (await walk(domain, dns)).record
    if record is None:
        return warning("dmarc", f"no policy for {domain}", f"publish exactly one; {_RECORDS}")
    policy = record.policy if record.domain == domain else record.subdomains
    if policy == "none":
        return note("dmarc", f"{record.text}: nobody is stopped", "make it p=reject: forged notices harm customers")
    return ok("dmarc", record.text)


async def dkim_key(domain: str, selector: str, dns: Resolver) -> Finding:
    """Whether a key can be had under that selector. Raises DnsFault, BadName."""
    name = f"{selector}._domainkey.{domain}"
    texts = await dns.texts(name)
    tags = [read_tags(text) for text in texts]
    if any(found is not None and found.get("p") for found in tags):
        return ok("dkim", f"{name} is published")
    what = "is not published" if not texts else "holds no key" if any(tags) else "cannot be read"
    return error("dkim", f"{name} {what}", "publish the record that your relay made with its key")
