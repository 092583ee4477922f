"""Trouble at every step of handing over a mail, numbered: what it means for the mail, and whether it is about us.

However it ends, nothing else is on the wire when the mail goes again: the same bytes, and so the same Message-ID.
"""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from test_outbound_delivery import drain, queue, states
from troubled_relay import DRIP, DROP, HANG, REFUSE, TroubledRelay, deaf

from mailbot.clock import ManualClock
from mailbot.outbound.breaker import ENOUGH, Breaker
from mailbot.outbound.delivery import Delivery
from mailbot.outbound.smarthost import SmarthostTransport, Timeouts
from mailbot.outbound.transport import Failure, Message, PermanentFailure, TemporaryFailure
from mailbot.store.database import Store

LATER, NEVER, PERHAPS = "later", "never", "perhaps taken"
"""To be tried again; refused for good; to be tried again, and it may have been taken."""

CASES = [
    # number, step, trouble, how it ends, stage, whether three recipients of it pause all sending
    (1, "connect", REFUSE, LATER, "connect", True),
    (2, "connect", HANG, LATER, "connect", True),
    (3, "banner", "421 4.3.2 too busy", LATER, "connect", True),
    (4, "banner", "554 5.7.1 go away", LATER, "connect", True),
    (5, "banner", "who are you?", LATER, "connect", True),
    (6, "banner", HANG, LATER, "connect", True),
    (7, "banner", DROP, LATER, "connect", True),
    (8, "banner", DRIP, LATER, "connect", True),
    (9, "EHLO", "421 4.3.2 shutting down", LATER, "connect", True),
    (10, "EHLO", "550 5.7.1 your name is not yours", LATER, "connect", True),
    (11, "EHLO", HANG, LATER, "connect", True),
    (12, "EHLO", DROP, LATER, "connect", True),
    (13, "EHLO", "250 relay.example", LATER, "tls", True),
    (14, "STARTTLS", "454 4.7.0 not now", LATER, "tls", True),
    (15, "STARTTLS", "502 5.5.1 no", LATER, "tls", True),
    (16, "STARTTLS", HANG, LATER, "tls", True),
    (17, "STARTTLS", DROP, LATER, "tls", True),
    (18, "handshake", HANG, LATER, "tls", True),
    (19, "handshake", DROP, LATER, "tls", True),
    (20, "handshake", "421 4.7.0 no certificate today", LATER, "tls", True),
    (21, "EHLO over TLS", HANG, LATER, "tls", True),
    (22, "EHLO over TLS", DROP, LATER, "tls", True),
    (23, "AUTH", "454 4.7.0 directory down", LATER, "auth", True),
    (24, "AUTH", "535 5.7.8 wrong password", LATER, "auth", True),
    (25, "AUTH", HANG, LATER, "auth", True),
    (26, "AUTH", DROP, LATER, "auth", True),
    (27, "MAIL", "451 4.3.0 later", LATER, "mail", False),
    (28, "MAIL", "550 5.7.1 sender not allowed", NEVER, "mail", True),
    (29, "MAIL", HANG, LATER, "mail", False),
    (30, "MAIL", DROP, LATER, "mail", False),
    (31, "RCPT", "450 4.2.0 greylisted", LATER, "rcpt", False),
    (32, "RCPT", "550 5.1.1 no such user", NEVER, "rcpt", False),
    (33, "RCPT", "554 5.7.1 relaying denied", NEVER, "rcpt", True),
    (34, "RCPT", HANG, LATER, "rcpt", False),
    (35, "RCPT", DROP, LATER, "rcpt", False),
    (36, "DATA", "451 4.3.0 later", LATER, "data", False),
    (37, "DATA", "554 5.5.1 no valid recipients", NEVER, "data", False),
    (38, "DATA", "250 go on", LATER, "data", False),
    (39, "DATA", HANG, LATER, "data", False),
    (40, "DATA", DROP, LATER, "data", False),
    (41, "content", HANG, LATER, "data", False),
    (42, "content", DROP, LATER, "data", False),
    (43, "final dot", "452 4.3.1 disk full", LATER, "data", False),
    (44, "final dot", "554 5.6.0 not like this", NEVER, "data", False),
    (45, "final dot", "354 go on", PERHAPS, "data", False),
    (46, "final dot", "okay", PERHAPS, "data", False),
    (47, "final dot", "250-queued, and", PERHAPS, "data", False),
    (48, "final dot", HANG, PERHAPS, "data", False),
    (49, "final dot", DROP, PERHAPS, "data", False),
]
NOW = datetime(2026, 3, 2, tzinfo=UTC)
PATIENT = Timeouts(connect=20, command=20, start=20, block=20, final=20)
SHORT = Timeouts(connect=0.3, command=0.3, start=0.3, block=0.3, final=0.3)
MAIL = Message("b1@mail.example", "jana@customer.example", b"Message-ID: <r1@mail.example>\r\n\r\nHello.\r\n")
LARGE = Message(MAIL.mail_from, MAIL.rcpt, MAIL.raw + (b"y" * 70 + b"\r\n") * 150_000)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def host(authority: trustme.CA) -> TroubledRelay:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return TroubledRelay(context)


