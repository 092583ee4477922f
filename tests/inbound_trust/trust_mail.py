"""Mails signed with test keys: dkimpy signs, so that our own checking is measured against another's work."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mailbot.inbound.authentication.outline import outline
from mailbot.inbound.interpretation import Envelope
from mailbot.limits import Limits

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SELECTOR = "k1"
SIGNED = ("from", "to", "subject", "message-id")
LETTER = (
    b"From: Petr <petr@fabrikam.example>\r\nTo: claims@mail.test\r\nSubject:  Hello\r\n there \r\n"
    b"Message-ID: <1@fabrikam.example>\r\n\r\nDear office,\r\n\r\nplease  \tsubmit.\t \r\n\r\n\r\n"
)


@cache
def private_key(bits: int = 2048) -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


@cache
def key_record(bits: int = 2048, tags: str = "") -> str:
    loaded: Any = serialization.load_pem_private_key(private_key(bits), None)
    public = loaded.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"v=DKIM1; k=rsa; {tags}p={base64.b64encode(public).decode()}"


class _Signer(dkim.DKIM):  # type: ignore[misc]
    """dkimpy with tags of our choice in the signature."""

    def __init__(self, raw: bytes, more: Sequence[tuple[bytes, bytes]], **options: Any) -> None:
        super().__init__(raw, **options)
        self._more = list(more)

    def gen_header(self, fields: list[tuple[bytes, bytes]], *args: Any, **options: Any) -> Any:
        given = dict(self._more)
        fields = [(tag, given.pop(tag, value)) for tag, value in fields]
        fields[-3:-3] = list(given.items())
        return super().gen_header(fields, *args, **options)


def signed(
    raw: bytes = LETTER,
    domain: str = "fabrikam.example",
    *,
    forms: tuple[bytes, bytes] = (b"relaxed", b"relaxed"),
    names: Sequence[str] = SIGNED,
    algorithm: bytes = b"rsa-sha256",
    length: bool = False,
    bits: int = 2048,
    more: Sequence[tuple[bytes, bytes]] = (),
    identity: str = "",
) -> bytes:
    """The mail with a DKIM-Signature on top."""
    signer = _Signer(raw, more, signature_algorithm=algorithm)
    header = signer.sign(
        SELECTOR.encode(),
        domain.encode(),
        private_key(bits),
        canonicalize=forms,
        include_headers=[name.encode() for name in names],
        length=length,
        identity=identity.encode() or None,
    )
    return bytes(header) + raw


def letter(sender: str, body: str = "Dear office, please submit.\r\n", subject: str = "Hello") -> bytes:
    """An unsigned mail with that From field."""
    fields = (f"From: {sender}", "To: claims@mail.test", f"Subject: {subject}", "Message-ID: <1@x.example>", "")
    return "\r\n".join((*fields, body)).encode()


def envelope(
    mail_from: str = "", *, peer: str = "198.51.100.7", helo: str = "mx.fabrikam.example", upstream: bool = False
) -> Envelope:
    return Envelope(
        mail_from=mail_from, rcpt="claims@mail.test", peer=peer, helo=helo, received_at=AT, upstream=upstream
    )


def head_of(raw: bytes) -> Any:
    return outline(raw, Limits())
