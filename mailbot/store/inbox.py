"""Mail as it came in, one item per recipient, from the 250 to the end: nothing is dropped.

`accept` is what makes a 250 true. Work is taken under a lease and settled once: an item that somebody else settled
meanwhile raises Conflict, and so does a second copy of a message that was applied. A crash leaves items `accepted`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import and_, bindparam, func, insert, or_, select, tuple_, union_all, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.addresses import canonical
from mailbot.failpoints import failpoint
from mailbot.store import blobs, schema, sequence
from mailbot.store.bulk import execute_many
from mailbot.store.codec import clean
from mailbot.store.columns import word, words_of
from mailbot.store.faults import Conflict

Disposition = Literal["accepted", "applied", "ignored", "held", "quarantined"]

_table, _bytes = schema.inbox, schema.inbox_bytes
_LIGHT = tuple(column for column in _table.c if column.name != "reading")
_WHOLE = select(_table, _bytes.c.raw).select_from(_table.outerjoin(_bytes))
_ACCEPTED = _table.c.disposition == word("accepted")
_REST = timedelta(seconds=30)
"""How long an item that hurt us is left alone the first time; twice as long each time after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One recipient's copy of a message.

    `handle` is None when the address was none of our tokens; `role` says which it was then. `raw` are the wire bytes:
    None when they are large and lie in a file named `sha256`, or when only the item's data were asked for. `claim_id`
    and `sender`, `person` (canonical), `digest`, `trace` and `reading` are known once it was read; `waits_for` is the
    address of record that was asked to confirm.
    """

    id: int
    received_at: datetime
    peer: str = ""
    helo: str = ""
    mail_from: str = ""
    rcpt: str = ""
    role: str = ""
    purpose: str = ""
    handle: int | None = None
    tls: str = ""
    upstream: bool = False
    sha256: str
    size: int
    raw: bytes | None = None
    disposition: Disposition = "accepted"
    reason: str = ""
    attempts: int = 0
    claim_id: str = ""
    sender: str = ""
    person: str = ""
    digest: str = ""
    message_id: str = ""
    subject: str = ""
    waits_for: str = ""
    settled_at: datetime | None = None
    lease_until: datetime | None = None
    trace: Any = None
    reading: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How an item ends, and what was found out about it. Without a `claim_id` the item keeps the one it had."""

    id: int
    disposition: Disposition
    reason: str = ""
    claim_id: str = ""
    sender: str = ""
    digest: str = ""
    message_id: str = ""
    subject: str = ""
    waits_for: str = ""
    trace: Any = None
    reading: Any = None


_TEXTS = ("peer", "helo", "mail_from", "rcpt", "role", "purpose", "tls", "sha256")
_FOUND = ("reason", "sender", "digest", "message_id", "subject", "waits_for")
_INSERT, _INSERT_BYTES = insert(_table), insert(_bytes)
_SETTLE = (
    update(_table)
    .where(_table.c.id == bindparam("row"), _ACCEPTED)
    .values(
        claim_id=func.coalesce(func.nullif(bindparam("claim"), ""), _table.c.claim_id), lease_until=None, lease_by=""
    )
)
_LEASE = (
    update(_table)
    .where(_table.c.id == bindparam("row"))
    .values(lease_until=bindparam("until"), lease_by=bindparam("by"))
)
_UNREAD = (
    _WHOLE.where(_ACCEPTED, or_(_table.c.lease_until.is_(None), _table.c.lease_until <= bindparam("now")))
    .order_by(_table.c.id)
    .limit(bindparam("most"))
    .with_for_update(of=_table, skip_locked=True)
)
_STILL_OPEN = (
    select(_table.c.id)
    .where(_table.c.id.in_(bindparam("ids", expanding=True)), _ACCEPTED)
    .order_by(_table.c.id)
    .with_for_update()
)


