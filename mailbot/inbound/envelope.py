"""What the listener hands on: a message that was accepted, or the facts of a refusal.

Frozen values and one exception, no behaviour: other rooms import this file and nothing else of the listener.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from mailbot.tokens import Address

Role = Literal["token", "claims", "postmaster", "abuse"]


class StorageFull(Exception):  # noqa: N818 - it is a state of the disk, the reply is 452 and not "error"
    """Raised by a store that has no room: the peer hears 452 4.3.1 and tries again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One accepted RCPT. `address` and `local_part` are as written by the peer, the local part without quotes."""

    address: str
    local_part: str
    token: Address | None
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A whole message, received and not yet answered: storing it durably is what makes the 250 true.

    `received_at` is the UTC instant of the final dot, `mail_from` is '' for the null sender. `raw` are the bytes of the
    wire without dot-stuffing, nothing prepended; a Path is a spool file, which the store may move away, else it is
    removed after storing. `upstream` says that a configured peer brought it; then `peer` and `helo` are the ones which
    that peer forwarded, if it did.
    """

    received_at: datetime
    mail_from: str
    recipients: tuple[Recipient, ...]
    peer: str
    helo: str
    tls: bool
    upstream: bool
    raw: bytes | Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Something that was not accepted, for `mailbot trace`. `rcpt` may be a token: hash or redact before keeping it.

    `reply` is the answer as sent, `reason` its stable code; `stage` is the command, or `connect`, or `time`.
    """

    at: datetime
    peer: str
    helo: str
    mail_from: str | None
    rcpt: str | None
    stage: str
    reply: str
    reason: str
