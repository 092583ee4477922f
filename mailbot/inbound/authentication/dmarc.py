"""DMARC (RFC 9989): a domain's policy and its organisation, found by walking up the DNS, and alignment.

No public suffix list: §4.10's tree walk asks at most eight names. DNS faults are raised as DnsFault; a record that
cannot be read is no record. Policies are shown, not enforced: for us a sender is aligned or is not.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mailbot.inbound.authentication.resolver import BadName, Resolver
from mailbot.inbound.authentication.signature import read_tags

_LONGEST_WALK = 8
_POLICIES = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True, kw_only=True)
class DmarcRecord:
    """A policy as published at `_dmarc.` + `domain`; absent policies are what the record's own rules make them."""

    domain: str
    text: str
    policy: str
    subdomains: str
    missing: str
    strict_dkim: bool
    strict_spf: bool
    suffix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What was found from `domain` upwards, the longest name first."""

    domain: str
    records: tuple[DmarcRecord, ...] = ()

    @property
    def organisation(self) -> str:
        """The Organizational Domain (§4.10.2): psd=n, one below psd=y, else the record with the fewest labels.

        A record of a top-level name that does not say what it is counts for nothing: it would make one organisation of
        everybody below it.
        """
        for record in self.records:
            if record.suffix == "n":
                return record.domain
            if record.suffix == "y" and record.domain != self.domain:
                labels = self.domain.split(".")
                return ".".join(labels[-record.domain.count(".") - 2 :])
        named = [record.domain for record in self.records if "." in record.domain]
        return named[-1] if named else self.domain

    @property
    def record(self) -> DmarcRecord | None:
        """The policy that holds: the domain's own, else its organisation's, else that of the suffix above (§4.7)."""
        by_domain = {record.domain: record for record in self.records}
        suffixes = (record for record in self.records if record.suffix == "y")
        return by_domain.get(self.domain) or by_domain.get(self.organisation) or next(suffixes, None)


async def walk(domain: str, dns: Resolver) -> Walk:
    """Asks for the records of a domain and of the names above it until one ends the walk (§4.10)."""
    records: list[DmarcRecord] = []
    for name in _names(domain):
        try:
            found = [record for text in await dns.texts(f"_dmarc.{name}") if (record := read_dmarc(name, text))]
        except BadName:
            continue
        if len(found) != 1:
            continue
        records += found
        if found[0].suffix in ("y", "n"):
            break
    return Walk(domain=domain, records=tuple(records))


def read_dmarc(domain: str, text: str) -> DmarcRecord | None:
    """The record in one TXT text, or None when it is not one."""
    version, _, _ = text.partition(";")
    name, _, value = version.partition("=")
    if name.strip() != "v" or value.strip() != "DMARC1":
        return None
    tags = read_tags(text)
    if tags is None:
        return None
    tags = {key.lower(): value.lower() for key, value in tags.items()}
    policy = _policy(tags.get("p"), "none")
    subdomains = _policy(tags.get("sp"), policy)
    return DmarcRecord(
        domain=domain,
        text=text,
        policy=policy,
        subdomains=subdomains,
        missing=_policy(tags.get("np"), subdomains),
        strict_dkim=tags.get("adkim") == "s",
        strict_spf=tags.get("aspf") == "s",
        suffix=tags.get("psd", "u"),
    )


def requested(found: Walk, *, exists: bool) -> str:
    """What the holder of the From domain asks receivers to do with a failure: p, sp, or np where it does not exist."""
    record = found.record
    if record is None:
        return ""
    if record.domain == found.domain:
        return f"p={record.policy}"
    return f"sp={record.subdomains}" if exists else f"np={record.missing}"


async def exists(domain: str, dns: Resolver) -> bool:
    """Whether there is anything of a domain in the DNS (the answer to `np`). Raises DnsFault."""
    try:
        return bool(await dns.addresses(domain, 4) or await dns.exchangers(domain) or await dns.addresses(domain, 6))
    except BadName:
        return False


def _names(domain: str) -> Iterator[str]:
    """The domain, then each name above it; of a long one only the last seven labels, so that eight are asked."""
    labels = domain.split(".")
    yield domain
    labels = labels[1:][-(_LONGEST_WALK - 1) :]
    while labels:
        yield ".".join(labels)
        labels = labels[1:]


def _policy(value: str | None, otherwise: str) -> str:
    return value if value in _POLICIES else otherwise
