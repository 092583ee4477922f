"""An installation in good health and the world around it, all on loopback: files, name server, listener, relay.

The relay signs what it takes and hands it to our own listener, which the DNS names as exchanger. A case lays something
over that: `[config]` keys of the environment, `[zone]` records, `[relay]` manners, `[damage]` to what is there.
"""

import socket
import sqlite3
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP, Envelope, Session
from aiosmtplib import SMTP as CLIENT
from fake_smarthost import FakeSmarthost, serving
from trust_dns import name_server
from trust_mail import SELECTOR, key_record, signed

from mailbot.app import load_keys
from mailbot.clock import ManualClock, SystemClock
from mailbot.config import load_config
from mailbot.doctor.checkup import checkup
from mailbot.doctor.finding import Finding
from mailbot.doctor.outside import Outside
from mailbot.engine.acceptance import Acceptance
from mailbot.ids import Ids
from mailbot.inbound.listener import ListenerConfig, listen
from mailbot.inbound.reception import Ports
from mailbot.keys import load_keyring, new_keyring, save_keyring
from mailbot.store import settings
from mailbot.store.database import Store
from mailbot.tokens import Tokens

DOMAIN = "claims.internal"
EXCHANGER = f"mx.{DOMAIN}"
PASSWORD = "correct horse"
ZONE = {
    f"{DOMAIN} MX": [f"10 {EXCHANGER}."],
    f"{EXCHANGER} A": ["127.0.0.1"],
    "1.0.0.127.in-addr.arpa PTR": [f"{EXCHANGER}."],
    f"{DOMAIN} TXT": ["v=spf1 mx -all"],
    f"_dmarc.{DOMAIN} TXT": ["v=DMARC1; p=reject"],
    f"{SELECTOR}._domainkey.{DOMAIN} TXT": [key_record()],
}
CONFIG = """
domain = "claims.internal"
public_url = "https://claims.internal"
[smtp]
listen = ["127.0.0.1:{mail}"]
tls_cert = "cert.pem"
tls_key = "key.pem"
[http]
listen = "127.0.0.1:{pages}"
[delivery]
url = "smtp://office@localhost:{relay}"
password_file = "password"
"""
_REPORT = "From: <mailer-daemon@relay.internal>\r\nTo: <{to}>\r\nSubject: Undelivered\r\n\r\nNobody is there.\r\n"


@dataclass
class RelayToUs(FakeSmarthost):
    """A relay that carries mail to port `there`, signed for the domain `sign` or, when that is empty, unsigned."""

    there: int = 0
    sign: str = DOMAIN
    swallows: bool = False
    returns: bool = False
    fears_plus: bool = False

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        taken = self.taken[-1]
        if self.returns:
            await self._carry("", taken.mail_from, _REPORT.format(to=taken.mail_from).encode())
        elif not self.swallows and not (self.fears_plus and "+" in taken.rcpt):
            await self._carry(taken.mail_from, taken.rcpt, signed(taken.raw, self.sign) if self.sign else taken.raw)
        return answer

    async def _carry(self, mail_from: str, rcpt: str, raw: bytes) -> None:
        async with CLIENT(hostname="127.0.0.1", port=self.there, start_tls=False) as client:
            await client.sendmail(mail_from, [rcpt], raw)


async def prepare(folder: Path, authority: trustme.CA) -> None:
    """The files of an installation: keys, a database, a certificate, the relay's password."""
    (folder / "mailbot.toml").write_text(CONFIG.format(mail=0, pages=0, relay=0))
    (folder / "password").write_text(f"{PASSWORD}\n")
    _write_certificate(folder, authority.issue_cert(EXCHANGER))
    config = load_config(folder / "mailbot.toml", {})
    store = await Store.open(config.database.url.url, config.blobs.url.url, clock=SystemClock(), create=True)
    async with store:
        await load_keys(config, store)
    for made in (config.blobs.url.path, config.keys_file.parent):
        made.mkdir(exist_ok=True)


