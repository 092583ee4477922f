"""Baseline: what one writes in a day. aiosmtpd, the library's parser, aiosqlite a statement at a time, smtplib.

`python bench/days_work.py PORT RELAY_PORT DATABASE` takes replies to `<number>@…`, looks up that claim, notes its new
state and what happened, answers with one mail and says 250. `keep` in place of RELAY_PORT only keeps the bytes, each
in a transaction of its own. Durable like ours: `synchronous=FULL`.
"""

import asyncio
import smtplib
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import aiosmtpd.smtp
import aiosqlite

_SCHEMA = """
CREATE TABLE claims (id INTEGER PRIMARY KEY, partner TEXT NOT NULL, state TEXT NOT NULL, version INTEGER NOT NULL);
CREATE TABLE history (id INTEGER PRIMARY KEY, claim_id INTEGER NOT NULL, sender TEXT, subject TEXT, text TEXT);
CREATE INDEX history_of ON history (claim_id);
CREATE TABLE mails (id INTEGER PRIMARY KEY, raw BLOB);
"""


def make_database(path: Path, claims: int) -> None:
    """The tables, with that many claims."""
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA journal_mode=WAL")
        conn.executescript(_SCHEMA)
        rows = ((f"petr{n}@fabrikam.example",) for n in range(claims))
        conn.executemany("INSERT INTO claims (partner, state, version) VALUES (?, 'open', 1)", rows)
        conn.commit()


class App:
    """The whole application."""

    def __init__(self, database: aiosqlite.Connection, relay_port: int | None) -> None:
        self._database, self._relay_port = database, relay_port

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self._relay_port is None:
            await self._database.execute("INSERT INTO mails (raw) VALUES (?)", (envelope.content,))
            await self._database.commit()
            return "250 OK"
        return await self._answer(envelope, self._relay_port)

    async def _answer(self, envelope: Any, relay_port: int) -> str:
        message = message_from_bytes(envelope.content, policy=default)
        body = message.get_body(("plain",))
        text = body.get_content() if body else ""
        claim_id = int(envelope.rcpt_tos[0].partition("@")[0])
        cursor = await self._database.execute("SELECT partner FROM claims WHERE id = ?", (claim_id,))
        found = await cursor.fetchone()
        if found is None:
            return "550 no such claim"
        state = "declined" if "decline" in text.lower() else "asked"
        await self._database.execute(
            "UPDATE claims SET state = ?, version = version + 1 WHERE id = ?", (state, claim_id)
        )
        entry = (claim_id, str(message["From"]), str(message["Subject"]), text)
        await self._database.execute("INSERT INTO history (claim_id, sender, subject, text) VALUES (?, ?, ?, ?)", entry)
        await self._database.commit()
        _send(relay_port, _letter(found[0], claim_id, state, text))
        return "250 OK"


def _letter(to: str, claim_id: int, state: str, text: str) -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "claims@mail.test", to, f"Claim {claim_id} is {state}"
    letter["Reply-To"] = f"{claim_id}@mail.test"
    letter.set_content(f"Your customer wrote:\n\n{text}\n")
    letter.add_alternative(f"<p>Your customer wrote:</p><pre>{text}</pre>", subtype="html")
    return letter


def _send(port: int, letter: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="mail.test") as relay:
        relay.send_message(letter)


async def main(port: int, relay_port: int | None, path: str) -> None:
    async with aiosqlite.connect(path) as database:
        await database.execute("PRAGMA synchronous=FULL")
        app = App(database, relay_port)
        make: Callable[[], asyncio.Protocol] = lambda: aiosmtpd.smtp.SMTP(app)  # noqa: E731
        server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", port)
        await server.serve_forever()


if __name__ == "__main__":
    relay = None if sys.argv[2] == "keep" else int(sys.argv[2])
    asyncio.run(main(int(sys.argv[1]), relay, sys.argv[3]))