async def accept(conn: AsyncConnection, items: Sequence[Item]) -> None:
    """Stores items; when this commits, a 250 may be said. Large bodies must have been kept by Blobs before."""
    failpoint("inbox.begun")
    await execute_many(conn, _INSERT, [_row(item) for item in items])
    await execute_many(
        conn, _INSERT_BYTES, [{"id": item.id, "raw": item.raw} for item in items if item.raw is not None]
    )
    for item in items:
        if item.raw is None:
            blob = blobs.Blob(sha256=item.sha256, size=item.size, content=None)
            await blobs.put(conn, [blob], f"inbox:{item.id}", item.received_at)
    failpoint("inbox.inserted")


async def kept(conn: AsyncConnection, ids: Sequence[int]) -> bool:
    """Whether all of these are stored: what to ask when a commit's answer was lost."""
    found = select(func.count()).where(_table.c.id.in_(ids))
    return int((await conn.execute(found)).scalar_one()) == len(ids)


async def take(conn: AsyncConnection, now: datetime, limit: int, node: str, duration: timedelta) -> tuple[Item, ...]:
    """The oldest unread items nobody else works on, with their bytes; they are `node`'s for `duration`.

    What has to wait for older mail about the same claim that another node has is not among them.
    """
    rows = (await conn.execute(_UNREAD, {"now": now, "most": limit})).all()
    later = await sequence.waiting(conn, rows)
    rows, until = [row for row in rows if row.id not in later], now + duration
    await execute_many(conn, _LEASE, [{"row": row.id, "until": until, "by": node} for row in rows])
    return tuple(replace(_item(row), lease_until=until) for row in rows)


async def settle(conn: AsyncConnection, settlements: Sequence[Settlement], now: datetime) -> None:
    """Ends items. Raises Conflict when one is not `accepted` any more, or when its message was applied already."""
    if not settlements:
        return
    await _guard(conn, [settlement.id for settlement in settlements])
    rows = [_found(settlement) | {"row": settlement.id, "settled_at": now} for settlement in settlements]
    try:
        await execute_many(conn, _SETTLE, rows)
    except IntegrityError as error:
        raise Conflict(item_ids=[settlement.id for settlement in settlements]) from error


async def failed(conn: AsyncConnection, item_id: int, why: str, now: datetime, patience: int) -> int:
    """Reading the item hurt us: it rests, and is quarantined the `patience`th time. Returns how often so far."""
    statement = select(_table.c.attempts).where(_table.c.id == item_id, _ACCEPTED).with_for_update()
    attempts = (await conn.execute(statement)).scalar_one_or_none()
    if attempts is None:
        raise Conflict(item_ids=[item_id])
    values: dict[str, Any] = {"attempts": attempts + 1, "reason": clean(why), "lease_by": ""}
    values["lease_until"] = now + _REST * 2**attempts
    if attempts + 1 >= patience:
        values |= {"disposition": "quarantined", "settled_at": now, "lease_until": None}
    await conn.execute(update(_table).where(_table.c.id == item_id).values(values))
    return int(attempts) + 1


async def reopen(
    conn: AsyncConnection, item_id: int, *, claim_id: str | None = None, person: str | None = None
) -> bool:
    """Gives a settled item back to be read again: as mail about `claim_id`, or confirmed by `person`, if named.

    False when there is no such item or it was applied: an applied one is never read twice.
    """
    values: dict[str, Any] = {
        "disposition": "accepted",
        "reason": "",
        "attempts": 0,
        "waits_for": "",
        "settled_at": None,
    }
    if claim_id is not None:
        values["claim_id"] = claim_id
    if person is not None:
        values["person"] = canonical(person)
    again = _table.c.disposition.in_(("held", "quarantined", "ignored"))
    result = await conn.execute(update(_table).where(_table.c.id == item_id, again).values(values))
    return result.rowcount > 0


async def get(conn: AsyncConnection, item_id: int) -> Item | None:
    """One item with everything, its bytes too if they are small."""
    row = (await conn.execute(_WHOLE.where(_table.c.id == item_id))).first()
    return _item(row) if row else None


