"""Compares what is stored with what must be true of it: pages, references, chains, files, claims and their timers.

Reads only, beside a running service. A defect is a value; only the store's own faults are raised.
"""

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.claims.model import Claim
from mailbot.claims.wake import ringings
from mailbot.store import history, timers
from mailbot.store.blobs import BlobLost
from mailbot.store.codec import claim_from_text
from mailbot.store.database import Store
from mailbot.store.history import Head
from mailbot.store.schema import blobs, claims

_REPEATED = ("id", "version", "status", "consent", "association", "contested", "organisation_id")
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Defect:
    """Something stored that is not as it must be."""

    area: str
    where: str
    what: str


async def verify(store: Store, anchor: Mapping[str, Head] | None = None) -> list[Defect]:
    """Every defect there is; `anchor` are ends of histories that were kept elsewhere."""
    found = await asyncio.to_thread(_pages, store)
    async with store.read() as conn:
        found += [
            Defect("history", f"{d.claim_id} {d.seq}".rstrip(" 0"), d.what) for d in await history.verify(conn, anchor)
        ]
        found += await _files(store, conn)
        found += await _claims(store, conn)
    return found


def _pages(store: Store) -> list[Defect]:
    if store.path is None:
        # A server looks after its own pages and never lets go of a reference.
        return []
    with closing(sqlite3.connect(f"file:{quote(str(store.path))}?mode=ro", uri=True)) as conn:
        broken = [
            Defect("database", "pages", row[0]) for row in conn.execute("PRAGMA integrity_check") if row[0] != "ok"
        ]
        lost = conn.execute("PRAGMA foreign_key_check").fetchall()
    return broken + [
        Defect("database", f"{table} row {row}", f"names a {parent} that is not there")
        for table, row, parent, _ in lost
    ]


async def _files(store: Store, conn: AsyncConnection) -> list[Defect]:
    """Each named file is there with the bytes of its name."""
    found: list[Defect] = []
    for digest in (await conn.execute(select(blobs.c.sha256))).scalars().all():
        try:
            await store.blobs.get(conn, digest)
        except BlobLost as error:
            found.append(Defect("files", digest, str(error)))
    return found


async def _claims(store: Store, conn: AsyncConnection) -> list[Defect]:
    found: list[Defect] = []
    place = 0
    statement = select(claims).order_by(claims.c.seq).limit(_CHUNK)
    while rows := (await conn.execute(statement.where(claims.c.seq > place))).all():
        for row in rows:
            try:
                claim = claim_from_text(row.document)
            except (ValueError, KeyError, TypeError) as error:
                found.append(Defect("claims", row.id, f"cannot be read: {error}"))
                continue
            wrong = [name for name in _REPEATED if getattr(row, name) != getattr(claim, name)]
            found += [Defect("claims", claim.id, f"its column {name} says something else") for name in wrong]
            found += await _timers(store, conn, claim)
        place = rows[-1].seq
    return found


async def _timers(store: Store, conn: AsyncConnection, claim: Claim) -> list[Defect]:
    """Every deadline still to come has its timer: without it nobody would be told (security E1)."""
    now = store.clock.now()
    there = {(t.kind, t.subject, t.what, t.at) for t in await timers.of_claim(conn, claim.id)}
    wanted = [ring for ring in ringings(claim) if ring.at > now]
    return [
        Defect("timers", claim.id, f"no timer for {ring.what} of {ring.kind} at {ring.at:%Y-%m-%d %H:%M}Z")
        for ring in wanted
        if (str(ring.kind), ring.subject, ring.what, ring.at) not in there
    ]
