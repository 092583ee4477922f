"""Bytes by their SHA-256: small ones in the row, large ones in a place of their own.

Those are durable before the row is committed. A crash in between leaves bytes nobody names; `sweep` removes them later.
Missing or altered bytes raise BlobLost: they are never replaced by others. Names are 64 hex digits and nothing else, so
no path can be built.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store.bulk import execute_many
from mailbot.store.faults import StoreBroken, StoreError
from mailbot.store.schema import blob_uses, blob_words, blobs
from mailbot.store.upsert import insert_missing

INLINE_BYTES = 64 * 1024
_CLAIM = "claim:"
_NAME = re.compile(r"[0-9a-f]{64}")


class BlobLost(StoreError):  # noqa: N818
    """The bytes of this SHA-256 are gone or altered; the text names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Bytes on their way into the database; `content` is None when they lie in their place already."""

    sha256: str
    size: int
    content: bytes | None


class BlobPlace(Protocol):
    """Where large blobs lie. Its methods block; whoever serves others meanwhile calls them in a thread."""

    def write(self, sha256: str, content: bytes) -> None:
        """Returns when the bytes are durable under that name. Raises StoreFault."""

    def take_over(self, file: Path, sha256: str) -> None:
        """Like `write` with the bytes of a finished file, which is gone then."""

    def read(self, sha256: str) -> bytes:
        """The bytes as they lie there. Raises BlobLost when there are none, StoreFault when nobody can tell now."""

    def names(self) -> Iterable[str]:
        """Every blob that is there whole, in no order."""

    def sweep(self, named: Collection[str], before: float) -> int:
        """Removes what was last written before that time (seconds since 1970) under a name not in `named`; how many."""


class Blobs:
    """The blobs of one installation; `place` takes those of at least `inline_bytes`."""

    def __init__(self, place: BlobPlace, *, inline_bytes: int = INLINE_BYTES) -> None:
        self.place = place
        self._inline = inline_bytes
        self.on_broken: Callable[[], None] = lambda: None
        """Called when the disk failed (StoreBroken): nobody may be promised anything by this process any more."""

    async def keep(self, content: bytes) -> Blob:
        """Makes the bytes durable (large) or carries them along (small); hand the result to `put` in a write.

        Raises StoreFull or StoreFault when the place does not take them, StoreBroken when it fails.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        if len(content) < self._inline:
            return Blob(sha256=sha256, size=len(content), content=content)
        await self._durably(self.place.write, sha256, content)
        return Blob(sha256=sha256, size=len(content), content=None)

    async def keep_file(self, file: Path, sha256: str, size: int) -> Blob:
        """Makes a finished file durable under its name, whatever its size, and takes it over: `file` is gone then.

        `sha256` is the caller's word; a wrong one shows as BlobLost when the bytes are asked for. Raises StoreFault.
        """
        await self._durably(self.place.take_over, file, sha256)
        return Blob(sha256=sha256, size=size, content=None)

    async def get(self, conn: AsyncConnection, sha256: str) -> bytes:
        """The bytes, checked against their name. Raises BlobLost, and StoreFault when the place does not answer."""
        row = (await conn.execute(select(blobs.c.content).where(blobs.c.sha256 == sha256))).first()
        if row is not None and row.content is not None:
            return _checked(bytes(row.content), sha256)
        return await asyncio.to_thread(self.read, sha256)

    def read(self, sha256: str) -> bytes:
        """The bytes of a large blob, checked against their name. Raises as `get`. Blocks."""
        return _checked(self.place.read(checked_name(sha256)), sha256)

    async def sweep(self, conn: AsyncConnection, unused_since: datetime) -> int:
        """Removes large blobs older than `unused_since` that no row names, and drafts of crashed writes; how many."""
        named = set((await conn.execute(select(blobs.c.sha256).where(blobs.c.content.is_(None)))).scalars())
        return await asyncio.to_thread(self.place.sweep, named, unused_since.timestamp())

    async def _durably(self, step: Callable[..., None], *args: object) -> None:
        try:
            await asyncio.to_thread(step, *args)
        except StoreBroken:
            self.on_broken()
            raise


