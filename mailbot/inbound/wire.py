"""Lines and blocks from one connection.

Command lines and message blocks come from the same bytes, so one buffer serves both. Memory is bounded: a line without
an end raises `EndlessLineError` after one block.
"""

import asyncio

BLOCK = 64 * 1024
TLS_HELLO = b"\x16\x03"
"""How a TLS handshake begins (RFC 8446 §5.1); it may never contain a line end."""


class EndlessLineError(Exception):
    """More than a block came without a line end."""


class Wire:
    """Reads from `reader`, which nobody else may read from."""

    __slots__ = ("_held", "_reader")

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._held = b""

    async def line(self) -> bytes | None:
        """The next line without its CRLF (a bare LF ends a command too), or None when the peer has closed.

        A TLS handshake in clear is returned as it stands.
        """
        while (end := self._held.find(b"\n")) < 0:
            if self._held.startswith(TLS_HELLO):
                return self._held
            if len(self._held) > BLOCK:
                raise EndlessLineError
            block = await self._reader.read(BLOCK)
            if not block:
                return None
            self._held += block
        line, self._held = self._held[:end], self._held[end + 1 :]
        return line[:-1] if line.endswith(b"\r") else line

    async def block(self) -> bytes:
        """The next bytes, at most one block or what was pushed back; empty when the peer has closed."""
        if self._held:
            block, self._held = self._held, b""
            return block
        return await self._reader.read(BLOCK)

    def unread(self, rest: bytes) -> None:
        """Put back what belongs to the next command."""
        self._held = rest

    def forget(self) -> None:
        """Drop everything that came in clear before TLS (RFC 3207 §4.2; CVE-2024-34083)."""
        self._held = b""
        # StreamReader has no public way to drop its buffer; aiosmtpd does it like this, too.
        self._reader._buffer.clear()  # type: ignore[attr-defined]
