"""The bytes of a message: exactly what was sent arrives, however the blocks fall."""

import asyncio
import random
import smtplib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smtp_bench import DOMAIN, TOKEN, Bench, Serve

from mailbot.inbound.datareader import DotReader
from mailbot.limits import Limits

PIECES = [
    b".",
    b"..",
    b"\r\n",
    b"\r",
    b"\n",
    b"\r\n.",
    b"\r\n..",
    b"a",
    b"\x00",
    b"\xff",
    b".\r\r\n",
    b"\n.\n",
    b"\r\n.x",
]
awkward = st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join)


def stuffed(content: bytes) -> bytes:
    """`content` as a client sends it: ends with CRLF, leading dots doubled (RFC 5321 §4.5.2), then the end mark."""
    lines = content.split(b"\r\n")
    if lines[-1] == b"":
        lines.pop()
    return b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines) + b".\r\n"


def as_received(content: bytes) -> bytes:
    return content if content.endswith(b"\r\n") or not content else content + b"\r\n"


@given(awkward, st.lists(st.integers(1, 5), min_size=1), awkward)
def test_any_content_in_any_blocks_is_read_back(content: bytes, sizes: list[int], after: bytes) -> None:
    wire, reader, got, turn = stuffed(content) + after, DotReader(), b"", 0
    while not reader.ended:
        size = sizes[turn % len(sizes)]
        block, wire = wire[:size], wire[size:]
        got += reader.feed(block)
        turn += 1
    assert got == as_received(content)
    assert reader.rest + wire == after


@given(st.binary(max_size=300))
def test_one_block_and_single_bytes_agree(wire: bytes) -> None:
    whole, single = DotReader(), DotReader()
    at_once = whole.feed(wire)
    bit_by_bit = b""
    for index in range(len(wire)):
        if single.ended:
            break
        bit_by_bit += single.feed(wire[index : index + 1])
    assert (at_once, whole.ended) == (bit_by_bit, single.ended)


def test_the_reader_holds_back_four_bytes_at_most() -> None:
    reader = DotReader()
    assert reader.feed(b"abc\r\n.\r") == b"abc"
    assert reader.feed(b"x") == b"\r\n\rx"


async def test_two_hundred_messages_arrive_byte_for_byte(serve: Serve) -> None:
    """Dot-stuffed lines, bare line ends, 8-bit, NUL, long lines, none at all; small ones and ones on disk."""
    bench = await serve(limits=Limits(memory_bytes=4000, messages_per_handle_day=1000, messages_per_ip_minute=1000))
    rng = random.Random(20260301)
    contents = [_content(rng) for _ in range(200)]
    peer = await bench.peer()
    for number, content in enumerate(contents, 1):
        if number % 90 == 0:
            peer = await bench.peer()
        assert (await peer.begin()).startswith("354 ")
        await _send_in_pieces(peer.send, stuffed(content), rng)
        assert await peer.reply() == f"250 2.0.0 stored as m{number}"
    assert bench.store.contents == [as_received(content) for content in contents]
    assert [kept.size for kept in bench.store.kept] == [len(content) for content in bench.store.contents]


async def test_smtplib_and_we_agree(bench: Bench) -> None:
    contents = [b".\r\n", b"..\r\n.\r\n", b"Subject: x\r\n\r\n.hidden\r\nline\r\n", b"no end", b"\r\n\r\n"]

    def send() -> None:
        with smtplib.SMTP(*bench.address) as client:
            for content in contents:
                assert client.sendmail("a@b.test", [f"{TOKEN}@{DOMAIN}"], content) == {}

    await asyncio.to_thread(send)
    assert bench.store.contents == [as_received(content) for content in contents]


@pytest.mark.parametrize("size", [4000, 4001, 70_000])
async def test_what_is_too_large_for_memory_goes_through_a_file_that_does_not_stay(
    serve: Serve, tmp_path: Path, size: int
) -> None:
    bench = await serve(limits=Limits(memory_bytes=4000), max_message_bytes=100_000)
    content = (b"x" * 98 + b"\r\n") * (size // 100) + b"y" * (size % 100 - 2 if size % 100 else 0)
    content = content[: size - 2] + b"\r\n"
    peer = await bench.peer()
    assert (await peer.mail(content)).startswith("250 ")
    kept = bench.store.kept[0]
    assert isinstance(kept.raw, bytes) == (size <= 4000)
    assert bench.store.contents == [content]
    assert list((tmp_path / "spool").iterdir()) == []


def _content(rng: random.Random) -> bytes:
    kind = rng.randrange(5)
    if kind == 0:
        return b"".join(rng.choices(PIECES, k=rng.randrange(200)))
    if kind == 1:
        return rng.randbytes(rng.randrange(9000))
    if kind == 2:
        return b".\r\n" * rng.randrange(3000)
    if kind == 3:
        return b"x" * rng.randrange(60_000)
    return b"Subject: answer\r\n\r\n" + b"".join(
        b"." * rng.randrange(3) + b"words\r\n" for _ in range(rng.randrange(50))
    )


async def _send_in_pieces(send, wire: bytes, rng: random.Random) -> None:  # type: ignore[no-untyped-def]
    while wire:
        size = rng.choice((1, 2, 3, 5, 1000, 70_000)) if len(wire) < 2000 else rng.choice((1000, 70_000))
        await send(wire[:size])
        wire = wire[size:]
