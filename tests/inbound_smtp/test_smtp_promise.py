"""250 means stored, and nothing but 250 does."""

import asyncio
from pathlib import Path

import pytest
from smtp_bench import DOMAIN, EXPIRED, LONG_AGO, RETIRED, TOKEN, Bench, Serve, until

from mailbot.inbound.envelope import StorageFull
from mailbot.limits import Limits


async def test_the_store_gets_the_envelope_the_bytes_and_the_instant(bench: Bench) -> None:
    peer = await bench.peer()
    content = b"From: x\r\n\r\nnein\r\n"
    await peer.mail(
        content, f"Note+{TOKEN.upper()}@{DOMAIN}", f"{EXPIRED}@{DOMAIN}", f"{RETIRED}@{DOMAIN}", "Postmaster"
    )
    (kept,) = bench.store.kept
    assert (kept.mail_from, kept.peer, kept.helo) == ("petr@fabrikam.example", "127.0.0.1", "peer.test")
    assert (kept.received_at, kept.size, kept.raw) == (LONG_AGO, len(content), content)
    assert (kept.tls, kept.upstream) == (False, False)
    assert len(kept.sha256) == 64
    note, expired, retired, postmaster = kept.recipients
    assert note.local_part == f"Note+{TOKEN.upper()}"
    assert note.address == f"Note+{TOKEN.upper()}@{DOMAIN}"
    assert note.token is not None
    assert (note.role, note.token.handle, note.token.expired(LONG_AGO.date())) == ("token", 77, False)
    assert expired.token is not None
    assert expired.token.expired(LONG_AGO.date())
    assert retired.token is not None
    assert retired.token.retired
    assert (postmaster.role, postmaster.address, postmaster.token) == ("postmaster", f"Postmaster@{DOMAIN}", None)


async def test_the_null_sender_is_the_empty_text(bench: Bench) -> None:
    peer = await bench.peer()
    await peer.mail(sender="")
    assert bench.store.kept[0].mail_from == ""


async def test_an_upstream_speaks_for_the_client_behind_it_one_message_long(serve: Serve) -> None:
    bench = await serve(upstream=["127.0.0.0/8", "::1"])
    peer = await bench.peer()
    for command in ("XFORWARD NAME=far ADDR=IPV6:2001:DB8::9", "XFORWARD HELO=far+2Etest PROTO=SMTP"):
        assert (await peer.say(command)).startswith("250 ")
    await peer.mail()
    await peer.mail()
    assert [(kept.peer, kept.helo, kept.upstream) for kept in bench.store.kept] == [
        ("2001:db8::9", "far.test", True),
        ("127.0.0.1", "peer.test", True),
    ]


async def test_nothing_is_said_before_the_store_has_ended(bench: Bench) -> None:
    bench.store.hold = asyncio.Event()
    peer = await bench.peer()
    await peer.begin()
    await peer.send(b"x\r\n.\r\n")
    await bench.store.begun.wait()
    reading = asyncio.ensure_future(peer.reply())
    await asyncio.sleep(0)
    assert not reading.done()
    bench.store.hold.set()
    assert await reading == "250 2.0.0 stored as m1"


@pytest.mark.parametrize("leave", ["close", "half-close", "reset"])
async def test_a_peer_that_leaves_while_we_store_stops_nothing(bench: Bench, leave: str) -> None:
    bench.store.hold = asyncio.Event()
    peer = await bench.peer()
    await peer.begin()
    await peer.send(b"stay\r\n.\r\n")
    await bench.store.begun.wait()
    if leave == "half-close":
        peer.writer.write_eof()
    elif leave == "reset":
        peer.reset()
        await until(lambda: bench.listener.session_count == 0)
    else:
        await peer.close()
    bench.store.hold.set()
    await asyncio.wait_for(bench.store.done.wait(), 5)
    assert bench.store.contents == [b"stay\r\n"]
    if leave == "half-close":
        assert await peer.reply() == "250 2.0.0 stored as m1"
    await until(lambda: bench.listener.session_count == 0)


async def test_a_peer_that_leaves_before_the_final_dot_leaves_nothing(serve: Serve, tmp_path: Path) -> None:
    bench = await serve(limits=Limits(memory_bytes=10))
    peer = await bench.peer()
    await peer.begin()
    await peer.send(b"begun and on disk\r\n")
    await until(lambda: any((tmp_path / "spool").iterdir()))
    peer.writer.close()
    await until(lambda: not any((tmp_path / "spool").iterdir()))
    assert bench.store.kept == []
    assert bench.faults == []


