"""Every mail is read outside the process that keeps the connections and the database.

A mail that hurts its reader costs that process only (reader_pool.py). The engine counts the failures of a mail (three:
quarantine). Readers hold no keys; signed addresses are checked, and files are scanned, here in the parent.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from mailbot.inbound.antivirus import Scanner, screened
from mailbot.inbound.interpret import interpret
from mailbot.inbound.interpretation import Authentication, Envelope, Interpretation, Keys
from mailbot.inbound.reader_pool import ReaderFailure, ReaderPool

Task = tuple[bytes, Envelope, datetime] | tuple[bytes, Envelope, datetime, Authentication | None]
_BEFORE = datetime(2000, 1, 1, tzinfo=UTC)
# Read once at start, so that no mail pays for loading libraries and lexicons.
_FIRST_MAIL: Task = (
    b"From: Ann <ann@first.example>\nSubject: Re: first\nContent-Type: text/html\n\n<p>Yes, by Monday.</p>",
    Envelope(mail_from="ann@first.example", rcpt="", peer="", helo="", received_at=_BEFORE),
    _BEFORE,
)


class Readers:
    """`count` reader processes. `reading` is the function that reads, interpret except in tests.

    With a `scanner` the accepted files of every mail are scanned.
    """

    def __init__(
        self,
        keys: Keys,
        *,
        count: int = 2,
        recycle_after: int = 2000,
        reading: Callable[..., object] = interpret,
        scanner: Scanner | None = None,
    ) -> None:
        self._keys = keys
        self._scanner = scanner
        self._pool = ReaderPool(
            keys, reading, answers=(Interpretation,), first=_FIRST_MAIL, count=count, recycle_after=recycle_after
        )

    async def start(self) -> None:
        """Starts all processes side by side and waits until they are ready. Raises OSError when one does not start."""
        await self._pool.start()

    async def read(self, raw: bytes, envelope: Envelope, now: datetime) -> Interpretation | ReaderFailure:
        """One mail, read by the next free process."""
        return (await self.read_batch([(raw, envelope, now)]))[0]

    async def read_batch(self, tasks: Sequence[Task]) -> list[Interpretation | ReaderFailure]:
        """Several mails in one hop, in order; each has its own time limit."""
        return list(await asyncio.gather(*map(self._checked, await self._pool.run(tasks))))

    async def close(self) -> None:
        """Ends every process; one that does not end by itself within a second is killed."""
        await self._pool.close()

    async def _checked(self, result: Interpretation | ReaderFailure) -> Interpretation | ReaderFailure:
        if isinstance(result, ReaderFailure):
            return result
        verified = _verified(result, self._keys)
        return verified if self._scanner is None else await screened(verified, self._scanner)


def _verified(result: Interpretation, keys: Keys) -> Interpretation:
    """The addresses that really are ours: readers match their shape, only this process can check the signature."""
    tokens = keys.tokens
    if tokens is None or not result.tokens:
        return result
    return replace(result, tokens=tuple(token for token in result.tokens if tokens.read(token) is not None))
