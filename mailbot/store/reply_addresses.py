"""The rows behind signed addresses and links: for whom each was made, and for which mails of which claims.

An address outlives its validity: expired and revoked ones are still found, since a decline always counts. It is
revoked for each of its claims by itself, because a joined mail speaks for several.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.addresses import canonical
from mailbot.store.bulk import execute_many
from mailbot.store.codec import clean
from mailbot.store.schema import address_claims, reply_addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyAddress:
    """One address. `mails` are the (claim id, mail key) pairs it was sent with; `revoked` the claims it lost.

    `email` is whose address it is, as stored in the claim; `expires` is its last day, None for never.
    """

    handle: int
    email: str
    name: str = ""
    party: str
    code: str = ""
    outbox_id: int | None = None
    created_at: datetime
    expires: date | None = None
    mails: tuple[tuple[str, str], ...] = ()
    revoked: frozenset[str] = frozenset()
    uses: int = 0

    @property
    def claims(self) -> tuple[str, ...]:
        """Ids of the claims it was made for."""
        return tuple(claim_id for claim_id, _ in self.mails)


_table, _links = reply_addresses, address_claims
_COLUMNS = ("handle", "email", "name", "party", "code", "outbox_id", "created_at", "expires")
_INSERT, _INSERT_LINKS = insert(_table), insert(_links)
_FIND = select(_table).where(_table.c.handle.in_(bindparam("handles", expanding=True)))
_FIND_LINKS = select(_links).where(_links.c.handle.in_(bindparam("handles", expanding=True)))
_USE = update(_table).where(_table.c.handle == bindparam("row")).values(uses=_table.c.uses + 1)


async def put(conn: AsyncConnection, addresses: Sequence[ReplyAddress]) -> None:
    """Stores new addresses."""
    if not addresses:
        return
    rows = [{name: getattr(address, name) for name in _COLUMNS} for address in addresses]
    cleaned = [row | {"name": clean(row["name"]), "party": str(row["party"])} for row in rows]
    await execute_many(conn, _INSERT, cleaned)
    links = [
        {"handle": address.handle, "claim_id": claim_id, "key": key, "place": place}
        for address in addresses
        for place, (claim_id, key) in enumerate(address.mails)
    ]
    await execute_many(conn, _INSERT_LINKS, links)


async def find(conn: AsyncConnection, handles: Iterable[int]) -> dict[int, ReplyAddress]:
    """Handle → address, for those that exist."""
    wanted = set(handles)
    if not wanted:
        return {}
    rows = (await conn.execute(_FIND, {"handles": list(wanted)})).all()
    links = (await conn.execute(_FIND_LINKS, {"handles": list(wanted)})).all()
    mails: dict[int, list[tuple[str, str]]] = {}
    revoked: dict[int, set[str]] = {}
    for link in sorted(links, key=lambda link: link.place):
        mails.setdefault(link.handle, []).append((link.claim_id, link.key))
        if link.revoked_at is not None:
            revoked.setdefault(link.handle, set()).add(link.claim_id)
    return {
        row.handle: ReplyAddress(
            mails=tuple(mails.get(row.handle, ())),
            revoked=frozenset(revoked.get(row.handle, ())),
            uses=row.uses,
            **{name: getattr(row, name) for name in _COLUMNS},
        )
        for row in rows
    }


async def revoke(conn: AsyncConnection, claim_id: str, email: str, now: datetime) -> None:
    """Addresses made for this contact no longer speak for it in this claim (a decline stays possible)."""
    spellings = {email, canonical(email)}
    theirs = select(_table.c.handle).where(_table.c.email.in_(spellings))
    own = (_links.c.claim_id == claim_id, _links.c.handle.in_(theirs), _links.c.revoked_at.is_(None))
    await conn.execute(update(_links).where(*own).values(revoked_at=now))


async def use(conn: AsyncConnection, handles: Sequence[int]) -> None:
    """Counts one use of each."""
    await execute_many(conn, _USE, [{"row": handle} for handle in handles])
