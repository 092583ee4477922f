"""DKIM: what another program signed is proved, whatever does not count is refused with its reason (RFC 6376)."""

import base64
import hashlib
import random
import re
import time

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from trust_dns import name_server
from trust_mail import AT, LETTER, SELECTOR, head_of, key_record, signed

from mailbot.inbound.authentication.canonical import body_hash
from mailbot.inbound.authentication.dkim import check_dkim
from mailbot.inbound.interpretation import Check

FORMS = [(header, body) for header in (b"simple", b"relaxed") for body in (b"simple", b"relaxed")]
BODIES = [
    b"",
    b"\r\n",
    b"\r\n\r\n",
    b"a",
    b"a\r\n",
    b" a \t b \r\n\r\n \r\n",
    b"\ta\r\nb\r\n \t\r\n\r\n",
    b"x\r\n\r\ny",
]


async def checked(raw: bytes, record: str | None = None, domain: str = "fabrikam.example") -> tuple[Check, ...]:
    async with name_server() as (server, dns):
        server.txt(f"{SELECTOR}._domainkey.{domain}", record or key_record())
        return await check_dkim(raw, head_of(raw), AT, dns)


async def refused(raw: bytes, record: str | None = None) -> str:
    (check,) = await checked(raw, record)
    assert check.result == "fail"
    return check.detail


@pytest.mark.parametrize("forms", FORMS)
@pytest.mark.parametrize("body", BODIES)
async def test_what_dkimpy_signed_is_proved(forms: tuple[bytes, bytes], body: bytes) -> None:
    raw = signed(LETTER.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + body, forms=forms)
    (check,) = await checked(raw)
    assert (check.result, check.domain, check.record) == ("pass", "fabrikam.example", key_record())


@pytest.mark.parametrize("forms", FORMS)
async def test_one_changed_letter_proves_nothing(forms: tuple[bytes, bytes]) -> None:
    raw = signed(forms=forms)
    assert "body was changed" in await refused(raw.replace(b"please", b"Please"))
    assert "does not match" in await refused(raw.replace(b"Subject:  Hello", b"Subject:  Yello"))


async def test_relaxed_signatures_survive_what_relays_do_to_white_space() -> None:
    raw = signed().replace(b"Subject:  Hello\r\n there ", b"SUBJECT: Hello there").replace(b"please  \t", b"please ")
    assert [check.result for check in await checked(raw)] == ["pass"]


async def test_bodies_hash_as_dkimpy_hashes_them_wherever_pieces_are_cut() -> None:
    chance = random.Random(5)
    for size in (0, 50, 131_060, 131_072, 131_090, 300_000):
        body = bytes(chance.choices(b"ab \t\r\n", k=size)).replace(b"\r", b"").replace(b"\n", b"\r\n")
        for form, theirs in (("simple", dkim.canonicalization.Simple), ("relaxed", dkim.canonicalization.Relaxed)):
            expected = hashlib.sha256(theirs.canonicalize_body(body)).digest()
            assert body_hash(b"head" + body, 4, form) == expected  # type: ignore[arg-type]


def test_a_megabyte_of_blanks_costs_no_more_than_a_megabyte_of_words() -> None:
    def seconds(body: bytes) -> float:
        began = time.perf_counter()
        body_hash(body, 0, "relaxed")
        return time.perf_counter() - began

    assert seconds(b"x" + b" " * 2**20 + b"y\r\n") < 50 * max(seconds(b"word " * 200_000), 0.002)


async def test_a_signature_over_a_part_of_the_body_does_not_count() -> None:
    raw = signed(length=True)
    assert "only a part" in await refused(raw)
    assert "only a part" in await refused(raw + b"I accept.\r\n")


async def test_an_expired_signature_does_not_count_and_one_that_lasts_does() -> None:
    at = int(AT.timestamp())
    fresh = [(b"t", str(at - 60).encode())]
    assert "expired" in await refused(signed(more=[*fresh, (b"x", str(at - 1).encode())]))
    (check,) = await checked(signed(more=[*fresh, (b"x", str(at + 60).encode())]))
    assert check.result == "pass"


async def test_sha1_and_short_keys_do_not_count() -> None:
    assert "rsa-sha1" in await refused(signed(algorithm=b"rsa-sha1"))
    raw = signed(bits=1024)
    assert [c.result for c in await checked(raw, key_record(1024))] == ["pass"]
    weak = (
        "v=DKIM1; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNL"
        "YLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ=="
    )
    assert "too short" in await refused(raw, weak)


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ("v=DKIM1; p=", "revoked"),
        ("v=DKIM2; p=AAAA", "does not fit"),
        ("v=DKIM1; k=ed25519; p=AAAA", "does not fit"),
        ("v=DKIM1; p=AAAA", "cannot be read"),
        (key_record(tags="h=sha1; "), "not for this use"),
        (key_record(tags="s=tlsrpt; "), "not for this use"),
        (key_record(tags="t=y; "), "under test"),
        ("nothing here", "no key"),
    ],
)
async def test_a_key_counts_for_what_it_was_published_for(record: str, why: str) -> None:
    assert why in await refused(signed(), record)


