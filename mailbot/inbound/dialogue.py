"""The conversation of RFC 5321: one command line in, one reply out, and the envelope that grows from it.

No sockets, no waiting: the session moves the bytes. Strict where leniency would be a hole (addresses, order,
parameters), and counting: whoever makes too many mistakes hears 421. Every refusal is told to the reception's
`refused`. A fault of ours inside `answer` may raise; then the transaction is dropped by `reset`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from mailbot.inbound import replies
from mailbot.inbound.envelope import Accepted, Recipient, Refusal
from mailbot.inbound.paths import parse_mail_parameters, parse_mailbox, split_path
from mailbot.inbound.reception import Reception
from mailbot.inbound.replies import Reply
from mailbot.inbound.spool import Spool
from mailbot.inbound.wire import TLS_HELLO
from mailbot.inbound.xforward import Forwarded, parse_forwarded

_PRINTABLE = re.compile(rb"[ -~]*")
_SPOKEN_BY_BROWSERS = frozenset(b"GET POST HEAD PUT OPTIONS CONNECT DELETE PATCH TRACE PRI".split())
_WITH_PATH = frozenset((b"MAIL", b"RCPT"))


@dataclass(slots=True)
class Transaction:
    """What MAIL and RCPT have said so far."""

    mail_from: str | None = None
    recipients: list[Recipient] = field(default_factory=list)


@dataclass(slots=True)
class Counts:
    """What this session has used up."""

    commands: int = 0
    errors: int = 0
    unknown: int = 0
    bad_recipients: int = 0
    messages: int = 0


class Dialogue:
    """One session's side of the conversation with the peer at `host`."""

    def __init__(self, reception: Reception, host: str, *, upstream: bool, crowded: Callable[[], bool]) -> None:
        self._reception = reception
        self._limits = reception.premises.limits
        self._host = host
        self._upstream = upstream
        self._crowded = crowded
        self._counts = Counts()
        self._helo = ""
        self._forwarded = Forwarded()
        self._transaction = Transaction()
        self._rcpt: str | None = None
        self.tls_offered = False
        self.tls = False

    def answer(self, line: bytes) -> Reply:
        """The reply to one command line."""
        self._counts.commands += 1
        verb, _, argument = line.rstrip(b" ").partition(b" ")
        verb = verb.upper()
        self._rcpt = None
        reply = self._limited(verb, self._dispatch(line, verb, argument.strip(b" ")))
        if reply.code >= 400 and (reply.code == 421 or verb in _WITH_PATH or verb == b"DATA"):
            self.note_refusal(reply, verb.decode("ascii") if verb in self._COMMANDS else "command")
        return reply

    @property
    def in_transaction(self) -> bool:
        """Whether a sender was given and its message is not done."""
        return self._transaction.mail_from is not None

    def reset(self) -> None:
        """Forget the transaction."""
        self._transaction = Transaction()
        self._forwarded = Forwarded()

    def secured(self) -> None:
        """TLS began: nothing said in clear counts any more (RFC 3207 §4.2)."""
        self.tls = True
        self._helo = ""
        self.reset()

    def accepted(self, spool: Spool, at: datetime) -> Accepted:
        """The whole message in `spool`, as of the instant of its final dot."""
        return Accepted(
            received_at=at,
            mail_from=self._transaction.mail_from or "",
            recipients=tuple(self._transaction.recipients),
            peer=self._forwarded.host or self._host,
            helo=self._forwarded.helo or self._helo,
            tls=self.tls,
            upstream=self._upstream,
            raw=spool.content,
            size=spool.size,
            sha256=spool.sha256,
        )

    def message_done(self, reply: Reply) -> Reply:
        """The message was answered with `reply`: the transaction is over."""
        if reply.code >= 400:
            self.note_refusal(reply, "DATA")
        self.reset()
        return reply

    def note_refusal(self, reply: Reply, stage: str) -> None:
        """Tell the world outside that something was not accepted."""
        refusal = Refusal(
            at=self._reception.ports.clock(),
            peer=self._forwarded.host or self._host,
            helo=self._forwarded.helo or self._helo,
            mail_from=self._transaction.mail_from,
            rcpt=self._rcpt,
            stage=stage,
            reply=reply.line.decode("ascii").rstrip(),
            reason=reply.reason or "syntax",
        )
        self._reception.ports.refused(refusal)

    def _dispatch(self, line: bytes, verb: bytes, argument: bytes) -> Reply:
        if verb in _SPOKEN_BY_BROWSERS or line.startswith(TLS_HELLO):
            # ALPACA: a browser was made to speak to us; nothing that follows may be read as commands.
            return replies.WRONG_PROTOCOL
        if len(line) > self._limits.command_bytes:
            return replies.LINE_TOO_LONG
        if _PRINTABLE.fullmatch(line) is None:
            return replies.BAD_MAILBOX if verb in _WITH_PATH else replies.BAD_COMMAND_LINE
        command = self._COMMANDS.get(verb)
        return replies.UNKNOWN_COMMAND if command is None else command(self, argument.decode("ascii"))

    def _limited(self, verb: bytes, reply: Reply) -> Reply:
        """`reply`, or 421 when it is one too many. Upstream peers carry other people's mistakes and are not counted."""
        if self._upstream or verb == b"QUIT":
            return reply
        counts, limits = self._counts, self._limits
        counts.errors += reply.code >= 500
        counts.unknown += reply is replies.UNKNOWN_COMMAND
        counts.bad_recipients += verb == b"RCPT" and reply.code == 550
        if counts.commands > limits.commands:
            return replies.TOO_MANY_COMMANDS
        if counts.bad_recipients > limits.bad_recipients:
            return replies.TOO_MANY_BAD_RECIPIENTS
        if counts.unknown > limits.unknown_commands:
            return replies.TOO_MANY_UNKNOWN
        if reply.code >= 500 and counts.errors > (limits.overload_errors if self._crowded() else limits.errors):
            return replies.TOO_MANY_ERRORS
        return reply

    def _ehlo(self, argument: str) -> Reply:
        if not argument:
            return replies.BAD_ARGUMENT
        self._greeted(argument)
        keywords = [f"SIZE {self._reception.premises.max_message_bytes}", "8BITMIME", "ENHANCEDSTATUSCODES"]
        if self.tls_offered and not self.tls:
            keywords.append("STARTTLS")
        if self._upstream:
            keywords.append("XFORWARD NAME ADDR PROTO HELO")
        return replies.hello(self._reception.premises.domain, *keywords)

    def _helo_command(self, argument: str) -> Reply:
        if not argument:
            return replies.BAD_ARGUMENT
        self._greeted(argument)
        return replies.hello(self._reception.premises.domain)

    def _greeted(self, name: str) -> None:
        self._helo = name[:255]
        self.reset()

    def _mail(self, argument: str) -> Reply:
        if not self._helo:
            return replies.HELO_FIRST
        if self._transaction.mail_from is not None:
            return replies.NESTED_MAIL
        path = split_path(argument, "FROM:")
        if path is None:
            return replies.BAD_ARGUMENT
        text, parameters = path
        if text and parse_mailbox(text) is None:
            return replies.BAD_MAILBOX
        size = parse_mail_parameters(parameters)
        return size if isinstance(size, Reply) else self._begin(text, size)

    def _begin(self, mail_from: str, size: int) -> Reply:
        if not self._upstream and self._counts.messages >= self._limits.messages_per_session:
            return replies.TOO_MANY_MESSAGES
        refusal = self._reception.refuse_sender(mail_from, size, None if self._upstream else self._host)
        if refusal is not None:
            return refusal
        self._counts.messages += 1
        self._transaction.mail_from = mail_from
        return replies.SENDER_OK

    def _rcpt_command(self, argument: str) -> Reply:
        self._rcpt = argument
        if self._transaction.mail_from is None:
            return replies.MAIL_FIRST
        path = split_path(argument, "TO:")
        if path is None:
            return replies.BAD_ARGUMENT
        text, parameters = path
        self._rcpt = text
        if text.lower() == "postmaster":
            # RFC 5321 §4.1.1.3: the one mailbox that may come without a domain.
            text = f"{text}@{self._reception.premises.domain}"
        return replies.PARAMETER_UNKNOWN if parameters else self._add_recipient(text)

    def _add_recipient(self, text: str) -> Reply:
        mailbox = parse_mailbox(text)
        if mailbox is None:
            return replies.BAD_MAILBOX
        if len(self._transaction.recipients) >= self._limits.recipients_per_message:
            return replies.TOO_MANY_RECIPIENTS
        recipient = self._reception.recipient(mailbox)
        if isinstance(recipient, Reply):
            return recipient
        self._transaction.recipients.append(recipient)
        return replies.RECIPIENT_OK

    def _data(self, argument: str) -> Reply:
        if not self._transaction.recipients:
            return replies.RCPT_FIRST if self._transaction.mail_from is not None else replies.MAIL_FIRST
        if argument:
            return replies.BAD_ARGUMENT
        return self._reception.refuse_data() or replies.START_DATA

    def _rset(self, argument: str) -> Reply:
        if argument:
            return replies.BAD_ARGUMENT
        self.reset()
        return replies.OK

    def _starttls(self, argument: str) -> Reply:
        if argument:
            return replies.BAD_ARGUMENT
        if self.tls:
            return replies.TLS_ALREADY
        return replies.START_TLS if self.tls_offered else replies.NOT_IMPLEMENTED

    def _xforward(self, argument: str) -> Reply:
        if not self._upstream:
            return replies.NOT_FOR_YOU
        if self._transaction.mail_from is not None:
            return replies.NOT_NOW
        forwarded = parse_forwarded(argument, self._forwarded)
        if forwarded is None:
            return replies.BAD_ARGUMENT
        self._forwarded = forwarded
        return replies.OK

    def _quit(self, argument: str) -> Reply:
        return replies.BAD_ARGUMENT if argument else replies.GOODBYE

    def _vrfy(self, argument: str) -> Reply:
        return replies.CANNOT_VERIFY if argument else replies.BAD_ARGUMENT

    def _noop(self, _argument: str) -> Reply:
        return replies.OK

    def _help(self, _argument: str) -> Reply:
        return replies.HELP

    def _unsupported(self, _argument: str) -> Reply:
        return replies.NOT_IMPLEMENTED

    _COMMANDS: ClassVar[dict[bytes, Callable[["Dialogue", str], Reply]]] = {
        b"EHLO": _ehlo,
        b"HELO": _helo_command,
        b"MAIL": _mail,
        b"RCPT": _rcpt_command,
        b"DATA": _data,
        b"RSET": _rset,
        b"NOOP": _noop,
        b"QUIT": _quit,
        b"VRFY": _vrfy,
        b"HELP": _help,
        b"STARTTLS": _starttls,
        b"XFORWARD": _xforward,
        **dict.fromkeys((b"AUTH", b"BDAT", b"EXPN", b"ETRN", b"TURN", b"SEND", b"SOML", b"SAML"), _unsupported),
    }
