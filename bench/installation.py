"""Our own side: an installation in a folder of its own with people and claims, and the real `mailbot serve` on it.

One claim is played through the real rooms until its customer may answer; the others are copies of its rows with ids,
tenant and customer of their own, made by the database itself (filling.py). Their history is not chained anew: `verify`
would complain, the service does not look.
"""

import asyncio
import email
import email.policy
import hashlib
import io
import secrets
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

from PIL import Image

from bench.filling import fill
from bench.mailing import Job
from bench.processes import Child, free_port
from mailbot.app import Rooms, close_rooms, open_rooms
from mailbot.clock import ManualClock
from mailbot.config import load_config
from mailbot.engine.acceptance import Acceptance
from mailbot.engine.clockwork import Clockwork
from mailbot.engine.mailroom import Mailroom
from mailbot.inbound.envelope import Accepted, Recipient
from mailbot.keys import load_keyring
from mailbot.outbound.delivery import Delivery
from mailbot.outbound.transport import Message, Sent
from mailbot.store.people_import import NewLocation, NewOrganisation, NewPerson, People, import_people
from mailbot.tokens import Tokens

DOMAIN = "mail.test"
PARTNER, REVIEWER, CUSTOMER = "petr@fabrikam.example", "rita@office.example", "jana@customer.example"
_CONFIG = """
domain = "{domain}"
public_url = "http://127.0.0.1:{http}"
[smtp]
listen = ["127.0.0.1:{smtp}"]
[http]
listen = "127.0.0.1:{http}"
[delivery]
url = "smtp://127.0.0.1:{relay}?tls=none"
[sender]
trust = "none"
[limits]
connections = 2000
connections_per_ip = 2000
messages_per_handle_day = 100000000
bytes_per_handle_day = 1000000000000
messages_per_domain_minute = 100000000
messages_per_session = 100000000
commands = 1000000000
bytes_in_flight = 2000000000
"""
_PEOPLE = People(
    organisations=(
        NewOrganisation(
            name="Fabrikam",
            country="CZ",
            time_zone="Europe/Prague",
            domains=("fabrikam.example",),
            locations=(NewLocation(id="4567890", enrolled=("osu_microsoft_365",)),),
            people=(NewPerson(name="Petr Dvořák", email=PARTNER, roles=("incentives_admin",), language="en"),),
        ),
    ),
    reviewers=(
        NewPerson(name="Rita Office", email=REVIEWER, roles=("reviewer",)),
        NewPerson(name="Ada Office", email="ada@office.example", roles=("office_admin",)),
    ),
)
_FORM = """Name: Teams roll-out
Location: 4567890
Tenant: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
Tenant domain: customer.example
Solution area: modern_work_security
Activity: usage
Product: teams
Customer name: Jana Nováková
Customer title: CIO
Customer email: jana@customer.example
Customer country: CZ
"""


@dataclass(frozen=True, slots=True)
class Installation:
    """A furnished folder with `claims` claims whose customers may answer."""

    folder: Path
    port: int
    claims: int

    @property
    def database(self) -> Path:
        return self.folder / "var" / "mailbot.db"

    def serve(self, role: str = "all", env: dict[str, str] | None = None, *, sampled: Path | None = None) -> Child:
        """The service; a role without a listener greets nobody and cannot be started here.

        With `sampled` it notes there what it was found doing.
        """
        config = str(self.folder / "mailbot.toml")
        program = ["mailbot"] if sampled is None else ["bench.sampled", str(sampled)]
        command = [sys.executable, "-m", *program, "serve", "--config", config, "--role", role]
        return Child(command, self.port, self.folder / "service.log", env)

    def replies(self, first: int, count: int, words: str, size: int = 4096) -> list[Job]:
        """Plain replies of the customers of claims `first` and following, each about `size` octets long."""
        tokens = Tokens(load_keyring(self.folder / "var" / "keys.toml"))
        with closing(sqlite3.connect(self.database)) as conn:
            own = "SELECT handle, email FROM reply_addresses WHERE code = 'consent_prompt'"
            rows = conn.execute(f"{own} ORDER BY handle LIMIT ? OFFSET ?", (count, first)).fetchall()
        return [_reply(f"{tokens.address('r', handle, None)}@{DOMAIN}", who, words, size) for handle, who in rows]

    def count(self, query: str) -> int:
        """One number out of the database."""
        with closing(sqlite3.connect(self.database)) as conn:
            return int(conn.execute(query).fetchone()[0])