@pytest.mark.parametrize(
    ("failure", "reply", "faults"),
    [
        (RuntimeError("db path /srv/secret"), "451 4.3.0", 1),
        (ConnectionResetError("database went away"), "451 4.3.0", 1),
        (TimeoutError(), "451 4.3.0", 1),
        (StorageFull(), "452 4.3.1", 0),
    ],
)
async def test_a_failing_store_is_our_fault_and_the_next_mail_works(
    bench: Bench, failure: Exception, reply: str, faults: int
) -> None:
    bench.store.failures = [failure]
    peer = await bench.peer()
    answer = await peer.mail()
    assert answer.startswith(reply)
    assert "secret" not in answer
    assert len(bench.faults) == faults
    assert [(refusal.stage, refusal.mail_from) for refusal in bench.refusals] == [("DATA", "petr@fabrikam.example")]
    assert await peer.mail() == "250 2.0.0 stored as m1"


async def test_a_store_that_takes_too_long_answers_451_and_still_stores(serve: Serve) -> None:
    bench = await serve(limits=Limits(store_seconds=0.05))
    bench.store.hold = asyncio.Event()
    peer = await bench.peer()
    assert (await peer.mail()).startswith("451 4.3.0")
    bench.store.hold.set()
    await asyncio.wait_for(bench.store.done.wait(), 5)
    assert len(bench.store.kept) == 1


async def test_a_fault_in_a_decision_is_451_and_the_session_goes_on(serve: Serve) -> None:
    answers = iter([OSError("statvfs: /srv/secret"), RuntimeError("secret")])

    def free() -> int:
        failure = next(answers, None)
        if failure is not None:
            raise failure
        return 10**12

    bench = await serve(free=free)
    peer = await bench.peer()
    for _ in range(2):
        assert await peer.say("MAIL FROM:<a@b.test>") == "451 4.3.0 a fault on our side, try again later [our_fault]"
    assert len(bench.faults) == 2
    assert (await peer.mail()).startswith("250 ")


async def test_a_fault_between_354_and_the_promise_ends_the_session_with_451(serve: Serve) -> None:
    bench = await serve(limits=Limits(bytes_in_flight=10))
    for _ in range(3):
        peer = await bench.peer()
        await peer.begin()
        bench.clock.failures = [RuntimeError("secret")]
        await peer.send(b"1234567\r\n.\r\n")
        assert await peer.reply() == "451 4.3.0 a fault on our side, try again later [our_fault]"
        assert await peer.reply() == ""
    assert len(bench.faults) == 3
    assert (await (await bench.peer()).mail(b"1234567\r\n")).startswith("250 ")


async def test_a_spool_that_cannot_be_written_is_temporary(serve: Serve, tmp_path: Path) -> None:
    bench = await serve(limits=Limits(memory_bytes=10))
    peer = await bench.peer()
    (tmp_path / "spool").rmdir()
    assert (await peer.mail()).startswith("451 4.3.0")
    (tmp_path / "spool").mkdir()
    assert (await peer.mail()).startswith("250 ")


async def test_a_disk_near_its_end_refuses_at_mail(serve: Serve) -> None:
    room = [64 * 1024 * 3 // 2 - 1, 64 * 1024 * 3 // 2]
    bench = await serve(free=lambda: room.pop(0))
    peer = await bench.peer()
    assert (await peer.say("MAIL FROM:<a@b.test>")).startswith("452 4.3.1")
    assert (await peer.say("MAIL FROM:<a@b.test>")).startswith("250 ")


async def test_closing_tells_the_idle_and_waits_for_those_at_work(bench: Bench) -> None:
    address = bench.address
    idle, busy, sending = await bench.peer(), await bench.peer(), await bench.peer()
    await busy.begin()
    bench.store.hold = asyncio.Event()
    await busy.send(b"x\r\n.\r\n")
    await bench.store.begun.wait()
    await sending.begin()
    closing = asyncio.ensure_future(bench.listener.close(5))
    assert await idle.reply() == "421 4.3.2 service is stopping, come back soon [shutting_down]"
    assert await idle.reply() == ""
    bench.store.hold.set()
    assert (await busy.reply()).startswith("250 ")
    assert (await busy.reply()).startswith("421 4.3.2")
    await sending.send(b"y\r\n.\r\n")
    assert (await sending.reply()).startswith("250 ")
    assert (await sending.reply()).startswith("421 4.3.2")
    assert await closing == 0
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*address)


async def test_closing_cuts_off_who_does_not_finish_in_time(bench: Bench) -> None:
    peer = await bench.peer()
    await peer.begin()
    await peer.send(b"never ends")
    assert await bench.listener.close(0.05) == 0
    assert await peer.reply() == ""


async def test_closing_says_how_many_were_not_stored(bench: Bench) -> None:
    bench.store.hold = asyncio.Event()
    peer = await bench.peer()
    await peer.begin()
    await peer.send(b"x\r\n.\r\n")
    await bench.store.begun.wait()
    assert await bench.listener.close(0.05) == 1
    bench.store.hold.set()
    await bench.store.done.wait()
