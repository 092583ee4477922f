"""Mail about one claim is worked off in the order in which it came, whoever works.

What belongs together is known before anything is read: the address that was written to, the claims it speaks for, the
claim that somebody attached the mail to. A mail waits while an older one of its kin is in another node's hands, or
waits itself. One that has hurt its reader holds up nobody. Nothing is locked for this: an older mail is unread until it
is settled, and everybody sees that.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store.columns import word
from mailbot.store.schema import address_claims, inbox

_ELSEWHERE = select(inbox.c.id, inbox.c.handle, inbox.c.claim_id).where(
    inbox.c.disposition == word("accepted"),
    inbox.c.id < bindparam("newest"),
    inbox.c.id.not_in(bindparam("mine", expanding=True)),
    inbox.c.attempts == 0,
)
_KIN = select(address_claims.c.handle, address_claims.c.claim_id).where(
    address_claims.c.handle.in_(bindparam("handles", expanding=True))
)


async def waiting(conn: AsyncConnection, rows: Sequence[Any]) -> frozenset[int]:
    """The ids of those inbox rows, which this transaction holds, that are not to be taken yet."""
    if not rows:
        return frozenset()
    mine = [row.id for row in rows]
    elsewhere = (await conn.execute(_ELSEWHERE, {"newest": max(mine), "mine": mine})).all()
    if not elsewhere:
        return frozenset()
    family = await _families(conn, [*rows, *elsewhere])
    taken, wait, behind = set(mine), set[int](), set[object]()
    for row in sorted((*rows, *elsewhere), key=lambda row: row.id):
        if row.id not in taken:
            behind |= family[row.id]
        elif family[row.id] & behind:
            behind |= family[row.id]
            wait.add(row.id)
    return frozenset(wait)


async def _families(conn: AsyncConnection, rows: Sequence[Any]) -> dict[int, set[object]]:
    """What each row belongs to: its address and all claims it may be about."""
    claims = defaultdict[int, set[object]](set)
    for link in await conn.execute(_KIN, {"handles": list({row.handle for row in rows if row.handle})}):
        claims[link.handle].add(link.claim_id)
    return {row.id: {name for name in (row.handle, row.claim_id) if name} | claims[row.handle] for row in rows}