async def put(conn: AsyncConnection, kept: Sequence[Blob], user: str, now: datetime) -> None:
    """Records blobs and that `user` (`inbox:7`, `claim:CLM-…`) needs them. The same blob twice is one."""
    if not kept:
        return
    rows = [{"sha256": b.sha256, "size": b.size, "created_at": now, "content": b.content} for b in kept]
    await conn.execute(insert_missing(blobs), rows)
    await use(conn, [(b.sha256, user) for b in kept])


async def use(conn: AsyncConnection, uses: Sequence[tuple[str, str]]) -> None:
    """Records that users need blobs which are there already: (sha256, user) pairs."""
    if uses:
        rows = [{"sha256": sha256, "user": user} for sha256, user in uses]
        await conn.execute(insert_missing(blob_uses), rows)


async def claims_with(conn: AsyncConnection, sha256s: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Blob → ids of the claims that need it, for those of `sha256s` that any claim needs."""
    named = blob_uses.c.sha256.in_(sha256s) & blob_uses.c.user.startswith(_CLAIM)
    found: dict[str, tuple[str, ...]] = {}
    for sha256, user in await conn.execute(select(blob_uses.c.sha256, blob_uses.c.user).where(named)):
        found[sha256] = (*found.get(sha256, ()), user.removeprefix(_CLAIM))
    return found


async def note_words(conn: AsyncConnection, digests: Mapping[str, str]) -> None:
    """Records blob → digest of its words, for blobs that are there; what is known already stays."""
    if digests:
        present = set((await conn.execute(select(blobs.c.sha256).where(blobs.c.sha256.in_(digests)))).scalars())
        rows = [{"sha256": sha256, "digest": digest} for sha256, digest in digests.items() if sha256 in present]
        await execute_many(conn, insert_missing(blob_words), rows)


async def alike(conn: AsyncConnection, sha256s: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Blob → the others with the same words, for those of `sha256s` whose words are known; itself is not among them."""
    mine, other = blob_words.alias(), blob_words.alias()
    pairs = select(mine.c.sha256, other.c.sha256.label("other")).join(other, mine.c.digest == other.c.digest)
    found: dict[str, tuple[str, ...]] = dict.fromkeys(await _known_words(conn, sha256s), ())
    for sha256, one in await conn.execute(pairs.where(mine.c.sha256.in_(sha256s), mine.c.sha256 != other.c.sha256)):
        found[sha256] = (*found[sha256], one)
    return found


async def release(conn: AsyncConnection, users: Sequence[str]) -> None:
    """These users need their blobs no more; what nobody needs loses its row, and `sweep` later removes its bytes."""
    theirs = select(blob_uses.c.sha256).where(blob_uses.c.user.in_(users))
    released = set((await conn.execute(theirs)).scalars())
    await conn.execute(delete(blob_uses).where(blob_uses.c.user.in_(users)))
    used = select(blob_uses.c.sha256).where(blob_uses.c.sha256 == blobs.c.sha256)
    gone = (blobs.c.sha256.in_(released), ~used.exists())
    await conn.execute(delete(blob_words).where(blob_words.c.sha256.in_(select(blobs.c.sha256).where(*gone))))
    await conn.execute(delete(blobs).where(*gone))


async def _known_words(conn: AsyncConnection, sha256s: Collection[str]) -> set[str]:
    return set((await conn.execute(select(blob_words.c.sha256).where(blob_words.c.sha256.in_(sha256s)))).scalars())


def is_name(text: str) -> bool:
    """Whether it can be the name of a blob: 64 hex digits in lower case."""
    return _NAME.fullmatch(text) is not None


def checked_name(text: str) -> str:
    """The name as it is. Raises BlobLost for what can be none."""
    if not is_name(text):
        raise BlobLost("a blob's name is 64 hex digits")
    return text


def _checked(content: bytes, sha256: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != sha256:
        raise BlobLost(f"blob {sha256} was altered after it was kept")
    return content
