"""Leases of processes that are gone.

Where one process serves a database alone, nobody else can hold one: it takes everything up again at its start. On a
shared PostgreSQL leases end by themselves; they are given back before as soon as the server has no connection of
their node any more. A node that only lost its connections may then read a mail that another one reads too, and is told
when it settles it; or send one that another one sends too: the same bytes, the same Message-ID.
"""

from collections.abc import Collection

from sqlalchemy import select, text, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store.columns import word, words_of
from mailbot.store.database import Store
from mailbot.store.faults import StoreFault
from mailbot.store.schema import inbox, outbox

NAME = "mailbot "
"""What stands before a node's name in the name of its connections."""

_PRESENT = text(
    "SELECT DISTINCT substr(application_name, :skip) FROM pg_stat_activity"
    " WHERE datname = current_database() AND starts_with(application_name, :name)"
).bindparams(skip=len(NAME) + 1, name=NAME)
_OPEN = {
    inbox: inbox.c.disposition == word("accepted"),
    outbox: outbox.c.state.in_(words_of("queued", "deferred")),
}
"""Where a lease means anything, and which of the rows there are to be worked off."""
_HOLDERS = union(
    *(select(t.c.lease_by).where(rows, t.c.lease_until.is_not(None), t.c.lease_by != "") for t, rows in _OPEN.items())
)


async def forget_leases(conn: AsyncConnection) -> None:
    """Work that was in hand when the last process ended is taken up again at once. For the holder of the lock only."""
    await _give_back(conn, None)


class Watch:
    """Looks out for nodes of a shared database that are gone; one that was missed twice running is."""

    def __init__(self, store: Store, node: str) -> None:
        self._store = store
        self._node = node
        self._missed: frozenset[str] = frozenset()

    async def look(self) -> int:
        """How many rows were given back; none while the database is away."""
        try:
            return await self._look()
        except StoreFault:
            return 0

    async def _look(self) -> int:
        async with self._store.read() as conn:
            present = set((await conn.execute(_PRESENT)).scalars())
            holders = set((await conn.execute(_HOLDERS)).scalars())
        # Who cannot see itself sees nobody, and may not judge.
        missed = frozenset(holders - present if self._node in present else ())
        gone, self._missed = missed & self._missed, missed
        return await self._store.write(lambda conn: _give_back(conn, gone)) if gone else 0


async def _give_back(conn: AsyncConnection, nodes: Collection[str] | None) -> int:
    count = 0
    for table, rows in _OPEN.items():
        held = update(table).where(rows, table.c.lease_until.is_not(None))
        if nodes is not None:
            held = held.where(table.c.lease_by.in_(nodes))
        count += (await conn.execute(held.values(lease_until=None, lease_by=""))).rowcount
    return count