def sender(host: TroubledRelay, authority: trustme.CA, timeouts: Timeouts = PATIENT) -> SmarthostTransport:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return SmarthostTransport(
        host.relay(), helo="mail.example", password=lambda: "secret", tls=context, timeouts=timeouts
    )


def test_the_cases_are_numbered_without_gaps() -> None:
    assert [number for number, *_ in CASES] == list(range(1, len(CASES) + 1))


@pytest.mark.parametrize(
    ("step", "trouble", "ends", "stage", "ours"), [case[1:] for case in CASES], ids=[f"{c[0]:02} {c[1]}" for c in CASES]
)
async def test_trouble_at_a_step_ends_as_it_should_and_the_same_bytes_go_again(
    host: TroubledRelay, authority: trustme.CA, step: str, trouble: str, ends: str, stage: str, ours: bool
) -> None:
    mail = LARGE if step == "content" else MAIL
    failure = await failed(host, authority, step, trouble, mail)
    assert (ending(failure), failure.stage, is_ours(failure)) == (ends, stage, ours)
    async with host.listening():
        out = sender(host, authority)
        await out.send(mail)
        await out.close()
    assert host.taken == [mail.raw + b".\r\n"] * (2 if ends == PERHAPS else 1)


async def failed(host: TroubledRelay, authority: trustme.CA, step: str, trouble: str, mail: Message) -> Failure:
    """How the mail fails at a relay with that trouble."""
    timeouts = SHORT if trouble in (HANG, DRIP) or trouble.startswith("250-") else PATIENT
    if step == "connect":
        with deaf(trouble) as host.port, pytest.raises(Failure) as caught:
            await sender(host, authority, timeouts).send(mail)
        return caught.value
    host.trouble[step] = trouble
    async with host.listening():
        with pytest.raises(Failure) as caught:
            await sender(host, authority, timeouts).send(mail)
    return caught.value


def ending(failure: Failure) -> str:
    if isinstance(failure, TemporaryFailure):
        return PERHAPS if failure.maybe_sent else LATER
    assert isinstance(failure, PermanentFailure)
    return NEVER


def is_ours(failure: Failure) -> bool:
    """Whether sending pauses when enough recipients meet it, and no mail may end by it."""
    breaker = Breaker()
    for number in range(ENOUGH):
        breaker.failed(failure, f"p{number}@customer.example", NOW)
    assert breaker.is_open == breaker.concerns_us(failure, ENOUGH, NOW)
    return breaker.is_open


@pytest.mark.parametrize("answer", ["250 2.0.0 queued", "251 2.0.0 queued elsewhere", "200 fine"])
async def test_any_yes_to_the_final_dot_is_a_yes(host: TroubledRelay, authority: trustme.CA, answer: str) -> None:
    host.trouble["final dot"] = answer
    async with host.listening():
        out = sender(host, authority)
        assert (await out.send(MAIL)).response == answer
        await out.close()
    assert len(host.taken) == 1


@pytest.mark.parametrize("trouble", [HANG, DROP, "okay"])
async def test_a_goodbye_without_an_answer_harms_nobody(
    host: TroubledRelay, authority: trustme.CA, trouble: str
) -> None:
    host.trouble["QUIT"] = trouble
    async with host.listening():
        out = sender(host, authority, SHORT if trouble == HANG else PATIENT)
        await out.send(MAIL)
        await out.close()
    assert len(host.taken) == 1


async def test_a_slow_relay_gets_the_mail_once_as_long_as_each_answer_comes_in_time(
    host: TroubledRelay, authority: trustme.CA
) -> None:
    host.pause = 0.1
    waits = Timeouts(connect=20, command=0.5, start=0.5, block=0.5, final=0.5)
    async with host.listening():
        out = sender(host, authority, waits)
        await out.send(MAIL)
        await out.close()
    assert host.taken == [MAIL.raw + b".\r\n"]


async def test_of_many_recipients_each_gets_the_end_of_its_own(
    host: TroubledRelay, authority: trustme.CA, store: Store, clock: ManualClock
) -> None:
    host.refused = {"ann@": "550 5.1.1 no such user", "bob@": "452 4.2.2 mailbox full"}
    await queue(store, clock, "ann", "bob", "cyd", "dan")
    async with host.listening():
        delivery = Delivery(store, sender(host, authority), clock, node="n1", at_once=2)
        assert await drain(delivery, clock) == 4
        assert await states(store) == ["bounced", "deferred", "sent", "sent"]
        host.refused.clear()
        clock.advance(timedelta(hours=1))
        assert await drain(delivery, clock) == 1
        await delivery.close()
    assert await states(store) == ["bounced", "sent", "sent", "sent"]
    assert len(host.taken) == len(set(host.taken)) == 3
