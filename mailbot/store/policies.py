"""The rules as they read when a claim was pinned to them, by version: kept for ever, never changed."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store.faults import Refused
from mailbot.store.schema import policies
from mailbot.store.upsert import insert_missing


async def pin(conn: AsyncConnection, version: str, text: str) -> None:
    """Keeps the text of a version. Raises Refused when the version is kept with another text."""
    await conn.execute(insert_missing(policies), {"version": version, "text": text})
    kept = (await conn.execute(select(policies.c.text).where(policies.c.version == version))).scalar_one()
    if kept != text:
        raise Refused("policy_changed", f"policy {version} is in use with other rules; give the new rules another name")


async def load(conn: AsyncConnection) -> dict[str, str]:
    """Every version with its text."""
    rows = await conn.execute(select(policies.c.version, policies.c.text))
    return {row.version: row.text for row in rows}
