"""Where accepted mail becomes inbox rows: the one thing that must be durable before the listener says 250.

One row per recipient, all in one transaction joined with other sessions' (group commit). Raises StorageFull when the
disk has no room; any other exception is a fault of ours, and the peer is asked to try again.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from mailbot import log
from mailbot.failpoints import failpoint
from mailbot.ids import Ids
from mailbot.inbound.envelope import Accepted, Recipient, Refusal, StorageFull
from mailbot.store import inbox, refusals, settings
from mailbot.store.blobs import INLINE_BYTES
from mailbot.store.database import Store
from mailbot.store.faults import StoreFault, StoreFull, StoreUnsure
from mailbot.store.inbox import Item
from mailbot.store.refusals import Refused
from mailbot.tokens import redact


class Acceptance:
    """Keeps accepted messages. `on_accepted` is called after each, since there is work now."""

    def __init__(self, store: Store, ids: Ids, on_accepted: Callable[[], None]) -> None:
        self._store = store
        self._ids = ids
        self._on_accepted = on_accepted
        self._refused: list[Refusal] = []

    async def keep(self, accepted: Accepted) -> int:
        """Stores the message durably; returns the id of its first inbox item."""
        failpoint("accept.received")
        try:
            raw = await self._durable(accepted)
            failpoint("accept.durable")
            items = [self._item(accepted, recipient, raw) for recipient in accepted.recipients]
            await self._written(items)
        except StoreFull as error:
            raise StorageFull from error
        failpoint("accept.committed")
        self._on_accepted()
        return items[0].id

    def note_refusal(self, refusal: Refusal) -> None:
        """Remembers a refusal for `mailbot trace`; written with the next beat, since nobody waits for it."""
        self._refused.append(refusal)

    async def beat(self) -> None:
        """The listener is up: says so in the database, with the refusals since the last time."""
        now, waiting = self._store.clock.now(), self._refused
        self._refused = []
        try:
            outage = await self._store.write(lambda conn: settings.beat(conn, now))
            await self._store.write(lambda conn: refusals.note(conn, [_refused(r) for r in waiting]))
        except StoreFault as error:
            self._refused = waiting + self._refused
            log.step_failed("beat", error, 0)
            return
        if outage is not None:
            log.outage(outage.cause, int(outage.lasted.total_seconds()))

    async def _written(self, items: Sequence[Item]) -> None:
        """Stores the items; when the answer to the commit was lost, looks whether they are there (security D15)."""
        try:
            await self._store.write_joined(inbox.accept, items)
        except StoreUnsure:
            async with self._store.read() as conn:
                if not await inbox.kept(conn, [item.id for item in items]):
                    raise

    async def _durable(self, accepted: Accepted) -> bytes | None:
        """The bytes if they fit the row; else they are durable as a file before any row names it."""
        if isinstance(accepted.raw, Path):
            await self._store.blobs.keep_file(accepted.raw, accepted.sha256, accepted.size)
            return None
        if len(accepted.raw) >= INLINE_BYTES:
            await self._store.blobs.keep(accepted.raw)
            return None
        return accepted.raw

    def _item(self, accepted: Accepted, recipient: Recipient, raw: bytes | None) -> Item:
        token = recipient.token
        return Item(
            id=self._ids.row(),
            received_at=accepted.received_at,
            peer=accepted.peer,
            helo=accepted.helo,
            mail_from=accepted.mail_from,
            rcpt=recipient.address,
            role=recipient.role,
            purpose=token.purpose if token else "",
            handle=token.handle if token else None,
            tls="yes" if accepted.tls else "",
            upstream=accepted.upstream,
            sha256=accepted.sha256,
            size=accepted.size,
            raw=raw,
        )


def _refused(refusal: Refusal) -> Refused:
    return Refused(
        at=refusal.at,
        peer=refusal.peer,
        helo=refusal.helo,
        mail_from=refusal.mail_from or "",
        rcpt=redact(refusal.rcpt or ""),
        code=int(refusal.reply[:3]) if refusal.reply[:3].isdigit() else 0,
        reason=f"{refusal.stage} {refusal.reason}",
    )
