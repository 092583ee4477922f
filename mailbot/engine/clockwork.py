"""What time and the relay bring: due clocks, reminders, outcomes of outgoing mail, joined mails that may leave.

Rows decide, not timers in memory: after days of downtime everything due is handled once, in order of its due time.
Each step is one transaction; a crash before it leaves the rows as they were.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mailbot.claims.events import SYSTEM, ClockRang, Darkness, Event, MailFailed, MailSent, ReminderDue
from mailbot.claims.model import Channel, Claim, ClockKind
from mailbot.engine.batch import Batch
from mailbot.engine.darkness import dark_until
from mailbot.engine.desk import Desk
from mailbot.engine.letters import Base, code_of
from mailbot.store import inbox, outbox, reply_addresses, settings, timers, waiting
from mailbot.store.outbox import Outcome
from mailbot.store.timers import Timer

BATCH = 64

_VERDICTS = frozenset({ClockKind.PARTNER_ACTION, ClockKind.CONSENT_WINDOW})


@dataclass(slots=True)
class Clockwork:
    """Brings due rows to the claims they belong to."""

    desk: Desk

    async def ring(self) -> int:
        """Fires due timers, oldest first; returns how many. Nothing fires while timers are paused."""
        now = self.desk.clock.now()
        async with self.desk.batch(now) as batch:
            conn = batch.workspace.conn
            if await settings.paused(conn, "timers"):
                return 0
            rows = await timers.due(conn, now, BATCH)
            await batch.workspace.load(row.claim_id for row in rows)
            darkness = await self._darkness(batch, rows, now)
            for row in rows:
                await batch.workspace.apply(row.claim_id, _event(row, darkness, now))
            batch.fired += [row.id for row in rows]
            await self.desk.finish(batch, now)
        return len(rows)

    async def report(self) -> int:
        """Tells claims what became of their mails; returns how many rows were reported."""
        now = self.desk.clock.now()
        async with self.desk.batch(now) as batch:
            conn = batch.workspace.conn
            rows = await outbox.unreported(conn, BATCH)
            handles = [row.handle for row in rows if row.handle is not None]
            addresses = await reply_addresses.find(conn, handles)
            for row in rows:
                address = addresses.get(row.handle or 0)
                for claim_id, key in address.mails if address else ():
                    await batch.workspace.apply(claim_id, _outcome(row, key))
            batch.reported += [row.id for row in rows]
            await self.desk.finish(batch, now)
        return len(rows)

    async def leave(self) -> int:
        """Lets waiting customer mails leave, those to one contact as one mail; returns how many rows left."""
        now = self.desk.clock.now()
        async with self.desk.batch(now) as batch:
            space = batch.workspace
            rows = await waiting.leaving(space.conn, now)
            await space.load(row.claim_id for row in rows)
            batch.post.extend(self.desk.dispatcher.joined(rows, space.current, now))
            batch.left += [row.id for row in rows]
            await self.desk.finish(batch, now)
        return len(rows)

    async def _darkness(self, batch: Batch, rows: Sequence[Timer], now: datetime) -> dict[int, Darkness]:
        """For each timer that may end in a verdict, what forbids one now (domain §4.4)."""
        verdicts = [row for row in rows if row.what == "due" and ClockKind(row.kind) in _VERDICTS]
        if not verdicts:
            return {}
        conn = batch.workspace.conn
        pairs = [(row.claim_id, row.due) for row in verdicts]
        unread = await inbox.unread_before(conn, pairs)
        held = await inbox.held_before(conn, pairs)
        keys = {row.id: _notice_of(batch.workspace.current[row.claim_id], row) for row in verdicts}
        arrived = await outbox.delivered(conn, [(row.claim_id, keys[row.id]) for row in verdicts])
        wait_until = dark_until(await settings.uptime(conn, now))
        return {
            row.id: Darkness(
                unread=(row.claim_id, row.due) in unread,
                held_since=held.get((row.claim_id, row.due)),
                wait_until=wait_until if wait_until and wait_until > now else None,
                undelivered=bool(keys[row.id]) and (row.claim_id, keys[row.id]) not in arrived,
            )
            for row in verdicts
        }


def _event(row: Timer, darkness: dict[int, Darkness], now: datetime) -> Event:
    kind, base = ClockKind(row.kind), Base(id=f"timer:{row.id}", at=now, actor=SYSTEM, channel=Channel.CLOCK)
    if row.what == "reminder":
        return ReminderDue(kind=kind, subject=row.subject, due=row.due, **base)
    return ClockRang(kind=kind, subject=row.subject, due=row.due, darkness=darkness.get(row.id, Darkness()), **base)


def _outcome(row: Outcome, key: str) -> Event:
    base = Base(id=f"outbox:{row.id}:{row.state}", at=row.at, actor=SYSTEM, channel=Channel.MAIL)
    code = code_of(key)
    if row.state == "sent":
        return MailSent(key=key, code=code, **base)
    return MailFailed(key=key, code=code, email=row.email, permanent=row.permanent, status=row.status, **base)


def _notice_of(claim: Claim, row: Timer) -> str:
    clock = claim.clock(ClockKind(row.kind), row.subject)
    return clock.notice if clock else ""
