"""`mailbot inbox replay --dry-run`: past mail read again by the code at hand, and what would be read differently.

Nothing is written. Mails are read in reader processes, a batch at a time, so that any number of them fits.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mailbot.app import Rooms, close_rooms, open_rooms
from mailbot.commands.output import print_fields, print_json, progress, shown
from mailbot.config import Config
from mailbot.engine.mailroom import envelope_of
from mailbot.engine.readout import authentication_of
from mailbot.engine.rereading import Change, changes_of
from mailbot.store import inbox
from mailbot.store.blobs import BlobLost

if TYPE_CHECKING:
    from mailbot.store.inbox import Item

_PAGE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """A mail that reads differently now."""

    id: int
    received_at: datetime
    disposition: str
    claim: str
    sender: str
    subject: str
    changes: tuple[Change, ...]


async def reread(config: Config, since: datetime) -> tuple[int, list[Reread]]:
    """How many mails were read again, and those that read differently. Raises StoreUnready, KeyFileError, OSError."""
    rooms = await open_rooms(config, lock=False, create=False)
    count, found = 0, []
    try:
        await rooms.readers.start()
        async for items in _pages(rooms, since):
            found += await _changed(rooms, items)
            count += len(items)
            progress(f"{count} read again, {len(found)} differ, back to {shown(items[-1].received_at)}")
    finally:
        await close_rooms(rooms)
    return count, found


def print_reread(count: int, found: Sequence[Reread], json_out: bool) -> None:
    """For programs one document, for people the changes and their number."""
    if json_out:
        print_json({"read": count, "changed": found})
        return
    for mail in found:
        facts = [mail.disposition, mail.claim, mail.sender, mail.subject]
        print_fields([(str(mail.id), ", ".join(filter(None, [shown(mail.received_at), *facts])))])
        print_fields((f"  {c.part}", f"{_said(c.was)} → {_said(c.now)}") for c in mail.changes)
    print_fields([(str(count), "read again"), (str(len(found)), "would be read differently; nothing was changed")])


async def _pages(rooms: Rooms, since: datetime) -> AsyncIterator[Sequence["Item"]]:
    """Settled mail that came since then, newest first."""
    before: int | None = None
    while True:
        async with rooms.store.read() as conn:
            page = await inbox.list_items(conn, limit=_PAGE, before=before)
            recent = [item for item in page if item.received_at >= since]
            whole = [await inbox.get(conn, item.id) for item in recent if item.disposition != "accepted"]
        if items := [item for item in whole if item is not None]:
            yield items
        if not page or not recent:
            return
        before = page[-1].id


async def _changed(rooms: Rooms, items: Sequence["Item"]) -> list[Reread]:
    pairs: list[tuple[Item, bytes]] = []
    async with rooms.store.read() as conn:
        for item in items:
            try:
                pairs.append((item, await inbox.raw(conn, item, rooms.store.blobs)))
            except BlobLost:
                continue  # erased: there is nothing left to read
    now = rooms.desk.clock.now()
    readings = await rooms.readers.read_batch(
        [(raw, envelope_of(item), now, authentication_of(item.reading)) for item, raw in pairs]
    )
    judged = [
        (item, changes_of(item.reading, item.trace, again)) for (item, _), again in zip(pairs, readings, strict=True)
    ]
    return [_reread(item, changes) for item, changes in judged if changes]


def _reread(item: "Item", changes: tuple[Change, ...]) -> Reread:
    return Reread(
        id=item.id,
        received_at=item.received_at,
        disposition=item.disposition,
        claim=item.claim_id,
        sender=item.sender,
        subject=item.subject,
        changes=changes,
    )


def _said(value: Any) -> str:
    return "nothing" if value in (None, "", [], {}) else str(value)
