"""The content of one mail on its way to the relay: DATA, blocks, final dot, each with a wait of its own.

Until the last block nothing was said that a relay could act on; from then on a lost reply leaves open whether it took
the mail, which is why the longest wait is the last (RFC 5321 4.5.3.2).
"""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass

from aiosmtplib import SMTP, SMTPDataError, SMTPResponse, SMTPServerDisconnected

_BLOCK_BYTES = 64 * 1024
_START_INPUT = 354
_COMPLETED = 250
_LEADING_DOT = re.compile(rb"(?m)^\.")


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
        """The relay's 250. Raises SMTPDataError for another answer, TimeoutError, SMTPServerDisconnected."""
        started = await client.execute_command(b"DATA", timeout=waits.start)
        if started.code != _START_INPUT:
            raise SMTPDataError(started.code, started.message)
        protocol = client.protocol
        if protocol is None:
            raise SMTPServerDisconnected("Connection lost")
        for block in self._blocks():
            protocol.write(block)
            # What a StreamWriter's drain() calls; a StreamWriter itself would close the kept connection when it goes.
            await asyncio.wait_for(protocol._drain_helper(), waits.block)
        protocol.write(b".\r\n")
        self.complete = True
        answer = await protocol.read_response(timeout=waits.final)
        if answer.code != _COMPLETED:
            raise SMTPDataError(answer.code, answer.message)
        return answer

    def _blocks(self) -> Iterator[bytes]:
        stuffed = _LEADING_DOT.sub(b"..", self.raw)
        if not stuffed.endswith(b"\r\n"):
            stuffed += b"\r\n"
        for start in range(0, len(stuffed), _BLOCK_BYTES):
            yield stuffed[start : start + _BLOCK_BYTES]
