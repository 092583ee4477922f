"""Answers to API calls that carried an Idempotency-Key, so that the same call twice is one call (contract, HTTP).

Kept for 24 hours. The same key with another body raises Refused (`key_reused`).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store.faults import Refused
from mailbot.store.schema import idempotency
from mailbot.store.upsert import insert_missing

LIFE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: HTTP status and body text."""

    status: int
    body: str


async def find(conn: AsyncConnection, key_id: int, key: str, request: bytes, now: datetime) -> Answer | None:
    """The answer given to this call before, None if it is new. `request` is method, path and body."""
    table = idempotency.c
    statement = select(idempotency).where(table.key_id == key_id, table.key == key, table.at > now - LIFE)
    row = (await conn.execute(statement)).first()
    if row is not None and row.request != _digest(request):
        raise Refused("key_reused", "this Idempotency-Key was used for another request")
    return Answer(row.status, row.answer) if row else None


async def keep(conn: AsyncConnection, key_id: int, key: str, request: bytes, answer: Answer, now: datetime) -> None:
    """Notes the answer; the first one stays."""
    await conn.execute(delete(idempotency).where(idempotency.c.at <= now - LIFE))
    row = {"key_id": key_id, "key": key, "request": _digest(request), "at": now}
    await conn.execute(insert_missing(idempotency), row | {"status": answer.status, "answer": answer.body})


def _digest(request: bytes) -> bytes:
    return hashlib.sha256(request).digest()
