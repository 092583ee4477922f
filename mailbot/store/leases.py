"""Leases of a process that is gone: where one process serves a database alone, nobody else can hold one.

Only the process that locked the database may call this, and only at its start (Store.open with `lock`). On a shared
database leases end by themselves.
"""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store.schema import inbox, outbox


async def forget_leases(conn: AsyncConnection) -> None:
    """Work that was in hand when the last process ended is taken up again at once."""
    await conn.execute(update(inbox).where(inbox.c.lease_until.is_not(None)).values(lease_until=None))
    held = update(outbox).where(outbox.c.lease_until.is_not(None))
    await conn.execute(held.values(lease_until=None, lease_by=""))
