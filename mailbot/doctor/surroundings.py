"""Checks of what is around us on this machine: whether our addresses are free, the scanner, the certificate."""

import socket
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from mailbot.config import Config
from mailbot.doctor.finding import Finding, error, ok, warning
from mailbot.doctor.outside import SECONDS
from mailbot.endpoints import HostPort

_SOON = timedelta(days=10)


def surroundings(config: Config, now: datetime, *, served: bool) -> Iterator[Finding]:
    """`served`: our own service runs, so its addresses are taken, by us."""
    for address in (*config.smtp.listen, config.http.listen):
        yield _port(address, served)
    if config.smtp.tls_cert is not None and config.smtp.tls_key is not None:
        yield _certificate(config.smtp.tls_cert, config.smtp.tls_key, now)
    if config.clamav.url is not None:
        yield _scanner(config.clamav.url)


def _scanner(address: HostPort) -> Finding:
    """ClamAV's own PING; without an answer mail with files is held."""
    do = "start ClamAV (clamd with TCPSocket), or correct clamav.url; until then mail with files is held"
    try:
        with socket.create_connection((address.host, address.port), SECONDS) as conn:
            conn.settimeout(SECONDS)
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


def _certificate(cert: Path, key: Path, now: datetime) -> Finding:
    do = "correct smtp.tls_cert and smtp.tls_key: without them nobody can use STARTTLS"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
        ends = x509.load_pem_x509_certificate(cert.read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as wrong:
        return error("tls", f"{cert}, {key}: {getattr(wrong, 'strerror', None) or wrong}", do)
    if ends < now:
        return error("tls", f"{cert} ended on {ends:%Y-%m-%d}", "renew it, then send SIGHUP")
    if ends < now + _SOON:
        return warning("tls", f"{cert} ends on {ends:%Y-%m-%d}", "renew it, then send SIGHUP")
    return ok("tls", f"{cert} until {ends:%Y-%m-%d}")
