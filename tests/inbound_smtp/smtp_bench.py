"""A bench for the listener: a real one on a free port, a store that remembers and can fail, a peer that speaks raw."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from mailbot.inbound.envelope import Accepted, Refusal
from mailbot.inbound.listener import Listener, ListenerConfig, listen
from mailbot.inbound.reception import Ports
from mailbot.keys import Keyring, SigningKey
from mailbot.limits import Limits
from mailbot.tokens import Tokens

DOMAIN = "mail.example"
OLD_KEY, KEY = SigningKey(1, bytes(range(100, 132)), "retired"), SigningKey(2, bytes(range(200, 232)), "signing")
TOKENS = Tokens(Keyring((OLD_KEY, KEY)))
TOKEN = TOKENS.address("r", 77, date(2030, 1, 1))
EXPIRED = TOKENS.address("r", 78, date(2000, 1, 1))
RETIRED = Tokens(Keyring((SigningKey(1, OLD_KEY.secret, "signing"),))).address("r", 79, date(2030, 1, 1))
FORGED = TOKEN[:-1] + ("a" if TOKEN[-1] != "a" else "b")
LONG_AGO = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SMALL = 64 * 1024


class Clock:
    """A clock that moves when told, and breaks when told."""

    def __init__(self) -> None:
        self.now = LONG_AGO
        self.failures: list[Exception] = []

    def __call__(self) -> datetime:
        if self.failures:
            raise self.failures.pop(0)
        return self.now

    def advance(self, **amount: float) -> None:
        self.now += timedelta(**amount)


class RememberingStore:
    """Keeps every message in memory. `failures` are raised first, one per message; `hold` makes it wait."""

    def __init__(self) -> None:
        self.kept: list[Accepted] = []
        self.contents: list[bytes] = []
        self.failures: list[Exception] = []
        self.hold: asyncio.Event | None = None
        self.begun = asyncio.Event()
        self.done = asyncio.Event()

    async def __call__(self, accepted: Accepted) -> str:
        self.begun.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.kept.append(accepted)
        self.contents.append(accepted.raw.read_bytes() if isinstance(accepted.raw, Path) else accepted.raw)
        self.done.set()
        return f"m{len(self.kept)}"


class Peer:
    """One connection that says what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def reply(self) -> str:
        """The next reply, all lines of it, or '' when the server has closed."""
        lines: list[str] = []
        while not lines or lines[-1][3:4] == "-":
            try:
                line = await asyncio.wait_for(self.reader.readline(), 10)
            except ConnectionError:
                line = b""
            if not line:
                return ""
            lines.append(line.decode("ascii").rstrip("\r\n"))
        return "\n".join(lines)

    async def say(self, line: str | bytes) -> str:
        """Send one command line and return its reply."""
        await self.send((line.encode("ascii") if isinstance(line, str) else line) + b"\r\n")
        return await self.reply()

    async def send(self, data: bytes) -> None:
        """Send, or notice at the next reply that the server has closed."""
        self.writer.write(data)
        with suppress(ConnectionError):
            await self.writer.drain()

    async def hello(self) -> "Peer":
        assert (await self.reply()).startswith("220 ")
        assert (await self.say("EHLO peer.test")).startswith("250-")
        return self

    async def begin(self, *recipients: str, sender: str = "petr@fabrikam.example") -> str:
        """MAIL, RCPT and DATA; the last reply."""
        assert (await self.say(f"MAIL FROM:<{sender}>")).startswith("250 ")
        for recipient in recipients or (f"{TOKEN}@{DOMAIN}",):
            assert (await self.say(f"RCPT TO:<{recipient}>")).startswith("250 ")
        return await self.say("DATA")

    async def mail(self, content: bytes = b"Subject: yes\r\n\r\nfine\r\n", *recipients: str, **envelope: str) -> str:
        """One whole transaction; the final reply."""
        assert (await self.begin(*recipients, **envelope)).startswith("354 ")
        await self.send(content + b".\r\n")
        return await self.reply()

    async def start_tls(self, context: ssl.SSLContext) -> None:
        assert (await self.say("STARTTLS")).startswith("220 2.0.0")
        await self.writer.start_tls(context, server_hostname="localhost")

    def reset(self) -> None:
        """Go away without a word: the other side gets RST."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


@dataclass
class Bench:
    """A running listener and everything it talks to."""

    listener: Listener
    store: RememberingStore
    clock: Clock
    refusals: list[Refusal] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)

    @property
    def address(self) -> tuple[str, int]:
        return self.listener.addresses[0]

    async def connect(self) -> Peer:
        """A connection that has heard nothing yet."""
        peer = Peer(*await asyncio.open_connection(*self.address))
        self.peers.append(peer)
        return peer

    async def peer(self) -> Peer:
        """A connection that has said EHLO."""
        return await (await self.connect()).hello()

    async def stop(self) -> None:
        for peer in self.peers:
            await peer.close()
        await self.listener.close(5)


Serve = Callable[..., Awaitable[Bench]]


async def start_bench(folder: Path, free: Callable[[], int] = lambda: 10**12, **config: Any) -> Bench:
    """A listener on a free loopback port; `config` overrides fields of ListenerConfig."""
    store, clock = RememberingStore(), Clock()
    refusals: list[Refusal] = []
    faults: list[BaseException] = []
    fields: dict[str, Any] = {
        "listen": ["127.0.0.1:0"],
        "domain": DOMAIN,
        "spool_folder": folder,
        "max_message_bytes": SMALL,
        "limits": Limits(),
    }
    ports = Ports(store=store, refused=refusals.append, fault=faults.append, clock=clock, disk_free=free)
    listener = await listen(ListenerConfig(**(fields | config)), TOKENS, ports)
    return Bench(listener, store, clock, refusals, faults)


async def until(condition: Callable[[], bool]) -> None:
    """Return as soon as `condition` holds; fail after five seconds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for is the operating system's doing
            await asyncio.sleep(0.005)
