"""Makes a mail from an order: words from the templates, headers, addresses signed for it, bytes for the wire.

Pure: same order, same bytes; so a mail that is sent twice is the same mail. A template that misses a value raises
jinja2.UndefinedError; nothing else is raised for any text in any field.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import format_datetime
from typing import Protocol

from mailbot.claims.events import Mail
from mailbot.claims.model import Claim, Contact, Party
from mailbot.claims.places import default_time_zone
from mailbot.outbound.message import clean_header, mailbox, message, unstructured
from mailbot.templates import Rendered, Templates
from mailbot.tokens import Purpose

REMINDERS = frozenset(
    {
        "customer_heads_up",
        "consent_prompt",
        "consent_reminder",
        "action_reminder",
        "subscription_expiring",
        "daily_digest",
    }
)
"""Codes that come again or wait for silence: they carry List-Id and one-click unsubscribe (RFC 2919, 8058)."""

CUSTOMERS = frozenset({Party.CUSTOMER, Party.SECOND, Party.TENANT_ADMIN})
_STRONGEST = ("consent_prompt", "consent_reminder", "customer_heads_up")
_SHOWN_IDS = 3
_MESSAGE_ID = re.compile(r"[!-;=?-~]{1,120}@[!-;=?-~]{1,120}")


class Signer(Protocol):
    """Makes our 33-character addresses (tokens.Tokens)."""

    def address(self, purpose: Purpose, handle: int, expires: date | None) -> str: ...


@dataclass(frozen=True, slots=True)
class Thread:
    """The conversation a mail continues: Message-IDs, with or without angle brackets, oldest first."""

    in_reply_to: str = ""
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A mail to write. `claims` is empty for mails about none (sign_in, help, …).

    Joined notices: `joined` holds the mails of `claims[1:]`, in their order; `mail` belongs to `claims[0]`.
    `handle` is the row of its reply address, `expires` the last day of that address (None: never).
    `time_zone` is the reader's, if the recipient names none. Texts in `mail.context` are data.
    """

    mail: Mail
    claims: tuple[Claim, ...]
    recipient: Contact
    handle: int
    now: datetime
    expires: date | None
    thread: Thread = Thread()
    joined: tuple[Mail, ...] = ()
    time_zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A mail ready for the outbox. `mail_from` is empty for answers (RFC 3834); `raw` never changes any more."""

    message_id: str
    mail_from: str
    rcpt: str
    subject: str
    raw: bytes
    language: str
    handle: int
    code: str
    key: str


@dataclass(frozen=True, slots=True)
class _Addresses:
    reply: str
    bounce: str
    page: str
    unsubscribe: str


class Composer:
    """Composes mails in the name of one office at one domain."""

    def __init__(
        self, *, templates: Templates, tokens: Signer, domain: str, public_url: str, office_name: str, office_zone: str
    ) -> None:
        self._templates = templates
        self._tokens = tokens
        self._domain = domain
        self._url = public_url.rstrip("/")
        self._office = clean_header(office_name)
        self._zone = office_zone
        self._from = mailbox(office_name, f"claims@{domain}")

    def compose(self, order: Order) -> Outgoing:
        """The mail for an order."""
        code = _leading(order)
        signed = self._sign(order)
        rendered = self._render(order, code, signed)
        subject = clean_header(_tagged(order.claims, rendered.subject))
        headers = self._headers(order, code, signed, subject)
        boundary = f"=_{signed.reply}"
        return Outgoing(
            message_id=f"{signed.reply}@{self._domain}",
            mail_from="" if order.mail.answer else f"{signed.bounce}@{self._domain}",
            rcpt=order.recipient.email,
            subject=subject,
            raw=message(headers, rendered.text, rendered.html, boundary),
            language=order.recipient.language,
            handle=order.handle,
            code=code,
            key=order.mail.key,
        )

    def words(self, order: Order) -> Rendered:
        """What the mail says, without its envelope."""
        return self._render(order, _leading(order), self._sign(order))

    def _render(self, order: Order, code: str, signed: _Addresses) -> Rendered:
        return self._templates.render(code, order.recipient.language, self._context(order, code, signed))

    def _sign(self, order: Order) -> _Addresses:
        def token(purpose: Purpose) -> str:
            return self._tokens.address(purpose, order.handle, order.expires)

        return _Addresses(
            reply=token("r"),
            bounce="" if order.mail.answer else token("b"),
            page=self._page(order, token("c" if order.mail.to in CUSTOMERS else "p")),
            unsubscribe=token("u") if order.mail.code in REMINDERS else "",
        )

    def _page(self, order: Order, token: str) -> str:
        if order.mail.to in CUSTOMERS:
            return f"{self._url}/c/{token}"
        if order.mail.to is Party.PARTNER or order.mail.code == "confirm_act":
            return f"{self._url}/p/{token}"
        if order.claims:
            return f"{self._url}/claims/{order.claims[0].id}"
        office = order.mail.to in (Party.OFFICE, Party.REVIEWER) or order.mail.code == "office_attention"
        return f"{self._url}/office" if office else f"{self._url}/claims"

    def _context(self, order: Order, code: str, signed: _Addresses) -> dict[str, object]:
        mails = (order.mail, *order.joined)
        parts = [{"claim": c, "code": m.code, **m.context} for c, m in zip(order.claims, mails, strict=False)]
        context = {
            **order.mail.context,
            "code": code,
            "claim": order.claims[0] if order.claims else None,
            "parts": parts,
            "to": order.recipient,
            "party": str(order.mail.to),
            "office": self._office,
            "domain": self._domain,
            "home": self._url,
            "page": signed.page,
            "reply": f"{signed.reply}@{self._domain}",
            "unsubscribe": f"{self._url}/u/{signed.unsubscribe}" if signed.unsubscribe else "",
            "time_zone": self._reader_zone(order),
        }
        if code == "daily_digest":
            context["items"] = [self._with_links(item, order.expires) for item in _rows(order.mail, "items")]
        return context

    def _with_links(self, item: Mapping[str, object], expires: date | None) -> Mapping[str, object]:
        """A line of the digest with the reply address and page of its own mail, if it has a `handle`."""
        handle = item.get("handle")
        if not isinstance(handle, int):
            return item
        reply = f"{self._tokens.address('r', handle, expires)}@{self._domain}"
        if item.get("code") == "review_assigned":
            return {**item, "reply": reply, "page": f"{self._url}/claims/{item['claim']}"}
        return {**item, "reply": reply, "page": f"{self._url}/p/{self._tokens.address('p', handle, expires)}"}

    def _reader_zone(self, order: Order) -> str:
        """Where the reader's deadlines are counted (domain §5), so that the last day is printed as that day."""
        if order.mail.to in (Party.OFFICE, Party.REVIEWER):
            return self._zone
        if order.mail.to is Party.PARTNER and order.claims and order.claims[0].location_time_zone:
            return order.claims[0].location_time_zone
        to = order.recipient
        return to.time_zone or order.time_zone or default_time_zone(to.country) or self._zone

    def _headers(self, order: Order, code: str, signed: _Addresses, subject: str) -> list[tuple[str, str]]:
        headers = [
            ("Date", format_datetime(order.now)),
            ("From", self._from),
            ("To", mailbox(order.recipient.name, order.recipient.email)),
            ("Reply-To", f"<{signed.reply}@{self._domain}>"),
            ("Subject", unstructured(subject)),
            ("Message-ID", f"<{signed.reply}@{self._domain}>"),
            ("Auto-Submitted", "auto-replied" if order.mail.answer else "auto-generated"),
            ("X-Auto-Response-Suppress", "All"),
            ("X-Loop", f"{signed.reply}@{self._domain}"),
        ]
        headers += _threading(order.thread)
        if signed.unsubscribe:
            headers += self._list_headers(code, signed.unsubscribe)
        return headers

    def _list_headers(self, code: str, token: str) -> list[tuple[str, str]]:
        return [
            ("List-Id", f"<{code.replace('_', '-')}.{self._domain}>"),
            ("List-Unsubscribe", f"<{self._url}/u/{token}>,\r\n <mailto:{token}@{self._domain}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ]


def _leading(order: Order) -> str:
    """The code whose frame a joined mail gets: the strongest of its notices."""
    codes = {mail.code for mail in (order.mail, *order.joined)}
    return order.mail.code if len(codes) == 1 else next(code for code in _STRONGEST if code in codes)


def _tagged(claims: tuple[Claim, ...], subject: str) -> str:
    ids = [claim.id for claim in claims[:_SHOWN_IDS]]
    more = f" +{len(claims) - _SHOWN_IDS}" if len(claims) > _SHOWN_IDS else ""
    return f"[{' '.join(ids)}{more}] {subject}" if ids else subject


def _threading(thread: Thread) -> list[tuple[str, str]]:
    """In-Reply-To and References, from Message-IDs as others wrote them: what does not look like one is left out."""
    parents = _message_ids((thread.in_reply_to,))
    line = _message_ids((*thread.references[-10:], thread.in_reply_to))
    headers = [("In-Reply-To", parent) for parent in parents]
    return [*headers, ("References", "\r\n ".join(line))] if line else headers


def _message_ids(texts: Iterable[str]) -> list[str]:
    bare = (text.strip().removeprefix("<").removesuffix(">") for text in texts)
    return [f"<{i}>" for i in dict.fromkeys(bare) if _MESSAGE_ID.fullmatch(i)]


def _rows(mail: Mail, name: str) -> list[Mapping[str, object]]:
    rows = mail.context.get(name, ())
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, (list, tuple)) else []
