"""One DKIM-Signature field and the public key it is checked with, as values (RFC 6376 §3.5, §3.6.1; RFC 8301, 8463).

Pure. What may not count is a BadSignature that says why: a body length tag, SHA-1, short keys, an expired signature, a
key under test. Only `proves` does arithmetic.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mailbot.inbound.authentication.canonical import Form

_LEAST_BITS, _MOST_BITS = 1024, 8192
_ALGORITHMS = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}
_DOMAIN = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.)+[a-z0-9-]{2,63}")
_SELECTOR = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_SPACE = re.compile(r"\s+")


class BadSignature(ValueError):  # noqa: N818
    """The signature does not count; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature that may count: its tags checked, nothing verified yet. `kind` is `rsa` or `ed25519`."""

    domain: str
    selector: str
    kind: str
    header_form: Form
    body_form: Form
    names: tuple[str, ...]
    body_hash: bytes
    value: bytes
    identity: str

    @property
    def key_name(self) -> str:
        """Where the public key is published."""
        return f"{self.selector}._domainkey.{self.domain}"


def signer_of(value: str) -> tuple[str, str]:
    """The domain and selector a field names, lower-case; empty when it names none that could be."""
    tags = read_tags(value) or {}
    domain, selector = tags.get("d", "").lower().rstrip("."), tags.get("s", "").lower()
    fit = _DOMAIN.fullmatch(domain) and len(domain) <= 253 and _SELECTOR.fullmatch(selector)
    return (domain, selector) if fit else ("", "")


def read_signature(value: str, at: datetime) -> Signature:
    """The signature in an unfolded field value, judged at the instant the mail came in. Raises BadSignature."""
    tags = read_tags(value)
    if tags is None or tags.get("v") != "1":
        raise BadSignature("cannot be read")
    domain, selector = signer_of(value)
    if not domain:
        raise BadSignature("names no domain and selector")
    if "l" in tags:
        raise BadSignature("signs only a part of the body (l=)")
    kind = _ALGORITHMS.get(tags.get("a", "").lower())
    if kind is None:
        raise BadSignature(f"algorithm {tags.get('a', '')[:20]!r} does not count")
    names = tuple(name.strip().lower() for name in tags.get("h", "").split(":"))
    if "from" not in names:
        raise BadSignature("does not sign From")
    _in_time(tags, at)
    return Signature(
        domain=domain,
        selector=selector,
        kind=kind,
        **_forms(tags.get("c", "simple/simple")),
        names=names,
        body_hash=_octets(tags.get("bh", "")),
        value=_octets(tags.get("b", "")),
        identity=_identity(tags, domain),
    )


def proves(signature: Signature, signed: bytes, record: str) -> None:
    """Returns when the published key record proves that `signed` was signed. Raises BadSignature."""
    key = _key(record, signature)
    digest = hashlib.sha256(signed).digest()
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(signature.value, digest, PKCS1v15(), Prehashed(SHA256()))
        else:
            key.verify(signature.value, digest)
    except InvalidSignature:
        raise BadSignature("the signature does not match the header") from None


def read_tags(value: str) -> Mapping[str, str] | None:
    """A `name=value; …` list; None when it is malformed or names a tag twice."""
    tags: dict[str, str] = {}
    pieces = value.split(";")
    for piece in pieces if pieces[-1].strip() else pieces[:-1]:
        name, sign, text = piece.partition("=")
        name = name.strip()
        if not sign or not name or name in tags:
            return None
        tags[name] = text.strip()
    return tags


def _in_time(tags: Mapping[str, str], at: datetime) -> None:
    ends, made = tags.get("x"), tags.get("t")
    for number in (ends, made):
        if number is not None and not (number.isascii() and number.isdigit() and len(number) <= 12):
            raise BadSignature("a time in it is no number")
    if ends is not None and int(ends) < at.timestamp():
        raise BadSignature("expired before the mail came (x=)")
    if ends is not None and made is not None and int(ends) <= int(made):
        raise BadSignature("expires before it was made")


def _forms(text: str) -> dict[str, Form]:
    header, _, body = text.lower().replace(" ", "").partition("/")
    body = body or "simple"
    if not {header, body} <= {"simple", "relaxed"}:
        raise BadSignature("unknown canonical form")
    return {"header_form": cast(Form, header), "body_form": cast(Form, body)}


def _identity(tags: Mapping[str, str], domain: str) -> str:
    identity = tags.get("i", f"@{domain}").rpartition("@")[2].lower().rstrip(".")
    if identity != domain and not identity.endswith(f".{domain}"):
        raise BadSignature("i= is not within d=")
    return identity


def _octets(text: str) -> bytes:
    try:
        return base64.b64decode(_SPACE.sub("", text), validate=True)
    except (binascii.Error, ValueError):
        raise BadSignature("a tag is not base64") from None


def _key(record: str, signature: Signature) -> RSAPublicKey | Ed25519PublicKey:
    tags = read_tags(record)
    if tags is None or tags.get("v", "DKIM1") != "DKIM1" or tags.get("k", "rsa").lower() != signature.kind:
        raise BadSignature("the key record does not fit")
    if "sha256" not in _words(tags.get("h", "sha256")) or not _words(tags.get("s", "*")) & {"*", "email"}:
        raise BadSignature("the key is not for this use")
    flags = _words(tags.get("t", ""))
    if "y" in flags:
        raise BadSignature("the key is under test (t=y)")
    if "s" in flags and signature.identity != signature.domain:
        raise BadSignature("the key is not for subdomains (t=s)")
    if not tags.get("p"):
        raise BadSignature("the key is revoked")
    return _public_key(_octets(tags["p"]), signature.kind)


def _public_key(octets: bytes, kind: str) -> RSAPublicKey | Ed25519PublicKey:
    try:
        key = Ed25519PublicKey.from_public_bytes(octets) if kind == "ed25519" else load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        raise BadSignature("the key cannot be read") from None
    if isinstance(key, Ed25519PublicKey):
        return key
    if not isinstance(key, RSAPublicKey) or not _LEAST_BITS <= key.key_size <= _MOST_BITS:
        raise BadSignature("the key is too short, too long or of another kind")
    return key


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip().lower() for word in text.split(":"))
