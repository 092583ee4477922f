"""SPF: who may send for a domain, and what a record may cost us (RFC 7208)."""

import pytest
from trust_dns import name_server

from mailbot.inbound.authentication.spf import check_spf
from mailbot.inbound.authentication.spf_record import BadRecord, Macros, read_spf
from mailbot.inbound.interpretation import Check

HOSTS = {
    ("fabrikam.example", "A"): ["198.51.100.7"],
    ("fabrikam.example", "MX"): ["10 mx.fabrikam.example.", "20 mx2.fabrikam.example."],
    ("mx.fabrikam.example", "A"): ["198.51.100.20"],
    ("mx2.fabrikam.example", "A"): ["198.51.100.21"],
    ("mx2.fabrikam.example", "AAAA"): ["2001:db8::21"],
    ("yes.fabrikam.example", "A"): ["127.0.0.2"],
    ("7.100.51.198.in.fabrikam.example", "A"): ["127.0.0.2"],
    ("relay.example", "TXT"): ['"v=spf1 ip4:203.0.113.0/24 -all"'],
    ("broken.example", "TXT"): ['"v=spf1 nonsense"'],
}


async def result(record: str, ip: str = "198.51.100.7", sender: str = "petr@fabrikam.example") -> Check:
    async with name_server(HOSTS) as (server, dns):
        server.txt("fabrikam.example", record, "another=text")
        return await check_spf(ip, sender, "mx.fabrikam.example", dns)


@pytest.mark.parametrize(
    ("record", "ip", "expected"),
    [
        ("v=spf1 +all", "192.0.2.1", "pass"),
        ("v=spf1 -all", "192.0.2.1", "fail"),
        ("v=spf1 ~all", "192.0.2.1", "softfail"),
        ("v=spf1", "192.0.2.1", "neutral"),
        ("v=spf1 ip4:198.51.100.0/24 -all", "198.51.100.7", "pass"),
        ("v=spf1 ip4:198.51.100.0/24 -all", "::ffff:198.51.100.7", "pass"),
        ("v=spf1 ip6:2001:db8::/32 -all", "2001:db8::1", "pass"),
        ("v=spf1 a -all", "198.51.100.7", "pass"),
        ("v=spf1 a/24 -all", "198.51.100.99", "pass"),
        ("v=spf1 mx -all", "198.51.100.21", "pass"),
        ("v=spf1 mx -all", "2001:db8::21", "pass"),
        ("v=spf1 mx//64 -all", "2001:db8::99", "pass"),
        ("v=spf1 exists:yes.%{d} -all", "192.0.2.1", "pass"),
        ("v=spf1 exists:%{ir}.in.%{d2} -all", "198.51.100.7", "pass"),
        ("v=spf1 include:relay.example -all", "203.0.113.9", "pass"),
        ("v=spf1 redirect=relay.example", "203.0.113.9", "pass"),
        ("v=spf1 ptr -all", "198.51.100.7", "fail"),
        ("v=spf1 include:missing.example -all", "192.0.2.1", "permerror"),
        ("v=spf1 include:broken.example -all", "192.0.2.1", "permerror"),
        ("v=spf1 redirect=missing.example", "192.0.2.1", "permerror"),
        ("v=spf1 ip4:300.1.1.1 -all", "192.0.2.1", "permerror"),
        ("v=spf1 all:x", "192.0.2.1", "permerror"),
        ("v=spf1 a:%{x}.example -all", "192.0.2.1", "permerror"),
        ("v=spf10 +all", "192.0.2.1", "none"),
    ],
)
async def test_a_record_says_who_may_send(record: str, ip: str, expected: str) -> None:
    assert (await result(record, ip)).result == expected


async def test_the_eleventh_question_is_too_many_however_deep_it_stands() -> None:
    ten = "v=spf1 " + "exists:yes.fabrikam.example " * 10
    assert (await result(ten.replace("exists", "-exists", 1) + "-all", "192.0.2.1")).result == "fail"
    async with name_server(HOSTS) as (server, dns):
        server.txt("fabrikam.example", "v=spf1 include:loop.example -all")
        server.txt("loop.example", "v=spf1 include:fabrikam.example -all")
        check = await check_spf("192.0.2.1", "petr@fabrikam.example", "", dns)
        assert (check.result, server.asked.total() <= 12) == ("permerror", True)


async def test_the_third_empty_answer_is_too_many() -> None:
    assert (await result("v=spf1 a:n1.example a:n2.example -all", "192.0.2.1")).result == "fail"
    assert (await result("v=spf1 a:n1.example a:n2.example a:n3.example +all", "192.0.2.1")).result == "permerror"


async def test_two_records_are_none_to_rely_on() -> None:
    async with name_server(HOSTS) as (server, dns):
        server.txt("fabrikam.example", "v=spf1 +all", "v=spf1 -all")
        assert (await check_spf("192.0.2.1", "petr@fabrikam.example", "", dns)).result == "permerror"


async def test_the_null_sender_is_checked_by_the_greeting() -> None:
    async with name_server(HOSTS) as (server, dns):
        server.txt("mx.fabrikam.example", "v=spf1 ip4:198.51.100.7 -all")
        check = await check_spf("198.51.100.7", "", "mx.fabrikam.example", dns)
    assert (check.result, check.domain) == ("pass", "mx.fabrikam.example")


@pytest.mark.parametrize(
    ("peer", "sender"), [("", "a@b.example"), ("unix", "a@b.example"), ("192.0.2.1", "a@localhost")]
)
async def test_without_an_address_or_a_domain_there_is_nothing_to_check(peer: str, sender: str) -> None:
    async with name_server() as (_, dns):
        assert (await check_spf(peer, sender, "", dns)).result == "none"


async def test_a_dns_that_fails_is_a_temporary_error() -> None:
    async with name_server(HOSTS, seconds=0.3) as (server, dns):
        server.txt("fabrikam.example", "v=spf1 include:slow.example -all")
        server.silent.add("slow.example")
        assert (await check_spf("192.0.2.1", "petr@fabrikam.example", "", dns)).result == "temperror"


def test_macros_are_filled_in_as_the_standard_shows() -> None:
    from ipaddress import ip_address

    macros = Macros(ip=ip_address("192.0.2.3"), sender="strong-bad@email.example.com", helo="mx.example")
    domain = "email.example.com"
    for text, expected in [
        ("%{s}", "strong-bad@email.example.com"), ("%{d4}", domain), ("%{d3}", domain), ("%{d2}", "example.com"),
        ("%{dr}", "com.example.email"), ("%{d2r}", "example.email"), ("%{l-}", "strong.bad"), ("%{lr-}", "bad.strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"), ("%%%_", "% "), ("%{L}", "strong-bad"),
    ]:  # fmt: skip
        assert macros.expand(text, domain) == expected
    with pytest.raises(BadRecord):
        macros.expand("%{d0}", domain)
    with pytest.raises(BadRecord):
        read_spf("v=spf1 exists:%{c}.example")
