"""The content of one mail on its way to the relay: DATA, blocks, final dot, each with a wait of its own.

Until the last block nothing was said that a relay could act on; from then on a lost reply leaves open whether it took
the mail, which is why the longest wait is the last (RFC 5321 4.5.3.2).
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from aiosmtplib import SMTP, SMTPDataError, SMTPResponse, SMTPServerDisconnected

_BLOCK_BYTES = 64 * 1024
_START_INPUT = 354
_POSITIVE = range(200, 300)
"""A yes is told by its first digit alone (RFC 5321 4.2.1)."""


@dataclass(frozen=True, slots=True)
class ContentWaits:
    """Seconds: for the answer to DATA, for the relay to take a block, for its answer to the final dot."""

    start: float
    block: float
    final: float


@dataclass(slots=True)
class Content:
    """One mail's content, its lines ending in CRLF. `complete`: every byte and the final dot are on their way."""

    raw: bytes
    complete: bool = False

    async def send(self, client: SMTP, waits: ContentWaits) -> SMTPResponse:
        """The relay's yes. Raises SMTPDataError for another answer, TimeoutError, SMTPServerDisconnected."""
        started = await client.execute_command(b"DATA", timeout=waits.start)
        if started.code != _START_INPUT:
            raise SMTPDataError(started.code, started.message)
        protocol = client.protocol
        if protocol is None:
            raise SMTPServerDisconnected("Connection lost")
        *blocks, last = self._blocks()
        for block in blocks:
            protocol.write(block)
            # What a StreamWriter's drain() calls; a StreamWriter itself would close the kept connection when it goes.
            await asyncio.wait_for(protocol._drain_helper(), waits.block)
        self.complete = True
        protocol.write(last)
        answer = await protocol.read_response(timeout=waits.final)
        if answer.code not in _POSITIVE:
            raise SMTPDataError(answer.code, answer.message)
        return answer

    def _blocks(self) -> Iterator[bytes]:
        """The content with the final dot, which goes with the last bytes: a packet less for most mails."""
        stuffed = (b"\r\n" + self.raw).replace(b"\r\n.", b"\r\n..")[2:]
        if not stuffed.endswith(b"\r\n"):
            stuffed += b"\r\n"
        stuffed += b".\r\n"
        for start in range(0, len(stuffed), _BLOCK_BYTES):
            yield stuffed[start : start + _BLOCK_BYTES]
