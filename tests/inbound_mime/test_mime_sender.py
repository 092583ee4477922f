"""From is a hint: what makes a sender aligned, ambiguous, unverified or failed (security items 1, 2, 8, 9)."""

from dataclasses import replace

import pytest
from mime_letters import KEYS, NOW, envelope, letter

from mailbot.inbound.interpret import interpret
from mailbot.inbound.interpretation import Authentication, Sender

PLAIN = [
    ("ann@customer.example", "ann@customer.example", ""),
    ("Ann Bell <ann@customer.example>", "ann@customer.example", "Ann Bell"),
    ('"Bell, Ann" <Ann@Customer.Example>', "ann@customer.example", "Bell, Ann"),
    ("=?utf-8?q?Petr_Dvo=C5=99=C3=A1k?= <petr@customer.example>", "petr@customer.example", "Petr Dvořák"),
    ("<ann@customer.example>", "ann@customer.example", ""),
    ("Ann\r\n Bell\r\n <ann@customer.example>", "ann@customer.example", "Ann Bell"),
    ("ann+claims@customer.example", "ann+claims@customer.example", ""),
]
ODD = [
    "ann@customer.example, bob@customer.example",
    "ann@customer.example <eve@evil.example>",
    "Ann <ann@customer.example> <eve@evil.example>",
    "Ann (ann@customer.example) <eve@evil.example>",
    "eve@evil.example (Ann Bell)",
    "group: ann@customer.example;",
    "undisclosed-recipients:;",
    '"ann@customer.example" eve@evil.example',
    "ann@customer.example eve@evil.example",
    "<ann@customer.example>@evil.example",
    "ann@customer.example@evil.example",
    "<@relay.example:ann@customer.example>",
    '"ann@customer.example',
    "ann@customer..example",
    ".ann@customer.example",
    '"ann bell"@customer.example',
    "ann@[192.0.2.1]",
    "annКelvin@customer.example",
    "ann＠customer.example",
    "ann@customer.example\r\nFrom: eve@evil.example",
    "=?utf-8?q?ann=40customer.example?=",
    "Ann <=?utf-8?q?ann=40customer.example?=>",
    "<>",
    "Ann",
    "a" * 1200 + "@customer.example",
]


def sender_of(raw: bytes, trust: str = "none", *, upstream: bool = False) -> Sender:
    return interpret(raw, envelope(upstream=upstream), replace(KEYS, trust=trust), NOW).sender


@pytest.mark.parametrize(("value", "address", "name"), PLAIN)
def test_one_plain_mailbox_is_aligned_without_checks_where_none_are_wanted(value: str, address: str, name: str) -> None:
    sender = sender_of(letter(From=value))
    assert (sender.address, sender.name, sender.verdict) == (address, name, "aligned")


@pytest.mark.parametrize("value", ODD)
def test_a_from_that_two_readers_could_read_differently_is_ambiguous(value: str) -> None:
    assert sender_of(letter(From=value)).verdict == "ambiguous"


def test_a_name_loses_bidirectional_and_invisible_characters() -> None:
    sender = sender_of(letter(From="=?utf-8?b?4oCuZWNpZmZv4oCsIEFu4oCLbg==?= <ann@customer.example>"))
    assert sender.name == "eciffo Ann"


@pytest.mark.parametrize(
    ("header", "upstream", "verdict"),
    [
        ("mx.claims.example; dmarc=pass header.from=customer.example", True, "aligned"),
        ("mx.claims.example; spf=pass; dmarc=pass (p=reject) header.from=customer.example", True, "aligned"),
        ("mx.claims.example; dmarc=pass header.from=customer.example", False, "unverified"),
        ("mx.stranger.example; dmarc=pass header.from=customer.example", True, "unverified"),
        ("mx.claims.example.evil.example; dmarc=pass", True, "unverified"),
        ("mx.claims.example; dmarc=pass header.from=evil.example", True, "unverified"),
        ("mx.claims.example; dmarc=fail header.from=customer.example", True, "failed"),
        ("mx.claims.example; dmarc=none header.from=customer.example", True, "unverified"),
        ("mx.claims.example (dmarc=pass); spf=pass", True, "unverified"),
        ("mx.claims.example; x=y (; dmarc=pass)", True, "unverified"),
        ("", True, "unverified"),
    ],
)
def test_only_our_own_result_from_our_own_upstream_counts(header: str, upstream: bool, verdict: str) -> None:
    raw = letter(Authentication_Results=header)
    assert sender_of(raw, "authserv-id:mx.claims.example", upstream=upstream).verdict == verdict


def test_two_results_under_our_name_that_disagree_do_not_pass() -> None:
    raw = letter(
        Authentication_Results="mx.claims.example; dmarc=pass\r\nAuthentication-Results: mx.claims.example; dmarc=fail"
    )
    assert sender_of(raw, "authserv-id:mx.claims.example", upstream=True).verdict == "failed"


@pytest.mark.parametrize(
    ("domain", "result", "verdict"),
    [
        ("customer.example", "pass", "aligned"),
        ("customer.example", "fail", "failed"),
        ("customer.example", "temperror", "unverified"),
        ("customer.example", "none", "unverified"),
        ("evil.example", "pass", "unverified"),
    ],
)
def test_a_check_made_outside_counts_for_its_domain_only(domain: str, result: str, verdict: str) -> None:
    checked = Authentication(domain=domain, result=result)  # type: ignore[arg-type]
    read = interpret(letter(), envelope(), replace(KEYS, trust="verify"), NOW, checked)
    assert read.sender.verdict == verdict


def test_without_a_check_nobody_is_trusted() -> None:
    assert sender_of(letter(), "verify").verdict == "unverified"


def test_a_decline_applies_even_from_an_unverified_sender() -> None:
    read = interpret(letter("We decline.\r\n"), envelope(), replace(KEYS, trust="verify"), NOW)
    assert (read.disposition, read.reason) == ("would_apply", "decline")
