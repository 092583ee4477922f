"""Mails for the tests: a few lines make a whole one."""

import base64
from datetime import UTC, datetime

from mailbot.inbound.interpret import interpret
from mailbot.inbound.interpretation import Envelope, Interpretation, Keys

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TOKEN = "r" + "abcdefgh" * 4
RCPT = f"{TOKEN}@mail.claims.example"
KEYS = Keys(domain="mail.claims.example")


def envelope(mail_from: str = "ann@customer.example", rcpt: str = RCPT, *, upstream: bool = False) -> Envelope:
    return Envelope(
        mail_from=mail_from,
        rcpt=rcpt,
        peer="192.0.2.10",
        helo="mx.customer.example",
        received_at=NOW,
        upstream=upstream,
    )


def letter(body: str | bytes = "Hello\r\n", **fields: str) -> bytes:
    """A mail from Ann; `fields` replace or add header fields (underscores become hyphens, empty ones vanish)."""
    head = {
        "From": "Ann Bell <ann@customer.example>",
        "To": RCPT,
        "Subject": "Re: Your claim",
        "Date": "Fri, 20 Nov 2026 11:00:00 +0000",
        "Message-ID": "<1@customer.example>",
    }
    head.update({name.replace("_", "-"): value for name, value in fields.items()})
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items() if value)
    return lines.encode() + b"\r\n" + (body.encode() if isinstance(body, str) else body)


def with_file(
    content: bytes, name: str, media_type: str = "application/octet-stream", text: str = "See attached."
) -> bytes:
    """A mail with one attached file."""
    body = (
        f"--cut\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--cut\r\nContent-Type: {media_type}\r\n"
        f'Content-Disposition: attachment; filename="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    ).encode() + base64.encodebytes(content)
    return letter(body + b"\r\n--cut--\r\n", Content_Type='multipart/mixed; boundary="cut"')


def read(raw: bytes, *, keys: Keys = KEYS, mail_from: str = "ann@customer.example", rcpt: str = RCPT) -> Interpretation:
    return interpret(raw, envelope(mail_from, rcpt), keys, NOW)
