"""How mail is handed to a relay: bytes, kept connections, TLS, reports. Its troubles are in test_outbound_stages."""

import asyncio
import ssl

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
