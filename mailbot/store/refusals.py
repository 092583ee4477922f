"""SMTP commands that were refused, kept for 30 days so that `mailbot trace` can say what became of a mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store.codec import clean
from mailbot.store.schema import refusals

LIFE = timedelta(days=30)
_TEXTS = ("peer", "helo", "mail_from", "rcpt", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One refusal. `rcpt` is redacted by the caller: it may have been a token. `code` is the SMTP code."""

    at: datetime
    peer: str
    helo: str = ""
    mail_from: str = ""
    rcpt: str = ""
    code: int
    reason: str = ""


async def note(conn: AsyncConnection, refused: Sequence[Refused]) -> None:
    """Keeps refusals."""
    if refused:
        rows = [{name: clean(getattr(r, name)) for name in _TEXTS} | {"at": r.at, "code": r.code} for r in refused]
        await conn.execute(insert(refusals), rows)


async def find(conn: AsyncConnection, text: str, limit: int = 200) -> tuple[Refused, ...]:
    """Refusals of exactly this peer, sender or recipient, newest first."""
    table = refusals.c
    named = or_(table.peer == text, table.mail_from == text, table.rcpt == text)
    rows = await conn.execute(select(refusals).where(named).order_by(table.id.desc()).limit(limit))
    return tuple(Refused(at=r.at, code=r.code, **{name: getattr(r, name) for name in _TEXTS}) for r in rows)


async def sweep(conn: AsyncConnection, now: datetime) -> int:
    """Forgets what is older than 30 days; how many."""
    return (await conn.execute(delete(refusals).where(refusals.c.at <= now - LIFE))).rowcount
