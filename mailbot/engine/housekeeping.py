"""What is kept for a while only is cleared: refusals, used nonces, files that no row names any more.

Runs now and then; a crash in between only means that the next run clears more.
"""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.engine.desk import Desk
from mailbot.store import erasure, nonces, refusals
from mailbot.store.database import Store

_UNNAMED_FILES_KEPT = timedelta(days=1)
_IN_HAND = timedelta(minutes=5)
"""A file younger than this may belong to a write that has not named it yet."""


async def sweep(desk: Desk) -> None:
    """One round of clearing."""
    now, store = desk.clock.now(), desk.store

    async def clear(conn: AsyncConnection) -> None:
        await refusals.sweep(conn, now)
        await nonces.sweep(conn, now)

    await store.write(clear)
    async with store.read() as conn:
        await store.blobs.sweep(conn, now - _UNNAMED_FILES_KEPT)


async def compact(store: Store, in_hand: timedelta = _IN_HAND) -> bool:
    """Rewrites the database after an erasure, if one asked for it; whether it did. One that readers held up is due
    again. Files that no row names go too, if they are older than `in_hand`.
    """
    async with store.read() as conn:
        if not await erasure.compact_wanted(conn):
            return False
        await store.blobs.sweep(conn, store.clock.now() - in_hand)
    if await store.compact():
        await store.write(erasure.compacted)
    return True
