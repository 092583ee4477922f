"""Thirty classic ways to ask for a relay, and not one of them works (security §4.2 item 17)."""

import pytest
from smtp_bench import DOMAIN, FORGED, TOKEN, Bench, Serve

FORMS = [
    "victim@far.test",
    "victim%far.test@mail.example",
    "victim%far.test@",
    "victim%far.test",
    '"victim@far.test"@mail.example',
    '"victim%far.test"@mail.example',
    '"victim@far.test"',
    "far.test!victim@mail.example",
    "far.test!victim",
    "mail.example!far.test!victim",
    "@mail.example:victim@far.test",
    "@mail.example,@far.test:victim@far.test",
    "victim@far.test@mail.example",
    "victim@mail.example@far.test",
    "victim@[127.0.0.1]",
    "victim@[IPv6:::1]",
    "claims@[127.0.0.1]",
    "victim@localhost",
    "victim@127.0.0.1",
    "victim@mail.example.far.test",
    "victim@far.test.mail.example",
    "victim@xmail.example",
    "victim@mail.example.",
    f"{TOKEN}%far.test@mail.example",
    f"far.test!{TOKEN}@mail.example",
    f"{TOKEN}@far.test",
    f"{TOKEN}@mail.example@far.test",
    f"SRS0=AbCd=XY=far.test=victim@{DOMAIN}",
    "victim\\@far.test@mail.example",
    "victim@far.test,claims@mail.example",
    f"{FORGED}@{DOMAIN}",
    "victim@m\xe4il.example",
    "victim@mail.example>,<claims@mail.example",
    "postmaster@far.test",
    "abuse@far.test",
]


@pytest.mark.parametrize("form", FORMS)
async def test_the_form_is_refused_for_good_and_noted(bench: Bench, form: str) -> None:
    peer = await bench.peer()
    await peer.say("MAIL FROM:<spammer@x.test>")
    reply = await peer.say(b"RCPT TO:<" + form.encode("latin-1") + b">")
    assert reply[:9] in ("550 5.1.1", "550 5.7.1", "501 5.1.3", "501 5.5.4")
    assert (await peer.say("DATA")).startswith("503 ")
    assert bench.store.kept == []
    assert bench.refusals[0].stage == "RCPT"
    assert bench.refusals[0].mail_from == "spammer@x.test"
    assert bench.refusals[0].reply == reply


def test_thirty_forms_at_least() -> None:
    assert len(set(FORMS)) >= 30


async def test_upstream_peers_may_not_relay_either(serve: Serve) -> None:
    bench = await serve(upstream=["127.0.0.1"])
    peer = await bench.peer()
    await peer.say("MAIL FROM:<spammer@x.test>")
    assert (await peer.say("RCPT TO:<victim@far.test>")).startswith("550 5.7.1")


async def test_unknown_and_forged_addresses_hear_the_same_words(serve: Serve) -> None:
    bench = await serve(upstream=["127.0.0.1"])
    peer = await bench.peer()
    await peer.say("MAIL FROM:<spammer@x.test>")
    guesses = [FORGED, "nobody", "claimsx", "r" + "a" * 32, "x" * 33, '"quoted name"', FORGED.upper(), f"a+{FORGED}"]
    assert {await peer.say(f"RCPT TO:<{guess}@{DOMAIN}>") for guess in guesses} == {
        "550 5.1.1 no such mailbox here [unknown_address]"
    }
