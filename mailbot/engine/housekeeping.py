"""What is kept for a while only is cleared: refusals, used nonces, files that no row names any more.

Runs now and then; a crash in between only means that the next run clears more.
"""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.engine.desk import Desk
from mailbot.store import nonces, refusals

_UNNAMED_FILES_KEPT = timedelta(days=1)


async def sweep(desk: Desk) -> None:
    """One round of clearing."""
    now, store = desk.clock.now(), desk.store

    async def clear(conn: AsyncConnection) -> None:
        await refusals.sweep(conn, now)
        await nonces.sweep(conn, now)

    await store.write(clear)
    async with store.read() as conn:
        await store.blobs.sweep(conn, now - _UNNAMED_FILES_KEPT)
