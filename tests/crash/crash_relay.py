"""The smarthost of the harness: remembers every attempt, and misbehaves as its mood says.

It runs in a thread of its own. What it took is told to `on_letter`, as are mails whose reply it then dropped: outside
they have arrived.
"""

import asyncio
import hashlib
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.smtp import SMTP

_MESSAGE_ID = re.compile(rb"(?im)^message-id:\s*<([^>\r\n]*)>")

MOODS: dict[str, dict[str, float]] = {
    "good": {},
    "moody": {"drop_after_dot": 0.10, "451_after_dot": 0.05, "450_rcpt": 0.05, "drop_rcpt": 0.03, "421_mail": 0.03},
    "lossy": {"drop_after_dot": 0.5},
    "deaf": {"refuse": 1.0},
    "killer": {"kill_after_dot": 0.3, "drop_after_dot": 0.2},
}


@dataclass(slots=True)
class Attempt:
    """One mail that came as far as its final dot."""

    message_id: str
    mail_from: str
    rcpt: str
    sha256: str
    accepted: bool
    began: float


@dataclass(slots=True)
class Relay:
    """An SMTP server on loopback."""

    seed: int
    on_letter: Callable[[str, str, bytes], None] = lambda *_: None
    on_kill: Callable[[], None] = lambda: None
    mood: str = "good"
    attempts: list[Attempt] = field(default_factory=list)
    port: int = 0
    _random: random.Random = field(init=False)
    _loop: asyncio.AbstractEventLoop = field(init=False)
    _thread: threading.Thread = field(init=False)
    _server: asyncio.Server = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _open(self) -> None:
        self._server = await self._loop.create_server(lambda: _Session(self, loop=self._loop), "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        self._server.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _chance(self, what: str) -> bool:
        return self._random.random() < MOODS[self.mood].get(what, 0)

    async def handle_MAIL(self, server: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self._chance("421_mail"):
            return "451 4.3.2 not now"
        envelope.mail_from, envelope.began = address, time.time()
        envelope.mail_options.extend(options)
        return "250 2.1.0 go on"

    async def handle_RCPT(self, server: Any, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:
        if self._chance("drop_rcpt"):
            server.transport.abort()
        if self._chance("450_rcpt"):
            return "450 4.2.1 greylisted"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 go on"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        raw, rcpt = envelope.original_content, envelope.rcpt_tos[0]
        found = _MESSAGE_ID.search(raw)
        refused = self._chance("451_after_dot")
        self.attempts.append(
            Attempt(
                message_id=found[1].decode("ascii") if found else "",
                mail_from=envelope.mail_from or "",
                rcpt=rcpt,
                sha256=hashlib.sha256(raw).hexdigest(),
                accepted=not refused,
                began=envelope.began,
            )
        )
        if refused:
            return "451 4.3.0 try again"
        self.on_letter(envelope.mail_from or "", rcpt, raw)
        if self._chance("kill_after_dot"):
            self.on_kill()
            server.transport.abort()
        elif self._chance("drop_after_dot"):
            server.transport.abort()
        return "250 2.0.0 taken"


class _Session(SMTP):
    """aiosmtpd's session; a relay that refuses hangs up before its greeting."""

    def __init__(self, relay: Relay, **rest: Any) -> None:
        super().__init__(relay, hostname="relay.test", **rest)
        self._relay = relay

    def connection_made(self, transport: Any) -> None:
        if self._relay._chance("refuse"):
            transport.abort()
        super().connection_made(transport)


class Hooks:
    """An HTTP endpoint for webhooks; remembers the ids it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                told.append(self.headers["webhook-id"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