async def test_a_key_for_the_domain_alone_does_not_serve_its_subdomains() -> None:
    raw = signed(identity="@sales.fabrikam.example")
    assert "not for subdomains" in await refused(raw, key_record(tags="t=s; "))
    assert [check.result for check in await checked(raw)] == ["pass"]


async def test_two_keys_under_one_name_are_none() -> None:
    raw = signed()
    async with name_server() as (server, dns):
        server.txt(f"{SELECTOR}._domainkey.fabrikam.example", key_record(), key_record(1024))
        (check,) = await check_dkim(raw, head_of(raw), AT, dns)
    assert (check.result, "several keys" in check.detail) == ("fail", True)


@pytest.mark.parametrize(
    "added",
    [
        b"Subject: approve\r\n",
        b"Content-Type: text/html\r\nContent-Type: text/plain\r\n",
        b"Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n",
    ],
)
async def test_a_field_added_beside_the_signed_one_spoils_the_signature(added: bytes) -> None:
    (check,) = await checked(added + signed())
    assert check.result == "fail"


@pytest.mark.parametrize(
    "added",
    [
        b"From: eve@evil.example\r\n",
        b"X-A: b\r\n \r\n I accept.\r\n",
        b"X-A: b\rFrom: eve@evil.example\r\n",
        b"no field at all\r\n",
        b"\r\n",
    ],
)
async def test_a_header_that_two_programs_divide_differently_is_not_signed_by_anybody(added: bytes) -> None:
    for raw in (added + signed(), signed().replace(b"\r\nTo:", b"\r\n" + added + b"To:", 1)):
        assert all(check.result != "pass" for check in await checked(raw))


async def test_five_signatures_are_looked_at_those_of_the_sender_first() -> None:
    raw = LETTER
    for domain in ("fabrikam.example", *(f"list{n}.example" for n in range(8))):
        raw = signed(raw, domain)
    checks = await checked(raw)
    assert (len(checks), checks[0].domain, checks[0].result) == (5, "fabrikam.example", "pass")


async def test_a_key_the_dns_does_not_give_is_nobodys_failure() -> None:
    raw = signed()
    async with name_server(seconds=0.3) as (server, dns):
        for fault in (server.servfail, server.silent):
            fault.add(f"{SELECTOR}._domainkey.fabrikam.example")
            (check,) = await check_dkim(raw, head_of(raw), AT, dns)
            assert check.result == "temperror"
            fault.clear()


async def test_ed25519_is_understood() -> None:
    """RFC 8463: the signature is over the SHA-256 of the canonical header; ours is made by hand, in the simple form."""
    key = Ed25519PrivateKey.generate()
    public = base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    head, _, body = LETTER.partition(b"\r\n\r\n")
    own = b"DKIM-Signature: v=1; a=ed25519-sha256; c=simple/simple; d=fabrikam.example; s=k1; h=from; bh="
    own += base64.b64encode(hashlib.sha256(body.rstrip(b"\r\n") + b"\r\n").digest()) + b"; b="
    from_field = re.search(rb"From:.*?\r\n", head)
    assert from_field
    value = key.sign(hashlib.sha256(from_field[0] + own).digest())
    raw = own + base64.b64encode(value) + b"\r\n" + LETTER
    # dkimpy's LETTER ends a line with a tab and a blank: the simple form keeps them.
    (check,) = await checked(raw, f"v=DKIM1; k=ed25519; p={public}")
    assert check.result == "pass", check.detail
    assert (await checked(raw.replace(b"Petr", b"Peta"), f"v=DKIM1; k=ed25519; p={public}"))[0].result == "fail"


@pytest.mark.parametrize(
    "value",
    [
        b"", b"v=1", b"v=2; a=rsa-sha256", b"=;=;=", b"v=1; v=1", b"v=1; a=rsa-sha256; d=x; s=y; h=from; bh=!; b=!",
        b"v=1; a=rsa-sha256; d=fabrikam.example; s=k1; h=to; bh=aa==; b=aa==",
        b"v=1; a=rsa-sha256; d=fabrikam.example; s=k1; h=from; bh=aa==; b=aa==; c=odd",
        b"v=1; a=rsa-sha256; d=fabrikam.example; i=@evil.example; s=k1; h=from; bh=aa==; b=aa==",
        b"v=1; a=rsa-sha256; d=fabrikam.example; s=k1; h=from; bh=aa==; b=aa==; t=x",
        "v=1; d=fabrikam.examplé; s=ключ".encode(),
    ],
)  # fmt: skip
async def test_a_broken_signature_field_only_fails(value: bytes) -> None:
    for check in await checked(b"DKIM-Signature: " + value + b"\r\n" + LETTER):
        assert check.result == "fail"
