"""Mail whose files no virus scanner could look at waits, and is read again when the scanner answers.

A customer's words never wait: only files that would become evidence do. What stays held is seen by the office like
all held mail and delays timers as any (domain §4.4).
"""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.clock import Clock
from mailbot.engine.letters import Verdict, held
from mailbot.inbound.antivirus import Scanner
from mailbot.store import inbox
from mailbot.store.database import Store

UNSCANNED = "virus_scan_unavailable"
_PAUSE = timedelta(minutes=5)
"""A file that the scanner cannot take, though it answers, is tried again at this distance."""


def scanned_first(verdict: Verdict, unscanned: frozenset[str]) -> Verdict:
    """The verdict, unless its events carry files that wait for the scanner. Pure."""
    carried = {file.sha256 for _, event in verdict.events for file in getattr(event, "files", ())}
    return held(UNSCANNED) if carried & unscanned else verdict


class Rescans:
    """Gives mail back that waits for the scanner."""

    def __init__(self, store: Store, clock: Clock, scanner: Scanner) -> None:
        self._store = store
        self._clock = clock
        self._scanner = scanner

    async def step(self) -> int:
        """How many items will be read again; none while the scanner does not answer. Raises StoreFault."""
        before = self._clock.now() - _PAUSE
        async with self._store.read() as conn:
            waiting = await inbox.held_because(conn, UNSCANNED, before)
        if not waiting or not await self._scanner.reachable():
            return 0

        async def give_back(conn: AsyncConnection) -> None:
            for item_id in waiting:
                await inbox.reopen(conn, item_id)

        await self._store.write(give_back)
        return len(waiting)
