"""Everything our SMTP server says: code, enhanced status code, words, and the stable reason of a refusal.

The words of refusals end with the reason in brackets, so that a sender's report can be looked up in the docs; they
never contain anything the peer sent or anything about the inside. Temporary unless proved permanent: 5xx only when the
same command can never succeed.
"""

from dataclasses import dataclass, field
from typing import Literal

Then = Literal["go_on", "data", "tls", "close"]


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply and what the session does after it. `before` are the lines above the last, without codes (EHLO).

    `line` is the whole wire form with CRLF.
    """

    code: int
    status: str
    text: str
    reason: str = ""
    then: Then = "go_on"
    before: tuple[str, ...] = ()
    line: bytes = field(init=False)

    def __post_init__(self) -> None:
        words = [str(self.code), self.status, self.text, f"[{self.reason}]" if self.reason else ""]
        lines = [f"{self.code}-{text}" for text in self.before] + [" ".join(word for word in words if word)]
        object.__setattr__(self, "line", "".join(f"{line}\r\n" for line in lines).encode("ascii"))


def greeting(hostname: str) -> Reply:
    """The first words: neither the software nor its version."""
    return Reply(220, "", f"{hostname} ESMTP")


def hello(hostname: str, *keywords: str) -> Reply:
    """The answer to HELO, or with `keywords` to EHLO, a line each (RFC 5321 §4.1.1.1)."""
    *before, last = (hostname, *keywords)
    return Reply(250, "", last, before=tuple(before))


def stored(name: str) -> Reply:
    """The promise: the message is on disk, under this name."""
    return Reply(250, "2.0.0", f"stored as {name}")


OK = Reply(250, "2.0.0", "ok")
SENDER_OK = Reply(250, "2.1.0", "sender ok")
RECIPIENT_OK = Reply(250, "2.1.5", "recipient ok")
START_DATA = Reply(354, "", "end with a dot on a line of its own", then="data")
START_TLS = Reply(220, "2.0.0", "ready to start TLS", then="tls")
CANNOT_VERIFY = Reply(252, "2.5.0", "cannot verify, but will take a message and try")
HELP = Reply(214, "2.0.0", "HELO EHLO MAIL RCPT DATA RSET NOOP VRFY STARTTLS QUIT")
GOODBYE = Reply(221, "2.0.0", "goodbye", then="close")
SILENT_END = Reply(0, "", "", then="close")
"""The peer is gone; nothing is said."""

UNKNOWN_COMMAND = Reply(500, "5.5.1", "command not recognised")
BAD_COMMAND_LINE = Reply(500, "5.5.2", "commands are printable ASCII")
LINE_TOO_LONG = Reply(500, "5.5.2", "line too long")
LINE_WITHOUT_END = Reply(500, "5.5.2", "line too long, goodbye", then="close")
BAD_ARGUMENT = Reply(501, "5.5.4", "syntax error in the argument")
NOT_IMPLEMENTED = Reply(502, "5.5.1", "command not implemented")
HELO_FIRST = Reply(503, "5.5.1", "send HELO or EHLO first")
NESTED_MAIL = Reply(503, "5.5.1", "a sender was already given")
MAIL_FIRST = Reply(503, "5.5.1", "send MAIL first")
RCPT_FIRST = Reply(503, "5.5.1", "send RCPT first")
NOT_NOW = Reply(503, "5.5.1", "not inside a mail transaction")
TLS_ALREADY = Reply(503, "5.5.1", "TLS is already active")
NOT_FOR_YOU = Reply(550, "5.7.0", "not for this peer")
PARAMETER_UNKNOWN = Reply(555, "5.5.4", "parameter not recognised or not implemented", "parameter_unknown")

BAD_MAILBOX = Reply(501, "5.1.3", "not a mailbox of RFC 5321", "bad_mailbox")
UNKNOWN_ADDRESS = Reply(550, "5.1.1", "no such mailbox here", "unknown_address")
RELAY_REFUSED = Reply(550, "5.7.1", "this server takes mail for its own domain only", "relay_refused")
TOO_LARGE = Reply(552, "5.3.4", "message larger than SIZE", "too_large")

TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "too many recipients, send the others in another message", "recipient_limit")
DISK_LOW = Reply(452, "4.3.1", "no room for mail at the moment", "disk_low")
BUSY = Reply(452, "4.3.1", "too much mail in hand at the moment", "busy")
FAULT = Reply(451, "4.3.0", "a fault on our side, try again later", "our_fault")
FLOOD_SOURCE = Reply(451, "4.7.1", "too many messages from there, try again later", "flood_source")
FLOOD_ADDRESS = Reply(452, "4.7.1", "too many messages for this address today", "flood_address")

FAULT_IN_DATA = Reply(451, "4.3.0", "a fault on our side, try again later", "our_fault", "close")
TOO_MUCH_LARGER = Reply(552, "5.3.4", "message far larger than SIZE, goodbye", "too_large", "close")
WRONG_PROTOCOL = Reply(421, "4.7.0", "this is a mail server, goodbye", "wrong_protocol", "close")
SHUTTING_DOWN = Reply(421, "4.3.2", "service is stopping, come back soon", "shutting_down", "close")
MADE_ROOM = Reply(421, "4.3.2", "idle while others wait, goodbye", "idle_while_full", "close")
IDLE = Reply(421, "4.4.2", "idle for too long, goodbye", "idle", "close")
SESSION_OVER = Reply(421, "4.4.2", "session too long, goodbye", "session_over", "close")
DATA_SLOW = Reply(421, "4.4.2", "message came too slowly, goodbye", "data_slow", "close")
FULL = Reply(421, "4.3.2", "too many connections, try again later", "full", "close")
FULL_FOR_PEER = Reply(421, "4.7.0", "too many connections from there", "full_for_peer", "close")
TOO_FAST = Reply(421, "4.7.0", "too many new connections from there", "too_fast", "close")
TOO_MANY_COMMANDS = Reply(421, "4.7.0", "too many commands, goodbye", "command_limit", "close")
TOO_MANY_ERRORS = Reply(421, "4.7.0", "too many errors, goodbye", "error_limit", "close")
TOO_MANY_UNKNOWN = Reply(421, "4.7.0", "too many unknown commands, goodbye", "unknown_command_limit", "close")
TOO_MANY_BAD_RECIPIENTS = Reply(421, "4.7.0", "too many unknown recipients, goodbye", "bad_recipient_limit", "close")
TOO_MANY_MESSAGES = Reply(421, "4.7.0", "enough messages for one session, reconnect", "message_limit", "close")
