"""A mail filter as Postfix speaks to one (milter protocol, version 6): takes forged results away and writes its own.

It knows the verdict beforehand: what is tested is the way of a result, not how it is found.
"""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

AUTHSERV_ID = "mx.example.com"
_VERSION, _ADDS, _CHANGES = 6, 0x01, 0x10
# No connect, HELO, MAIL, RCPT, body, end of header, unknown, DATA; and headers want no answer.
_STEPS = 0x01 | 0x02 | 0x04 | 0x08 | 0x10 | 0x40 | 0x100 | 0x200 | 0x80


class DmarcMilter:
    """Says `verdict` of every mail's From domain."""

    def __init__(self) -> None:
        self.verdict = "pass"
        self.port = 0
        self._lines: list[asyncio.StreamWriter] = []

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fields: list[tuple[str, str]] = []
        self._lines.append(writer)
        try:
            while True:
                size, command = struct.unpack(">Ic", await reader.readexactly(5))
                data = await reader.readexactly(size - 1)
                if command == b"O":
                    _say(writer, b"O", struct.pack(">III", _VERSION, _ADDS | _CHANGES, _STEPS))
                elif command == b"L":
                    name, value, _ = data.decode("utf-8", "replace").split("\0")
                    fields.append((name, value))
                elif command == b"E":
                    self._judge(writer, fields)
                    fields = []
                elif command in (b"Q", b"K"):
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async def hang_up(self) -> None:
        for writer in self._lines:
            writer.close()
            await writer.wait_closed()

    def _judge(self, writer: asyncio.StreamWriter, fields: list[tuple[str, str]]) -> None:
        domain = next(value for name, value in fields if name.lower() == "from").rpartition("@")[2].rstrip(">")
        results = [value for name, value in fields if name.lower() == "authentication-results"]
        for number, value in enumerate(results, 1):
            if value.strip().startswith(AUTHSERV_ID):
                _say(writer, b"m", struct.pack(">I", number) + b"Authentication-Results\0\0")
        own = f"{AUTHSERV_ID}; dmarc={self.verdict} header.from={domain}"
        _say(writer, b"i", struct.pack(">I", 1) + f"Authentication-Results\0{own}\0".encode())
        _say(writer, b"c")


@asynccontextmanager
async def filtering() -> AsyncIterator[DmarcMilter]:
    """A filter on a free port of loopback."""
    milter = DmarcMilter()
    server = await asyncio.start_server(milter._session, "127.0.0.1", 0)
    milter.port = server.sockets[0].getsockname()[1]
    try:
        yield milter
    finally:
        server.close()
        await milter.hang_up()


def _say(writer: asyncio.StreamWriter, command: bytes, data: bytes = b"") -> None:
    writer.write(struct.pack(">Ic", len(data) + 1, command) + data)
