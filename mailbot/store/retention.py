"""What is forgotten when a claim's time is over: the originals, not the history (domain §3; security item 42).

Rows stay and say what there was; bytes that nobody else needs lose their row, and the next sweep removes their files.
"""

from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store import blobs
from mailbot.store.schema import inbox, inbox_bytes


async def forget_originals(conn: AsyncConnection, claim_ids: Sequence[str]) -> None:
    """Lets go of the evidence files of these claims and of the mails that were about them."""
    if not claim_ids:
        return
    about = inbox.c.claim_id.in_(list(claim_ids))
    items = (await conn.execute(select(inbox.c.id).where(about))).scalars().all()
    await conn.execute(update(inbox).where(about).values(reading=None))
    await conn.execute(delete(inbox_bytes).where(inbox_bytes.c.id.in_(items)))
    await blobs.release(conn, [*(f"claim:{i}" for i in claim_ids), *(f"inbox:{i}" for i in items)])
