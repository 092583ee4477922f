"""What nodes that share a PostgreSQL keep each other from, by locks that end with the transaction or its connection.

SQLite has one writer, so there every lock is had at once. Nothing relies on a lock alone: what two nodes do all the
same is stopped by versions, states and unique keys. A lock only spares them the work, and the rivals the blind spot.
"""

import hashlib
from collections.abc import Iterable

from sqlalchemy import ARRAY, BigInteger, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

_TURN = text("SELECT pg_try_advisory_xact_lock(:number)").bindparams(bindparam("number", type_=BigInteger))
# In order, so that two nodes that want several never wait for each other.
_HOLD = text(
    "SELECT count(pg_advisory_xact_lock(number) IS NULL)"
    " FROM (SELECT number FROM unnest(:numbers) AS number ORDER BY number) AS ordered"
).bindparams(bindparam("numbers", type_=ARRAY(BigInteger)))


async def my_turn(conn: AsyncConnection, what: str) -> bool:
    """Whether this node may do `what` now, alone until its transaction on `conn` ends."""
    if conn.dialect.name == "sqlite":
        return True
    return bool((await conn.execute(_TURN, {"number": _number(f"turn {what}")})).scalar_one())


async def hold(conn: AsyncConnection, names: Iterable[str]) -> None:
    """Nobody else who holds one of these names goes on before this transaction ends."""
    numbers = sorted({_number(name) for name in names})
    if numbers and conn.dialect.name != "sqlite":
        await conn.execute(_HOLD, {"numbers": numbers})


def _number(name: str) -> int:
    """A 64-bit name; two that meet by chance wait for each other now and then, no more."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:8], "big", signed=True)
