"""The evidence of a claim as a reviewer sees it: every accepted file with its pages or the reason why it has none.

Reads only. Files are opened by the viewer's process; what a slow file leaves no time for is shown the next time.
"""

import asyncio
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from mailbot.claims.model import Claim, Evidence
from mailbot.inbound.leaves import Contents
from mailbot.store import blobs
from mailbot.store.blobs import BlobLost
from mailbot.web.site import Site

MOST_FILES = 24
MOST_THUMBNAILS = 24
"""On the claim's page, all files together: each is a request, and the page has a weight to keep."""

_PATIENCE_SECONDS = 3.0
_TELLING = 100
_LATER = "later"
_GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaves:
    """A file on the screen: `thumbnails` are the numbers of the pages pictured here, `trouble` why there are none."""

    file: Evidence
    pages: int = 0
    thumbnails: tuple[int, ...] = ()
    texts: tuple[str, ...] = ()
    trouble: str = ""


async def leaves_of(site: Site, claim: Claim) -> tuple[Leaves, ...]:
    """The accepted files, newest last. One that cannot be shown does not keep the others from it."""
    files = [file for file in claim.evidence if file.verdict == "accepted"][:MOST_FILES]
    if site.viewer is None:
        return ()
    clock = asyncio.get_running_loop()
    end, room, shown = clock.time() + _PATIENCE_SECONDS, MOST_THUMBNAILS, list[Leaves]()
    for file in files:
        if clock.time() > end:
            shown.append(Leaves(file=file, trouble=_LATER))
            continue
        leaves = await _leaves(site, file, room)
        room -= len(leaves.thumbnails)
        shown.append(leaves)
    await _note_words(site, shown)
    return tuple(shown)


async def contents_of(site: Site, file: Evidence) -> Contents:
    """What the file holds. Raises BlobLost when its bytes were erased."""
    assert site.viewer is not None
    return await site.viewer.contents(file.sha256, file.media_type, partial(bytes_of, site, file.sha256))


async def bytes_of(site: Site, sha256: str) -> bytes:
    """The bytes of a file. Raises BlobLost."""
    async with site.store.read() as conn:
        return await site.store.blobs.get(conn, sha256)


async def _note_words(site: Site, shown: Iterable[Leaves]) -> None:
    """So that a file with the same words is known again on another claim; written the first time only."""
    digests = {one.file.sha256: digest for one in shown if (digest := words_digest(one.texts))}
    async with site.store.read() as conn:
        known = await blobs.alike(conn, digests)
    fresh = {sha256: digest for sha256, digest in digests.items() if sha256 not in known}
    if fresh:
        await site.store.write(lambda conn: blobs.note_words(conn, fresh))


def words_digest(texts: Iterable[str]) -> str:
    """The same for files that say the same, however they are laid out; empty where too little is said to tell."""
    letters = "".join(c for c in "".join(texts).casefold() if c.isalnum())
    return hashlib.sha256(letters.encode("utf-8", "replace")).hexdigest() if len(letters) >= _TELLING else ""


async def _leaves(site: Site, file: Evidence, room: int) -> Leaves:
    try:
        contents = await contents_of(site, file)
    except BlobLost:
        return Leaves(file=file, trouble=_GONE)
    return Leaves(
        file=file,
        pages=contents.pages,
        thumbnails=tuple(range(1, min(contents.pages, room) + 1)),
        texts=contents.texts,
        trouble=contents.trouble,
    )