def install(folder: Path, relay_port: int, claims: int) -> Installation:
    """Makes the installation and fills it."""
    folder.mkdir(parents=True)
    smtp, http = free_port(), free_port()
    text = _CONFIG.format(domain=DOMAIN, smtp=smtp, http=http, relay=relay_port)
    (folder / "mailbot.toml").write_text(text, encoding="utf-8")
    claim_id = asyncio.run(_play(folder))
    made = Installation(folder, smtp, claims)
    fill(made.database, claim_id, claims)
    return made


def _reply(to: str, sender: str, words: str, size: int) -> Job:
    head = (
        f"Received: from mx.customer.example by {DOMAIN}; Mon, 2 Mar 2026 09:00:00 +0000\r\n"
        f"From: Jana Novakova <{sender}>\r\nTo: Claims office <{to}>\r\nSubject: Re: Your association\r\n"
        f"Message-ID: <{secrets.token_hex(8)}@customer.example>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0100\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        f"{words}\r\n\r\nBest regards\r\nJana\r\n\r\nOn Mon, 2 Mar 2026 at 9:00, Claims office <{to}> wrote:\r\n"
    )
    quoted = "> Fabrikam says that it helped your company with this product and asks to see how it is used.\r\n"
    return Job(sender, to, (head + quoted * max((size - len(head)) // len(quoted), 0)).encode())


class _Pocket:
    """A transport that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[Message] = []

    async def send(self, message: Message) -> Sent:
        self.mails.append(message)
        return Sent("250 taken")

    async def close(self) -> None:
        pass


async def _play(folder: Path) -> str:
    """One claim by mail: claimed with a file, approved with a contact check, its customer told. Returns its id."""
    clock = ManualClock(datetime.now(UTC) - timedelta(hours=2))
    rooms = await open_rooms(load_config(folder / "mailbot.toml", {}), clock=clock)
    try:
        await rooms.store.write(lambda conn: import_people(conn, _PEOPLE, clock.now()))
        await rooms.readers.start()
        pocket = _Pocket()
        await _arrives(rooms, PARTNER, f"claims@{DOMAIN}", _FORM, picture=_picture())
        await _settle(rooms, pocket)
        assigned = next(m for m in pocket.mails if m.rcpt == REVIEWER)
        await _arrives(rooms, REVIEWER, _reply_address(assigned), "approve contact: page 1 of the statement of work")
        await _settle(rooms, pocket)
        clock.set(datetime.now(UTC))
        await _settle(rooms, pocket)
        async with rooms.store.read() as conn:
            rows = await conn.exec_driver_sql("SELECT id FROM claims WHERE consent = 'pending'")
            return str(rows.scalar_one())
    finally:
        await close_rooms(rooms)


def _picture() -> bytes:
    drawn = io.BytesIO()
    Image.effect_noise((200, 200), 50).save(drawn, "PNG")
    return drawn.getvalue()


async def _arrives(rooms: Rooms, sender: str, to: str, text: str, picture: bytes = b"") -> None:
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"], message["Subject"] = sender, to, "Hello"
    message.set_content(text)
    if picture:
        message.add_attachment(picture, maintype="image", subtype="png", filename="work.png")
    raw, local_part = message.as_bytes(), to.partition("@")[0]
    token = rooms.tokens.read(local_part)
    recipient = Recipient(address=to, local_part=local_part, token=token, role="token" if token else "claims")
    await Acceptance(rooms.store, rooms.desk.ids, lambda: None).keep(
        Accepted(
            received_at=rooms.desk.clock.now(),
            mail_from=sender,
            recipients=(recipient,),
            peer="127.0.0.1",
            helo="bench.test",
            tls=False,
            upstream=True,
            raw=raw,
            size=len(raw),
            sha256=hashlib.sha256(raw).hexdigest(),
        )
    )


async def _settle(rooms: Rooms, pocket: _Pocket) -> None:
    """Works until nobody has anything to do."""
    now = rooms.desk.clock.now
    clockwork, mailroom = Clockwork(rooms.desk), Mailroom(rooms.desk, rooms.readers)
    delivery = Delivery(rooms.store, pocket, rooms.desk.clock, node="bench")
    done = 1
    while done:
        done = await mailroom.step() + await clockwork.ring() + await clockwork.leave()
        done += await delivery.step(now()) + await clockwork.report()


def _reply_address(mail: Message) -> str:
    parsed = email.message_from_bytes(mail.raw, policy=email.policy.default)
    return str(parsed["Reply-To"]).strip("<>")
