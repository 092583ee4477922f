"""The faults of the stock session that would hurt (security §7, A1 to A17), each shown to be absent from ours."""

import inspect
import logging
import resource
import ssl
import time
from pathlib import Path

import pytest
import trustme
import uvloop
from aiosmtpd.smtp import SMTP
from smtp_bench import TOKEN, Bench, Serve, start_bench

from mailbot.inbound import listener, smtp
from mailbot.inbound.smtp import Session

MIB = 2**20


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.parametrize("block", [b"x" * MIB, b"\r\n" * (MIB // 2)], ids=["endless line", "empty lines"])
async def test_a_memory_bomb_costs_neither_memory_nor_the_loop(serve: Serve, block: bytes) -> None:
    """A1, A2: 40 MiB against a limit of 48; stock keeps them as line objects and stalls for seconds."""
    bench = await serve(max_message_bytes=48 * MIB)
    peer, other = await bench.peer(), await bench.peer()
    await peer.begin()
    before, most, slowest = _resident_bytes(), 0, 0.0
    for _ in range(40):
        await peer.send(block)
        began = time.perf_counter()
        assert (await other.say("RSET")).startswith("250 ")
        slowest = max(slowest, time.perf_counter() - began)
        most = max(most, _resident_bytes())
    assert most - before < 12 * MIB
    assert slowest < 1
    await peer.close()


async def test_the_size_limit_holds_without_any_line_end(serve: Serve) -> None:
    """A1."""
    bench = await serve(max_message_bytes=MIB)
    peer = await bench.peer()
    await peer.begin()
    await peer.send(b"x" * (MIB + 1) + b"\r\n.\r\n")
    assert (await peer.reply()).startswith("552 5.3.4")
    assert (await peer.say("NOOP")).startswith("250 ")


async def test_long_lines_are_ordinary_content(serve: Serve) -> None:
    """A9: real mail has lines of any length; stock refuses above 1001."""
    bench = await serve(max_message_bytes=MIB)
    peer = await bench.peer()
    assert (await peer.mail(b"x" * 200_000 + b"\r\n")).startswith("250 ")


async def test_nothing_of_a_dialogue_reaches_the_library_log(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """A13: stock logs every recipient at INFO and every line at DEBUG."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    bench = await serve()
    bench.store.failures = [RuntimeError("canary")]
    peer = await bench.peer()
    await peer.mail(b"canary of the body\r\n")
    await peer.say("QUIT")
    assert [record for record in caplog.records if record.name == "mail.log"] == []
    assert TOKEN not in caplog.text
    assert "canary" not in caplog.text


def test_the_library_logger_is_quiet_as_soon_as_we_are_imported() -> None:
    """A13."""
    assert logging.getLogger("mail.log").getEffectiveLevel() >= logging.WARNING


def test_there_is_no_controller_and_no_proxy_protocol() -> None:
    """A14, A17: one loop, and nobody is believed who is not configured."""
    assert issubclass(Session, SMTP)
    for module in (smtp, listener):
        assert "Controller" not in inspect.getsource(module)
        assert "proxy_protocol" not in inspect.getsource(module)


async def test_sessions_share_no_state_through_the_class(bench: Bench) -> None:
    """A8: stock grows a class-level table on every EHLO."""
    peer = await bench.peer()
    for _ in range(5):
        await peer.say("EHLO peer.test")
    assert (await peer.say("NOOP " + "x" * 2043)).startswith("250 ")
    assert (await peer.say("NOOP " + "x" * 2044)).startswith("500 5.5.2")


def test_it_all_works_on_the_fast_loop_too(tmp_path: Path) -> None:
    """A dialogue, large messages, TLS, a wrong protocol and a goodbye on uvloop."""
    authority, context = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(context)
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    content = b"0123456789abcdef" * 160_000 + b"\r\n"

    async def play() -> None:
        bench = await start_bench(tmp_path / "spool", tls_cert=tmp_path / "both.pem", max_message_bytes=3 * MIB)
        peer = await bench.peer()
        assert (await peer.mail(content)).startswith("250 ")
        await peer.start_tls(context)
        await peer.say("EHLO peer.test")
        assert (await peer.mail(content)).startswith("250 ")
        assert (await peer.say("GET / HTTP/1.1")).startswith("421 4.7.0")
        idle = await bench.peer()
        assert await bench.listener.close(5) == 0
        assert (await idle.reply()).startswith("421 4.3.2")
        await bench.stop()
        assert (bench.store.contents, bench.faults) == ([content, content], [])

    uvloop.run(play())
