"""A real SMTP server on loopback that remembers what it was given and can be told to fail at every stage."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mailbot.endpoints import Relay

HANG = "hang"
DROP = "drop"


@dataclass(frozen=True)
class Taken:
    """A mail as it arrived, with its envelope."""

    mail_from: str
    rcpt: str
    raw: bytes
    over_tls: bool
    login: bool


class _Session(SMTP):
    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.event_handler.opened(self)

    async def smtp_MAIL(self, arg: str) -> None:
        await super().smtp_MAIL(self._without_dsn(arg))

    async def smtp_RCPT(self, arg: str) -> None:
        await super().smtp_RCPT(self._without_dsn(arg))

    def _without_dsn(self, arg: str) -> str:
        """The library refuses the parameters of RFC 3461; they are remembered and taken out."""
        if not self.event_handler.offers_dsn:
            return arg
        words = arg.split(" ")
        ours = ("RET=", "ENVID=", "NOTIFY=", "ORCPT=")
        self.event_handler.dsn += [word for word in words if word.startswith(ours)]
        return " ".join(word for word in words if not word.startswith(ours))


@dataclass
class FakeSmarthost:
    """What it answers and what it saw. `answers[stage]` is a list used up one by one, `always[stage]` what comes then.

    An answer is an SMTP reply, HANG (no reply ever), DROP (the connection goes), or None (as usual). Stages: connect,
    mail, rcpt, data.
    """

    answers: dict[str, list[str | None]] = field(default_factory=dict)
    always: dict[str, str | None] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)
    connections: int = 0
    offers_dsn: bool = False
    dsn: list[str] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    password: str = ""
    port: int = 0
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    _sessions: list[SMTP] = field(default_factory=list)
    _never: asyncio.Event = field(default_factory=asyncio.Event)

    def opened(self, session: SMTP) -> None:
        self.connections += 1
        if session not in self._sessions:
            self._sessions.append(session)

    def relay(self, user: str = "", tls: bool | None = None) -> Relay:
        return Relay("localhost", self.port, user, self.tls is not None if tls is None else tls)

    def hang_up(self) -> None:
        """Closes every connection from this side, as relays do with idle ones."""
        for session in self._sessions:
            if session.transport is not None:
                session.transport.close()

    async def _answer(self, stage: str, detail: str, server: SMTP) -> str | None:
        self.seen.append((stage, detail))
        queue = self.answers.get(stage)
        answer = queue.pop(0) if queue else self.always.get(stage)
        if answer == HANG:
            self.hanging.set()
            await self._never.wait()
        if answer == DROP:
            server.transport.abort()
            return "250 nobody hears this"
        return answer

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        answer = await self._answer("connect", hostname, server)
        if answer:
            return [answer]
        return [*responses[:-1], "250-DSN", responses[-1]] if self.offers_dsn else responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._answer("mail", address or "", server)
        if answer:
            return answer
        envelope.mail_from, envelope.mail_options = address, list(options)
        return "250 2.1.0 ok"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._answer("rcpt", address, server)
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options = list(options)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        mail_from = "" if envelope.mail_from in (None, "<>") else str(envelope.mail_from)
        self.taken.append(
            Taken(
                mail_from,
                envelope.rcpt_tos[0],
                bytes(envelope.content or b""),
                session.ssl is not None or self.implicit_tls,
                bool(session.authenticated),
            )
        )
        answer = await self._answer("data", envelope.rcpt_tos[0], server)
        if answer and not answer.startswith("2"):
            self.taken.pop()
        return answer or "250 2.0.0 queued as 1"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and data.password.decode() == self.password
        return AuthResult(success=good, handled=False)

    def session(self) -> SMTP:
        return _Session(
            self,
            hostname="relay.example",
            tls_context=None if self.implicit_tls else self.tls,
            require_starttls=self.tls is not None and not self.implicit_tls,
            authenticator=self.authenticate if self.password else None,
            auth_required=bool(self.password),
            auth_require_tls=self.tls is not None,
            loop=asyncio.get_running_loop(),
            enable_SMTPUTF8=False,
        )


@asynccontextmanager
async def serving(host: FakeSmarthost) -> AsyncIterator[FakeSmarthost]:
    """Listens on a free port of loopback while the block runs."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(host.session, "127.0.0.1", host.port, ssl=host.tls if host.implicit_tls else None)
    host.port = server.sockets[0].getsockname()[1]
    try:
        yield host
    finally:
        server.close()
        host._never.set()
        for session in host._sessions:
            if session._handler_coroutine is not None:
                session._handler_coroutine.cancel()
            if session.transport is not None:
                session.transport.abort()
        await asyncio.sleep(0)
        await server.wait_closed()
