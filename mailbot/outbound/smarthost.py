"""Hands mail to the relay over SMTP, one recipient a transaction, over connections that are kept.

A connection that met any error or a cancellation is thrown away: after those nobody knows what the other side reads
next (security §7 B1). Content leaves only after TLS and the certificate were proved, when TLS is demanded; whatever
fails before or during MAIL and RCPT is safe to repeat, a lost reply to the final dot is `maybe_sent` (security §5.3).
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from mailbot.endpoints import Relay
from mailbot.failpoints import failpoint
from mailbot.outbound.content import Content, ContentWaits
from mailbot.outbound.transport import Message, PermanentFailure, Sent, Stage, TemporaryFailure

_IMPLICIT_TLS_PORT = 465
_CLOSING = 421
_LINE_END = re.compile(rb"\r\n|\r|\n")
_REPLY_LENGTH = 500
_ABOUT_ALL_MAIL = ("connect", "tls", "auth")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds to wait for the relay. RFC 5321 4.5.3.2: a short wait after the final dot delivers mail twice."""

    connect: float = 30
    command: float = 300
    start: float = 120
    block: float = 180
    final: float = 600

    @property
    def content(self) -> ContentWaits:
        """Those from DATA on."""
        return ContentWaits(self.start, self.block, self.final)


@dataclass(slots=True)
class _Line:
    """A kept connection and how many mails it has carried."""

    client: SMTP
    dsn: bool
    carried: int = 0


class SmarthostTransport:
    """The relay of the configuration. `password` is asked for at every log-in; `helo` is our own host name."""

    def __init__(
        self,
        relay: Relay,
        *,
        helo: str,
        password: Callable[[], str] | None = None,
        tls: ssl.SSLContext | None = None,
        timeouts: Timeouts | None = None,
        mails_per_connection: int = 100,
    ) -> None:
        self._relay = relay
        self._helo = helo
        self._password = password
        self._tls = tls or ssl.create_default_context()
        self._timeouts = timeouts or Timeouts()
        self._most = mails_per_connection
        self._idle: list[_Line] = []

    async def send(self, message: Message) -> Sent:
        """Hands one mail over; promises and errors as in `transport.Transport`."""
        if not message.rcpt.isascii():
            raise PermanentFailure("rcpt", 553, "5.6.7 the address needs SMTPUTF8, which is not spoken here")
        raw = _crlf(message.raw)
        line = self._kept()
        if line is not None:
            try:
                return await self._carry(line, message, raw)
            except TemporaryFailure as failure:
                # The relay may hang up on an idle or well-used connection; that says nothing about this mail.
                if failure.stage != "mail" or failure.code not in (0, _CLOSING):
                    raise
        return await self._carry(await self._connect(), message, raw)

    async def greet(self) -> frozenset[str]:
        """Goes as far as a mail does before its envelope, TLS and log-in included; the extensions that are offered.

        Raises TemporaryFailure.
        """
        line = await self._connect()
        offered = frozenset(line.client.esmtp_extensions)
        self._idle.append(line)
        await self.close()
        return offered

    async def close(self) -> None:
        """Says QUIT on all idle connections, shortly and without complaint."""
        while self._idle:
            client = self._idle.pop().client
            try:
                await client.quit(timeout=min(5, self._timeouts.command))
            except (SMTPException, OSError, ValueError):
                client.close()

    def _kept(self) -> _Line | None:
        while self._idle:
            line = self._idle.pop()
            if line.client.is_connected:
                return line
            line.client.close()
        return None

    async def _connect(self) -> _Line:
        implicit = self._relay.tls and self._relay.port == _IMPLICIT_TLS_PORT
        wait = self._timeouts
        client = SMTP(
            hostname=self._relay.host,
            port=self._relay.port,
            local_hostname=self._helo,
            timeout=wait.connect,
            use_tls=implicit,
            start_tls=False,
            tls_context=self._tls if implicit else None,
        )
        async with _stage(client, "connect"):
            await client.connect(timeout=wait.connect)
            await client.ehlo(timeout=wait.command)
        if self._relay.tls and not implicit:
            async with _stage(client, "tls"):
                await client.starttls(tls_context=self._tls, server_hostname=self._relay.host, timeout=wait.connect)
                await client.ehlo(timeout=wait.command)
        if self._relay.user:
            async with _stage(client, "auth"):
                secret = self._password() if self._password else ""
                await client.login(self._relay.user, secret, timeout=wait.command)
        return _Line(client, client.supports_extension("dsn"))

    async def _carry(self, line: _Line, message: Message, raw: bytes) -> Sent:
        client, wait = line.client, self._timeouts
        dsn = line.dsn and bool(message.mail_from)
        async with _stage(client, "mail"):
            await client.mail(message.mail_from, options=_mail_options(client, message, raw, dsn), timeout=wait.command)
        async with _stage(client, "rcpt"):
            await client.rcpt(message.rcpt, options=_rcpt_options(message, dsn), timeout=wait.command)
        failpoint("smarthost.data")
        content = Content(raw)
        async with _stage(client, "data", content):
            response = await content.send(client, wait.content)
        line.carried += 1
        await self._keep(line)
        return Sent(f"{response.code} {response.message}"[:_REPLY_LENGTH], dsn)

    async def _keep(self, line: _Line) -> None:
        if line.carried < self._most:
            self._idle.append(line)
            return
        try:
            await line.client.quit(timeout=min(5, self._timeouts.command))
        except (SMTPException, OSError):
            line.client.close()


