"""The verdict on a mail: aligned or not, which fault leads where, and never later than the deadline."""

import asyncio
import time
from ipaddress import ip_network

import pytest
from trust_dns import NameServer, name_server
from trust_mail import SELECTOR, envelope, key_record, letter, signed

from mailbot.inbound.authentication.dmarc import read_dmarc, walk
from mailbot.inbound.authentication.resolver import Resolver
from mailbot.inbound.authentication.verify import Verifier
from mailbot.inbound.interpretation import Authentication, Envelope

PETR = "Petr <petr@fabrikam.example>"


def publish(server: NameServer, *domains: str) -> None:
    for domain in domains:
        server.txt(f"{SELECTOR}._domainkey.{domain}", key_record())


async def verified(
    raw: bytes,
    records: dict[str, str] | None = None,
    *,
    keys: tuple[str, ...] = ("fabrikam.example",),
    by: Envelope | None = None,
) -> Authentication:
    async with name_server() as (server, dns):
        publish(server, *keys)
        for name, text in (records or {}).items():
            server.txt(name, text)
        return await Verifier(dns, upstream=[ip_network("127.0.0.1")]).verify(raw, by or envelope())


REJECT = {"_dmarc.fabrikam.example": "v=DMARC1; p=reject"}


async def test_a_signature_of_the_from_domain_itself_passes_with_or_without_a_policy() -> None:
    for records in ({}, REJECT, {"_dmarc.fabrikam.example": "v=DMARC1; p=none; adkim=s"}):
        found = await verified(signed(), records)
        assert (found.domain, found.result) == ("fabrikam.example", "pass")
    assert [check.method for check in found.checks] == ["spf", "dkim", "dmarc"]
    assert found.checks[1].record == key_record()


async def test_an_spf_pass_for_the_from_domain_passes_and_a_strangers_does_not() -> None:
    records = REJECT | {"fabrikam.example": "v=spf1 ip4:198.51.100.7 -all", "evil.example": "v=spf1 +all"}
    raw = letter(PETR)
    assert (await verified(raw, records, by=envelope("bounce@fabrikam.example"))).result == "pass"
    assert (await verified(raw, records, by=envelope("eve@evil.example"))).result == "fail"
    stranger = envelope("petr@fabrikam.example", peer="192.0.2.66")
    assert (await verified(raw, records, by=stranger)).result == "fail"


async def test_a_subdomain_speaks_for_its_organisation_only_where_a_policy_makes_them_one() -> None:
    raw = signed(domain="mail.fabrikam.example")
    keys = ("mail.fabrikam.example",)
    assert (await verified(raw, REJECT, keys=keys)).result == "pass"
    assert (await verified(raw, {}, keys=keys)).result == "none"
    strict = {"_dmarc.fabrikam.example": "v=DMARC1; p=reject; adkim=s"}
    assert (await verified(raw, strict, keys=keys)).result == "fail"
    split = REJECT | {"_dmarc.mail.fabrikam.example": "v=DMARC1; p=reject; psd=n"}
    assert (await verified(raw, split, keys=keys)).result == "fail"


@pytest.mark.parametrize(
    "look_alike",
    [
        "fabrikarn.example",
        "fabrikam.example.evil.example",
        "xn--fabrikm-8fg.example",
        "evilfabrikam.example",
        "example",
    ],
)
async def test_a_look_alike_signs_for_itself_only(look_alike: str) -> None:
    records = REJECT | {f"_dmarc.{look_alike}": "v=DMARC1; p=none"}
    raw = signed(domain=look_alike, names=("from", "to", "subject"))
    assert (await verified(raw, records, keys=(look_alike,))).result == "fail"


async def test_two_domains_below_a_public_suffix_are_not_one_organisation() -> None:
    raw = signed(letter("ann@good.co.example"), "evil.co.example")
    suffix = {"_dmarc.co.example": "v=DMARC1; p=reject; psd=y"}
    assert (await verified(raw, suffix, keys=("evil.co.example",))).result == "fail"
    raw = signed(letter("ann@one.example"), "two.example")
    top = {"_dmarc.example": "v=DMARC1; p=none"}
    assert (await verified(raw, top, keys=("two.example",))).result == "none"


async def test_the_tree_walk_finds_organisations_and_asks_eight_names_at_most() -> None:
    async with name_server() as (server, dns):
        server.txt("_dmarc.example.com", "v=DMARC1; p=reject; sp=none")
        server.txt("_dmarc.bank", "v=DMARC1; p=reject; psd=y")
        server.txt("_dmarc.two.example", "v=DMARC1; p=none", "v=DMARC1; p=reject")
        assert (await walk("a.mail.example.com", dns)).organisation == "example.com"
        assert (await walk("www.my.bank", dns)).organisation == "my.bank"
        assert (await walk("a.two.example", dns)).organisation == "a.two.example"
        server.asked.clear()
        await walk("a.b.c.d.e.f.g.h.i.j.mail.example.net", dns)
        asked = list(server.asked)
    assert asked[:2] == ["_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.net", "_dmarc.g.h.i.j.mail.example.net"]
    assert (len(asked), asked[-1]) == (8, "_dmarc.net")


