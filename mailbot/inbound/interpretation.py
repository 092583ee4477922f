"""What was read from one mail: the values that interpret hands to the engine.

Only frozen values, no behaviour and no I/O: an Interpretation travels from a reader process to the engine by pickle
and is kept as the trace of the inbox item. Nothing here fails.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from mailbot.limits import Limits

if TYPE_CHECKING:
    from datetime import date, datetime

    from mailbot.inbound.claimform import ClaimForm
    from mailbot.inbound.intent import Intent
    from mailbot.inbound.quoting import ReplyParts

Disposition = Literal["would_apply", "ignored", "held", "quarantined"]
Automatic = Literal[
    "auto_reply", "bulk", "list", "calendar", "read_receipt", "delivery_report", "feedback_report", "challenge"
]
AuthenticationResult = Literal["pass", "fail", "none", "temperror", "permerror"]
SenderVerdict = Literal["aligned", "unverified", "failed", "ambiguous"]
FileVerdict = Literal[
    "accepted",
    "duplicate",
    "empty",
    "unreadable",
    "password_protected",
    "wrong_type",
    "too_large",
    "infected",
    "held",
    "inline",
]


class TokenReader(Protocol):
    """Says whether a local part is one of our signed addresses; None when it is not (tokens.Tokens fits)."""

    def read(self, text: str) -> object | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """How the mail came: one recipient of one SMTP transaction, and whether a configured upstream peer brought it."""

    mail_from: str
    rcpt: str
    peer: str
    helo: str
    received_at: datetime
    upstream: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What reading needs to know about this installation; travels to the reader processes once.

    `trust` is "none" (one unambiguous From counts as aligned), "authserv-id:NAME" (only that header from an upstream
    peer counts), "verify" (only a handed-in Authentication counts) or "assumed" (nothing is checked, the sender stays
    unverified, and what would happen is told as if it had been). Without `tokens` addresses are matched by shape.
    """

    domain: str
    markers: tuple[str, ...] = ()
    own_addresses: tuple[str, ...] = ()
    trust: str = "none"
    tokens: TokenReader | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check behind an Authentication: SPF, one DKIM signature or the DMARC policy, with the record as it was seen.

    `domain` is whom the check is about, `result` a word of RFC 8601 §2.7, `record` the DNS text it rests on.
    """

    method: Literal["spf", "dkim", "dmarc"]
    result: str
    domain: str
    detail: str = ""
    record: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """The result of a check made outside the reader (SPF, DKIM, DMARC need DNS), for one From domain."""

    domain: str
    result: AuthenticationResult
    detail: str = ""
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who claims to have written: a hint until the verdict is `aligned` (security item 1)."""

    address: str | None
    name: str
    verdict: SenderVerdict | None
    mailboxes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BouncedRecipient:
    """One recipient of a delivery report. `permanent`: the address itself cannot receive (contract, try --json)."""

    address: str
    status: str
    permanent: bool
    diagnostic: str = ""
    success: bool = False
    original: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A report that mail did not arrive, or (`delayed`) has not arrived yet."""

    recipients: tuple[BouncedRecipient, ...]
    delayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A feedback report (RFC 5965): somebody pressed the spam button on one of our mails."""

    kind: str
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfOffice:
    """An absence as the robot told it; `until` is the last day away or the day of return, as written."""

    until: date | None = None
    substitute: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One file of the mail. `content` is kept for `accepted` files only; `name` is cleaned data, never a path."""

    name: str
    media_type: str
    size: int
    sha256: str
    verdict: FileVerdict
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One check: what was asked, what came out, and the evidence for it."""

    step: str
    result: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpretation:
    """Everything one mail says, and what may be done with it; the claim itself is the engine's to find.

    `disposition` is what is knowable without a database; `quarantined` comes with the structural `reason`.
    `tokens` are our own addresses in the order of trust: envelope, address headers, In-Reply-To/References;
    never from the body (security §3.2). `returned_message_id` names the mail a report is about. `delivered` holds
    the recipients of a success report. `digest` covers body and authored headers without trace headers or Message-ID
    (security item 5). `unscanned`: digests of files that no virus scanner has looked at although one is configured.
    Answers depend on the claim's open questions, so the engine reads them from `parts`.
    """

    disposition: Disposition
    reason: str
    message_id: str | None
    in_reply_to: str | None
    references: tuple[str, ...]
    subject: str
    date: datetime | None
    sender: Sender
    automatic: Automatic | None
    suppress_response: bool
    decides: bool
    own_mail: bool
    hops: int
    bounce: Bounce | None
    delivered: tuple[str, ...]
    complaint: Complaint | None
    returned_message_id: str | None
    out_of_office: OutOfOffice | None
    reply_text: str
    signature: str
    quoted_text: str
    parts: ReplyParts
    intent: Intent
    forms: tuple[ClaimForm, ...]
    attachments: tuple[Attachment, ...]
    tokens: tuple[str, ...]
    html: bool
    language: str
    digest: str
    trace: tuple[TraceStep, ...]
    unscanned: frozenset[str] = frozenset()
    authentication: Authentication | None = None