def _crlf(raw: bytes) -> bytes:
    """The mail without bare line ends, behind which others could hide mail. Ours has none, and to count is quicker."""
    if raw.count(b"\r\n") == raw.count(b"\r") == raw.count(b"\n"):
        return raw
    return _LINE_END.sub(b"\r\n", raw)


@asynccontextmanager
async def _stage(client: SMTP, stage: Stage, content: Content | None = None) -> AsyncIterator[None]:
    """Whatever goes wrong inside closes the connection and becomes a failure of that stage."""
    try:
        yield
    except BaseException as error:
        client.close()
        if isinstance(error, asyncio.CancelledError) or not isinstance(error, (SMTPException, OSError, ValueError)):
            raise
        raise _failure(stage, error, complete=content is not None and content.complete) from error


def _failure(stage: Stage, error: Exception, *, complete: bool) -> TemporaryFailure | PermanentFailure:
    """Only a 4xx or a 5xx says that a mail whose final dot is on its way was not taken (RFC 5321 4.2.1)."""
    code, text = 0, str(error) or type(error).__name__
    if isinstance(error, SMTPResponseException) and error.code > 0:
        code, text = error.code, error.message
    text, kind = text[:_REPLY_LENGTH], code // 100
    # A refused connection or log-in says nothing about the mail that happened to be first.
    if kind == 5 and stage not in _ABOUT_ALL_MAIL:
        return PermanentFailure(stage, code, text)
    return TemporaryFailure(stage, code, text, maybe_sent=complete and kind not in (4, 5))


def _mail_options(client: SMTP, message: Message, raw: bytes, dsn: bool) -> list[str]:
    options = [f"SIZE={len(raw)}"] if client.supports_extension("size") else []
    if dsn:
        options += ["RET=HDRS", f"ENVID={_xtext(message.mail_from.partition('@')[0])}"]
    return options


def _rcpt_options(message: Message, dsn: bool) -> list[str]:
    """RFC 3461: the success report opens the consent window (domain §4.2)."""
    return ["NOTIFY=SUCCESS,FAILURE,DELAY", f"ORCPT=rfc822;{_xtext(message.rcpt)}"] if dsn else []


def _xtext(text: str) -> str:
    return "".join(c if "!" <= c <= "~" and c not in "+=" else f"+{ord(c):02X}" for c in text)
