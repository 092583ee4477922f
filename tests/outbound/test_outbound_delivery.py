"""Mails leave the outbox once each, wait when they have to, and nothing is given up because of us."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fake_smarthost import FakeSmarthost, serving
from sqlalchemy import select, update

from mailbot.clock import ManualClock
from mailbot.engine.jumps import LONGEST_WAIT, Jumps
from mailbot.outbound.delivery import LEASE, Delivery
from mailbot.outbound.smarthost import SmarthostTransport, Timeouts
from mailbot.outbound.transport import Failure, Message, PermanentFailure, Sent, TemporaryFailure
from mailbot.store import outbox, settings
from mailbot.store.database import Store
from mailbot.store.faults import StoreFault
from mailbot.store.outbox import NewMail
from mailbot.store.schema import outbox as table

MINUTE = timedelta(minutes=1)
_TEN_YEARS = timedelta(days=3653)
_ids = count(1)


class Relay:
    """Takes mail and remembers it; `fails` maps a recipient (or "*") to what it raises instead."""

    def __init__(self) -> None:
        self.taken: list[Message] = []
        self.tried: list[str] = []
        self.fails: dict[str, Exception] = {}
        self.closed = False

    async def send(self, message: Message) -> Sent:
        self.tried.append(message.rcpt)
        error = self.fails.get(message.rcpt) or self.fails.get("*")
        if error is not None:
            raise error
        self.taken.append(message)
        return Sent("250 ok")

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def relay() -> Relay:
    return Relay()


@pytest.fixture
def delivery(store: Store, relay: Relay, clock: ManualClock) -> Delivery:
    return Delivery(store, relay, clock, node="n1")


async def queue(store: Store, clock: ManualClock, *names: str, code: str = "claim_submitted") -> None:
    mails = [
        NewMail(
            id=next(_ids),
            claim_id="CLM-7K3QF2",
            key=f"{code}:{name}",
            code=code,
            party="partner",
            email=f"{name}@fabrikam.example",
            message_id=f"r{n}@mail.example",
            mail_from=f"b{n}@mail.example",
            raw=f"Subject: {name}\r\n\r\nHello {name}.\r\n".encode(),
            created_at=clock.now(),
        )
        for n, name in enumerate(names)
    ]
    await store.write(lambda conn: outbox.put(conn, mails))


async def rows(store: Store) -> Sequence[Any]:
    async with store.read() as conn:
        return (await conn.execute(select(table).order_by(table.c.id))).all()


async def states(store: Store) -> list[str]:
    return [row.state for row in await rows(store)]


async def drain(delivery: Delivery, clock: ManualClock) -> int:
    tried = 0
    while sent := await delivery.step(clock.now()):
        tried += sent
    return tried


async def test_due_mail_is_sent_once_and_settled(
    store: Store, delivery: Delivery, relay: Relay, clock: ManualClock
) -> None:
    await queue(store, clock, *(f"p{n}" for n in range(20)))
    assert await drain(delivery, clock) == 20
    assert sorted(relay.tried) == sorted({m.rcpt for m in relay.taken})
    assert await states(store) == ["sent"] * 20
    row = (await rows(store))[0]
    assert (row.sent_at, row.lease_until, row.attempts, row.reported) == (clock.now(), None, 1, False)
    assert await delivery.step(clock.now()) == 0


async def test_a_temporary_failure_is_tried_again_after_five_minutes_and_then_ever_later(
    store: Store, delivery: Delivery, relay: Relay, clock: ManualClock
) -> None:
    await queue(store, clock, "petr", "olga")
    relay.fails["petr@fabrikam.example"] = TemporaryFailure("rcpt", 450, "4.2.0 greylisted")
    waits = []
    for _ in range(6):
        await drain(delivery, clock)
        row = (await rows(store))[0]
        assert (row.state, row.last_error) == ("deferred", "rcpt: 450 4.2.0 greylisted")
        waits.append((row.next_attempt - clock.now()).total_seconds())
        clock.set(row.next_attempt)
    assert waits == [300, 600, 1200, 2400, 4000, 4000]
    relay.fails.clear()
    await drain(delivery, clock)
    assert await states(store) == ["sent", "sent"]


async def test_after_five_days_a_mail_expires(
    store: Store, delivery: Delivery, relay: Relay, clock: ManualClock
) -> None:
    await queue(store, clock, "petr")
    relay.fails["*"] = TemporaryFailure("data", 451, "4.3.0 later")
    clock.advance(timedelta(days=5) - MINUTE)
    await drain(delivery, clock)
    assert await states(store) == ["deferred"]
    clock.advance(timedelta(hours=2))
    await drain(delivery, clock)
    row = (await rows(store))[0]
    assert (row.state, row.ended_at, row.reported) == ("expired", clock.now(), False)


@pytest.mark.parametrize("case", ["noticed", "noticed while a person had paused the timers", "restarted"])
async def test_nothing_is_given_up_by_a_clock_ten_years_ahead_and_all_leaves_when_it_is_right(
    store: Store, delivery: Delivery, relay: Relay, clock: ManualClock, case: str
) -> None:
    steady = clock.now().timestamp()
    jumps = Jumps(store, clock, lambda: steady)
    await store.write(lambda conn: settings.pause(conn, "timers", paused="person" in case))
    await queue(store, clock, "ann", "bob")
    relay.fails["*"] = TemporaryFailure("rcpt", 452, "4.2.2 mailbox full")
    clock.advance(_TEN_YEARS)
    await jumps.look()
    assert await delivery.step(clock.now()) == 2
    assert await states(store) == ["deferred", "deferred"]
    clock.advance(-_TEN_YEARS)
    if case == "restarted":
        await store.write(lambda conn: outbox.call_back(conn, clock.now(), LONGEST_WAIT))
    else:
        await jumps.look()
    relay.fails.clear()
    assert await delivery.step(clock.now()) == 2
    assert await states(store) == ["sent", "sent"]


async def test_a_retry_within_its_time_is_not_called_back(
    store: Store, delivery: Delivery, relay: Relay, clock: ManualClock
) -> None:
    await queue(store, clock, "ann")
    relay.fails["*"] = TemporaryFailure("rcpt", 452, "4.2.2 mailbox full")
    await delivery.step(clock.now())
    await store.write(lambda conn: outbox.call_back(conn, clock.now(), LONGEST_WAIT))
    assert await delivery.step(clock.now()) == 0


@pytest.mark.parametrize(
    ("code", "text", "status", "dead"),
    [
        (550, "5.1.1 no such user", "5.1.1", True),
        (550, "No such user here", "550", True),
        (552, "5.2.2 mailbox full", "5.2.2", False),
        (550, "message looks like spam", "550", False),
        (554, "5.6.0 odd", "5.6.0", False),
    ],
)
async def test_a_refused_recipient_bounces_and_says_whether_the_address_is_dead(
    store: Store, delivery: Delivery, relay: Relay, clock: ManualClock, code: int, text: str, status: str, dead: bool
) -> None:
    await queue(store, clock, "petr")
    relay.fails["*"] = PermanentFailure("rcpt", code, text)
    await drain(delivery, clock)
    row = (await rows(store))[0]
    assert (row.state, row.status, row.permanent) == ("bounced", status, dead)


async def test_a_maybe_sent_mail_goes_again_with_the_same_bytes_and_keeps_its_mark(
    store: Store, clock: ManualClock
) -> None:
    await queue(store, clock, "petr")
    async with serving(FakeSmarthost(answers={"data": ["drop", "451 4.3.0 later"]})) as host:
        out = SmarthostTransport(host.relay(), helo="mail.example", timeouts=Timeouts(connect=1, command=1, final=1))
        delivery = Delivery(store, out, clock, node="n1")
        for _ in range(3):
            await drain(delivery, clock)
            row = (await rows(store))[0]
            assert row.maybe_sent or row.state == "sent"
            clock.advance(timedelta(hours=2))
        await delivery.close()
    assert len({t.raw for t in host.taken}) == 1
    assert len(host.taken) == 2
    assert await states(store) == ["sent"]


async def test_a_wrong_password_pauses_the_queue_and_kills_nothing(
    store: Store, delivery: Delivery, relay: Relay, clock: ManualClock
) -> None:
    await queue(store, clock, *(f"p{n}" for n in range(20)))
    relay.fails["*"] = TemporaryFailure("auth", 535, "5.7.8 bad credentials")
    await delivery.step(clock.now())
    assert delivery.breaker.is_open
    assert delivery.breaker.why == "auth: 535 5.7.8 bad credentials"
    tried = len(relay.tried)
    assert await drain(delivery, clock) == 0
    assert len(relay.tried) == tried
    assert set(await states(store)) == {"queued", "deferred"}
    for _ in range(100):
        clock.advance(timedelta(hours=2))
        await delivery.step(clock.now())
    assert len(relay.tried) == tried + 100
    assert set(await states(store)) <= {"queued", "deferred"}
    relay.fails.clear()
    clock.advance(timedelta(hours=2))
    await drain(delivery, clock)
    assert not delivery.breaker.is_open
    assert await states(store) == ["sent"] * 20


@pytest.mark.parametrize(
    "failure",
    [
        TemporaryFailure("connect", 554, "5.7.1 go away"),
        TemporaryFailure("tls", 0, "certificate has expired"),
        PermanentFailure("mail", 550, "5.7.1 sender not allowed"),
        PermanentFailure("rcpt", 554, "5.7.1 relaying denied"),
        PermanentFailure("rcpt", 550, "relay access denied"),
    ],
)
async def test_the_same_refusal_for_three_recipients_is_ours_and_marks_no_mail_dead(
    store: Store, delivery: Delivery, relay: Relay, clock: ManualClock, failure: Failure
) -> None:
    await queue(store, clock, *(f"p{n}" for n in range(5)))
    relay.fails["*"] = failure
    await drain(delivery, clock)
    assert delivery.breaker.is_open
    assert set(await states(store)) <= {"queued", "deferred"}


async def test_a_policy_refusal_of_one_mail_ends_it_when_others_get_through(
    store: Store, delivery: Delivery, relay: Relay, clock: ManualClock
) -> None:
    await queue(store, clock, "petr")
    relay.fails["petr@fabrikam.example"] = PermanentFailure("rcpt", 550, "5.7.1 not from you")
    for n in range(3):
        await queue(store, clock, "petr", f"other{n}", code=f"c{n}")
        await store.write(
            lambda conn: conn.execute(update(table).where(table.c.state == "deferred").values(next_attempt=clock.now()))
        )
        await drain(delivery, clock)
        clock.advance(10 * MINUTE)
    assert "bounced" in await states(store)
    assert not delivery.breaker.is_open


async def test_paused_sending_sends_nothing(store: Store, delivery: Delivery, relay: Relay, clock: ManualClock) -> None:
    await queue(store, clock, "petr")
    await store.write(lambda conn: settings.pause(conn, "sending", paused=True))
    assert await drain(delivery, clock) == 0
    await store.write(lambda conn: settings.pause(conn, "sending", paused=False))
    assert await drain(delivery, clock) == 1
    assert len(relay.taken) == 1


async def test_what_was_dropped_before_its_turn_is_never_sent(
    store: Store, delivery: Delivery, relay: Relay, clock: ManualClock
) -> None:
    await queue(store, clock, "petr")
    await store.write(lambda conn: outbox.drop(conn, ["CLM-7K3QF2"], ["claim_submitted"], clock.now()))
    assert await drain(delivery, clock) == 0
    assert await states(store) == ["cancelled"]


async def test_two_nodes_never_send_the_same_row(store: Store, relay: Relay, clock: ManualClock) -> None:
    await queue(store, clock, *(f"p{n}" for n in range(12)))
    nodes = [Delivery(store, relay, clock, node=f"n{n}", at_once=3) for n in range(2)]
    for _ in range(3):
        for node in nodes:
            await node.step(clock.now())
    assert len(relay.tried) == len(set(relay.tried)) == 12


async def test_a_fault_of_a_transport_only_defers_the_mail(
    store: Store, delivery: Delivery, relay: Relay, clock: ManualClock
) -> None:
    await queue(store, clock, "petr")
    relay.fails["*"] = RuntimeError("a bug")
    await drain(delivery, clock)
    row = (await rows(store))[0]
    assert (row.state, row.last_error) == ("deferred", "write: RuntimeError: a bug")
    await delivery.close()
    assert relay.closed


async def test_a_store_that_fails_under_a_send_stops_the_step_and_the_same_bytes_go_again(
    tmp_path: Path, clock: ManualClock
) -> None:
    database, blobs = f"sqlite:///{tmp_path / 'mailbot.db'}", f"file:{tmp_path / 'blobs'}"
    store = await Store.open(database, blobs, clock=clock, create=True)
    await queue(store, clock, "ann")
    relay = ClosingRelay(store)
    with pytest.raises(StoreFault):
        await Delivery(store, relay, clock, node="n1").step(clock.now())
    clock.advance(LEASE + MINUTE)
    async with await Store.open(database, blobs, clock=clock) as reopened:
        assert await Delivery(reopened, relay, clock, node="n2").step(clock.now()) == 1
        assert await states(reopened) == ["sent"]
    assert len(relay.taken) == 2
    assert relay.taken[0] == relay.taken[1]


class ClosingRelay(Relay):
    """Takes mail, and when it has, the store is gone."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store: Store | None = store

    async def send(self, message: Message) -> Sent:
        sent = await super().send(message)
        if self._store is not None:
            await self._store.close()
            self._store = None
        return sent
