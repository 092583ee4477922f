"""Everything bad at once against the real listener, while a good mail gets in within five seconds (security items 15,
16, 39).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from smtp_bench import DOMAIN, TOKEN, Bench, Peer, start_bench

from mailbot.limits import Limits

GOOD_SECONDS = 5
EVIL = "127.0.0.{}"


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """A listener with the shipped limits, but for connections a minute: the whole storm takes seconds."""
    it = await start_bench(tmp_path / "spool", limits=Limits(new_connections_per_ip_minute=10_000))
    yield it
    await it.stop()


async def connect(bench: Bench, host: str) -> Peer:
    """A peer at another address of the loopback network, so that limits per address tell them apart."""
    peer = Peer(*await asyncio.open_connection(*bench.address, local_addr=(host, 0)))
    bench.peers.append(peer)
    return peer


async def idle(bench: Bench, host: str) -> None:
    with suppress(OSError, AssertionError, TimeoutError):
        await connect(bench, host)
        await asyncio.Event().wait()


async def noops(bench: Bench, host: str) -> None:
    with suppress(OSError, AssertionError, TimeoutError):
        peer = await (await connect(bench, host)).hello()
        while await peer.say("NOOP"):
            pass


async def trickle(bench: Bench, host: str) -> None:
    """DATA, a byte at a time."""
    with suppress(OSError, AssertionError, TimeoutError):
        peer = await (await connect(bench, host)).hello()
        await peer.begin()
        while not peer.writer.is_closing():
            await peer.send(b"x")
            await asyncio.sleep(0.1)


async def bomb(bench: Bench, host: str) -> None:
    """Mail after mail to one address, as large as may be."""
    with suppress(OSError, AssertionError, TimeoutError):
        peer = await (await connect(bench, host)).hello()
        while True:
            await peer.mail(b"Subject: bomb\r\n\r\n" + b"b" * 60_000 + b"\r\n")


async def recipients(bench: Bench, host: str) -> None:
    """Two thousand recipients at once, pipelined."""
    with suppress(OSError, AssertionError, TimeoutError):
        peer = await (await connect(bench, host)).hello()
        await peer.send(b"MAIL FROM:<a@b.example>\r\n" + f"RCPT TO:<{TOKEN}@{DOMAIN}>\r\n".encode() * 2000)
        while await peer.reply():
            pass


async def endless(bench: Bench, host: str) -> None:
    """A line without end, and bare line ends without count."""
    with suppress(OSError, AssertionError, TimeoutError):
        peer = await (await connect(bench, host)).hello()
        await peer.begin()
        while not peer.reader.at_eof() and not peer.writer.is_closing():
            await peer.send(b"\n\r\x00" * 20_000)
            await asyncio.sleep(0)


EVILS = (idle, noops, trickle, bomb, recipients, endless)


async def test_a_good_mail_is_accepted_within_five_seconds_whatever_else_goes_on(bench: Bench) -> None:
    tasks = [asyncio.create_task(evil(bench, EVIL.format(2 + n % 12))) for n in range(25) for evil in EVILS]
    try:
        await asyncio.sleep(0.5)
        assert bench.listener.session_count > 50
        loop = asyncio.get_running_loop()
        for _ in range(5):
            began = loop.time()
            async with asyncio.timeout(GOOD_SECONDS):
                good = await (await connect(bench, "127.0.0.200")).hello()
                assert (await good.mail(b"Subject: good\r\n\r\nyes\r\n", f"claims@{DOMAIN}")).startswith("250 ")
                await good.close()
            assert loop.time() - began < GOOD_SECONDS
        assert sum(content.startswith(b"Subject: good") for content in bench.store.contents) == 5
        assert bench.faults == []
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_of_two_thousand_recipients_a_hundred_are_taken_and_the_rest_asked_to_come_again(bench: Bench) -> None:
    peer = await bench.peer()
    await peer.send(b"MAIL FROM:<a@b.example>\r\n" + f"RCPT TO:<{TOKEN}@{DOMAIN}>\r\n".encode() * 2000)
    replies = []
    while reply := await peer.reply():
        replies.append(reply)
    codes = [reply[:3] for reply in replies]
    assert codes.count("250") <= 1 + Limits().recipients_per_message
    assert set(codes) <= {"250", "452", "421"}
    assert {refusal.reason for refusal in bench.refusals} == {"recipient_limit", "command_limit"}


async def test_a_bombed_address_is_closed_for_the_day_and_others_are_not(bench: Bench) -> None:
    peer = await bench.peer()
    replies = [await peer.mail() for _ in range(Limits().messages_per_handle_day)]
    assert all(reply.startswith("250 ") for reply in replies)
    await peer.say("MAIL FROM:<a@b.example>")
    assert (await peer.say(f"RCPT TO:<{TOKEN}@{DOMAIN}>"))[:3] in ("450", "451", "452")
    await peer.say("RSET")
    assert (await peer.mail(b"Subject: x\r\n\r\ny\r\n", f"claims@{DOMAIN}")).startswith("250 ")


@pytest.mark.parametrize(("share", "code"), [(1.4, "452"), (1.6, "250")])
async def test_a_disk_with_less_room_than_one_and_a_half_messages_says_452_at_mail(
    tmp_path: Path, share: float, code: str
) -> None:
    bench = await start_bench(tmp_path / "spool", free=lambda: int(share * 64 * 1024))
    peer = await bench.peer()
    assert (await peer.say("MAIL FROM:<a@b.example>"))[:3] == code
    await bench.stop()
