"""The outbox as people look at it and put a hand to it: lists, one row, retry, cancel, replay.

Nothing here sends. Acts on a row that is not in the right state change nothing and say so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.ids import first_row
from mailbot.store.columns import word
from mailbot.store.outbox import Kind, State
from mailbot.store.schema import outbox, outbox_bytes

_c = outbox.c
_SAME = (
    "id", "key", "kind", "code", "party", "language", "handle", "message_id", "mail_from", "target", "subject", "state",
    "attempts", "next_attempt", "last_error", "status", "maybe_sent", "answer", "triggered_by", "created_at",
    "sent_at", "delivered_at", "ended_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """A row with its whole story. `body` is None in lists."""

    id: int
    claim_id: str | None
    key: str
    kind: Kind
    code: str
    party: str
    email: str
    language: str
    handle: int | None
    message_id: str
    mail_from: str
    target: str
    subject: str
    state: State
    attempts: int
    next_attempt: datetime
    last_error: str
    status: str
    maybe_sent: bool
    answer: bool
    triggered_by: int | None
    created_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    ended_at: datetime | None
    body: bytes | None = None


async def get(conn: AsyncConnection, item_id: int) -> OutboxItem | None:
    """One row with its bytes."""
    whole = select(outbox, outbox_bytes.c.body).select_from(outbox.outerjoin(outbox_bytes))
    row = (await conn.execute(whole.where(_c.id == item_id))).first()
    return _item(row) if row else None


async def list_items(
    conn: AsyncConnection, state: State | None = None, limit: int = 50, before: int | None = None
) -> tuple[OutboxItem, ...]:
    """Rows without their bytes, newest first; `before` is the id of the last one of the page before."""
    statement = select(outbox).order_by(_c.id.desc()).limit(limit)
    if state is not None:
        # The index leaves out what was sent; of that the newest rows by id are the page.
        others = [] if state == "sent" else [_c.state != word("sent")]
        statement = statement.where(_c.state == word(state), *others)
    if before is not None:
        statement = statement.where(_c.id < before)
    return tuple(_item(row) for row in await conn.execute(statement))


async def of_claim(
    conn: AsyncConnection, claim_id: str, limit: int = 200, before: int | None = None
) -> tuple[OutboxItem, ...]:
    """What went out about a claim, newest first, without the bytes."""
    about = and_(_c.claim_id == claim_id, _c.claim_id != word(""))
    statement = select(outbox).where(about).order_by(_c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(_c.id < before)
    return tuple(_item(row) for row in await conn.execute(statement))


async def by_message_id(conn: AsyncConnection, message_ids: Iterable[str]) -> dict[str, OutboxItem]:
    """Message-ID → row, for those we sent."""
    wanted = set(message_ids) - {""}
    rows = await conn.execute(select(outbox).where(_c.message_id.in_(wanted)))
    return {row.message_id: _item(row) for row in rows}


async def by_handle(conn: AsyncConnection, handles: Iterable[int]) -> dict[int, OutboxItem]:
    """Handle of the reply address → the row that carried it."""
    rows = await conn.execute(select(outbox).where(_c.handle.in_(set(handles)), _c.handle.is_not(None)))
    return {row.handle: _item(row) for row in rows}


async def waiting_counts(conn: AsyncConnection) -> dict[str, int]:
    """How many rows are still to go, and how many failed: all states but sent and cancelled."""
    some = _c.state.in_(("queued", "deferred", "bounced", "expired"))
    rows = await conn.execute(select(_c.state, func.count().label("n")).where(some).group_by(_c.state))
    return {row.state: row.n for row in rows}


async def retry(conn: AsyncConnection, item_id: int, now: datetime) -> bool:
    """Queues a bounced or expired row anew, with a full life, or a deferred one at once; False when it is none."""
    again = and_(_c.id == item_id, _c.state.in_(("bounced", "expired", "deferred")))
    return (await conn.execute(update(outbox).where(again).values(_anew(now)))).rowcount > 0


async def cancel(conn: AsyncConnection, item_id: int, now: datetime) -> bool:
    """Ends a row that was not sent yet; False when there is none."""
    waits = and_(_c.id == item_id, _c.state.in_(("queued", "deferred")))
    return (await conn.execute(update(outbox).where(waits).values(state="cancelled", ended_at=now))).rowcount > 0


async def replay(
    conn: AsyncConnection, endpoint_id: int, since: datetime, until: datetime, types: Sequence[str], now: datetime
) -> int:
    """Queues the calls to one endpoint made from `since` until before `until` anew, told or not; how many.

    Same ids and bytes, so whoever heard one knows it again. No `types`: all of them. What was erased stays so.
    """
    when = and_(_c.id >= first_row(since), _c.id < first_row(until))
    ended = _c.state.in_(("sent", "bounced", "expired"))
    kept = select(outbox_bytes.c.id).where(outbox_bytes.c.id == _c.id).exists()
    which = and_(_c.email == f"webhook:{endpoint_id}", when, ended, kept)
    if types:
        which = and_(which, _c.code.in_(types))
    return (await conn.execute(update(outbox).where(which).values(_anew(now)))).rowcount


def _anew(now: datetime) -> dict[str, Any]:
    """A full life from now on."""
    return {"state": "queued", "next_attempt": now, "ended_at": None, "reported": False, "created_at": now}


def _item(row: Any) -> OutboxItem:
    email = row.target if row.kind == "mail" else ""
    fixed = {name: getattr(row, name) for name in _SAME}
    return OutboxItem(claim_id=row.claim_id or None, email=email, body=getattr(row, "body", None), **fixed)
