"""One transaction for everything that follows from a batch of events (architecture, promise 2).

Claims, history, timers, outgoing mail, settled inbox items: all of it is written or none of it. Raises the store's
Conflict when a claim changed meanwhile; the caller loads again and decides again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.claims.events import ClockRang, DropMails, MailDelivered, MailFailed, RevokeAddresses
from mailbot.claims.model import ClockKind
from mailbot.claims.wake import ringings
from mailbot.engine.dispatch import Post
from mailbot.engine.entries import entry_of
from mailbot.engine.workspace import Step, Workspace
from mailbot.failpoints import failpoint
from mailbot.ids import Ids
from mailbot.store import claims, history, inbox, outbox, reply_addresses, settings, timers, waiting
from mailbot.store.claims import Change
from mailbot.store.inbox import Settlement
from mailbot.store.retention import forget_originals


@dataclass(slots=True)
class Batch:
    """What is to be written beside the workspace: the post, and which rows the work came from."""

    workspace: Workspace
    post: Post = field(default_factory=Post)
    settlements: list[Settlement] = field(default_factory=list)
    files: list[tuple[str, bytes]] = field(default_factory=list)
    reported: list[int] = field(default_factory=list)
    fired: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    settings: dict[str, object] = field(default_factory=dict)
    fates: list[tuple[int, MailDelivered | MailFailed]] = field(default_factory=list)

    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        rows = (self.settlements, self.reported, self.fired, self.left, self.settings)
        return not any(rows) and not self.post.mails and not self.workspace.changed()

    async def write(self, conn: AsyncConnection, now: datetime, ids: Ids, random: Callable[[int], bytes]) -> None:
        """Writes everything within the caller's transaction, with a handful of statements whatever the batch's size."""
        changes = [Change(before, after) for before, after in self.workspace.changed()]
        failpoint("batch.begun")
        await claims.save(conn, changes, now, self.workspace.relied)
        failpoint("batch.claims")
        await self._write_timers(conn, changes, now, ids)
        await history.append(conn, [entry_of(s) for s in self.workspace.steps if _changed(s)], random)
        failpoint("batch.history")
        await self._withdraw(conn, now)
        await forget_originals(conn, [s.decision.claim.id for s in self.workspace.steps if _over(s)])
        await reply_addresses.put(conn, self.post.addresses)
        await outbox.put(conn, self.post.mails)
        failpoint("batch.outbox")
        await outbox.put_webhooks(conn, self.post.webhooks)
        await waiting.wait(conn, self.post.waiting)
        await inbox.settle(conn, self.settlements, now)
        for key, value in self.settings.items():
            await settings.put(conn, key, value)
        for row, event in self.fates:
            await _note_fate(conn, row, event)
        failpoint("batch.settled")

    async def _write_timers(self, conn: AsyncConnection, changes: Sequence[Change], now: datetime, ids: Ids) -> None:
        await timers.fire(conn, self.fired, now)
        await timers.replace(conn, {c.after.id: ringings(c.after) for c in changes}, now, ids)

    async def _withdraw(self, conn: AsyncConnection, now: datetime) -> None:
        dropped: dict[tuple[str, ...], list[str]] = {}
        for step in self.workspace.steps:
            for action in step.decision.actions:
                if isinstance(action, DropMails):
                    dropped.setdefault(action.codes, []).append(step.decision.claim.id)
                elif isinstance(action, RevokeAddresses):
                    await reply_addresses.revoke(conn, step.decision.claim.id, action.email, now)
        for codes, claim_ids in dropped.items():
            await outbox.drop(conn, claim_ids, codes, now)
            await waiting.drop(conn, claim_ids, codes)
        await outbox.mark_reported(conn, self.reported)
        await waiting.done(conn, self.left)


async def _note_fate(conn: AsyncConnection, row: int, event: MailDelivered | MailFailed) -> None:
    """What a report said of an outgoing mail, on its own row too: sent → bounced, or the time of delivery."""
    if isinstance(event, MailDelivered):
        await outbox.note_delivered(conn, [row], event.at)
    else:
        await outbox.note_bounced(conn, [row], event.at, status=event.status, permanent=event.permanent)


def _over(step: Step) -> bool:
    """Whether the time for which a claim's originals are kept ran out with this event."""
    return isinstance(step.event, ClockRang) and step.event.kind is ClockKind.RETENTION and _changed(step)


def _changed(step: Step) -> bool:
    decision = step.decision
    return decision.refusal is None and (step.before is None or decision.claim.version != step.before.version)
