"""A ClamAV daemon that knows one virus: it speaks PING and INSTREAM, remembers its files, and fails when told to."""

import asyncio
import struct
from typing import Literal

from mailbot.endpoints import HostPort

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
"""The test virus every scanner knows; written in pieces, so that none finds it here."""

Failure = Literal["", "silent", "nonsense", "torn", "too_large"]


class FakeClamd:
    """Serves on loopback between `start` and `stop`; `fails` says how it misbehaves."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.fails: Failure = ""
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.address = HostPort("127.0.0.1", 0)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.address.port)
        self.address = HostPort("127.0.0.1", self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if (answer := await self._answer(reader)) is not None:
                writer.write(answer)
                await writer.drain()
            else:
                await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes | None:
        command = await reader.readuntil(b"\n")
        if self.fails == "silent":
            return None
        if command == b"nPING\n":
            return b"PONG\n"
        content = b""
        while size := struct.unpack("!L", await reader.readexactly(4))[0]:
            content += await reader.readexactly(size)
        self.seen.append(content)
        return self._verdict(content)

    def _verdict(self, content: bytes) -> bytes:
        wrong = {"nonsense": b"hello\n", "torn": b"", "too_large": b"INSTREAM size limit exceeded. ERROR\n"}
        if self.fails:
            return wrong[self.fails]
        return b"stream: Win.Test.EICAR_HDB-1 FOUND\n" if EICAR in content else b"stream: OK\n"
