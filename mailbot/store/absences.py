"""Who of the office is away, until when: facts of this installation, one under each address.

An absence that is over is as if it had never been; reading one that was never written gives none.
"""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.addresses import canonical
from mailbot.store import schema, settings

_PREFIX = "away."
_table = schema.settings


def name_of(email: str) -> str:
    """The name under which the absence of that person is kept (settings.put)."""
    return _PREFIX + canonical(email)


async def put(conn: AsyncConnection, email: str, until: datetime) -> None:
    """The person is away until that instant."""
    await settings.put(conn, name_of(email), until)


async def end(conn: AsyncConnection, email: str) -> None:
    """The person is back."""
    await conn.execute(delete(_table).where(_table.c.key == name_of(email)))


async def present(conn: AsyncConnection, now: datetime) -> dict[str, datetime]:
    """Address → until when, for those who are away now."""
    rows = await conn.execute(select(_table.c.key, _table.c.value).where(_table.c.key.startswith(_PREFIX)))
    return {row.key.removeprefix(_PREFIX): row.value for row in rows if row.value > now}
