"""Every limit at n and at n + 1, with small numbers and an injected clock."""

import asyncio
from datetime import date

import pytest
from smtp_bench import DOMAIN, TOKEN, TOKENS, Serve, until

from mailbot.limits import Limits


async def test_a_message_may_have_the_announced_size_and_not_a_byte_more(serve: Serve) -> None:
    bench = await serve(max_message_bytes=100)
    peer = await bench.peer()
    assert (await peer.mail(b"x" * 98 + b"\r\n")).startswith("250 ")
    assert await peer.mail(b"x" * 99 + b"\r\n") == "552 5.3.4 message larger than SIZE [too_large]"
    assert (await peer.mail(b"x" * 98 + b"\r\n")).startswith("250 ")
    assert bench.refusals[0].reason == "too_large"
    assert bench.refusals[0].stage == "DATA"


async def test_dots_added_for_transport_do_not_count(serve: Serve) -> None:
    bench = await serve(max_message_bytes=6)
    peer = await bench.peer()
    assert (await peer.mail(b"..\r\n..\r\n")).startswith("250 ")
    assert bench.store.contents == [b".\r\n.\r\n"]


async def test_who_sends_twice_the_size_is_hung_up_on(serve: Serve) -> None:
    bench = await serve(max_message_bytes=100)
    peer = await bench.peer()
    await peer.begin()
    await peer.send(b"x" * 205)
    assert (await peer.reply()).startswith("552 5.3.4 message far larger")
    assert await peer.reply() == ""


async def test_connections_of_one_peer_are_limited(serve: Serve) -> None:
    bench = await serve(limits=Limits(connections_per_ip=2))
    first, _second = await bench.peer(), await bench.peer()
    assert (await (await bench.connect()).reply()).startswith("421 4.7.0 too many connections from there")
    await first.close()
    await until(lambda: bench.listener.session_count == 1)
    await bench.peer()
    assert [(refusal.stage, refusal.reason) for refusal in bench.refusals] == [("connect", "full_for_peer")]


async def test_new_connections_of_one_peer_are_limited_each_minute(serve: Serve) -> None:
    bench = await serve(limits=Limits(new_connections_per_ip_minute=2))
    for _ in range(2):
        await (await bench.peer()).close()
    for _ in range(3):
        assert (await (await bench.connect()).reply()).startswith("421 4.7.0 too many new connections")
    assert [refusal.reason for refusal in bench.refusals] == ["too_fast"]
    bench.clock.advance(minutes=1)
    await bench.peer()


async def test_all_connections_are_limited_upstream_included(serve: Serve) -> None:
    bench = await serve(limits=Limits(connections=2, connections_per_ip=1), upstream=["127.0.0.1"])
    await bench.peer()
    await bench.peer()
    assert (await (await bench.connect()).reply()).startswith("421 4.3.2 too many connections, ")


async def test_a_newcomer_takes_the_place_of_the_longest_idle_session(serve: Serve) -> None:
    bench = await serve(limits=Limits(connections=2, idle_evicted_seconds=1e-9))
    idle, active = await bench.peer(), await bench.peer()
    await active.begin()
    newcomer = await bench.peer()
    assert await idle.reply() == "421 4.3.2 idle while others wait, goodbye [idle_while_full]"
    assert (await newcomer.mail()).startswith("250 ")


async def test_mail_gets_through_while_idle_sockets_storm(serve: Serve) -> None:
    """Two thousand sockets that say nothing, sixty places: whoever has something to say is heard."""
    bench = await serve(limits=Limits(connections=60, idle_evicted_seconds=1e-9), upstream=["127.0.0.1"])
    loop = asyncio.get_running_loop()
    for _wave in range(20):
        for _ in range(100):
            await bench.connect()
        before = loop.time()
        peer = await bench.peer()
        assert (await peer.mail()).startswith("250 ")
        assert loop.time() - before < 5
        assert bench.listener.session_count <= 61
        for socket in bench.peers:
            socket.writer.transport.abort()
        bench.peers.clear()
    assert len(bench.store.kept) == 20


async def test_under_overload_idle_sessions_and_errors_end_sooner(serve: Serve) -> None:
    limits = Limits(connections=4, overload_percent=50, overload_idle_seconds=0.1, overload_errors=1)
    bench = await serve(limits=limits)
    calm, other = await bench.peer(), await bench.peer()
    for _ in range(3):
        assert (await calm.say("DATA")).startswith("503 ")
    third = await bench.peer()
    assert (await calm.say("DATA")).startswith("421 4.7.0 too many errors")
    del third
    await until(lambda: bench.listener.session_count == 2)
    assert (await other.say("NOOP")).startswith("250 ")


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(idle_seconds=0.1), "421 4.4.2 idle"),
        (Limits(session_seconds=0.1), "421 4.4.2 session too long"),
    ],
)
async def test_a_silent_session_ends_with_a_word(serve: Serve, limits: Limits, words: str) -> None:
    bench = await serve(limits=limits)
    peer = await bench.peer()
    assert (await peer.reply()).startswith(words)
    assert await peer.reply() == ""
    assert bench.refusals == []