async def test_policies_for_subdomains_and_for_names_that_do_not_exist_are_shown() -> None:
    records = {"_dmarc.fabrikam.example": "v=DMARC1; p=none; sp=quarantine; np=reject", "there.fabrikam.example": "x"}
    for name, asked in (("fabrikam", "p=none"), ("nowhere.fabrikam", "np=reject")):
        found = await verified(letter(f"x@{name}.example"), records)
        assert (found.result, found.checks[-1].detail) == ("fail", asked)
    assert read_dmarc("x.example", "v=DMARC1") is not None
    assert read_dmarc("x.example", "p=reject; v=DMARC1") is None


@pytest.mark.parametrize("kind", ["servfail", "silent"])
async def test_a_dns_fault_is_nobodys_failure(kind: str) -> None:
    for name in ("_dmarc.fabrikam.example", f"{SELECTOR}._domainkey.fabrikam.example", "fabrikam.example"):
        async with name_server(seconds=0.2) as (server, dns):
            server.txt("_dmarc.fabrikam.example", "v=DMARC1; p=reject")
            getattr(server, kind).add(name)
            raw = letter(PETR) if name == "fabrikam.example" else signed().replace(b"please", b"Please")
            raw = signed() if "_domainkey" in name else raw
            found = await Verifier(dns).verify(raw, envelope("petr@fabrikam.example"))
        assert found.result == "temperror"


async def test_a_policy_out_of_reach_does_not_undo_an_exact_signature() -> None:
    async with name_server(seconds=0.2) as (server, dns):
        publish(server, "fabrikam.example")
        server.servfail.add("_dmarc.fabrikam.example")
        assert (await Verifier(dns).verify(signed(), envelope())).result == "pass"


async def test_a_dns_that_never_answers_ends_with_the_deadline_and_the_loop_goes_on() -> None:
    ticks = 0

    async def beat() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    async with name_server(seconds=30) as (server, dns):
        server.silent.update({"_dmarc.fabrikam.example", "fabrikam.example", f"{SELECTOR}._domainkey.fabrikam.example"})
        beating = asyncio.create_task(beat())
        began = time.perf_counter()
        verifier = Verifier(dns, deadline=0.5)
        every = await asyncio.gather(*(verifier.verify(signed(), envelope("a@fabrikam.example")) for _ in range(20)))
        spent = time.perf_counter() - began
        beating.cancel()
    assert {(one.result, one.detail) for one in every} == {("temperror", "the DNS took too long")}
    assert spent < 2
    assert ticks > 10


async def test_the_largest_mail_is_hashed_beside_the_loop() -> None:
    raw = signed() + b"a  b\t \r\n" * 2_000_000
    longest, last = 0.0, time.perf_counter()

    async def beat() -> None:
        nonlocal longest, last
        while True:
            last = time.perf_counter()
            await asyncio.sleep(0.005)
            longest = max(longest, time.perf_counter() - last)

    async with name_server() as (server, dns):
        publish(server, "fabrikam.example")
        beating = asyncio.create_task(beat())
        found = await Verifier(dns).verify(raw, envelope())
        beating.cancel()
    assert found.result == "none"
    assert longest < 0.5


async def test_behind_our_own_server_spf_is_about_the_host_it_took_the_mail_from() -> None:
    records = REJECT | {"fabrikam.example": "v=spf1 ip4:198.51.100.7 ip4:127.0.0.1 -all"}
    told = envelope("petr@fabrikam.example", peer="198.51.100.7", upstream=True)
    assert (await verified(letter(PETR), records, by=told)).result == "pass"
    told = envelope("petr@fabrikam.example", peer="192.0.2.66", upstream=True)
    assert (await verified(letter(PETR), records, by=told)).result == "fail"
    untold = envelope("petr@fabrikam.example", peer="127.0.0.1", upstream=True)
    found = await verified(letter(PETR), records, by=untold)
    assert (found.result, found.checks[0].result) == ("fail", "none")


async def test_without_name_servers_everybody_waits_and_nobody_fails() -> None:
    found = await Verifier(Resolver([("127.0.0.1", 9)], seconds=0.2)).verify(signed(), envelope("a@fabrikam.example"))
    assert found.result == "temperror"


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", b"From: \r\n\r\n", b"From: a@b.example, c@d.example\r\n\r\nx"])
async def test_without_one_plain_from_there_is_nothing_to_check(raw: bytes) -> None:
    found = await verified(raw)
    assert (found.domain, found.result) == ("", "none")


async def test_answers_are_kept_as_long_as_they_live() -> None:
    async with name_server() as (server, dns):
        publish(server, "fabrikam.example")
        verifier = Verifier(dns)
        for _ in range(3):
            assert (await verifier.verify(signed(), envelope())).result == "pass"
        assert server.asked[f"{SELECTOR}._domainkey.fabrikam.example"] == 1
