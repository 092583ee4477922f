"""Bytes by their SHA-256: small ones in the row, large ones as files that are durable before the row is committed.

A crash between file and commit leaves a file nobody names; `sweep` removes it later. A missing or altered file raises
BlobLost: its bytes are never replaced by others. Names are 64 hex digits and nothing else, so no path can be built.
"""

import asyncio
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.failpoints import failpoint
from mailbot.store.faults import StoreBroken, StoreError, translate
from mailbot.store.schema import blob_uses, blobs
from mailbot.store.upsert import insert_missing

INLINE_BYTES = 64 * 1024
_DRAFT = ".draft-"
_NAME = re.compile(r"[0-9a-f]{64}")


class BlobLost(StoreError):  # noqa: N818
    """The bytes of this SHA-256 are gone or altered; the text names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Bytes on their way into the database; `content` is None when they lie in a file already."""

    sha256: str
    size: int
    content: bytes | None


class Blobs:
    """The files of one installation, below one folder."""

    def __init__(self, folder: Path, *, inline_bytes: int = INLINE_BYTES) -> None:
        self.folder = folder
        self._inline = inline_bytes
        self.on_broken: Callable[[], None] = lambda: None
        """Called when the disk failed (StoreBroken): nobody may be promised anything by this process any more."""

    async def keep(self, content: bytes) -> Blob:
        """Makes the bytes durable (large) or carries them along (small); hand the result to `put` in a write.

        Raises StoreFull or StoreFault when the disk does not take them, StoreBroken when it fails.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        if len(content) < self._inline:
            return Blob(sha256=sha256, size=len(content), content=content)
        await self._durably(self._write, sha256, content)
        return Blob(sha256=sha256, size=len(content), content=None)

    async def keep_file(self, file: Path, sha256: str, size: int) -> Blob:
        """Makes a finished file durable under its name, whatever its size, and takes it over: `file` is gone then.

        `sha256` is the caller's word; a wrong one shows as BlobLost when the bytes are asked for. Raises StoreFault.
        """
        await self._durably(self._take_over, file, sha256)
        return Blob(sha256=sha256, size=size, content=None)

    async def get(self, conn: AsyncConnection, sha256: str) -> bytes:
        """The bytes, checked against their name. Raises BlobLost."""
        row = (await conn.execute(select(blobs.c.content).where(blobs.c.sha256 == sha256))).first()
        if row is not None and row.content is not None:
            return _checked(bytes(row.content), sha256)
        return await asyncio.to_thread(self.read, sha256)

    def read(self, sha256: str) -> bytes:
        """The bytes of a file, checked against their name. Raises BlobLost. Blocks."""
        try:
            content = self.path(sha256).read_bytes()
        except OSError as error:
            raise BlobLost(f"blob {sha256} cannot be read ({error.strerror})") from error
        return _checked(content, sha256)

    def path(self, sha256: str) -> Path:
        """Where the file of that name lies. Raises BlobLost for anything but 64 hex digits."""
        if not _NAME.fullmatch(sha256):
            raise BlobLost("a blob's name is 64 hex digits")
        return self.folder / sha256[:2] / sha256

    def files(self) -> Iterable[Path]:
        """Every finished file, in no order. Blocks."""
        return (path for path in self.folder.glob("??/*") if _NAME.fullmatch(path.name))

    async def sweep(self, conn: AsyncConnection, unused_since: datetime) -> int:
        """Removes files older than `unused_since` that no row names, and drafts of crashed writes; how many."""
        named = set((await conn.execute(select(blobs.c.sha256).where(blobs.c.content.is_(None)))).scalars())
        return await asyncio.to_thread(self._sweep, named, unused_since.timestamp())

    async def _durably(self, step: Callable[..., None], *args: object) -> None:
        try:
            await asyncio.to_thread(step, *args)
        except StoreBroken:
            self.on_broken()
            raise

    def _write(self, sha256: str, content: bytes) -> None:
        with self._draft(sha256) as draft:
            draft.write(content)

    def _take_over(self, file: Path, sha256: str) -> None:
        """Copies: spool and blobs may lie on different disks, and the spool's bytes need an fsync anyway."""
        with self._draft(sha256) as draft, file.open("rb") as source:
            shutil.copyfileobj(source, draft, 1024 * 1024)
        file.unlink(missing_ok=True)

    @contextmanager
    def _draft(self, sha256: str) -> Iterator[IO[bytes]]:
        """A new file that gets its name when it is complete and durable, and none if anything fails."""
        path = self.path(sha256)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=_DRAFT, dir=path.parent)
            draft = Path(name)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    yield file
                    file.flush()
                    os.fsync(file.fileno())
                failpoint("blob.written")
                draft.rename(path)
                failpoint("blob.renamed")
            finally:
                draft.unlink(missing_ok=True)
            for folder in (path.parent, self.folder):
                _sync_folder(folder)
        except OSError as error:
            raise translate(error) from error

    def _sweep(self, named: set[str], before: float) -> int:
        removed = 0
        for path in self.folder.glob("??/*"):
            if path.name not in named and path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
                removed += 1
        return removed


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


async def release(conn: AsyncConnection, users: Sequence[str]) -> None:
    """These users need their blobs no more; what nobody needs loses its row, and `sweep` later removes its file."""
    theirs = select(blob_uses.c.sha256).where(blob_uses.c.user.in_(users))
    released = set((await conn.execute(theirs)).scalars())
    await conn.execute(delete(blob_uses).where(blob_uses.c.user.in_(users)))
    used = select(blob_uses.c.sha256).where(blob_uses.c.sha256 == blobs.c.sha256)
    await conn.execute(delete(blobs).where(blobs.c.sha256.in_(released), ~used.exists()))


def _checked(content: bytes, sha256: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != sha256:
        raise BlobLost(f"blob {sha256} was altered after it was kept")
    return content


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
