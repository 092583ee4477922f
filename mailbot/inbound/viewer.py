"""Files of evidence for eyes: drawn and read in a process of their own, the last of them remembered in memory.

The process starts with the first file that is asked for, has no keys and no network (cage.py), and is replaced when a
file hurts it: that file then has a trouble like any other, and is not tried again while it is remembered. Nothing is
written to a disk, so what was erased is gone with the next restart at the latest.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from mailbot.inbound.interpretation import Keys
from mailbot.inbound.leaves import Contents, Picture, Trouble, Wish, look
from mailbot.inbound.reader_pool import ReaderFailure, ReaderPool, Task

Fetch = Callable[[], Awaitable[bytes]]
Seen = Contents | Picture

_FIRST = (b"\x89PNG\r\n\x1a\n", Wish(media_type="image/png"))
_OVERHEAD = 200


class Lookers(Protocol):
    """Processes that `look`."""

    async def start(self) -> None: ...

    async def run(self, tasks: Sequence[Task]) -> list[Seen | ReaderFailure]: ...

    async def close(self) -> None: ...


def lookers(keys: Keys) -> Lookers:
    """One process: a file that takes long to draw keeps other reviewers waiting, but no mail."""
    return ReaderPool[Seen](keys, look, answers=(Contents, Picture), first=_FIRST, count=1)


class Viewer:
    """Shows files, one at a time; at most `memory` bytes of what it saw are remembered."""

    def __init__(self, processes: Lookers, *, memory: int = 32 * 2**20) -> None:
        self._processes = processes
        self._memory = memory
        self._seen: OrderedDict[tuple[str, Wish], Seen] = OrderedDict()
        self._size = 0
        self._started = False
        self._turn = asyncio.Lock()

    async def contents(self, sha256: str, media_type: str, fetch: Fetch) -> Contents:
        """How many pages the file has, and its words. `fetch` gives its bytes if they are needed; what it raises
        goes to the caller."""
        seen = await self._look(sha256, Wish(media_type=media_type), fetch)
        return seen if isinstance(seen, Contents) else Contents(trouble=seen.trouble)

    async def picture(self, sha256: str, wish: Wish, fetch: Fetch) -> Picture:
        """A page as the wish has it. `fetch` as above."""
        seen = await self._look(sha256, wish, fetch)
        return seen if isinstance(seen, Picture) else Picture(trouble=seen.trouble)

    async def close(self) -> None:
        """Ends the process, if it ever started."""
        if self._started:
            await self._processes.close()

    async def _look(self, sha256: str, wish: Wish, fetch: Fetch) -> Seen:
        key = (sha256, wish)
        async with self._turn:
            if key in self._seen:
                self._seen.move_to_end(key)
                return self._seen[key]
            content = await fetch()
            try:
                result = await self._seen_by_process(content, wish)
            except OSError:  # the machine has no room for a process: the file is not to blame
                return Contents(trouble="later")
            seen = _trouble(result) if isinstance(result, ReaderFailure) else result
            self._remember(key, seen)
            return seen

    async def _seen_by_process(self, content: bytes, wish: Wish) -> Seen | ReaderFailure:
        if not self._started:
            await self._processes.start()
            self._started = True
        return (await self._processes.run([(content, wish)]))[0]

    def _remember(self, key: tuple[str, Wish], seen: Seen) -> None:
        self._seen[key] = seen
        self._size += _weight(seen)
        while self._size > self._memory:
            _, oldest = self._seen.popitem(last=False)
            self._size -= _weight(oldest)


def _trouble(failure: ReaderFailure) -> Contents:
    """What hurt the process is too large for it, or no file as its kind should be."""
    trouble: Trouble = "unreadable" if failure.cause == "killed" else "too_large"
    return Contents(trouble=trouble)


def _weight(seen: Seen) -> int:
    return _OVERHEAD + (len(seen.png) if isinstance(seen, Picture) else 4 * sum(map(len, seen.texts)))
