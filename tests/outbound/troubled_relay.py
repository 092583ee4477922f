"""A relay that has its trouble exactly where it is told to, at any step from the connection to the goodbye.

It speaks just enough SMTP to be handed a mail: STARTTLS, AUTH PLAIN, one mail after the other on one connection.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from mailbot.endpoints import Relay

REFUSE, HANG, DROP, DRIP = "refuse", "hang", "drop", "drip"
"""Nobody listens; no answer ever; the connection goes; an answer without an end. Else: what is said."""

_LARGEST = 16 * 1024 * 1024
_WINDOW = 16 * 1024
"""What may lie unread on its way to a relay that stopped reading."""

_USUAL = {
    "banner": "220 relay.example",
    "EHLO": "250-relay.example\r\n250-STARTTLS\r\n250 AUTH PLAIN",
    "STARTTLS": "220 go on",
    "handshake": "",
    "EHLO over TLS": "250-relay.example\r\n250 AUTH PLAIN",
    "AUTH": "235 2.7.0 welcome",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    "content": "",
    "final dot": "250 2.0.0 queued",
    "QUIT": "221 2.0.0 bye",
}


class _Over(Exception):  # noqa: N818
    """This conversation has no more to say."""


@dataclass
class TroubledRelay:
    """`trouble[step]` is what happens there, once. Before each answer `pause` seconds pass; `taken` is what it kept.

    `refused` maps a recipient to what it is always told.
    """

    tls: ssl.SSLContext
    trouble: dict[str, str] = field(default_factory=dict)
    pause: float = 0
    refused: dict[str, str] = field(default_factory=dict)
    taken: list[bytes] = field(default_factory=list)
    port: int = 0
    _end: asyncio.Event = field(default_factory=asyncio.Event)

    def relay(self) -> Relay:
        return Relay("127.0.0.1", self.port, "bot", True)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            await self._at("banner", writer)
            while line := await reader.readline():
                await self._command(line.decode().strip(), reader, writer)
        except (_Over, OSError):
            pass
        finally:
            writer.transport.abort()

    async def _command(self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        word = line.partition(" ")[0]
        if word == "EHLO" and writer.get_extra_info("sslcontext"):
            word = "EHLO over TLS"
        refusal = next((answer for who, answer in self.refused.items() if word == "RCPT" and who in line), "")
        said = refusal or await self._at(word, writer)
        await _say(refusal, writer)
        if word == "STARTTLS" and said.startswith("220"):
            await self._at("handshake", writer)
            await writer.start_tls(self.tls)
        if word == "DATA" and said.startswith("354"):
            await self._content(reader, writer)

    async def _content(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._at("content", writer)
        content = await reader.readuntil(b"\r\n.\r\n")
        if self.trouble.get("final dot", "250")[0] not in "45":
            self.taken.append(content)
        await self._at("final dot", writer)

    async def _at(self, step: str, writer: asyncio.StreamWriter) -> str:
        """What is said at this step, if the conversation lives on."""
        trouble = self.trouble.pop(step, "")
        if self.pause and _USUAL[step]:
            await asyncio.sleep(self.pause)
        if trouble == HANG:
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            await self._end.wait()
        while trouble == DRIP and not self._end.is_set():
            await _say("220-", writer)
            await asyncio.sleep(0.05)
        if trouble in (HANG, DROP, DRIP):
            raise _Over
        await _say(trouble or _USUAL[step], writer)
        return trouble or _USUAL[step]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["TroubledRelay"]:
        """Listens on loopback while the block runs; who comes back finds the same port."""
        with socket.create_server(("127.0.0.1", self.port)) as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _WINDOW)
            self.port = door.getsockname()[1]
            server = await asyncio.start_server(self.talk, sock=door, limit=_LARGEST)
            try:
                yield self
            finally:
                self._end.set()
                server.close()
                await server.wait_closed()


async def _say(answer: str, writer: asyncio.StreamWriter) -> None:
    if answer:
        writer.write(answer.encode() + b"\r\n")
        await writer.drain()


@contextmanager
def deaf(trouble: str) -> Iterator[int]:
    """A port at which a connection is refused, or for which nobody ever has time."""
    with socket.socket() as door, socket.socket() as first:
        door.bind(("127.0.0.1", 0))
        if trouble == HANG:
            door.listen(0)
            first.connect(door.getsockname())
        yield door.getsockname()[1]
