"""What time and the relay bring: due clocks, reminders, outcomes of outgoing mail, joined mails that may leave.

Rows decide, not timers in memory: after days of downtime everything due is handled once, in order of its due time.
Each step is one transaction; a crash before it leaves the rows as they were.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailbot.claims.events import SYSTEM, ClockRang, Darkness, Event, MailFailed, MailSent, ReminderDue
from mailbot.claims.model import Channel, ClockKind
from mailbot.claims.wake import ringings
from mailbot.engine.batch import Batch
from mailbot.engine.darkness import Moment, darkness_of
from mailbot.engine.desk import Desk
from mailbot.engine.letters import Base, code_of
from mailbot.engine.workspace import Workspace
from mailbot.failpoints import failpoint
from mailbot.store import outbox, reply_addresses, settings, timers, waiting
from mailbot.store.locking import my_turn
from mailbot.store.outbox import Outcome
from mailbot.store.timers import Timer

BATCH = 64

READING_TIME = timedelta(minutes=2)
"""How long a verdict waits for mail that has arrived and is not read, before the due time itself is moved."""


@dataclass(slots=True)
class Clockwork:
    """Brings due rows to the claims they belong to."""

    desk: Desk

    async def ring(self) -> int:
        """Fires due timers, oldest first; returns how many. Nothing fires while timers are paused."""
        now = self.desk.clock.now()
        async with self.desk.batch(now) as batch:
            conn = batch.workspace.conn
            if not await my_turn(conn, "ring") or await settings.paused(conn, "timers"):
                return 0
            found = await timers.due(conn, now, BATCH)
            await batch.workspace.load(row.claim_id for row in found)
            rows, darkness = await self._ripe(batch, found, now)
            for row in rows:
                await batch.workspace.apply(row.claim_id, _event(row, darkness, now))
            batch.fired += [row.id for row in rows]
            await self.desk.finish(batch, now)
            if rows:
                failpoint("clockwork.rang")
        return len(rows)

    async def _ripe(
        self, batch: Batch, rows: Sequence[Timer], now: datetime
    ) -> tuple[list[Timer], Mapping[Moment, Darkness]]:
        """The rows to fire now: a verdict waits a while for mail that is about to be read (domain §4.4 a)."""
        due = [moment(row) for row in rows if row.what == "due"]
        darkness = await darkness_of(batch.workspace, due, now)
        young = [m for m, dark in darkness.items() if dark.unread and now - m.due < READING_TIME]
        return [row for row in rows if moment(row) not in young], darkness

    async def report(self) -> int:
        """Tells claims what became of their mails; returns how many rows were reported."""
        now = self.desk.clock.now()
        async with self.desk.batch(now) as batch:
            conn = batch.workspace.conn
            rows = await outbox.unreported(conn, BATCH) if await my_turn(conn, "report") else ()
            handles = [row.handle for row in rows if row.handle is not None]
            addresses = await reply_addresses.find(conn, handles)
            await batch.workspace.load(claim_id for address in addresses.values() for claim_id in address.claims)
            for row in rows:
                address = addresses.get(row.handle or 0)
                for claim_id, key in address.mails if address else ():
                    await batch.workspace.apply(claim_id, _outcome(row, key))
            batch.reported += [row.id for row in rows]
            await self.desk.finish(batch, now)
            if rows:
                failpoint("clockwork.reported")
        return len(rows)

    async def leave(self) -> int:
        """Lets waiting customer mails leave, those to one contact as one mail; returns how many rows left."""
        now = self.desk.clock.now()
        async with self.desk.batch(now) as batch:
            space = batch.workspace
            rows = await waiting.leaving(space.conn, now) if await my_turn(space.conn, "leave") else ()
            await space.load(row.claim_id for row in rows)
            batch.post.extend(self.desk.dispatcher.joined(rows, space.current, now))
            batch.left += [row.id for row in rows]
            await self.desk.finish(batch, now)
            if rows:
                failpoint("clockwork.left")
        return len(rows)


async def ring_first(space: Workspace, claim_ids: Sequence[str], received_at: datetime) -> None:
    """Rings what was due on these claims before a mail came: in time's order, so that being late is judged fairly.

    After an outage the clocks of the dark time may move before the mail that came since is measured by them.
    """
    moments = [
        Moment(claim_id, ringing.kind, ringing.subject, ringing.due)
        for claim_id in claim_ids
        for ringing in ringings(space.current[claim_id])
        if ringing.what == "due" and ringing.at < received_at
    ]
    if not moments or await settings.paused(space.conn, "timers"):
        return
    darkness = await darkness_of(space, moments, space.now)
    for m in moments:
        dark = replace(darkness.get(m, Darkness()), unread=False)
        name = f"due:{m.kind}:{m.subject}:{m.due.isoformat()}"
        base = Base(id=name, at=space.now, actor=SYSTEM, channel=Channel.CLOCK)
        await space.apply(m.claim_id, ClockRang(kind=m.kind, subject=m.subject, due=m.due, darkness=dark, **base))


def moment(row: Timer) -> Moment:
    """The due time a timer stands for."""
    return Moment(row.claim_id, ClockKind(row.kind), row.subject, row.due)


def _event(row: Timer, darkness: Mapping[Moment, Darkness], now: datetime) -> Event:
    kind, base = ClockKind(row.kind), Base(id=f"timer:{row.id}", at=now, actor=SYSTEM, channel=Channel.CLOCK)
    if row.what == "reminder":
        return ReminderDue(kind=kind, subject=row.subject, due=row.due, **base)
    return ClockRang(
        kind=kind, subject=row.subject, due=row.due, darkness=darkness.get(moment(row), Darkness()), **base
    )


def _outcome(row: Outcome, key: str) -> Event:
    base = Base(id=f"outbox:{row.id}:{row.state}", at=row.at, actor=SYSTEM, channel=Channel.MAIL)
    code = code_of(key)
    if row.state == "sent":
        return MailSent(key=key, code=code, **base)
    return MailFailed(key=key, code=code, email=row.email, permanent=row.permanent, status=row.status, **base)