async def to_handles(conn: AsyncConnection, handles: Sequence[int]) -> tuple[Item, ...]:
    """What came to these signed addresses, with the bytes of what is small, oldest first."""
    rows = await conn.execute(_WHOLE.where(_table.c.handle.in_(handles)).order_by(_table.c.id))
    return tuple(_item(row) for row in rows)


async def list_items(
    conn: AsyncConnection, disposition: Disposition | None = None, limit: int = 50, before: int | None = None
) -> tuple[Item, ...]:
    """Items without their bytes, newest first; `before` is the id of the last one of the page before."""
    statement = select(*_LIGHT).order_by(_table.c.id.desc()).limit(limit)
    if disposition is not None:
        statement = statement.where(_table.c.disposition == disposition)
    if before is not None:
        statement = statement.where(_table.c.id < before)
    return tuple(_item(row) for row in await conn.execute(statement))


async def of_claim(
    conn: AsyncConnection, claim_id: str, limit: int = 200, before: int | None = None
) -> tuple[Item, ...]:
    """What came in about a claim, newest first, without the bytes; `before` as in `list_items`."""
    named = and_(_table.c.claim_id == claim_id, _table.c.claim_id != word(""))
    statement = select(*_LIGHT).where(named).order_by(_table.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(_table.c.id < before)
    return tuple(_item(row) for row in await conn.execute(statement))


async def held_for(conn: AsyncConnection, email: str) -> tuple[Item, ...]:
    """Acts that wait for the confirmation of this address of record, oldest first, without the bytes."""
    mine = and_(_table.c.waits_for == canonical(email), _table.c.waits_for != word(""))
    statement = select(*_LIGHT).where(mine, _table.c.disposition == word("held")).order_by(_table.c.id)
    return tuple(_item(row) for row in await conn.execute(statement))


async def held_because(conn: AsyncConnection, reason: str, before: datetime, limit: int = 200) -> tuple[int, ...]:
    """The ids of items held for that reason, put aside before then, oldest first."""
    mine = and_(_table.c.disposition == word("held"), _table.c.reason == reason, _table.c.settled_at < before)
    return tuple((await conn.execute(select(_table.c.id).where(mine).order_by(_table.c.id).limit(limit))).scalars())


async def duplicates(
    conn: AsyncConnection, marks: Iterable[tuple[int | None, str]]
) -> frozenset[tuple[int | None, str]]:
    """Those of the (handle, digest) pairs whose message was applied before (security item 5)."""
    wanted = {(handle or 0, digest) for handle, digest in marks if digest}
    if not wanted:
        return frozenset()
    known = tuple_(_table.c.handle, _table.c.digest).in_(wanted)
    rows = await conn.execute(
        select(_table.c.handle, _table.c.digest).where(known, _table.c.disposition == word("applied"))
    )
    return frozenset((row.handle or None, row.digest) for row in rows)


async def unread_before(
    conn: AsyncConnection, pairs: Iterable[tuple[str, datetime]]
) -> frozenset[tuple[str, datetime]]:
    """Those of the (claim, instant) pairs for which mail received by then is unread (domain §4.4 a)."""
    return frozenset(await _oldest(conn, "accepted", list(pairs)))


async def held_before(
    conn: AsyncConnection, pairs: Iterable[tuple[str, datetime]]
) -> dict[tuple[str, datetime], datetime]:
    """For (claim, instant) pairs with held mail received by then: when the oldest of it came (domain §4.4 a)."""
    return await _oldest(conn, "held", list(pairs))


async def last_act(conn: AsyncConnection, sender: str) -> datetime | None:
    """When mail of this writer last changed anything; asking for help or status does not."""
    written = (_table.c.sender == canonical(sender), _table.c.sender != word(""), _table.c.reason == "")
    newest = select(_table.c.received_at).where(*written, _table.c.disposition == word("applied"))
    return (await conn.execute(newest.order_by(_table.c.id.desc()).limit(1))).scalar_one_or_none()


async def count_from(conn: AsyncConnection, sender: str, since: datetime) -> int:
    """How many items of this writer came since then."""
    written = and_(_table.c.sender == canonical(sender), _table.c.sender != word(""), _table.c.received_at >= since)
    return int((await conn.execute(select(func.count()).where(written))).scalar_one())


async def waiting_counts(conn: AsyncConnection) -> dict[str, int]:
    """How many items are unread, held and quarantined."""
    some = _table.c.disposition.in_(words_of("accepted", "held", "quarantined"))
    rows = await conn.execute(
        select(_table.c.disposition, func.count().label("n")).where(some).group_by(_table.c.disposition)
    )
    return {row.disposition: row.n for row in rows}


async def raw(conn: AsyncConnection, item: Item, files: blobs.Blobs) -> bytes:
    """The wire bytes of an item, wherever they lie. Raises BlobLost when they are gone."""
    if item.raw is not None:
        return item.raw
    stored = (await conn.execute(select(_bytes.c.raw).where(_bytes.c.id == item.id))).scalar_one_or_none()
    return bytes(stored) if stored is not None else await files.get(conn, item.sha256)


async def _oldest(
    conn: AsyncConnection, disposition: Disposition, pairs: list[tuple[str, datetime]]
) -> dict[tuple[str, datetime], datetime]:
    """Mail belongs to a claim by the address it came to, or because somebody attached it."""
    if not pairs:
        return {}
    ids = [claim_id for claim_id, _ in pairs]
    links, state = schema.address_claims, _table.c.disposition == word(disposition)
    by_address = (
        select(links.c.claim_id, _table.c.received_at)
        .join(_table, _table.c.handle == links.c.handle)
        .where(links.c.claim_id.in_(ids), state, _table.c.disposition.in_(words_of("accepted", "held")))
    )
    by_name = select(_table.c.claim_id, _table.c.received_at).where(
        _table.c.claim_id.in_(ids), _table.c.claim_id != word(""), state
    )
    came: dict[str, list[datetime]] = {}
    for row in await conn.execute(union_all(by_address, by_name)):
        came.setdefault(row.claim_id, []).append(row.received_at)
    oldest = {claim_id: min(instants) for claim_id, instants in came.items()}
    return {(i, until): oldest[i] for i, until in pairs if i in oldest and oldest[i] <= until}


async def _guard(conn: AsyncConnection, ids: Sequence[int]) -> None:
    open_ones = set((await conn.execute(_STILL_OPEN, {"ids": list(ids)})).scalars())
    gone = [item_id for item_id in ids if item_id not in open_ones]
    if gone:
        raise Conflict(item_ids=gone)


def _row(item: Item) -> dict[str, Any]:
    row: dict[str, Any] = {name: clean(getattr(item, name)) for name in _TEXTS}
    return row | {
        "id": item.id,
        "received_at": item.received_at,
        "handle": item.handle or 0,
        "upstream": item.upstream,
        "size": item.size,
    }


def _found(settlement: Settlement) -> dict[str, Any]:
    row: dict[str, Any] = {name: clean(getattr(settlement, name)) for name in _FOUND}
    return row | {
        "disposition": settlement.disposition,
        "claim": settlement.claim_id,
        "sender": canonical(row["sender"]),
        "waits_for": canonical(row["waits_for"]),
        "trace": settlement.trace,
        "reading": settlement.reading,
    }


_SAME = (
    "id", "received_at", *_TEXTS, "upstream", "size", "disposition", "attempts", "claim_id", "person", *_FOUND,
    "settled_at", "lease_until", "trace",
)  # fmt: skip


def _item(row: Any) -> Item:
    """An item from a row of all columns, or of those in `_LIGHT`."""
    return Item(
        handle=row.handle or None,
        raw=getattr(row, "raw", None),
        reading=getattr(row, "reading", None),
        **{name: getattr(row, name) for name in _SAME},
    )
