"""Settings, outages, policies, addresses, waiting mails, keys, nonces and the other small tables."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mailbot.claims.model import Claim
from mailbot.store import (
    api_keys,
    claims,
    idempotency,
    nonces,
    policies,
    refusals,
    reply_addresses,
    schema,
    settings,
    waiting,
    webhooks,
)
from mailbot.store.api_keys import ApiKey
from mailbot.store.claims import Change
from mailbot.store.database import Store
from mailbot.store.faults import Refused
from mailbot.store.reply_addresses import ReplyAddress
from mailbot.store.waiting import Waiting
from mailbot.store.webhooks import Endpoint

ONE, TWO = "CLM-222222", "CLM-333333"
HOUR = timedelta(hours=1)


@pytest.fixture
async def two_claims(store: Store, a_claim: Callable[..., Claim], now: datetime) -> Store:
    changes = [Change(None, a_claim(ONE)), Change(None, a_claim(TWO))]
    await store.write(lambda conn: claims.save(conn, changes, now))
    return store


async def test_a_pause_survives_a_restart(open_store: Callable[..., Any]) -> None:
    store = await open_store()
    await store.write(lambda conn: settings.pause(conn, "sending", paused=True))
    await store.close()
    store = await open_store()
    async with store.read() as conn:
        assert await settings.paused(conn, "sending") is True
        assert await settings.paused(conn, "timers") is False
    await store.write(lambda conn: settings.pause(conn, "sending", paused=False))
    async with store.read() as conn:
        assert await settings.paused(conn, "sending") is False
    await store.close()


async def test_fingerprints_are_remembered(store: Store) -> None:
    async with store.read() as conn:
        assert await settings.fingerprints(conn) == {}
    await store.write(lambda conn: settings.put_fingerprints(conn, {1: "ab", 7: "cd"}))
    async with store.read() as conn:
        assert await settings.fingerprints(conn) == {1: "ab", 7: "cd"}


async def _beat(store: Store, at: datetime) -> str | None:
    outage = await store.write(lambda conn: settings.beat(conn, at))
    return outage.cause if outage else None


async def test_an_outage_is_a_silence_of_more_than_an_hour(store: Store, now: datetime) -> None:
    assert await _beat(store, now) is None
    assert await _beat(store, now + HOUR) is None
    assert await _beat(store, now + 4 * HOUR) == "down"
    assert await _beat(store, now + 4.5 * HOUR) is None
    async with store.read() as conn:
        uptime = await settings.uptime(conn, now + 5 * HOUR)
    assert (uptime.last_beat, uptime.up_since, uptime.down_for) == (now + 4.5 * HOUR, now + 4 * HOUR, 3 * HOUR)
    assert [(o.down_at, o.up_at) for o in uptime.outages] == [(now + HOUR, now + 4 * HOUR)]


async def test_a_clock_that_jumps_is_an_outage_in_either_direction(store: Store, now: datetime) -> None:
    await _beat(store, now)
    assert await _beat(store, now - 10 * HOUR) == "clock"
    assert await _beat(store, now + 3650 * 24 * HOUR) == "down"
    async with store.read() as conn:
        [later] = (await settings.uptime(conn, now + 3650 * 24 * HOUR)).outages
        earlier = (await settings.uptime(conn, now)).outages[0]
    assert earlier.lasted == 10 * HOUR
    assert later.lasted > 3650 * 24 * HOUR


async def test_a_restore_is_an_outage_however_short(store: Store, now: datetime) -> None:
    await _beat(store, now)
    await store.write(lambda conn: settings.put(conn, "restored", True))
    assert await _beat(store, now + timedelta(minutes=1)) == "restore"
    assert await _beat(store, now + timedelta(minutes=2)) is None


async def test_a_policy_version_keeps_its_text(store: Store) -> None:
    await store.write(lambda conn: policies.pin(conn, "2021", "rules"))
    await store.write(lambda conn: policies.pin(conn, "2021", "rules"))
    with pytest.raises(Refused):
        await store.write(lambda conn: policies.pin(conn, "2021", "other rules"))
    async with store.read() as conn:
        assert await policies.load(conn) == {"2021": "rules"}


def _address(handle: int, now: datetime, *mails: tuple[str, str], email: str = "Clara@Contoso.example") -> ReplyAddress:
    return ReplyAddress(
        handle=handle, email=email, name="Clara", party="customer", code="consent_prompt", outbox_id=3, created_at=now,
        expires=date(2046, 1, 1), mails=mails,
    )  # fmt: skip


async def test_an_address_knows_its_claims_and_loses_them_one_by_one(two_claims: Store, now: datetime) -> None:
    joined, other = _address(5, now, (TWO, "b"), (ONE, "a")), _address(6, now, (ONE, "c"), email="eva@contoso.example")
    alone = _address(7, now)
    await two_claims.write(lambda conn: reply_addresses.put(conn, [joined, other, alone]))
    async with two_claims.read() as conn:
        found = await reply_addresses.find(conn, [5, 6, 7, 8])
        assert found == {5: joined, 6: other, 7: alone}
        assert found[5].claims == (TWO, ONE)
        assert await reply_addresses.find(conn, []) == {}
    await two_claims.write(lambda conn: reply_addresses.revoke(conn, ONE, "Clara@Contoso.example", now))
    await two_claims.write(lambda conn: reply_addresses.use(conn, [5, 5, 6]))
    async with two_claims.read() as conn:
        found = await reply_addresses.find(conn, [5, 6])
    assert (set(found[5].revoked), set(found[6].revoked)) == ({ONE}, set())
    assert (found[5].uses, found[6].uses) == (2, 1)


def _waiting(number: int, claim_id: str, leave_at: datetime, email: str = "c@x.example", code: str = "p") -> Waiting:
    return Waiting(
        id=number, claim_id=claim_id, email=email, party="customer", code=code, key=f"k{number}",
        context={"last_day": date(2026, 3, 9), "at": leave_at}, leave_at=leave_at,
    )  # fmt: skip


async def test_mails_to_one_contact_leave_together(two_claims: Store, now: datetime) -> None:
    rows = [
        _waiting(1, ONE, now + HOUR),
        _waiting(2, TWO, now + 2 * HOUR),
        _waiting(3, ONE, now + 2 * HOUR, email="other@x.example"),
    ]
    await two_claims.write(lambda conn: waiting.wait(conn, rows))
    await two_claims.write(lambda conn: waiting.wait(conn, rows[:1]))
    async with two_claims.read() as conn:
        assert await waiting.leaving(conn, now) == ()
        assert await waiting.leaving(conn, now + HOUR) == (rows[0], rows[1])
        assert await waiting.leaving(conn, now + 2 * HOUR) == tuple(rows)
    await two_claims.write(lambda conn: waiting.done(conn, [1, 2]))
    async with two_claims.read() as conn:
        assert await waiting.leaving(conn, now + 2 * HOUR) == (rows[2],)


async def test_dropped_mails_do_not_leave(two_claims: Store, now: datetime) -> None:
    rows = [_waiting(1, ONE, now), _waiting(2, ONE, now, code="other"), _waiting(3, TWO, now)]
    await two_claims.write(lambda conn: waiting.wait(conn, rows))
    await two_claims.write(lambda conn: waiting.drop(conn, [ONE], ("p", "q")))
    async with two_claims.read() as conn:
        assert [row.id for row in await waiting.leaving(conn, now)] == [2, 3]


async def test_an_api_key_opens_until_it_ends(store: Store, now: datetime) -> None:
    live = ApiKey(id=1, role="reviewer", label="ci", created_at=now)
    short = ApiKey(id=2, role="admin", created_at=now, expires=now + HOUR)
    await store.write(lambda conn: api_keys.create(conn, live, "secret-one"))
    await store.write(lambda conn: api_keys.create(conn, short, "secret-two"))
    async with store.read() as conn:
        assert await api_keys.find(conn, "secret-one", now) == live
        assert await api_keys.find(conn, "secret-two", now) == short
        assert await api_keys.find(conn, "secret-two", now + HOUR) is None
        assert await api_keys.find(conn, "secret-three", now) is None
        stored = (await conn.execute(select(schema.api_keys))).all()
    assert b"secret-one" not in repr(stored).encode()
    assert await store.write(lambda conn: api_keys.revoke(conn, 1, now)) is True
    assert await store.write(lambda conn: api_keys.revoke(conn, 1, now)) is False
    async with store.read() as conn:
        assert await api_keys.find(conn, "secret-one", now) is None
        assert [key.revoked_at for key in await api_keys.list_keys(conn)] == [now, None]


async def test_the_same_call_twice_is_one(store: Store, now: datetime) -> None:
    answer = idempotency.Answer(201, '{"id": 1}')
    await store.write(lambda conn: idempotency.keep(conn, 1, "k", b"POST /claims {}", answer, now))
    async with store.read() as conn:
        assert await idempotency.find(conn, 1, "k", b"POST /claims {}", now) == answer
        assert await idempotency.find(conn, 2, "k", b"POST /claims {}", now) is None
        with pytest.raises(Refused):
            await idempotency.find(conn, 1, "k", b"POST /claims {other}", now)
        assert await idempotency.find(conn, 1, "k", b"POST /claims {}", now + timedelta(hours=24)) is None
    later = idempotency.Answer(200, "{}")
    await store.write(lambda conn: idempotency.keep(conn, 1, "k", b"other", later, now + timedelta(hours=25)))
    async with store.read() as conn:
        assert await idempotency.find(conn, 1, "k", b"other", now + timedelta(hours=25)) == later


async def test_endpoints_hear_what_they_want(store: Store, now: datetime) -> None:
    every = Endpoint(id=1, url="https://a.example/", secret="s", created_at=now)
    some = Endpoint(
        id=2, url="https://b.example/", secret="s", types=("evaluation.ready",), organisation_id="org-1", created_at=now
    )
    await store.write(lambda conn: webhooks.add(conn, every))
    await store.write(lambda conn: webhooks.add(conn, some))
    async with store.read() as conn:
        assert await webhooks.endpoints(conn) == (every, some)
        assert await webhooks.endpoints(conn, "org-1") == (some,)
        assert await webhooks.get(conn, 2) == some
    assert every.wants("claim.approved", "org-9")
    assert some.wants("evaluation.ready", "org-1")
    assert not some.wants("evaluation.ready", "org-2")
    assert not some.wants("claim.approved", "org-1")
    assert await store.write(lambda conn: webhooks.remove(conn, 2, now)) is True
    assert await store.write(lambda conn: webhooks.remove(conn, 2, now)) is False
    async with store.read() as conn:
        assert await webhooks.endpoints(conn) == (every,)
        assert await webhooks.get(conn, 2) is None


async def test_a_nonce_is_used_once(store: Store, now: datetime) -> None:
    assert await store.write(lambda conn: nonces.use(conn, "n", now + HOUR)) is True
    assert await store.write(lambda conn: nonces.use(conn, "n", now + HOUR)) is False
    assert await store.write(lambda conn: nonces.sweep(conn, now)) == 0
    assert await store.write(lambda conn: nonces.sweep(conn, now + HOUR)) == 1


async def test_refusals_are_found_by_peer_sender_and_recipient(store: Store, now: datetime) -> None:
    one = refusals.Refused(at=now, peer="192.0.2.1", mail_from="a@b.example", rcpt="x", code=550, reason="unknown")
    two = refusals.Refused(at=now + HOUR, peer="192.0.2.2", rcpt="a@b.example", code=552)
    await store.write(lambda conn: refusals.note(conn, [one, two]))
    await store.write(lambda conn: refusals.note(conn, []))
    async with store.read() as conn:
        assert await refusals.find(conn, "a@b.example") == (two, one)
        assert await refusals.find(conn, "192.0.2.1") == (one,)
    assert await store.write(lambda conn: refusals.sweep(conn, now + timedelta(days=30))) == 1
