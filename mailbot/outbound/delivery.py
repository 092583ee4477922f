"""Sends due mails from the outbox: lease, send, settle, a handful at a time.

A row is leased only when it is sent at once, so what was dropped before (a decline, `pause sending`) never starts. It
is settled as soon as its outcome is known; a crash in between ends with the lease and the same bytes go again. A fault
of the store stops the step and is the caller's to retry; a fault of the transport only defers the row.
"""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.clock import Clock
from mailbot.failpoints import failpoint
from mailbot.outbound import retrying
from mailbot.outbound.breaker import Breaker
from mailbot.outbound.retrying import Schedule
from mailbot.outbound.transport import Failure, Message, TemporaryFailure, Transport
from mailbot.store import outbox, settings
from mailbot.store.database import Store
from mailbot.store.outbox import Outgoing, Result

# Longer than one mail may take with every time-out of security §8 used up, so that a lease never ends under a send.
LEASE = timedelta(minutes=30)


class Delivery:
    """The sender of one node. `breaker` shows whether the relay refuses us altogether."""

    def __init__(
        self,
        store: Store,
        transport: Transport,
        clock: Clock,
        *,
        node: str,
        schedule: Schedule | None = None,
        at_once: int = 16,
    ) -> None:
        self._store = store
        self._transport = transport
        self._clock = clock
        self._node = node
        self._schedule = schedule or Schedule()
        self._at_once = at_once
        self.breaker = Breaker()

    async def step(self, now: datetime) -> int:
        """Tries what is due, at most `at_once` mails side by side; returns how many were tried (0: nothing to do)."""
        allowed = self.breaker.allows(now, self._at_once)
        if not allowed:
            return 0
        rows, may_end = await self._store.write(lambda conn: self._lease(conn, now, allowed))
        lasts = [may_end and self._schedule.over(row, now) for row in rows]
        tries = await asyncio.gather(*map(self._try, rows, lasts), return_exceptions=True)
        for outcome in tries:
            if isinstance(outcome, BaseException):
                raise outcome
        return len(rows)

    async def close(self) -> None:
        """Lets go of the relay."""
        await self._transport.close()

    async def _lease(self, conn: AsyncConnection, now: datetime, limit: int) -> tuple[tuple[Outgoing, ...], bool]:
        """What to send, and whether it may be given up for its age: not by a clock that jumped."""
        if await settings.paused(conn, "sending"):
            return (), False
        rows = await outbox.lease(conn, now, limit, self._node, LEASE, kind="mail")
        return rows, not await settings.clock_jumped(conn)

    async def _try(self, row: Outgoing, last: bool) -> None:
        failpoint("delivery.leased")
        result = await self._send(row, last)
        failpoint("delivery.known")
        await self._store.write_joined(outbox.settle, [result])
        failpoint("delivery.settled")

    async def _send(self, row: Outgoing, last: bool) -> Result:
        name = f"{row.created_at:%Y%m%d-%H%M%S.%f}"[:19] + f"-{row.code}-{row.email}"
        try:
            await self._transport.send(Message(row.mail_from, row.email, row.body, name))
        except Failure as failure:
            return self._failed(row, failure, last)
        except Exception as error:
            # A bug in a transport must not send the same mail for ever without a pause.
            return self._failed(row, TemporaryFailure("write", 0, f"{type(error).__name__}: {error}"), last)
        now = self._clock.now()
        self.breaker.succeeded(now)
        return retrying.sent(row, now)

    def _failed(self, row: Outgoing, failure: Failure, last: bool) -> Result:
        now = self._clock.now()
        self.breaker.failed(failure, row.email, now)
        keep = self.breaker.concerns_us(failure, row.attempts, now)
        return retrying.failed(row, failure, now, self._schedule, last=last, keep=keep)
