"""What it means to hand a mail over: the contract that the smarthost and the maildir keep.

A send ends in one of three ways. It returns: somebody took the mail and we may forget the bytes. `TemporaryFailure`:
try the same bytes again later; `maybe_sent` says that the mail may have been taken after all. `PermanentFailure`: the
other side says that this mail will never do. Temporary unless proved otherwise (security §5.3).
"""

from dataclasses import dataclass
from typing import Literal, Protocol

Stage = Literal["connect", "tls", "auth", "mail", "rcpt", "data", "write"]
"""Where in the conversation it failed; a mail's content is on the way only in `data` and `write`."""


@dataclass(frozen=True, slots=True)
class Message:
    """One mail for one recipient. `mail_from` is empty for the null sender; `name` helps people to find a file."""

    mail_from: str
    rcpt: str
    raw: bytes
    name: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """The mail was taken. `dsn`: a report of its delivery was asked for and promised."""

    response: str
    dsn: bool = False


class Failure(Exception):  # noqa: N818
    """A mail was not taken. `code` is the SMTP reply or 0, `text` what the other side or the machine said."""

    def __init__(self, stage: Stage, code: int, text: str) -> None:
        super().__init__(f"{stage}: {code} {text}" if code else f"{stage}: {text}")
        self.stage = stage
        self.code = code
        self.text = text


class TemporaryFailure(Failure):
    """Not now. With `maybe_sent` the final dot was sent and no reply came: it may arrive twice, as the same mail."""

    def __init__(self, stage: Stage, code: int, text: str, maybe_sent: bool = False) -> None:
        super().__init__(stage, code, text)
        self.maybe_sent = maybe_sent


class PermanentFailure(Failure):
    """Not this mail to this recipient."""


class Transport(Protocol):
    """Something that takes mail."""

    async def send(self, message: Message) -> Sent:
        """Hands one mail over. Raises TemporaryFailure or PermanentFailure, and nothing else but cancellation."""
        ...

    async def close(self) -> None:
        """Lets go of connections; the transport may be used again afterwards."""
        ...
