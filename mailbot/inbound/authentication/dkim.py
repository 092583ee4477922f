"""The DKIM signatures of a mail, each with its verdict and the public key record as it was published at that time.

Keys are asked for side by side; the arithmetic runs in a thread. A signature that may not count is no fault of the
mail: it is `fail` or `permerror` with the reason. Keys that could not be had are `temperror`.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from mailbot.inbound.authentication.canonical import Form, body_hash, header_field, without_signature
from mailbot.inbound.authentication.outline import Field, Outline
from mailbot.inbound.authentication.resolver import BadName, DnsFault, Resolver
from mailbot.inbound.authentication.signature import (
    BadSignature,
    Signature,
    proves,
    read_signature,
    signer_of,
)
from mailbot.inbound.headers import unfold
from mailbot.inbound.interpretation import Check

_MOST_SIGNATURES = 5
# What we read in these must be what was signed: a second one on top would go unnoticed by the signature.
_ONLY_SIGNED = ("from", "subject", "mime-version", "content-type", "content-transfer-encoding")


async def check_dkim(raw: bytes, head: Outline, at: datetime, dns: Resolver) -> tuple[Check, ...]:
    """A check for each signature, those that speak for the From domain first; at most five are looked at."""
    fields = [field for field in head.fields if field.name == "dkim-signature"]
    fields.sort(key=lambda field: _distance(signer_of(unfold(field.value))[0], head.domain))
    body = _Body(raw, head.body)
    return tuple(await asyncio.gather(*(_check(field, head, at, dns, body) for field in fields[:_MOST_SIGNATURES])))


class _Body:
    """The hashes of one body, each made once, in a thread."""

    def __init__(self, raw: bytes, start: int) -> None:
        self._raw, self._start = raw, start
        self._made: dict[Form, asyncio.Task[bytes]] = {}

    async def hash(self, form: Form) -> bytes:
        if form not in self._made:
            self._made[form] = asyncio.create_task(asyncio.to_thread(body_hash, self._raw, self._start, form))
        return await self._made[form]


async def _check(field: Field, head: Outline, at: datetime, dns: Resolver, body: _Body) -> Check:
    text = unfold(field.value)
    domain, selector = signer_of(text)
    record = ""
    try:
        signature = read_signature(text, at)
        _nothing_added(head.fields, signature)
        records = [one for one in await dns.texts(signature.key_name) if "p=" in one]
        if len(records) != 1:
            raise BadSignature("no key is published" if not records else "several keys are published")
        record = records[0]
        if await body.hash(signature.body_form) != signature.body_hash:
            raise BadSignature("the body was changed")
        await asyncio.to_thread(proves, signature, signed_header(head.fields, field, signature), record)
    except BadSignature as why:
        return _said("fail", domain, selector, str(why), record)
    except BadName:
        return _said("permerror", domain, selector, "the key's name cannot be")
    except DnsFault as fault:
        return _said("temperror", domain, selector, str(fault))
    return _said("pass", domain, selector, "", record)


def signed_header(fields: Sequence[Field], own: Field, signature: Signature) -> bytes:
    """The bytes a signature is over: each named field from the bottom up, then its own field without `b=`."""
    left: dict[str, list[Field]] = {}
    for field in fields:
        left.setdefault(field.name, []).append(field)
    pieces: list[bytes] = []
    for name in signature.names:
        if left.get(name):
            field = left[name].pop()
            pieces.append(header_field(field.written, field.value, signature.header_form))
    last = header_field(own.written, without_signature(own.value), signature.header_form)
    return b"".join(pieces) + last.removesuffix(b"\r\n")


def _nothing_added(fields: Sequence[Field], signature: Signature) -> None:
    for name in _ONLY_SIGNED:
        there = sum(field.name == name for field in fields)
        if there > 1 and signature.names.count(name) < there:
            raise BadSignature(f"{name} stands there {there} times, not all of them signed")


def _distance(signer: str, domain: str) -> int:
    """0 for the From domain itself, 1 for a parent or child of it, 2 for anybody else."""
    if signer == domain:
        return 0
    return 1 if signer and (domain.endswith(f".{signer}") or signer.endswith(f".{domain}")) else 2


def _said(result: str, domain: str, selector: str, why: str, record: str = "") -> Check:
    detail = f"s={selector} {why}".strip()
    return Check(method="dkim", result=result, domain=domain, detail=detail, record=record)
