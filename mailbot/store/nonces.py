"""What may be used once: form nonces and sign-in links, remembered until they would have expired anyway."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store.schema import nonces
from mailbot.store.upsert import insert_missing


async def use(conn: AsyncConnection, nonce: str, expires: datetime) -> bool:
    """Uses it up; False when it was used before. Of two at the same instant one gets True."""
    return (await conn.execute(insert_missing(nonces), {"nonce": nonce, "expires": expires})).rowcount > 0


async def used(conn: AsyncConnection, nonce: str) -> bool:
    """Whether it was used up, without using it."""
    return (await conn.execute(select(nonces.c.nonce).where(nonces.c.nonce == nonce))).first() is not None


async def sweep(conn: AsyncConnection, now: datetime) -> int:
    """Forgets those that expired; how many."""
    return (await conn.execute(delete(nonces).where(nonces.c.expires <= now))).rowcount
