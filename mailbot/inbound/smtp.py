"""One SMTP session: moves bytes between a connection, the dialogue and the reception.

Built on aiosmtpd's protocol class, whose command loop and DATA reader are replaced (security §7 lists why): blocks
instead of lines, deadlines that nobody can push away, faults that answer 451 and say nothing about us. A peer that
goes away ends the session and nothing else; a message that is being stored stays with the reception.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Any, cast

from aiosmtpd.smtp import SMTP

from mailbot.failpoints import failpoint
from mailbot.inbound import replies
from mailbot.inbound.datareader import DotReader
from mailbot.inbound.dialogue import Dialogue
from mailbot.inbound.gate import Gate
from mailbot.inbound.reception import Reception
from mailbot.inbound.replies import Reply
from mailbot.inbound.spool import Spool
from mailbot.inbound.watch import Watch
from mailbot.inbound.wire import BLOCK, EndlessLineError, Wire

# aiosmtpd logs every command, and with it every token, at INFO, and every line of every mail at DEBUG.
logging.getLogger("mail.log").setLevel(logging.WARNING)

_LAST_WORD_SECONDS = 5

TlsContext = Callable[[], ssl.SSLContext | None]


class Session(SMTP):
    """The protocol of one connection; `tls_context` is asked at each STARTTLS, so that certificates can change."""

    line_length_limit = BLOCK
    """The StreamReader's high-water mark: aiosmtpd takes it from here."""

    def __init__(self, reception: Reception, gate: Gate, tls_context: TlsContext) -> None:
        super().__init__(None, hostname=reception.premises.domain, loop=asyncio.get_running_loop())
        self._reception = reception
        self._gate = gate
        self._tls_context = tls_context
        self._limits = reception.premises.limits
        self._admitted = False
        self._waiting = False
        self._ending: Reply | None = None
        self.host = ""

    def __dir__(self) -> list[str]:
        """No names: aiosmtpd searches all of them for commands at every connection, and ours are the dialogue's."""
        return []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the peer in, or say one line and close."""
        transport = cast(asyncio.Transport, transport)
        self.host = _host(transport)
        refusal = self._gate.admit(self, now := self._reception.ports.clock().timestamp())
        self._dialogue = Dialogue(
            self._reception, self.host, upstream=self._gate.is_upstream(self.host), crowded=lambda: self._gate.crowded
        )
        self._dialogue.tls_offered = self._tls_context() is not None
        if refusal is not None:
            if self._gate.is_first_refusal(self.host, now):
                self._dialogue.note_refusal(refusal, "connect")
            transport.write(refusal.line)
            transport.close()
            return
        self._admitted = True
        self._watch = Watch(self._limits, self.loop.time())
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Count the session out; its command loop is cancelled."""
        if not self._admitted:
            asyncio.StreamReaderProtocol.connection_lost(self, error)
            return
        self._gate.leave(self)
        super().connection_lost(error)

    def eof_received(self) -> bool:
        """A peer that only stops sending still hears the answers to what it sent; aiosmtpd would cancel them."""
        return bool(asyncio.StreamReaderProtocol.eof_received(self))

    def idle_seconds(self) -> float:
        """For how long the session has waited for a command; 0 while it works or ends."""
        return self.loop.time() - self._watch.heard_at if self._waiting and self._ending is None else 0

    def dismiss(self, reply: Reply) -> None:
        """End with `reply`: now if the session waits for a command, else after what it has in hand."""
        self._ending = self._ending or reply
        if self._waiting:
            self._hang_up(self._ending)

    def abort(self) -> None:
        """Cut the connection."""
        if self.transport is not None:
            cast(asyncio.Transport, self.transport).abort()

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Set the one timer of the session (aiosmtpd starts it). It looks often enough to see an overload begin."""
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        deadline, reply = self._watch.deadline(crowded=self._gate.crowded)
        now = self.loop.time()
        if deadline <= now:
            self._hang_up(reply)
            return
        look_again = min(deadline, now + self._limits.overload_idle_seconds)
        self._timeout_handle = self.loop.call_at(look_again, self._reset_timeout)

    def _hang_up(self, reply: Reply) -> None:
        """Say a last word and close; a peer that does not even read it is cut off soon after."""
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        self._timeout_handle = self.loop.call_later(_LAST_WORD_SECONDS, self.abort)
        if self.transport is not None:
            cast(asyncio.Transport, self.transport).write(reply.line)
            self.transport.close()
        if self._dialogue.in_transaction:
            self._dialogue.note_refusal(reply, "time")

    async def _handle_client(self) -> None:
        """The session, from the greeting to the end."""
        self._wire = Wire(self._reader)
        try:
            reply = await self._say(replies.greeting(self._reception.premises.domain))
            while reply.then != "close":
                reply = await self._turn()
        except OSError:
            # The peer is gone, or the TLS handshake failed: there is nobody to tell.
            self._dialogue.reset()
        except Exception as error:
            # Somewhere between 354 and the final dot: what follows on the wire must not be read as commands.
            self._hang_up(self._own_fault(error, replies.FAULT_IN_DATA))
        finally:
            self._writer.close()

    async def _turn(self) -> Reply:
        """One command and all that it leads to; the last reply."""
        if self._ending is not None:
            return await self._say(self._ending)
        try:
            line = await self._next_line()
        except EndlessLineError:
            return await self._say(replies.LINE_WITHOUT_END)
        if line is None:
            return replies.SILENT_END
        reply = await self._say(self._answer(line))
        if reply.then == "data":
            told = await self._say(await self._take_message())
            failpoint("listener.told")
            return told
        if reply.then == "tls":
            await self._start_tls()
        return reply

    async def _next_line(self) -> bytes | None:
        self._watch.heard(self.loop.time())
        self._waiting = True
        try:
            return await self._wire.line()
        finally:
            self._waiting = False

    def _answer(self, line: bytes) -> Reply:
        try:
            return self._dialogue.answer(line)
        except Exception as error:
            return self._own_fault(error, replies.FAULT)

    async def _say(self, reply: Reply) -> Reply:
        self._writer.write(reply.line)
        await self._writer.drain()
        return reply

    async def _take_message(self) -> Reply:
        """Read one message and have it stored; the reply that is true then."""
        spool = self._reception.new_spool()
        try:
            reply = await self._receive(spool)
            if reply is None:
                accepted = self._dialogue.accepted(spool, self._reception.ports.clock())
        except BaseException:
            spool.discard()
            raise
        self._watch.rest()
        if reply is not None:
            spool.discard()
        else:
            reply = await self._reception.keep(accepted, spool)
        # From here on the peer can be late again, if only in reading our answer.
        self._watch.heard(self.loop.time())
        return self._dialogue.message_done(reply)

    async def _receive(self, spool: Spool) -> Reply | None:
        """Fill `spool` up to the final dot; the refusal when the message cannot be kept."""
        dots = DotReader()
        self._watch.data_begins(self.loop.time())
        self._reset_timeout()
        while not dots.ended:
            block = await self._wire.block()
            if not block:
                raise ConnectionResetError
            self._watch.data_came(len(block), self.loop.time())
            spool.write(dots.feed(block))
            if spool.swallowed > self._reception.premises.max_message_bytes and not dots.ended:
                return replies.TOO_MUCH_LARGER
        self._wire.unread(dots.rest)
        spool.close()
        return spool.problem

    async def _start_tls(self) -> None:
        context = self._tls_context()
        if context is None:
            raise ConnectionAbortedError
        self._wire.forget()
        await self._writer.start_tls(context)
        self.transport = self._writer.transport
        self._dialogue.secured()

    def _own_fault(self, error: Exception, reply: Reply) -> Reply:
        self._reception.ports.fault(error)
        self._dialogue.reset()
        return reply


def _host(transport: asyncio.Transport) -> str:
    """The peer's address; '' for one that was gone before we looked."""
    peer: Any = transport.get_extra_info("peername")
    return str(peer[0]) if peer else ""
