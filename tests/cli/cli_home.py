"""An installation in a temporary folder, its commands run as a person runs them, and some life put into it."""

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from mailbot.app import Rooms, close_rooms, open_rooms
from mailbot.claims.events import Actor, Drafted, Submitted
from mailbot.claims.model import Channel, Claim, Contact, Product, Role
from mailbot.cli import cli
from mailbot.config import Config, load_config
from mailbot.demo.pdf import pdf
from mailbot.store import inbox, people
from mailbot.store.inbox import Item, Settlement

PEOPLE = """
[[organisation]]
name = "Fabrikam"
country = "CZ"
time_zone = "Europe/Prague"
domains = ["fabrikam.example"]
  [[organisation.location]]
  id = "4567890"
  enrolled = ["osu_microsoft_365"]
  [[organisation.person]]
  name = "Petr Dvořák"
  email = "petr@fabrikam.example"
  roles = ["incentives_admin"]
  language = "cs"
[[reviewer]]
name = "Rita Office"
email = "rita@office.example"
roles = ["reviewer"]
"""
CONFIG = """
domain = "mail.test"
public_url = "http://mail.test"
[smtp]
listen = ["127.0.0.1:0"]
[http]
listen = "127.0.0.1:0"
[sender]
trust = "none"
[log]
format = "json"
"""
CLAIM = "CLM-7K3QF2"
PDF = pdf(["Acceptance protocol"])
RECEIVED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Home:
    """One installation, with the `environment` of its processes. `run` answers what a command printed and its end."""

    def __init__(self, folder: Path, config: str = CONFIG) -> None:
        self.folder = folder
        self.file = folder / "mailbot.toml"
        self.environment: dict[str, str] = {}
        self.file.write_text(config, encoding="utf-8")
        (folder / "people.toml").write_text(PEOPLE, encoding="utf-8")

    @property
    def config(self) -> Config:
        return load_config(self.file, {})

    @property
    def database(self) -> Path:
        return self.folder / "var/mailbot.db"

    def run(self, *words: object, stdin: bytes | None = None) -> Result:
        given = [*(str(word) for word in words), "--config", str(self.file)]
        return CliRunner(env=self.environment).invoke(cli, given, input=stdin)

    def done(self, *words: object, stdin: bytes | None = None) -> str:
        """The output of a command that has to succeed."""
        result = self.run(*words, stdin=stdin)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *words: object) -> Any:
        return json.loads(self.done(*words, "--json"))

    def json_lines(self, *words: object) -> list[dict[str, Any]]:
        """The objects of a command that prints one a line."""
        return [json.loads(line) for line in self.done(*words, "--json").splitlines()]

    def refused(self, *words: object) -> str:
        """The one line of a command that has to fail with exit code 1."""
        result = self.run(*words)
        assert result.exit_code == 1, result.output
        assert "Traceback" not in result.output
        lines = [line for line in result.stderr.splitlines() if line.startswith("mailbot: ")]
        assert len(lines) == 1, result.stderr
        return lines[0].removeprefix("mailbot: ")

    def with_people(self) -> "Home":
        self.done("people", "import", self.folder / "people.toml")
        return self

    def with_claim(self) -> "Home":
        """A submitted claim with a file, so that there are mails to send and a history."""
        self.with_people()
        asyncio.run(self._claimed())
        return self

    def with_held_mail(self, *, claim_id: str = "", disposition: str = "held") -> int:
        """A mail that waits for a person; answers its id."""
        return asyncio.run(self._held(claim_id, disposition))

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database)) as conn:
            found = conn.execute(statement, values).fetchall()
            conn.commit()
        return found

    async def _claimed(self) -> None:
        rooms = await open_rooms(self.config, lock=False)
        try:
            await rooms.readers.start()
            await _submit(rooms)
        finally:
            await close_rooms(rooms)

    async def _held(self, claim_id: str, disposition: str) -> int:
        rooms = await open_rooms(self.config, lock=False)
        raw = b"From: who@knows.example\r\nSubject: hello\r\n\r\nIs anybody there?\r\n"
        item = Item(
            id=rooms.engine.ids.row(),
            received_at=RECEIVED,
            peer="192.0.2.7",
            mail_from="who@knows.example",
            rcpt="claims@mail.test",
            role="claims",
            sha256="0" * 64,
            size=len(raw),
            raw=raw,
        )
        end = Settlement(
            id=item.id,
            disposition=disposition,  # type: ignore[arg-type]
            reason="unknown_sender",
            claim_id=claim_id,
            sender="who@knows.example",
            message_id="<hello@knows.example>",
            subject="hello",
            trace=[["sender", "aligned", "trust none"]],
            reading={"reply_text": "Is anybody there?"},
        )
        try:
            await rooms.store.write(lambda conn: inbox.accept(conn, [item]))
            await rooms.store.write(lambda conn: inbox.settle(conn, [end], RECEIVED))
        finally:
            await close_rooms(rooms)
        return item.id


async def _submit(rooms: Rooms) -> None:
    async with rooms.store.read() as conn:
        firm = await people.organisation_named(conn, "Fabrikam")
    assert firm is not None
    now = rooms.engine.clock.now()
    petr = Actor(
        email="petr@fabrikam.example",
        name="Petr Dvořák",
        roles=frozenset({Role.INCENTIVES_ADMIN}),
        organisation_id=firm.id,
        of_record=True,
    )
    claim = Claim(
        id=CLAIM,
        version=0,
        policy=rooms.engine.default_policy.version,
        created_at=now,
        organisation_id=firm.id,
        organisation_name=firm.name,
        name="Teams roll-out",
        location_id="4567890",
        tenant_id="11111111-2222-3333-4444-555555555555",
        tenant_domain="customer.example",
        solution_area="modern_work_security",
        activity="usage",
        products=(Product(code="teams"),),
        customer=Contact(name="Jana", email="jana@customer.example", title="CIO", country="CZ", language="cs"),
        partner=Contact(name="Petr Dvořák", email="petr@fabrikam.example", language="cs"),
    )
    base = {"at": now, "actor": petr, "channel": Channel.CLI}
    await rooms.engine.create(Drafted(id="test:draft", claim=claim, **base))  # type: ignore[arg-type]
    added = await rooms.engine.add_files(CLAIM, petr, Channel.CLI, [("proof of work.pdf", PDF)])
    assert [file.verdict for file in added.receipts] == ["accepted"]
    done = await rooms.engine.act(CLAIM, Submitted(id="test:submit", **base))  # type: ignore[arg-type]
    assert done.changed, done.refusal
