"""What happened to each claim, append-only, as one hash chain per claim that shows every later change.

An event is recorded once: recording it again raises Conflict. `verify` names each row that was flipped, removed or
moved; that a whole chain was rewritten or cut and its head with it shows only against heads kept elsewhere (`heads`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store import chain, schema
from mailbot.store.bulk import execute_many
from mailbot.store.codec import canonical_json, from_json
from mailbot.store.columns import to_micros
from mailbot.store.faults import Conflict
from mailbot.store.upsert import insert_or_change

_table, _heads = schema.history, schema.history_heads
_INSERT = insert(_table)
_MOVE_HEAD = insert_or_change(_heads, ["claim_id"], ["seq", "hash"])
_HEADS = select(_heads)
_HEADS_OF = _HEADS.where(_heads.c.claim_id.in_(bindparam("claims", expanding=True)))
_CHUNK = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event of a claim. `public` holds nothing personal and is never erased; `actor` and `private` may be.

    `seq` counts from 1 within the claim; 0 before it is stored.
    """

    claim_id: str
    event_id: str
    at: datetime
    kind: str
    actor: str
    channel: str
    inbox_id: int | None = None
    public: Mapping[str, Any]
    private: Mapping[str, Any]
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Defect:
    """A row that is not what was written: claim, number of the link (0: the chain as a whole), and what is wrong."""

    claim_id: str
    seq: int
    what: str


async def append(conn: AsyncConnection, entries: Sequence[Entry], random: Callable[[int], bytes]) -> None:
    """Adds entries, in their order, to the ends of their claims' chains. `random(n)` gives n unguessable bytes.

    Raises Conflict when an event of a claim is recorded already.
    """
    if not entries:
        return
    ends = await heads(conn, {entry.claim_id for entry in entries})
    salts = random(chain.SALT_BYTES * len(entries))
    rows = []
    for number, entry in enumerate(entries):
        salt = salts[number * chain.SALT_BYTES : (number + 1) * chain.SALT_BYTES]
        end = ends.get(entry.claim_id, Head(0, chain.first_hash(entry.claim_id)))
        row = _row(entry, end, salt)
        ends[entry.claim_id] = Head(row["seq"], row["hash"])
        rows.append(row)
    try:
        await execute_many(conn, _INSERT, rows)
    except IntegrityError as error:
        raise Conflict({entry.claim_id for entry in entries}) from error
    touched = [{"claim_id": i, "seq": ends[i].seq, "hash": ends[i].hash} for i in {e.claim_id for e in entries}]
    await execute_many(conn, _MOVE_HEAD, touched)


async def heads(conn: AsyncConnection, claim_ids: Iterable[str] | None = None) -> dict[str, Head]:
    """Where the chains end: of all claims, or of these. Kept elsewhere, they show a truncated history."""
    if claim_ids is None:
        rows = await conn.execute(_HEADS)
    else:
        rows = await conn.execute(_HEADS_OF, {"claims": list(claim_ids)})
    return {row.claim_id: Head(row.seq, row.hash) for row in rows}