async def findings(folder: Path, authority: trustme.CA, case: Mapping[str, Any]) -> list[Finding]:
    """What the doctor says of the installation in `folder` in the world of that case."""
    damage = case.get("damage", {})
    now = damage.get("now")
    clock = SystemClock() if now is None else ManualClock(datetime.fromisoformat(now).replace(tzinfo=UTC))
    relay = _relay(authority, case)
    async with (
        _listening(folder, stranger=damage.get("stranger", False)) as mail,
        serving(relay),
        name_server(_records(case), seconds=0.4) as (server, dns),
    ):
        server.silent |= set(case.get("silent", ()))
        relay.there = mail
        with closing(socket.create_server(("127.0.0.1", 0))) as pages:
            ports = {"mail": mail, "pages": pages.getsockname()[1], "relay": relay.port}
            (folder / "mailbot.toml").write_text(CONFIG.format(**ports))
            environment = {key: str(text).format(**ports) for key, text in case.get("config", {}).items()}
            _damaged(folder, damage, authority)
            outside = Outside(
                dns=dns,
                tls=_trusting(authority),
                mail_port=relay.port if damage.get("exchanger") == "relay" else mail,
                patience=0.4 if relay.swallows or relay.fears_plus else 10,
                selectors=tuple(case.get("selectors", ())),
            )
            config = load_config(folder / "mailbot.toml", environment)
            return await checkup(config, clock, Ids(clock, Random(7)), outside)


@asynccontextmanager
async def _listening(folder: Path, *, stranger: bool = False) -> AsyncIterator[int]:
    """Our own listener, as the service has it: what it answers 250 lies in the database."""
    config = load_config(folder / "mailbot.toml", {})
    clock = SystemClock()
    async with await Store.open(config.database.url.url, config.blobs.url.url, clock=clock) as store:
        await store.write(lambda conn: settings.beat(conn, clock.now()))
        keeper = Acceptance(store, Ids(clock, Random(3)), lambda: None)
        listener = await listen(
            ListenerConfig(
                listen=["127.0.0.1:0"],
                domain=DOMAIN,
                spool_folder=folder / "var/spool",
                max_message_bytes=config.smtp.max_message_bytes,
                upstream=[] if stranger else ["127.0.0.1"],
                tls_cert=folder / "cert.pem",
                tls_key=folder / "key.pem",
            ),
            Tokens(load_keyring(config.keys_file)),
            Ports(
                store=keeper.keep,
                refused=keeper.note_refusal,
                fault=lambda error: None,
                clock=clock.now,
                disk_free=lambda: 2**40,
            ),
        )
        try:
            yield listener.addresses[0][1]
        finally:
            await listener.close(1)


def _relay(authority: trustme.CA, case: Mapping[str, Any]) -> RelayToUs:
    manners = {"password": PASSWORD, "offers_dsn": True, "host": "localhost"} | case.get("relay", {})
    host = manners.pop("host")
    context = None
    if host:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host).configure_cert(context)
    return RelayToUs(tls=context, **manners)


def _records(case: Mapping[str, Any]) -> dict[tuple[str, str], list[str]]:
    records = {}
    for key, texts in (ZONE | case.get("zone", {})).items():
        name, _, kind = key.partition(" ")
        records[name, kind] = [_quoted(text) for text in texts] if kind == "TXT" else texts
    return records


def _quoted(text: str) -> str:
    return " ".join(f'"{text[start : start + 200]}"' for start in range(0, len(text), 200))


def _damaged(folder: Path, damage: Mapping[str, Any], authority: trustme.CA) -> None:
    keys = folder / "var/keys.toml"
    if damage.get("keys") == "open":
        keys.chmod(0o644)
    if damage.get("keys") == "others":
        keys.unlink()
        save_keyring(keys, new_keyring(bytes(range(32))))
    if damage.get("blobs") == "a file":
        (folder / "var/blobs").rmdir()
        (folder / "var/blobs").write_text("in the way")
    if "certificate_ends" in damage:
        ends = datetime.fromisoformat(damage["certificate_ends"])
        _write_certificate(folder, authority.issue_cert(EXCHANGER, not_before=datetime(2020, 1, 1), not_after=ends))
    for statement in damage.get("sql", ()):
        with closing(sqlite3.connect(folder / "var/mailbot.db")) as conn:
            conn.execute(statement)
            conn.commit()


def _write_certificate(folder: Path, leaf: trustme.LeafCert) -> None:
    leaf.private_key_pem.write_to_path(folder / "key.pem")
    (folder / "cert.pem").write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))


def _trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context
