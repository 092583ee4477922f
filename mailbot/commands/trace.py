"""`mailbot trace`: one timeline of everything the tables hold about an address, a Message-ID, a claim or an IP.

Refused mail is known for 30 days. Tokens are never shown: an address of ours is named by its handle.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import click

from mailbot.commands.output import print_json, print_table
from mailbot.commands.setup import as_json, configured, opened, run

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from mailbot.config import Config

_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened: when, where it is kept (`in`, `out`, `claim`, `refused`), its id and what it was."""

    at: datetime
    where: str
    id: str
    claim: str
    what: str


@click.command()
@configured
@click.argument("text")
@as_json
def command(config: "Config", text: str, json_out: bool) -> None:
    """Tell everything known about TEXT: an address, a Message-ID, a claim id or an IP."""

    async def work() -> list[Line]:
        async with opened(config) as store, store.read() as conn:
            found = [*await _inbox(conn, text), *await _outbox(conn, text), *await _refusals(conn, text)]
            return [*found, *await _history(conn, text)]

    lines = sorted(run(work()), key=lambda line: line.at)
    if json_out:
        print_json(lines)
        return
    rows = [(line.at, line.where, line.id, line.claim, line.what) for line in lines]
    print_table(("at", "where", "id", "claim", "what"), rows, f"nothing is known about {text}")


async def _inbox(conn: "AsyncConnection", text: str) -> list[Line]:
    from sqlalchemy import or_, select

    from mailbot.addresses import canonical
    from mailbot.store.schema import inbox

    c, address = inbox.c, canonical(text)
    named = or_(
        c.claim_id == text.upper(),
        c.message_id.in_(_ids(text)),
        c.peer == text,
        c.sender == address,
        c.mail_from == text,
    )
    columns = (c.id, c.received_at, c.disposition, c.reason, c.claim_id, c.sender, c.subject)
    rows = await conn.execute(select(*columns).where(named).order_by(c.id.desc()).limit(_LIMIT))
    return [
        Line(
            r.received_at,
            "in",
            str(r.id),
            r.claim_id,
            _words(f"from {r.sender or '?'}", r.subject, r.disposition, r.reason),
        )
        for r in rows
    ]


async def _outbox(conn: "AsyncConnection", text: str) -> list[Line]:
    from sqlalchemy import or_, select

    from mailbot.addresses import canonical
    from mailbot.store.schema import outbox

    c = outbox.c
    named = or_(c.claim_id == text.upper(), c.message_id.in_(_ids(text)), c.email == canonical(text))
    columns = (c.id, c.created_at, c.claim_id, c.code, c.target, c.state, c.last_error)
    rows = await conn.execute(select(*columns).where(named).order_by(c.id.desc()).limit(_LIMIT))
    return [
        Line(r.created_at, "out", str(r.id), r.claim_id, _words(r.code, f"to {r.target}", r.state, r.last_error))
        for r in rows
    ]


async def _refusals(conn: "AsyncConnection", text: str) -> list[Line]:
    from mailbot.store import refusals

    found = await refusals.find(conn, text, _LIMIT)
    return [
        Line(
            r.at,
            "refused",
            r.peer,
            "",
            _words(f"from <{r.mail_from}>", f"to <{r.rcpt}>" if r.rcpt else "", str(r.code), r.reason),
        )
        for r in found
    ]


async def _history(conn: "AsyncConnection", text: str) -> list[Line]:
    from mailbot.store import history

    entries = await history.of_claim(conn, text.upper(), limit=_LIMIT)
    return [Line(e.at, "claim", str(e.seq), e.claim_id, _words(e.kind, f"by {e.actor}", e.channel)) for e in entries]


def _ids(text: str) -> tuple[str, ...]:
    """A Message-ID with and without its brackets."""
    bare = text.strip().strip("<>")
    return bare, f"<{bare}>"


def _words(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