async def seen(conn: AsyncConnection, events: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Those of the (claim id, event id) pairs that are recorded already."""
    wanted = list(events)
    if not wanted:
        return frozenset()
    key = tuple_(_table.c.claim_id, _table.c.event_id)
    rows = await conn.execute(select(_table.c.claim_id, _table.c.event_id).where(key.in_(wanted)))
    return frozenset((row.claim_id, row.event_id) for row in rows)


async def of_claim(conn: AsyncConnection, claim_id: str, after_seq: int = 0, limit: int = 100) -> tuple[Entry, ...]:
    """The claim's entries after number `after_seq`, oldest first."""
    statement = (
        select(_table)
        .where(_table.c.claim_id == claim_id, _table.c.seq > after_seq)
        .order_by(_table.c.seq)
        .limit(limit)
    )
    return tuple(_entry(row) for row in await conn.execute(statement))


async def links(conn: AsyncConnection, claim_id: str) -> list[dict[str, Any]]:
    """The claim's whole chain as it is stored, oldest first, instants in microseconds: what a stranger can check."""
    statement = select(_table).where(_table.c.claim_id == claim_id).order_by(_table.c.seq)
    names = [column.name for column in _table.c if column.name != "id"]
    rows = (await conn.execute(statement)).all()
    return [{name: getattr(row, name) for name in names} | {"at": to_micros(row.at)} for row in rows]


async def last_act(conn: AsyncConnection, claim_id: str) -> datetime | None:
    """When somebody other than mailbot itself last changed the claim."""
    acts = (_table.c.claim_id == claim_id, _table.c.actor != "system")
    newest = select(_table.c.at).where(*acts).order_by(_table.c.seq.desc()).limit(1)
    return (await conn.execute(newest)).scalar_one_or_none()


async def verify(conn: AsyncConnection, anchor: Mapping[str, Head] | None = None) -> list[Defect]:
    """Recomputes every chain; with `anchor` (heads kept elsewhere) also finds chains cut off or rewritten since."""
    stored, anchor = await heads(conn), anchor or {}
    defects: list[Defect] = []
    ends: dict[str, Head] = {}
    place = ("", 0)
    while rows := await _chunk(conn, place):
        for row in rows:
            end = ends.get(row.claim_id, Head(0, chain.first_hash(row.claim_id)))
            defects += [Defect(row.claim_id, row.seq, what) for what in _wrong(row, end)]
            if row.seq == (known := anchor.get(row.claim_id, Head(0, b""))).seq and row.hash != known.hash:
                defects.append(Defect(row.claim_id, row.seq, "is not what the anchor says"))
            ends[row.claim_id] = Head(row.seq, row.hash)
        place = (rows[-1].claim_id, rows[-1].seq)
    for claim_id in sorted(stored.keys() | ends.keys() | anchor.keys()):
        defects += [
            Defect(claim_id, 0, what) for what in _cut(ends.get(claim_id), stored.get(claim_id), anchor.get(claim_id))
        ]
    return defects


async def _chunk(conn: AsyncConnection, place: tuple[str, int]) -> Sequence[Any]:
    key = tuple_(_table.c.claim_id, _table.c.seq)
    statement = select(_table).where(key > place).order_by(_table.c.claim_id, _table.c.seq).limit(_CHUNK)
    return (await conn.execute(statement)).all()


def _wrong(row: Any, end: Head) -> Iterable[str]:
    if row.seq != end.seq + 1:
        yield f"follows number {end.seq}: entries are missing or moved"
    elif _hash(row, end.hash) != row.hash:
        yield "does not fit its hash: changed after it was written"
    if row.salt is not None and chain.commitment(row.salt, row.actor, row.private or "") != row.commitment:
        yield "its personal part was changed after it was written"
    elif row.salt is None and (row.private is not None or row.actor):
        yield "has a personal part that nothing vouches for"


def _cut(end: Head | None, stored: Head | None, anchor: Head | None) -> Iterable[str]:
    if end != stored:
        yield f"ends at {end.seq if end else 0}, but {stored.seq if stored else 0} was written last"
    if anchor is not None and (end is None or end.seq < anchor.seq):
        yield f"ends at {end.seq if end else 0}, but the anchor knows {anchor.seq}"


def _row(entry: Entry, end: Head, salt: bytes) -> dict[str, Any]:
    public, private = canonical_json(entry.public).decode("ascii"), canonical_json(entry.private).decode("ascii")
    row: dict[str, Any] = {
        "claim_id": entry.claim_id,
        "seq": end.seq + 1,
        "event_id": entry.event_id,
        "at": entry.at,
        "kind": entry.kind,
        "channel": str(entry.channel),
        "inbox_id": entry.inbox_id,
        "public": public,
    }
    bound = chain.commitment(salt, entry.actor, private)
    row["hash"] = chain.link(end.hash, bound=bound, **row)
    return row | {"actor": entry.actor, "private": private, "salt": salt, "commitment": bound}


def _hash(row: Any, before: bytes) -> bytes:
    names = ("claim_id", "seq", "event_id", "at", "kind", "channel", "inbox_id", "public")
    return chain.link(before, bound=row.commitment, **{name: getattr(row, name) for name in names})


def _entry(row: Any) -> Entry:
    names = ("claim_id", "event_id", "at", "kind", "actor", "channel", "inbox_id", "seq")
    private = from_json(row.private) if row.private is not None else {}
    return Entry(public=from_json(row.public), private=private, **{name: getattr(row, name) for name in names})
