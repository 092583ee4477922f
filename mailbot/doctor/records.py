"""What is to be published in the DNS for an installation, as lines of a zone file. Pure."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address

from mailbot.config import Config
from mailbot.endpoints import Maildir, is_loopback

_ADDRESS = "<this machine's address>"


def records(config: Config, selectors: Sequence[str]) -> Iterator[str]:
    """Zone lines with comments; what only the operator knows stands in angle brackets."""
    domain = f"{config.domain}."
    yield f"; for mail to {config.domain} and from it; angle brackets are for you to fill in"
    yield _line(domain, "MX", f"10 {domain}")
    yield _line(domain, "A", _ADDRESS)
    yield f"; the name of that address, set by whoever gives it to you: {_ADDRESS} PTR {domain}"
    yield "; who may send: see to it that your relay is named"
    yield _line(domain, "TXT", f'"v=spf1 {_sender(config)} -all"')
    yield "; what others do with mail that only claims to be yours"
    yield _line(f"_dmarc.{domain}", "TXT", '"v=DMARC1; p=reject"')
    yield "; the public half of the key with which your relay signs; it prints this record when it makes one"
    for selector in selectors or ("<selector>",):
        yield _line(f"{selector}._domainkey.{domain}", "TXT", '"v=DKIM1; k=rsa; p=<the key>"')


def _sender(config: Config) -> str:
    where = config.delivery.url
    if isinstance(where, Maildir) or is_loopback(where.host):
        return "mx"
    try:
        return f"ip{ip_address(where.host).version}:{where.host}"
    except ValueError:
        return f"a:{where.host}"


def _line(name: str, kind: str, value: str) -> str:
    return f"{name:<44} 3600 IN {kind:<4} {value}"
