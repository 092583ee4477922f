"""The two ends every contender stands between: senders that hand mails over as fast as they are taken, and a relay
that takes everything and counts. Both run in the bench's own process, so no contender pays for them.

The dialogue is one command after the other, as most clients speak it. A refusal ends the round with RuntimeError.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Job:
    """A mail to hand over; `content` ends with CRLF and has no line that starts with a dot."""

    mail_from: str
    rcpt: str
    content: bytes

    def steps(self) -> tuple[bytes, ...]:
        """What is said, each after a good reply to the one before."""
        return (
            f"MAIL FROM:<{self.mail_from}>\r\n".encode("ascii"),
            f"RCPT TO:<{self.rcpt}>\r\n".encode("ascii"),
            b"DATA\r\n",
            self.content + b".\r\n",
        )


class _Session(asyncio.Protocol):
    """One connection that works off jobs: one (`kept` false) or as many as there are."""

    def __init__(self, jobs: list[Job], kept: bool) -> None:
        self._jobs, self._kept = jobs, kept
        self._heard = b""
        self._steps: list[bytes] = []
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._steps = [b"EHLO bench.test\r\n"]
        self._left = 0 if self._kept else 1

    def data_received(self, data: bytes) -> None:
        self._heard += data
        if not self._heard.endswith(b"\n") or self._heard.splitlines()[-1][3:4] != b" ":
            return
        reply, self._heard = self._heard, b""
        if reply[:1] not in b"23":
            self._end(RuntimeError(f"refused: {reply.decode(errors='replace')}"))
        elif self._steps or self._more():
            self._transport.write(self._steps.pop(0))
        else:
            self._transport.write(b"QUIT\r\n")
            self._end(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._end(error or RuntimeError("hung up"))

    def _more(self) -> bool:
        if not self._jobs or (not self._kept and not self._left):
            return False
        self._left -= 1
        self._steps = list(self._jobs.pop().steps())
        return True

    def _end(self, error: Exception | None) -> None:
        if not self.over.done():
            self.over.set_exception(error) if error else self.over.set_result(None)
            self._transport.close()


async def hand_over(port: int, jobs: Sequence[Job], sessions: int, *, kept: bool = True) -> float:
    """All jobs, over so many connections side by side; returns the seconds it took."""
    left = list(jobs)
    began = time.perf_counter()
    await asyncio.gather(*(_work(port, left, kept) for _ in range(sessions)))
    return time.perf_counter() - began


async def _work(port: int, left: list[Job], kept: bool) -> None:
    while left:
        _, session = await asyncio.get_running_loop().create_connection(lambda: _Session(left, kept), "127.0.0.1", port)
        await session.over


class Relay:
    """Takes every mail. `taken` counts them; `when_taken(n)` returns once there are that many."""

    def __init__(self) -> None:
        self.taken = 0
        self.connections = 0
        self._arrived = asyncio.Event()

    async def open(self) -> int:
        """Listens; returns the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Taking(self), "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        self._server.close()

    async def when_taken(self, count: int, patience: float = 120) -> None:
        async with asyncio.timeout(patience):
            while self.taken < count:
                self._arrived.clear()
                await self._arrived.wait()

    def take(self) -> None:
        self.taken += 1
        self._arrived.set()


class _Taking(asyncio.Protocol):
    """The relay's side of one connection."""

    def __init__(self, relay: Relay) -> None:
        self._relay, self._heard, self._content = relay, b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._relay.connections += 1
        transport.write(b"220 relay.test ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while self._heard:
            end = self._heard.find(b"\r\n.\r\n" if self._content else b"\r\n")
            if end < 0:
                return
            said, self._heard = self._heard[:end], self._heard[end + (5 if self._content else 2) :]
            self._answer(said[:4].upper())

    def _answer(self, verb: bytes) -> None:
        if self._content:
            self._content = False
            self._relay.take()
            self._transport.write(b"250 2.0.0 taken\r\n")
        elif verb == b"DATA":
            self._content = True
            self._transport.write(b"354 go on\r\n")
        elif verb == b"EHLO":
            self._transport.write(b"250-relay.test\r\n250-PIPELINING\r\n250-SIZE\r\n250 8BITMIME\r\n")
        elif verb == b"QUIT":
            self._transport.write(b"221 bye\r\n")
            self._transport.close()
        else:
            self._transport.write(b"250 2.1.0 fine\r\n")
