"""What happens to a mail at the relay, told by a real SMTP server that fails where it is told to."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trustme
from fake_smarthost import DROP, HANG, FakeSmarthost, serving

from mailbot.endpoints import Relay
from mailbot.outbound.smarthost import SmarthostTransport, Timeouts
from mailbot.outbound.transport import Message, PermanentFailure, TemporaryFailure

SHORT = Timeouts(connect=1, command=0.3, start=0.3, block=0.3, final=0.3)
MAIL = Message("b1@mail.example", "jana@customer.example", b"Subject: x\r\n\r\nHello.\r\n.\r\n..dots\r\n")


def transport(relay: Relay, **more: object) -> SmarthostTransport:
    return SmarthostTransport(relay, helo="mail.example", timeouts=SHORT, **more)  # type: ignore[arg-type]


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def server_tls(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def client_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_a_mail_arrives_as_it_was_written() -> None:
    async with serving(FakeSmarthost()) as host:
        out = transport(host.relay())
        sent = await out.send(MAIL)
        await out.close()
    assert [(t.mail_from, t.rcpt, t.raw) for t in host.taken] == [(MAIL.mail_from, MAIL.rcpt, MAIL.raw)]
    assert sent.response == "250 2.0.0 queued as 1"
    assert not sent.dsn


async def test_bare_line_ends_never_reach_the_wire() -> None:
    async with serving(FakeSmarthost()) as host:
        out = transport(host.relay())
        await out.send(Message("", "a@b.example", b"A: b\n\nx\r.\r\ny\n.\nz"))
        await out.close()
    assert host.taken[0].raw == b"A: b\r\n\r\nx\r\n.\r\ny\r\n.\r\nz\r\n"


async def test_the_connection_is_kept_for_the_next_mail_and_given_up_after_enough() -> None:
    async with serving(FakeSmarthost()) as host:
        out = transport(host.relay(), mails_per_connection=3)
        for _ in range(4):
            await out.send(MAIL)
        await out.close()
    assert (len(host.taken), host.connections) == (4, 2)


@pytest.mark.parametrize("how", ["closed", "421 4.4.2 idle too long", DROP, HANG])
async def test_a_kept_connection_that_the_relay_gave_up_costs_no_attempt(how: str) -> None:
    async with serving(FakeSmarthost()) as host:
        out = transport(host.relay())
        await out.send(MAIL)
        if how == "closed":
            host.hang_up()
        else:
            host.answers["mail"] = [how]
        await out.send(MAIL)
        await out.close()
    assert (len(host.taken), host.connections) == (2, 2)


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
async def test_a_4xx_answer_is_temporary_and_names_its_stage(stage: str) -> None:
    async with serving(FakeSmarthost(always={stage: "451 4.3.0 later"})) as host:
        with pytest.raises(TemporaryFailure) as caught:
            await transport(host.relay()).send(MAIL)
    failure = caught.value
    assert (failure.stage, failure.code, failure.text, failure.maybe_sent) == (stage, 451, "4.3.0 later", False)
    assert not host.taken


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
async def test_a_5xx_answer_is_permanent_and_names_its_stage(stage: str) -> None:
    async with serving(FakeSmarthost(always={stage: "550 5.1.1 unknown"})) as host:
        with pytest.raises(PermanentFailure) as caught:
            await transport(host.relay()).send(MAIL)
    assert (caught.value.stage, caught.value.code, caught.value.text) == (stage, 550, "5.1.1 unknown")


@pytest.mark.parametrize("trouble", [HANG, DROP])
@pytest.mark.parametrize("stage", ["mail", "rcpt"])
async def test_silence_before_the_content_is_safe_to_repeat(stage: str, trouble: str) -> None:
    async with serving(FakeSmarthost(answers={stage: [trouble]})) as host:
        out = transport(host.relay())
        with pytest.raises(TemporaryFailure) as caught:
            await out.send(MAIL)
        assert (caught.value.stage, caught.value.maybe_sent) == (stage, False)
        await out.send(MAIL)
        await out.close()
    assert len(host.taken) == 1


@pytest.mark.parametrize("trouble", [HANG, DROP])
async def test_silence_after_the_final_dot_is_maybe_sent_and_the_same_bytes_go_again(trouble: str) -> None:
    async with serving(FakeSmarthost(answers={"data": [trouble]})) as host:
        out = transport(host.relay())
        with pytest.raises(TemporaryFailure) as caught:
            await out.send(MAIL)
        assert (caught.value.stage, caught.value.maybe_sent) == ("data", True)
        await out.send(MAIL)
        await out.close()
    assert [t.raw for t in host.taken] == [MAIL.raw, MAIL.raw]


@pytest.mark.parametrize(
    ("until", "answer"),
    [("DATA", None), ("DATA", "451 4.3.0 not now"), ("content", None)],
    ids=["silent after DATA", "refuses DATA", "stops reading"],
)
async def test_before_the_final_dot_is_on_its_way_a_failure_is_safe_to_repeat(until: str, answer: str | None) -> None:
    large = Message(MAIL.mail_from, MAIL.rcpt, b"Subject: x\r\n\r\n" + b"y" * 70 + b"\r\n" * 8_000_000)
    async with stopping_at(until, answer) as relay:
        with pytest.raises(TemporaryFailure) as caught:
            await transport(relay).send(large)
    assert (caught.value.stage, caught.value.maybe_sent) == ("data", False)


@asynccontextmanager
async def stopping_at(until: str, answer: str | None) -> AsyncIterator[Relay]:
    """A relay that goes along as far as `until`, and from there reads nothing more."""
    over = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 relay.example\r\n")
        while (line := await reader.readline()) and line.strip() != b"DATA":
            writer.write(b"250 go on\r\n")
        if until == "content":
            writer.write(b"354 go on\r\n")
        elif answer:
            writer.write(answer.encode() + b"\r\n")
        await over.wait()
        writer.transport.abort()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, limit=4096)
    try:
        yield Relay("127.0.0.1", server.sockets[0].getsockname()[1], "", False)
    finally:
        over.set()
        server.close()
        await server.wait_closed()


async def test_a_relay_that_is_not_there_is_temporary() -> None:
    async with serving(FakeSmarthost()) as host:
        relay = host.relay()
    with pytest.raises(TemporaryFailure) as caught:
        await transport(relay).send(MAIL)
    assert caught.value.stage == "connect"


@pytest.mark.parametrize("answer", ["554 5.7.1 go away", HANG, DROP])
async def test_a_relay_that_refuses_to_talk_says_nothing_about_the_mail(answer: str) -> None:
    async with serving(FakeSmarthost(always={"connect": answer})) as host:
        with pytest.raises(TemporaryFailure) as caught:
            await transport(host.relay()).send(MAIL)
    assert caught.value.stage == "connect"


async def test_a_cancelled_send_leaves_no_half_spoken_connection_behind() -> None:
    async with serving(FakeSmarthost(answers={"data": [None, HANG]})) as host:
        out = transport(host.relay())
        await out.send(MAIL)
        sending = asyncio.create_task(out.send(MAIL))
        await host.hanging.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await out.send(MAIL)
        await out.close()
    assert {t.raw for t in host.taken} == {MAIL.raw}
    assert host.connections == 2


async def test_tls_is_demanded_and_used(authority: trustme.CA) -> None:
    async with serving(FakeSmarthost(tls=server_tls(authority), password="secret")) as host:
        out = transport(host.relay(user="bot"), tls=client_tls(authority), password=lambda: "secret")
        await out.send(MAIL)
        await out.close()
    assert [(t.over_tls, t.login) for t in host.taken] == [(True, True)]


async def test_a_wrong_password_is_temporary_at_auth(authority: trustme.CA) -> None:
    async with serving(FakeSmarthost(tls=server_tls(authority), password="secret")) as host:
        out = transport(host.relay(user="bot"), tls=client_tls(authority), password=lambda: "wrong")
        with pytest.raises(TemporaryFailure) as caught:
            await out.send(MAIL)
    assert (caught.value.stage, caught.value.code) == ("auth", 535)


async def test_an_unreadable_password_file_is_temporary_at_auth(authority: trustme.CA) -> None:
    def unreadable() -> str:
        raise PermissionError("password file: permission denied")

    async with serving(FakeSmarthost(tls=server_tls(authority), password="secret")) as host:
        out = transport(host.relay(user="bot"), tls=client_tls(authority), password=unreadable)
        with pytest.raises(TemporaryFailure, match="permission denied"):
            await out.send(MAIL)


@pytest.mark.parametrize("case", ["stripped", "wrong name", "unknown authority"])
async def test_without_proved_tls_no_content_leaves(authority: trustme.CA, case: str) -> None:
    shown = {"wrong name": server_tls(authority, "other.example"), "unknown authority": server_tls(trustme.CA())}
    async with serving(FakeSmarthost(tls=shown.get(case))) as host:
        with pytest.raises(TemporaryFailure) as caught:
            await transport(host.relay(tls=True), tls=client_tls(authority)).send(MAIL)
    assert caught.value.stage == "tls"
    assert [stage for stage, _ in host.seen if stage != "connect"] == []


async def test_delivery_reports_are_asked_for_where_they_are_offered() -> None:
    async with serving(FakeSmarthost(offers_dsn=True)) as host:
        out = transport(host.relay())
        sent = await out.send(Message("b1@mail.example", "a+b=c@customer.example", MAIL.raw))
        answer = await out.send(Message("", "jana@customer.example", MAIL.raw))
        await out.close()
    assert host.dsn == [
        "RET=HDRS",
        "ENVID=b1",
        "NOTIFY=SUCCESS,FAILURE,DELAY",
        "ORCPT=rfc822;a+2Bb+3Dc@customer.example",
    ]
    assert (sent.dsn, answer.dsn) == (True, False)


async def test_an_address_that_needs_smtputf8_is_refused_without_a_connection() -> None:
    with pytest.raises(PermanentFailure) as caught:
        await transport(Relay("localhost", 1, "", False)).send(Message("", "žofie@customer.example", b""))
    assert caught.value.code == 553
