"""A mail is written once, sent under a lease, and its end is told once; what was dropped never starts."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from mailbot.claims.model import Claim
from mailbot.store import claims, outbox, outbox_office, reply_addresses
from mailbot.store.claims import Change
from mailbot.store.database import Store
from mailbot.store.faults import Conflict
from mailbot.store.outbox import NewMail, NewWebhook, Result
from mailbot.store.outbox_office import OutboxItem
from mailbot.store.reply_addresses import ReplyAddress

LEASE = timedelta(minutes=15)
CLAIM = "CLM-222222"


def _mail(number: int, at: datetime, **values: Any) -> NewMail:
    fixed: dict[str, Any] = {
        "id": number, "claim_id": CLAIM, "key": f"k{number}", "code": "consent_prompt", "party": "customer",
        "email": "Clara@Contoso.example", "handle": number, "message_id": f"<{number}@m.example>",
        "mail_from": "b@m.example", "subject": "Hello", "raw": b"bytes", "created_at": at,
    }  # fmt: skip
    return NewMail(**fixed | values)


async def _put(store: Store, *mails: NewMail) -> None:
    await store.write(lambda conn: outbox.put(conn, mails))


async def _lease(store: Store, now: datetime, node: str = "one") -> list[int]:
    leased = await store.write(lambda conn: outbox.lease(conn, now, 10, node, LEASE))
    return [item.id for item in leased]


async def _settle(store: Store, *results: Result) -> None:
    await store.write(lambda conn: outbox.settle(conn, results))


async def _get(store: Store, item_id: int) -> OutboxItem:
    async with store.read() as conn:
        found = await outbox_office.get(conn, item_id)
    assert found is not None
    return found


async def test_the_same_mail_put_twice_is_one(store: Store, now: datetime) -> None:
    await _put(store, _mail(1, now))
    await _put(store, _mail(2, now, key="k1", raw=b"other"), _mail(3, now, key="k1", email="eva@contoso.example"))
    async with store.read() as conn:
        assert [item.id for item in await outbox_office.list_items(conn)] == [3, 1]
    assert (await _get(store, 1)).body == b"bytes"


async def test_mail_without_a_claim_is_put_once_too(store: Store, now: datetime) -> None:
    await _put(store, _mail(1, now, claim_id=None, key="sign_in:1"), _mail(2, now, claim_id=None, key="sign_in:1"))
    async with store.read() as conn:
        assert [(item.id, item.claim_id) for item in await outbox_office.list_items(conn)] == [(1, None)]


async def test_a_leased_mail_is_one_nodes_until_the_lease_ends(store: Store, now: datetime) -> None:
    await _put(store, _mail(1, now), _mail(2, now + timedelta(hours=1)))
    [item] = await store.write(lambda conn: outbox.lease(conn, now, 10, "one", LEASE))
    assert (item.id, item.email, item.body, item.attempts) == (1, "Clara@Contoso.example", b"bytes", 0)
    assert await _lease(store, now, "two") == []
    assert await _lease(store, now + LEASE, "two") == [1]


async def test_a_sent_mail_is_not_leased_again_and_is_told_of_once(store: Store, now: datetime) -> None:
    await _put(store, _mail(1, now))
    await _lease(store, now)
    await _settle(store, Result(id=1, state="sent", at=now, maybe_sent=False))
    assert await _lease(store, now + LEASE) == []
    async with store.read() as conn:
        [outcome] = await outbox.unreported(conn, 10)
    assert (outcome.id, outcome.state, outcome.key, outcome.at) == (1, "sent", "k1", now)
    await store.write(lambda conn: outbox.mark_reported(conn, [1]))
    async with store.read() as conn:
        assert await outbox.unreported(conn, 10) == ()
    item = await _get(store, 1)
    assert (item.sent_at, item.attempts) == (now, 1)


async def test_a_deferred_mail_waits_for_its_time(store: Store, now: datetime) -> None:
    await _put(store, _mail(1, now))
    await _lease(store, now)
    later = now + timedelta(minutes=5)
    await _settle(store, Result(id=1, state="deferred", at=now, next_attempt=later, error="451 busy", maybe_sent=True))
    assert await _lease(store, now + timedelta(minutes=4)) == []
    [item] = await store.write(lambda conn: outbox.lease(conn, later, 10, "one", LEASE))
    assert (item.attempts, item.maybe_sent) == (1, True)
    assert (await _get(store, 1)).last_error == "451 busy"


async def test_results_of_one_batch_may_differ(store: Store, now: datetime) -> None:
    await _put(store, *(_mail(number, now) for number in (1, 2, 3, 4)))
    await _lease(store, now)
    await _settle(
        store,
        Result(id=1, state="sent", at=now),
        Result(id=2, state="deferred", at=now, next_attempt=now + timedelta(minutes=5)),
        Result(id=3, state="bounced", at=now, status="5.1.1", permanent=True, error="550 no such user"),
        Result(id=4, state="expired", at=now),
    )
    states = [(await _get(store, number)).state for number in (1, 2, 3, 4)]
    assert states == ["sent", "deferred", "bounced", "expired"]
    async with store.read() as conn:
        outcomes = await outbox.unreported(conn, 10)
    assert [(o.id, o.permanent, o.status) for o in outcomes] == [(1, False, ""), (3, True, "5.1.1"), (4, False, "")]


async def test_a_dropped_mail_never_starts(store: Store, now: datetime) -> None:
    other = _mail(3, now, claim_id="CLM-333333")
    await _put(store, _mail(1, now), _mail(2, now, code="claim_rejected"), other)
    await store.write(lambda conn: outbox.drop(conn, [CLAIM], ("consent_prompt", "consent_reminder"), now))
    assert await _lease(store, now) == [2, 3]
    assert (await _get(store, 1)).state == "cancelled"


async def test_what_the_relay_took_before_the_drop_is_sent(store: Store, now: datetime) -> None:
    await _put(store, _mail(1, now), _mail(2, now))
    await _lease(store, now)
    await store.write(lambda conn: outbox.drop(conn, [CLAIM], ("consent_prompt",), now))
    await _settle(
        store,
        Result(id=1, state="sent", at=now),
        Result(id=2, state="deferred", at=now, next_attempt=now),
    )
    assert [(await _get(store, number)).state for number in (1, 2)] == ["sent", "cancelled"]


async def test_leases_can_be_given_back_untried(store: Store, now: datetime) -> None:
    await _put(store, _mail(1, now))
    await _lease(store, now)
    later = now + timedelta(minutes=1)
    await store.write(lambda conn: outbox.release(conn, [1], later))
    assert await _lease(store, now) == []
    assert await _lease(store, later) == [1]
    assert (await _get(store, 1)).attempts == 0


async def test_a_report_turns_sent_into_bounced(store: Store, now: datetime) -> None:
    await _put(store, _mail(1, now), _mail(2, now), _mail(3, now))
    await _settle(store, Result(id=1, state="sent", at=now), Result(id=2, state="sent", at=now))

    async def reports(conn: Any) -> None:
        await outbox.note_delivered(conn, [2], now)
        await outbox.note_bounced(conn, [1, 3], now, status="5.1.1", permanent=True)

    await store.write(reports)
    items = [await _get(store, number) for number in (1, 2, 3)]
    assert [(item.state, item.delivered_at) for item in items] == [("bounced", None), ("sent", now), ("queued", None)]


@pytest.mark.parametrize("state", ["bounced", "expired"])
async def test_the_operator_retries_and_cancels(store: Store, now: datetime, state: Any) -> None:
    await _put(store, _mail(1, now))
    await _settle(store, Result(id=1, state=state, at=now))
    assert await store.write(lambda conn: outbox_office.cancel(conn, 1, now)) is False
    later = now + timedelta(days=6)
    assert await store.write(lambda conn: outbox_office.retry(conn, 1, later)) is True
    assert await _lease(store, later) == [1]
    assert await store.write(lambda conn: outbox_office.cancel(conn, 1, later)) is True
    assert await store.write(lambda conn: outbox_office.retry(conn, 1, later)) is False
    assert (await _get(store, 1)).state == "cancelled"


async def test_webhooks_are_rows_of_the_same_kind(store: Store, now: datetime) -> None:
    call = NewWebhook(
        id=9, claim_id=CLAIM, key="evt-1", code="claim.approved", target="77", message_id="msg_1",
        body=b"{}", created_at=now,
    )  # fmt: skip
    await store.write(lambda conn: outbox.put_webhooks(conn, [call, call]))
    await _put(store, _mail(1, now))
    work = store.write(lambda conn: outbox.lease(conn, now, 10, "one", LEASE, "webhook"))
    [item] = await work
    assert (item.id, item.kind, item.target, item.email, item.body) == (9, "webhook", "77", "", b"{}")
    assert await _lease(store, now) == [1]


async def test_lookups(store: Store, a_claim: Callable[..., Claim], now: datetime) -> None:
    await _put(
        store,
        _mail(1, now),
        _mail(2, now + timedelta(hours=1), answer=True),
        _mail(3, now, claim_id="CLM-333333", answer=True),
        _mail(4, now, claim_id=None, code="confirm_act", answer=True),
    )
    async with store.read() as conn:
        newest = {(CLAIM, "clara@contoso.example"): "<2@m.example>"}
        assert await outbox.last_mails(conn, [CLAIM]) == newest
        assert await outbox.last_mails(conn, ["CLM-444444", ""]) == {}
        email = "CLARA@contoso.example"
        assert await outbox.answers_to(conn, email, CLAIM, now) == 1
        assert await outbox.answers_to(conn, email, None, now) == 1
        assert await outbox.answers_to(conn, email, CLAIM, now + timedelta(hours=2)) == 0
        assert await outbox.was_sent(conn, "confirm_act", email, now) is True
        assert await outbox.was_sent(conn, "confirm_act", email, now + timedelta(seconds=1)) is False
        assert [item.id for item in await outbox_office.of_claim(conn, CLAIM)] == [2, 1]
        assert [item.id for item in await outbox_office.of_claim(conn, CLAIM, before=2)] == [1]
        assert [item.id for item in await outbox_office.list_items(conn, "queued", 2, before=4)] == [3, 2]
        assert set(await outbox_office.by_handle(conn, [1, 99])) == {1}
        found = await outbox_office.by_message_id(conn, ["<1@m.example>", "<9@m.example>", ""])
        assert {message_id: item.id for message_id, item in found.items()} == {"<1@m.example>": 1}
        assert await outbox_office.get(conn, 99) is None


async def test_a_joined_mail_arrives_for_all_its_claims(
    store: Store, a_claim: Callable[..., Claim], now: datetime
) -> None:
    one, two = a_claim(CLAIM), a_claim("CLM-333333")

    async def work(conn: Any) -> None:
        await claims.save(conn, [Change(None, one), Change(None, two)], now)
        address = ReplyAddress(
            handle=5, email="c@contoso.example", party="customer", outbox_id=1, created_at=now,
            mails=((one.id, "a"), (two.id, "b")),
        )  # fmt: skip
        await reply_addresses.put(conn, [address])
        await outbox.put(conn, [_mail(1, now, key="a", handle=5)])

    await store.write(work)
    asked = [(one.id, "a"), (two.id, "b"), (two.id, "c")]
    async with store.read() as conn:
        assert await outbox.delivered(conn, asked) == set()
    await _settle(store, Result(id=1, state="sent", at=now))
    async with store.read() as conn:
        assert await outbox.delivered(conn, asked) == {(one.id, "a"), (two.id, "b")}
    await store.write(lambda conn: outbox.note_bounced(conn, [1], now, status="5.1.1", permanent=True))
    async with store.read() as conn:
        assert await outbox.delivered(conn, asked) == set()


async def test_what_concerns_no_mail_changes_no_mail(store: Store, now: datetime) -> None:
    await _put(store, _mail(1, now), _mail(2, now))
    await _settle(store, Result(id=1, state="sent", at=now))
    before = [await _get(store, number) for number in (1, 2)]
    await store.write(lambda conn: outbox.release(conn, [], now + LEASE))
    await store.write(lambda conn: outbox.note_delivered(conn, [], now))
    await store.write(lambda conn: outbox.note_bounced(conn, [], now, status="5.1.1", permanent=True))
    await store.write(lambda conn: outbox.mark_reported(conn, []))
    assert [await _get(store, number) for number in (1, 2)] == before
    async with store.read() as conn:
        assert await outbox.delivered(conn, []) == frozenset()
        assert [outcome.id for outcome in await outbox.unreported(conn, 10)] == [1]


async def test_a_mail_is_told_of_by_one_only(store: Store, now: datetime) -> None:
    await _put(store, _mail(1, now))
    await _settle(store, Result(id=1, state="sent", at=now))
    await store.write(lambda conn: outbox.mark_reported(conn, [1]))
    with pytest.raises(Conflict):
        await store.write(lambda conn: outbox.mark_reported(conn, [1]))
