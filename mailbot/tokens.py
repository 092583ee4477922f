"""Signed addresses and signed links: who made this text, for what, and until when.

An address is `purpose(1) + base32lower(version 8 | key id 8 | handle 48 | expiry day 16 | tag 80)`: 33 characters that
survive mail systems which fold case, wrap senders or dislike punctuation. Links to pages carry the same 33 characters;
sign-in links, sessions and form nonces are itsdangerous texts. Nothing here reads a clock, a disk or a database.
Whatever is not ours reads as None: reading never raises, whoever wrote the text.
"""

import hashlib
import hmac
import json
import re
from base64 import b32decode, b32encode
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, cast, get_args

from itsdangerous import BadData, Signer, TimestampSigner, URLSafeTimedSerializer
from itsdangerous.encoding import base64_decode, base64_encode

from mailbot.keys import Keyring, SigningKey

Purpose = Literal["r", "b", "c", "p", "u"]
"""`r` reply, `b` bounce, `c` customer page, `p` partner page, `u` unsubscribe. The letter stands under the MAC."""

ADDRESS_LENGTH = 33
MAX_HANDLE = 2**48 - 1
NEVER_EXPIRES = 2**16 - 1
"""The expiry day of an address without one: it reads as 2149 and is never compared."""

_VERSION = 1
_HANDLE_SALT = b"mailbot.handle.v1"
_LINK_SALT = "mailbot.link.v1."
_BODY_BYTES = 10
_TAG_BYTES = 10
_EPOCH = date(1970, 1, 1)
_GRACE = timedelta(days=1)
_SKEW = timedelta(seconds=30)
_LONGEST_LOCAL_PART = 320
_LONGEST_LINK = 4096
_TOKEN = re.compile(r"[rbcpu][a-z2-7]{32}")
_WRAPPED = re.compile(r"(?:srs[01][-+=]|(?:prvs|btv1|msprvs1)=)[^@]*=([^=@]+)")
_TOKEN_IN_TEXT = re.compile(r"(?<![A-Za-z0-9])[rbcpuRBCPU][A-Za-z2-7]{32}(?![A-Za-z0-9])")
_LINK = re.compile(r"[A-Za-z0-9_.-]+")
# Refused texts cost one HMAC too, so that time does not tell which of the checks failed.
_NO_KEY = bytes(32)
_NO_TOKEN = "r" + "a" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What a valid 33-character token says about itself; the row behind `handle` knows the rest.

    `retired`: its key only checks any more, so the address counts as expired. `compromised`: its key was revoked, so
    the MAC proves nothing and only a decline may rest on it. `tail` is its last four characters, for logs.
    """

    purpose: Purpose
    handle: int
    kid: int
    expiry_day: int
    retired: bool
    compromised: bool
    tail: str

    def expired(self, today: date) -> bool:
        """Whether the last day of validity is over. One day of grace: clock skew and time zones cannot matter."""
        if self.retired or self.compromised:
            return True
        return self.expiry_day != NEVER_EXPIRES and today > _EPOCH + timedelta(days=self.expiry_day) + _GRACE

    def __str__(self) -> str:
        return f"{self.purpose}{self.handle}~{self.tail}"


class Tokens:
    """Makes and reads everything signed, with one keyring."""

    def __init__(self, keyring: Keyring) -> None:
        self._keys = {key.kid: (key, _handle_key(key)) for key in keyring.keys}
        self._signing = keyring.signing.kid
        self._link_secrets = [key.secret for key in keyring.trusted]

    def address(self, purpose: Purpose, handle: int, expires: date | None) -> str:
        """The 33 characters for row `handle`, valid through the day `expires` (None: as long as the row says).

        Raises ValueError when the purpose, the handle or the day does not fit.
        """
        day = NEVER_EXPIRES if expires is None else (expires - _EPOCH).days
        if purpose not in get_args(Purpose) or not 0 <= handle <= MAX_HANDLE or not 0 <= day <= NEVER_EXPIRES:
            raise ValueError("no address can carry this purpose, handle or day")
        head = bytes((_VERSION, self._signing)) + handle.to_bytes(6, "big") + day.to_bytes(2, "big")
        tag = _tag(self._keys[self._signing][1], purpose, head)
        return purpose + b32encode(head + tag).decode("ascii").lower()

    def read(self, text: str) -> Address | None:
        """The token in a local part or a whole address, or None when no key of ours made it.

        Case, `anything+TOKEN`, `TOKEN+anything`, SRS and BATV wrapping are tolerated. The domain is the caller's
        business. An expired address, and one whose key was retired or revoked, is returned and says so.
        """
        # Before any folding: some letters outside ASCII fold into it (U+212A, the Kelvin sign, becomes a k).
        if not text.isascii() or len(text) > _LONGEST_LOCAL_PART:
            text = ""
        local_part = text.rpartition("@")[0] if "@" in text else text
        found = [self._verify(candidate) for candidate in _candidates(local_part.lower())]
        return next((address for address in found if address is not None), None)

    def dumps(self, purpose: str, payload: object, now: datetime) -> str:
        """A URL-safe signed text carrying `payload` (JSON, not None), stamped with the instant `now`.

        `purpose` separates kinds of links: a text made for one is void for every other. It can be read by anyone.
        """
        if payload is None:
            raise ValueError("a link must carry something")
        return str(self._serializer(purpose, now).dumps(payload))

    def loads(self, purpose: str, text: str, max_age: timedelta, now: datetime) -> Any | None:
        """The payload of a text made by `dumps` for `purpose` at most `max_age` ago, else None.

        A stamp up to 30 s in the future passes: two nodes never agree on the time. One-use texts are told apart by an
        id inside the payload, never by their spelling (though only the canonical spelling is read).
        """
        if len(text) > _LONGEST_LINK or not text.isascii() or not _is_canonical(text):
            return None
        try:
            reader = self._serializer(purpose, now + _SKEW)
            return reader.loads(text, max_age=int((max_age + _SKEW).total_seconds()))
        except (BadData, ValueError, OverflowError):
            return None

    def _verify(self, token: str) -> Address | None:
        well_formed = _TOKEN.fullmatch(token) is not None
        raw = b32decode((token if well_formed else _NO_TOKEN)[1:].upper())
        head, tag = raw[:_BODY_BYTES], raw[_BODY_BYTES:]
        key, secret = self._keys.get(head[1], (None, _NO_KEY))
        genuine = hmac.compare_digest(tag, _tag(secret, token[:1] if well_formed else "r", head))
        if not (genuine and well_formed) or key is None or head[0] != _VERSION:
            return None
        return _address(token, head, key)

    def _serializer(self, purpose: str, at: datetime) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(
            self._link_secrets,
            salt=_LINK_SALT + purpose,
            serializer=json,
            signer=_StampedSigner,
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac", "at": int(at.timestamp())},
        )


def redact(text: str) -> str:
    """`text` with everything shaped like a token replaced by purpose, handle and its last four characters."""
    return _TOKEN_IN_TEXT.sub(lambda match: _redacted(match[0].lower()), text)


class _StampedSigner(TimestampSigner):
    """A signer whose time is given: itsdangerous reads the clock itself."""

    def __init__(self, *args: Any, at: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._at = at

    def get_timestamp(self) -> int:
        return self._at


def _handle_key(key: SigningKey) -> bytes:
    signer = Signer(key.secret, salt=_HANDLE_SALT, key_derivation="hmac", digest_method=hashlib.sha256)
    return signer.derive_key()


def _tag(secret: bytes, purpose: str, head: bytes) -> bytes:
    return hmac.digest(secret, b"mb1|" + purpose.encode("ascii") + b"|" + head, "sha256")[:_TAG_BYTES]


def _address(token: str, head: bytes, key: SigningKey) -> Address:
    return Address(
        purpose=cast(Purpose, token[0]),
        handle=int.from_bytes(head[2:8], "big"),
        kid=key.kid,
        expiry_day=int.from_bytes(head[8:10], "big"),
        retired=key.state == "retired",
        compromised=key.state == "revoked",
        tail=token[-4:],
    )


def _candidates(local_part: str) -> tuple[str, ...]:
    """Where in a folded local part a token may stand: alone, before the first plus, after the last one."""
    wrapped = _WRAPPED.fullmatch(local_part)
    inner = wrapped[1] if wrapped else local_part
    if "+" not in inner:
        return (inner,)
    return inner.partition("+")[0], inner.rpartition("+")[2]


def _is_canonical(text: str) -> bool:
    """Whether the signature has its only proper spelling: four last characters and padding decode to the same bytes."""
    signature = text.rpartition(".")[2]
    try:
        return _LINK.fullmatch(text) is not None and base64_encode(base64_decode(signature)) == signature.encode()
    except BadData:
        return False


def _redacted(token: str) -> str:
    handle = int.from_bytes(b32decode(token[1:].upper())[2:8], "big")
    return f"{token[0]}{handle}~{token[-4:]}"
