"""Endpoints are called with a signature that checks, patiently, and never inside our own network."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook

from mailbot.clock import ManualClock
from mailbot.ids import first_row
from mailbot.outbound.targets import TargetRefused, checked_address, is_public
from mailbot.outbound.webhooks import WebhookDelivery, http_client
from mailbot.store import erasure, outbox, outbox_office, settings, webhooks
from mailbot.store.database import Store
from mailbot.store.outbox import NewWebhook
from mailbot.store.schema import outbox as table
from mailbot.store.webhooks import Endpoint

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = json.dumps({"id": "evt1", "type": "evaluation.ready", "data": {"claim": {"name": "Žlutý"}}}).encode()


@dataclass
class Receiver:
    """An HTTP server on loopback that remembers requests; `answers` are used up one by one, then 204."""

    answers: list[bytes] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)}
        self.heads.append(fields | {"": head[0]})
        self.bodies.append(await reader.readexactly(int(fields["content-length"])))
        writer.write(self.answers.pop(0) if self.answers else b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        await server.wait_closed()


async def queue(store: Store, clock: ManualClock, url: str, *, endpoint: int = 1, row: int = 1) -> None:
    listener = Endpoint(id=endpoint, url=url, secret=SECRET, created_at=clock.now())
    call = NewWebhook(
        id=row,
        claim_id=None,
        key="k",
        code="evaluation.ready",
        target=str(endpoint),
        message_id="evt1",
        body=BODY,
        created_at=clock.now(),
    )
    await store.write(lambda conn: webhooks.add(conn, listener))
    await store.write(lambda conn: outbox.put_webhooks(conn, [call]))


async def rows(store: Store) -> Sequence[Any]:
    async with store.read() as conn:
        return (await conn.execute(select(table).order_by(table.c.id))).all()


@asynccontextmanager
async def calling(store: Store, clock: ManualClock, **more: Any) -> AsyncIterator[WebhookDelivery]:
    caller = WebhookDelivery(store, http_client(), clock, node="n1", **({"allow_private": True} | more))
    try:
        yield caller
    finally:
        await caller.close()


async def test_an_endpoint_gets_the_body_with_a_signature_that_checks(store: Store, clock: ManualClock) -> None:
    async with receiving() as receiver, calling(store, clock) as caller:
        await queue(store, clock, f"http://localhost:{receiver.port}/hook?x=1")
        assert await caller.step(clock.now()) == 1
        assert await caller.step(clock.now()) == 0
    [head] = receiver.heads
    assert head[""] == "POST /hook?x=1 HTTP/1.1"
    assert head["host"] == f"localhost:{receiver.port}"
    assert receiver.bodies == [BODY]
    assert head["webhook-id"] == "evt1"
    assert head["webhook-timestamp"] == str(int(clock.now().timestamp()))
    assert head["webhook-signature"] == Webhook(SECRET).sign("evt1", clock.now(), BODY.decode())
    assert [row.state for row in await rows(store)] == ["sent"]


@pytest.mark.parametrize("answer", ["500 Oops", "302 Found\r\nLocation: http://localhost/other", "404 Not Found"])
async def test_any_other_answer_is_tried_again_with_the_same_id(store: Store, clock: ManualClock, answer: str) -> None:
    async with receiving() as receiver, calling(store, clock) as caller:
        receiver.answers = [f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n".encode()]
        await queue(store, clock, f"http://localhost:{receiver.port}/")
        await caller.step(clock.now())
        [row] = await rows(store)
        assert (row.state, row.next_attempt) == ("deferred", clock.now() + timedelta(minutes=5))
        clock.advance(timedelta(minutes=5))
        await caller.step(clock.now())
    assert [head["webhook-id"] for head in receiver.heads] == ["evt1", "evt1"]
    assert [row.state for row in await rows(store)] == ["sent"]


async def test_calls_that_were_told_are_made_again_with_the_same_ids_and_bytes(
    store: Store, clock: ManualClock
) -> None:
    began, hour = clock.now(), timedelta(hours=1)
    async with receiving() as receiver, calling(store, clock) as caller:
        await queue(store, clock, f"http://localhost:{receiver.port}/", row=first_row(began))
        await caller.step(clock.now())
        clock.advance(timedelta(days=9))

        async def again(since: datetime, until: datetime, *types: str) -> int:
            return await store.write(lambda conn: outbox_office.replay(conn, 1, since, until, types, clock.now()))

        assert await again(began - hour, began) == 0
        assert await again(began + hour, clock.now()) == 0
        assert await again(began, began + hour, "claim.approved") == 0
        assert await again(began, began + hour, "evaluation.ready") == 1
        assert await again(began, began + hour) == 0, "it is on its way"
        await caller.step(clock.now())
        assert await again(began, began + hour) == 1, "once more, by the time it was made"
    assert [head["webhook-id"] for head in receiver.heads] == ["evt1", "evt1"]
    assert receiver.bodies == [BODY, BODY]


async def test_what_was_erased_is_not_told_again(store: Store, clock: ManualClock) -> None:
    began = clock.now()
    async with receiving() as receiver, calling(store, clock) as caller:
        await queue(store, clock, f"http://localhost:{receiver.port}/", row=first_row(began))
        await caller.step(clock.now())
    await store.write(lambda conn: erasure.forget_sent(conn, [first_row(began)]))
    end = began + timedelta(hours=1)
    assert await store.write(lambda conn: outbox_office.replay(conn, 1, began, end, (), clock.now())) == 0


async def test_a_receiver_that_is_gone_is_left_alone(store: Store, clock: ManualClock) -> None:
    async with receiving() as receiver, calling(store, clock) as caller:
        receiver.answers = [b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"]
        await queue(store, clock, f"http://localhost:{receiver.port}/")
        await caller.step(clock.now())
    assert [row.state for row in await rows(store)] == ["bounced"]


async def test_no_answer_at_all_is_tried_again(store: Store, clock: ManualClock) -> None:
    async with receiving() as receiver:
        url = f"http://localhost:{receiver.port}/"
    async with calling(store, clock) as caller:
        await queue(store, clock, url)
        await caller.step(clock.now())
    assert [row.state for row in await rows(store)] == ["deferred"]


async def test_a_removed_endpoint_is_not_called(store: Store, clock: ManualClock) -> None:
    async with receiving() as receiver, calling(store, clock) as caller:
        await queue(store, clock, f"http://localhost:{receiver.port}/")
        await store.write(lambda conn: webhooks.remove(conn, 1, clock.now()))
        await caller.step(clock.now())
    assert not receiver.heads
    assert [row.state for row in await rows(store)] == ["bounced"]


async def test_private_targets_are_refused_unless_allowed(store: Store, clock: ManualClock) -> None:
    async with receiving() as receiver, calling(store, clock, allow_private=False) as caller:
        await queue(store, clock, f"http://localhost:{receiver.port}/")
        await caller.step(clock.now())
    assert not receiver.heads
    [row] = await rows(store)
    assert row.state == "bounced"
    assert "not on the public internet" in row.last_error


async def test_the_address_that_was_checked_is_the_one_that_is_called(store: Store, clock: ManualClock) -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    async with receiving() as receiver, calling(store, clock, resolver=rebinding) as caller:
        await queue(store, clock, f"http://hooks.example:{receiver.port}/")
        await caller.step(clock.now())
    assert asked == ["hooks.example"]
    assert receiver.heads[0]["host"] == f"hooks.example:{receiver.port}"


async def test_paused_sending_calls_nobody(store: Store, clock: ManualClock) -> None:
    async with receiving() as receiver, calling(store, clock) as caller:
        await queue(store, clock, f"http://localhost:{receiver.port}/")
        await store.write(lambda conn: settings.pause(conn, "sending", paused=True))
        assert await caller.step(clock.now()) == 0


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "::1", "::", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
        "2002:a00:1::", "ff02::1", "not an address",
    ],
)  # fmt: skip
def test_addresses_of_our_own_network_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


async def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    async def mixed(host: str, port: int) -> list[str]:
        return ["8.8.8.8", "10.0.0.1"]

    with pytest.raises(TargetRefused):
        await checked_address("hooks.example", 443, allow_private=False, resolver=mixed)
    assert await checked_address("hooks.example", 443, allow_private=True, resolver=mixed) == "8.8.8.8"


async def test_a_name_without_an_address_is_a_failure_like_any_other() -> None:
    async def nobody(host: str, port: int) -> list[str]:
        return []

    with pytest.raises(OSError, match=r"hooks\.example has no address"):
        await checked_address("hooks.example", 443, allow_private=False, resolver=nobody)
