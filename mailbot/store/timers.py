"""Deadlines as rows: what rings, when, and whether it has.

Rows follow the claims' clocks (`replace`); the scheduler asks for what is due. Nothing is lost by downtime: a due row
stays due until it is fired. What has fired is never set again, so each reminder goes out once (I7).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store.bulk import execute_many
from mailbot.store.columns import word
from mailbot.store.faults import Conflict
from mailbot.store.schema import timers
from mailbot.store.upsert import insert_or_change


class RowIds(Protocol):
    """Where row ids come from (ids.Ids fits)."""

    def row(self) -> int:
        """A fresh id, greater than those before."""
        ...


class Ringing(Protocol):
    """A moment a claim's clock asks for: `what` is `due` or a reminder, `at` when to ring, `due` the clock's due."""

    @property
    def kind(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def due(self) -> datetime: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A stored ringing."""

    id: int
    claim_id: str
    kind: str
    subject: str
    what: str
    at: datetime
    due: datetime


_NAMES = ("kind", "subject", "what", "at", "due")
_SET = timers.c.state == word("set")
_SET_ONES = select(timers).where(timers.c.claim_id.in_(bindparam("claims", expanding=True)), _SET)
_END = update(timers).where(timers.c.id == bindparam("row"), _SET).values(ended_at=bindparam("ended"))
_CANCEL, _FIRE = _END.values(state="cancelled"), _END.values(state="fired")
# A timer that was cancelled may be wanted again; one that has fired may not.
_SET_AGAIN = insert_or_change(timers, ["claim_id", *_NAMES], ["state", "ended_at"], timers.c.state == word("cancelled"))


async def replace(conn: AsyncConnection, wanted: Mapping[str, Iterable[Ringing]], now: datetime, ids: RowIds) -> None:
    """Makes the set timers of each claim those its clocks ask for: cancels the others, sets the missing ones."""
    if not wanted:
        return
    had = await _set_ones(conn, wanted)
    want = {(claim_id, *_key(ringing)) for claim_id, ringings in wanted.items() for ringing in ringings}
    gone = [{"row": row, "ended": now} for key, row in had.items() if key not in want]
    fresh = sorted(want - had.keys(), key=lambda key: (key[4], key))
    await execute_many(conn, _CANCEL, gone)
    await execute_many(conn, _SET_AGAIN, [_row(key, ids.row()) for key in fresh])


async def due(conn: AsyncConnection, now: datetime, limit: int) -> tuple[Timer, ...]:
    """What should have rung by `now`, oldest first."""
    statement = select(timers).where(_SET, timers.c.at <= now).order_by(timers.c.at, timers.c.id).limit(limit)
    return tuple(_timer(row) for row in await conn.execute(statement))


async def next_at(conn: AsyncConnection) -> datetime | None:
    """When the next timer rings."""
    statement = select(timers.c.at).where(_SET).order_by(timers.c.at, timers.c.id).limit(1)
    return (await conn.execute(statement)).scalar_one_or_none()


async def fire(conn: AsyncConnection, ids: Sequence[int], now: datetime) -> None:
    """These rang: their event was decided in this transaction. Raises Conflict when one is not set any more."""
    if await execute_many(conn, _FIRE, [{"row": row, "ended": now} for row in ids]) != len(ids):
        raise Conflict


async def of_claim(conn: AsyncConnection, claim_id: str) -> tuple[Timer, ...]:
    """The set timers of one claim, next first."""
    statement = select(timers).where(timers.c.claim_id == claim_id, _SET).order_by(timers.c.at, timers.c.id)
    return tuple(_timer(row) for row in await conn.execute(statement))


async def _set_ones(
    conn: AsyncConnection, claim_ids: Iterable[str]
) -> dict[tuple[str, str, str, str, datetime, datetime], int]:
    rows = await conn.execute(_SET_ONES, {"claims": list(claim_ids)})
    return {(row.claim_id, row.kind, row.subject, row.what, row.at, row.due): row.id for row in rows}


def _row(key: tuple[object, ...], row_id: int) -> dict[str, object]:
    return dict(zip(("claim_id", *_NAMES), key, strict=True), id=row_id, state="set", ended_at=None)


def _key(ringing: Ringing) -> tuple[str, str, str, datetime, datetime]:
    return str(ringing.kind), ringing.subject, ringing.what, ringing.at, ringing.due


def _timer(row: object) -> Timer:
    return Timer(**{name: getattr(row, name) for name in ("id", "claim_id", *_NAMES)})