async def test_noop_does_not_prolong_a_session(serve: Serve) -> None:
    bench = await serve(limits=Limits(session_seconds=0.2, commands=10**9))
    peer = await bench.peer()
    replies = set()
    while reply := await peer.say("NOOP"):
        replies.add(reply)
    assert replies <= {"250 2.0.0 ok", "421 4.4.2 session too long, goodbye [session_over]"}
    assert len(replies) == 2


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(data_block_seconds=0.1), "421 4.4.2 message came too slowly"),
        (Limits(data_seconds=0.1), "421 4.4.2 message came too slowly"),
        (Limits(data_rate_grace_seconds=0.1), "421 4.4.2 message came too slowly"),
        (Limits(session_with_data_seconds=0.1), "421 4.4.2 session too long"),
    ],
)
async def test_a_message_that_does_not_come_ends_the_session(serve: Serve, limits: Limits, words: str) -> None:
    bench = await serve(limits=limits)
    peer = await bench.peer()
    await peer.begin()
    await peer.send(b"begun")
    assert (await peer.reply()).startswith(words)
    assert await peer.reply() == ""
    assert [(refusal.stage, refusal.mail_from) for refusal in bench.refusals] == [("time", "petr@fabrikam.example")]
    assert bench.store.kept == []


async def test_one_signed_address_takes_so_many_messages_a_day(serve: Serve) -> None:
    bench = await serve(limits=Limits(messages_per_handle_day=2))
    other = TOKENS.address("r", 1234, date(2030, 1, 1))
    peer = await bench.peer()
    for _ in range(2):
        assert (await peer.mail()).startswith("250 ")
    await peer.say("MAIL FROM:<a@b.test>")
    assert await peer.say(f"RCPT TO:<{TOKEN}@{DOMAIN}>") == (
        "452 4.7.1 too many messages for this address today [flood_address]"
    )
    assert (await peer.say(f"RCPT TO:<{other}@{DOMAIN}>")).startswith("250 ")
    await peer.say("RSET")
    bench.clock.advance(days=1)
    assert (await peer.mail()).startswith("250 ")


async def test_one_signed_address_takes_so_many_bytes_a_day(serve: Serve) -> None:
    bench = await serve(limits=Limits(bytes_per_handle_day=10))
    peer = await bench.peer()
    assert (await peer.mail(b"1234567\r\n")).startswith("250 ")
    assert (await peer.mail(b"1234567\r\n")).startswith("250 ")
    await peer.say("MAIL FROM:<a@b.test>")
    assert (await peer.say(f"RCPT TO:<{TOKEN}@{DOMAIN}>")).startswith("452 4.7.1")


async def test_messages_of_one_peer_and_of_one_domain_are_limited_each_minute(serve: Serve) -> None:
    bench = await serve(limits=Limits(messages_per_ip_minute=3, messages_per_domain_minute=2))
    peer = await bench.peer()
    for _ in range(2):
        assert (await peer.mail(sender="a@busy.test")).startswith("250 ")
    assert (await peer.say("MAIL FROM:<b@BUSY.test>")).startswith("451 4.7.1")
    assert (await peer.say("MAIL FROM:<>")).startswith("451 4.7.1")
    bench.clock.advance(minutes=1)
    assert (await peer.mail(sender="")).startswith("250 ")
    assert {refusal.reason for refusal in bench.refusals} == {"flood_source"}


async def test_upstream_peers_are_spared_the_limits_per_peer(serve: Serve) -> None:
    limits = Limits(messages_per_ip_minute=1, connections_per_ip=1, new_connections_per_ip_minute=1)
    bench = await serve(limits=limits, upstream=["127.0.0.1"])
    for _ in range(3):
        peer = await bench.peer()
        assert (await peer.mail()).startswith("250 ")
        assert (await peer.mail()).startswith("250 ")


async def test_bytes_in_flight_are_limited_over_all_sessions(serve: Serve) -> None:
    bench = await serve(limits=Limits(bytes_in_flight=1000))
    first, second = await bench.peer(), await bench.peer()
    await first.begin()
    await first.send(b"x" * 900)
    assert (await second.mail(b"y" * 98 + b"\r\n")).startswith("250 ")
    assert await second.mail(b"y" * 99 + b"\r\n") == "452 4.3.1 too much mail in hand at the moment [busy]"
    await first.send(b"x" * 100)
    await second.say("MAIL FROM:<a@b.test>")
    await second.say(f"RCPT TO:<{TOKEN}@{DOMAIN}>")
    assert (await second.say("DATA")).startswith("452 4.3.1")
    await first.close()
    await until(lambda: bench.listener.session_count == 1)
    assert (await second.say("DATA")).startswith("354 ")


async def test_a_line_without_end_costs_one_block_of_memory(serve: Serve) -> None:
    bench = await serve()
    peer = await bench.connect()
    await peer.reply()
    await peer.send(b"N" * 200_000)
    assert await peer.reply() == "500 5.5.2 line too long, goodbye"
    assert await peer.reply() == ""


async def test_a_peer_that_never_reads_is_cut_off_and_costs_nothing_more(serve: Serve) -> None:
    bench = await serve(limits=Limits(idle_seconds=0.1, commands=10**9, errors=10**9))
    peer = await bench.connect()
    peer.writer.transport.pause_reading()
    peer.writer.write(b"HELP\r\n" * 400_000)
    async with asyncio.timeout(10):
        await bench.listener.close(0.3)
    assert bench.listener.session_count == 0
