"""Mails that wait for others to the same contact, to leave as one (domain §7, clock `join`; security item 35)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store.faults import Conflict
from mailbot.store.schema import waiting
from mailbot.store.upsert import insert_missing

_COLUMNS = ("id", "claim_id", "email", "party", "code", "key", "context", "leave_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A mail not written yet. `context`: JSON values, instants, dates; it leaves at `leave_at` at the latest.

    `claim_id` is empty for an answer that belongs to no claim.
    """

    id: int
    claim_id: str
    email: str
    party: str
    code: str
    key: str
    context: Mapping[str, Any]
    leave_at: datetime


async def wait(conn: AsyncConnection, rows: Sequence[Waiting]) -> None:
    """Lets mails wait; one that waits already (claim, key, address) is not doubled."""
    if rows:
        values = [{name: getattr(row, name) for name in _COLUMNS} for row in rows]
        await conn.execute(
            insert_missing(waiting), [v | {"party": str(v["party"]), "context": dict(v["context"])} for v in values]
        )


async def leaving(conn: AsyncConnection, now: datetime, contacts: int = 64) -> tuple[Waiting, ...]:
    """Everything that waits for contacts of whom some mail has to leave by `now`, in the order in which it came."""
    ripe = (
        select(waiting.c.email, waiting.c.party)
        .where(waiting.c.leave_at <= now)
        .distinct()
        .order_by(waiting.c.email)
        .limit(contacts)
    )
    statement = select(waiting).where(tuple_(waiting.c.email, waiting.c.party).in_(ripe)).order_by(waiting.c.id)
    return tuple(Waiting(**{name: getattr(row, name) for name in _COLUMNS}) for row in await conn.execute(statement))


async def of_party(conn: AsyncConnection, party: str) -> tuple[Waiting, ...]:
    """Everything that waits for contacts of that party, in the order in which it came."""
    statement = select(waiting).where(waiting.c.party == str(party)).order_by(waiting.c.id)
    return tuple(Waiting(**{name: getattr(row, name) for name in _COLUMNS}) for row in await conn.execute(statement))


async def done(conn: AsyncConnection, ids: Sequence[int]) -> None:
    """These left in this transaction. Raises Conflict when one has left before."""
    if ids and (await conn.execute(delete(waiting).where(waiting.c.id.in_(ids)))).rowcount != len(set(ids)):
        raise Conflict


async def drop(conn: AsyncConnection, claim_ids: Sequence[str], codes: Sequence[str]) -> None:
    """Mails of the claims with these codes are not sent: what they say is no longer so."""
    await conn.execute(delete(waiting).where(waiting.c.claim_id.in_(claim_ids), waiting.c.code.in_(codes)))
