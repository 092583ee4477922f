"""How many open claims each reviewer has."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store.columns import word
from mailbot.store.schema import claims

_LOAD = (
    select(claims.c.assigned_to, func.count().label("claims"))
    .where(claims.c.open, claims.c.assigned_to != word(""))
    .group_by(claims.c.assigned_to)
)


async def workload(conn: AsyncConnection) -> dict[str, int]:
    """Reviewer's address → open claims assigned to them; who has none is not listed."""
    return {row.assigned_to: row.claims for row in await conn.execute(_LOAD)}
