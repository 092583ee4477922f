"""Checks of what is around us: where mail goes, and whether our addresses are free. Connects, and says nothing."""

import socket
from collections.abc import Iterator

import dns.exception
import dns.resolver

from mailbot.config import Config
from mailbot.doctor.finding import Finding, error, ok, warning
from mailbot.endpoints import HostPort, Maildir

_SECONDS = 5.0


def surroundings(config: Config, *, served: bool) -> Iterator[Finding]:
    """`served`: our own service runs, so its addresses are taken, by us."""
    target = config.delivery.url
    if isinstance(target, Maildir):
        yield ok("delivery", f"mails are dropped into {target.path}; nobody receives them")
    else:
        yield _relay(target.host, target.port)
    for address in (*config.smtp.listen, config.http.listen):
        yield _port(address, served)
    yield from _certificate(config)
    if config.sender.trust == "verify":
        yield names(config.domain)
    if config.clamav.url is not None:
        yield _scanner(config.clamav.url)


def _relay(host: str, port: int) -> Finding:
    try:
        with socket.create_connection((host, port), _SECONDS) as conn:
            conn.settimeout(_SECONDS)
            greeting = conn.recv(512).decode("ascii", "replace").partition("\r")[0]
    except OSError as wrong:
        return error(
            "delivery", f"{host}:{port}: {wrong.strerror or wrong}", "start the relay, or correct delivery.url"
        )
    if not greeting.startswith("220"):
        return error(
            "delivery", f"{host}:{port} answers {greeting[:60]!r}", "correct delivery.url: this is no SMTP relay"
        )
    return ok("delivery", f"{host}:{port} answers {greeting[:60]}")


def _scanner(address: HostPort) -> Finding:
    """ClamAV's own PING; without an answer mail with files is held."""
    do = "start ClamAV (clamd with TCPSocket), or correct clamav.url; until then mail with files is held"
    try:
        with socket.create_connection((address.host, address.port), _SECONDS) as conn:
            conn.settimeout(_SECONDS)
            conn.sendall(b"nPING\n")
            answer = conn.recv(64).strip()
    except OSError as wrong:
        return error("clamav", f"{address}: {wrong.strerror or wrong}", do)
    if answer != b"PONG":
        return error("clamav", f"{address} answers {answer[:40]!r} instead of PONG", do)
    return ok("clamav", f"{address} answers; files are scanned")


def _port(address: HostPort, served: bool) -> Finding:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((address.host, address.port))
    except OSError as wrong:
        if served:
            return ok("ports", f"{address} is in use, our service runs")
        return error("ports", f"{address}: {wrong.strerror}", "stop what uses it, or configure another address")
    if served and address.port:
        return error(
            "ports", f"{address} is free although our service runs", "it was started with another configuration"
        )
    return ok("ports", f"{address} is free")


def names(domain: str, resolver: dns.resolver.Resolver | None = None) -> Finding:
    """Whether the DNS answers, without which no sender is proved; `resolver` is the machine's own if none is given."""
    try:
        (resolver or dns.resolver.Resolver()).resolve(f"{domain}.", "MX", lifetime=_SECONDS, raise_on_no_answer=False)
    except dns.resolver.NXDOMAIN:
        return warning("dns", f"the DNS does not know {domain}", "publish an MX record, or nobody's mail comes in")
    except (dns.exception.DNSException, OSError) as wrong:
        do = "correct /etc/resolv.conf: without the DNS every act waits to be confirmed"
        return error("dns", f"no answer: {type(wrong).__name__}", do)
    return ok("dns", "name servers answer")


def _certificate(config: Config) -> Iterator[Finding]:
    for path in (config.smtp.tls_cert, config.smtp.tls_key):
        if path is None:
            continue
        try:
            path.open("rb").close()
        except OSError as wrong:
            yield error("tls", f"{path}: {wrong.strerror}", "correct smtp.tls_cert and smtp.tls_key")
        else:
            yield ok("tls", f"{path} can be read")
