"""Nobody hides a second message inside the first (CVE-2023-51764 and its family, CVE-2024-27305)."""

import pytest
from smtp_bench import DOMAIN, TOKEN, Bench

HIDDEN = f"MAIL FROM:<evil@x.test>\r\nRCPT TO:<{TOKEN}@{DOMAIN}>\r\nDATA\r\nSubject: hidden\r\n\r\nboo\r\n".encode()

END_LIKE = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\n",
    b"\r\n.\r",
    b"\r\r\n.\r\r\n",
    b"\r\n.\r\r\n",
    b"\n\n.\r\n",
    b"\n.\r\r\n",
    b"\r\n\x00.\r\n",
    b"\r\n.\x00\r\n",
    b"\x00\n.\r\n",
    b"\n.\n\r\n",
    b"\r\n..\r\n",
    b"\r\n .\r\n",
    b"\r\n. \r\n",
    b"\n\r.\n\r",
    b"\x85.\x85",
    b"\xe2\x80\xa8.\xe2\x80\xa8",
]


@pytest.mark.parametrize("mark", END_LIKE, ids=ascii)
async def test_what_only_looks_like_the_end_is_content(bench: Bench, mark: bytes) -> None:
    peer = await bench.peer()
    content = b"Subject: first\r\n\r\nbody" + mark + HIDDEN
    assert (await peer.mail(content)).startswith("250 ")
    assert (await peer.say("NOOP")).startswith("250 ")
    assert len(bench.store.kept) == 1
    assert bench.store.contents[0] == content.replace(b"\r\n.", b"\r\n")


async def test_the_real_end_ends(bench: Bench) -> None:
    """What follows CR LF . CR LF is the peer's next command: it is not hidden, it is pipelined."""
    peer = await bench.peer()
    await peer.begin()
    await peer.send(b"one\r\n.\r\n" + HIDDEN + b".\r\n")
    codes = [(await peer.reply())[:3] for _ in range(5)]
    assert codes == ["250", "250", "250", "354", "250"]
    assert bench.store.contents == [b"one\r\n", b"Subject: hidden\r\n\r\nboo\r\n"]


async def test_a_refused_message_swallows_what_it_hides(bench: Bench) -> None:
    peer = await bench.peer()
    await peer.begin()
    await peer.send(b"x" * 70_000 + b"\n.\r\n" + HIDDEN + b".\r\n")
    assert (await peer.reply()).startswith("552 5.3.4")
    assert (await peer.say("NOOP")).startswith("250 ")
    assert bench.store.kept == []
