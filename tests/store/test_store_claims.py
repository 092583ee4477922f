"""Claims are saved under their version, found by their keys, and come back as they were."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailbot.claims.model import (
    Association,
    Cause,
    Channel,
    Claim,
    Clock,
    ClockKind,
    Comment,
    Consent,
    Contact,
    Decline,
    Evidence,
    Inquiry,
    Notice,
    Product,
    Question,
    Status,
)
from mailbot.store import claims
from mailbot.store.claims import Change
from mailbot.store.codec import claim_from_text, claim_to_text, from_json, to_json
from mailbot.store.database import Store
from mailbot.store.faults import Conflict

_words = st.text(max_size=12)
_instants = st.datetimes(timezones=st.just(UTC))
_hours = st.builds(timedelta, hours=st.integers(-12, 12))
_contacts = st.builds(Contact, name=_words, email=_words, title=_words, country=_words, time_zone=_words)
_claims = st.builds(
    Claim,
    id=_words,
    version=st.integers(1, 2**31),
    policy=_words,
    created_at=_instants,
    organisation_id=_words,
    organisation_name=_words,
    name=_words,
    products=st.lists(st.builds(Product, code=_words, ends=st.none() | st.dates())).map(tuple),
    customer=_contacts,
    second=st.none() | _contacts,
    former_contacts=st.lists(_contacts, max_size=2).map(tuple),
    evidence=st.lists(
        st.builds(Evidence, sha256=_words, name=_words, media_type=_words, size=st.integers(0, 2**40), verdict=_words,
                  by=_words, at=_instants), max_size=2).map(tuple),
    questions=st.lists(
        st.builds(Question, number=st.integers(), reason=_words, text=_words, asked_at=_instants,
                  answered_at=st.none() | _instants, files=st.lists(_words, max_size=2).map(tuple)),
        max_size=2).map(tuple),
    comments=st.lists(st.builds(Comment, at=_instants, by=_words, role=_words, text=_words), max_size=2).map(tuple),
    inquiries=st.lists(
        st.builds(Inquiry, number=st.integers(), cause=st.sampled_from(Cause), text=_words, by=_words, at=_instants),
        max_size=2).map(tuple),
    effective_date=st.none() | st.dates(),
    status=st.sampled_from(Status),
    consent=st.sampled_from(Consent),
    suspended_by=st.none() | st.sampled_from(Cause),
    association=st.sampled_from(Association),
    contested=st.booleans(),
    rivals=st.lists(_words, max_size=2).map(tuple),
    notice=st.none() | st.builds(Notice, key=_words, email=_words, printed=_instants, sent_at=st.none() | _instants),
    decline=st.none() | st.builds(
        Decline, at=_instants, by=_words, channel=st.sampled_from(Channel), how=_words, text=_words,
        from_status=st.sampled_from(Status), from_reason=_words, from_consent=st.sampled_from(Consent),
        from_association=st.sampled_from(Association), from_suspended_by=st.none() | st.sampled_from(Cause)),
    clocks=st.lists(
        st.builds(Clock, kind=st.sampled_from(ClockKind), set_at=_instants, due=_instants, subject=_words,
                  reminders=st.lists(_instants, max_size=2).map(tuple)), max_size=2).map(tuple),
    submitted_at=st.none() | _instants,
)  # fmt: skip


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_claims)
def test_every_claim_comes_back_as_it_was(claim: Claim) -> None:
    assert claim_from_text(claim_to_text(claim)) == claim


def test_a_claim_of_an_older_version_gets_todays_defaults(a_claim: Callable[..., Claim]) -> None:
    values = from_json(claim_to_text(a_claim()))
    del values["contested"], values["clocks"]
    values["field_of_long_ago"] = 1
    assert claim_from_text(to_json(values)) == a_claim(clocks=())


def test_characters_that_no_encoding_carries_do_not_stop_a_claim(a_claim: Callable[..., Claim]) -> None:
    assert claim_from_text(claim_to_text(a_claim(name="a\udce9b"))).name == "a?b"


# Names with a dollar are the codec's own marks.
_names = st.text(max_size=5).filter(lambda name: not name.startswith("$"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | _instants | st.dates(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=3),
        max_leaves=8,
    )
)
def test_json_trees_keep_instants_and_dates(tree: object) -> None:
    assert from_json(to_json(tree)) == tree


def _saving(*changes: Change, now: datetime) -> Callable[[Any], Any]:
    async def work(conn: Any) -> None:
        await claims.save(conn, changes, now)

    return work


async def _load(store: Store, *ids: str) -> dict[str, Claim]:
    async with store.read() as conn:
        return await claims.load(conn, ids)


async def test_saved_claims_are_loaded_again(store: Store, a_claim: Callable[..., Claim], now: datetime) -> None:
    one, two = a_claim("CLM-222222"), a_claim("CLM-333333", effective_date=date(2026, 3, 1))
    await store.write(_saving(Change(None, one), Change(None, two), now=now))
    assert await _load(store, one.id, two.id, "CLM-NOBODY") == {one.id: one, two.id: two}
    moved = replace(one, version=2, status=Status.SUBMITTED, submitted_at=now)
    await store.write(_saving(Change(one, moved), now=now))
    assert await _load(store, one.id) == {one.id: moved}


async def test_a_stale_save_conflicts_and_changes_nothing(
    store: Store, a_claim: Callable[..., Claim], now: datetime
) -> None:
    one, two = a_claim("CLM-222222"), a_claim("CLM-333333")
    await store.write(_saving(Change(None, one), Change(None, two), now=now))
    first = replace(one, version=2, name="first")
    await store.write(_saving(Change(one, first), now=now))
    stale, other = replace(one, version=2, name="stale"), replace(two, version=2, name="other")
    with pytest.raises(Conflict) as caught:
        await store.write(_saving(Change(two, other), Change(one, stale), now=now))
    assert caught.value.claim_ids == (one.id,)
    assert await _load(store, one.id, two.id) == {one.id: first, two.id: two}


async def test_a_claim_id_is_given_once(store: Store, a_claim: Callable[..., Claim], now: datetime) -> None:
    await store.write(_saving(Change(None, a_claim()), now=now))
    with pytest.raises(Conflict) as caught:
        await store.write(_saving(Change(None, a_claim(name="other")), now=now))
    assert caught.value.claim_ids == (a_claim().id,)


async def test_keys_follow_the_products(store: Store, a_claim: Callable[..., Claim], now: datetime) -> None:
    one = a_claim()
    await store.write(_saving(Change(None, one), now=now))
    fewer = replace(one, version=2, products=(Product(code="teams"),))
    await store.write(_saving(Change(one, fewer), now=now))
    async with store.read() as conn:
        assert await claims.keys_of(conn, [one.id]) == {one.id: fewer.keys()}


@pytest.mark.parametrize(
    ("changes", "in_play"),
    [
        ({"status": Status.DRAFT}, False),
        ({"status": Status.SUBMITTED}, True),
        ({"status": Status.UNDER_REVIEW}, True),
        ({"status": Status.ACTION_REQUIRED}, True),
        ({"status": Status.DISPUTED}, True),
        ({"status": Status.APPROVED}, True),
        ({"status": Status.APPROVED, "association": Association.ACTIVE}, True),
        ({"status": Status.APPROVED, "association": Association.ENDED}, False),
        ({"status": Status.REJECTED}, False),
        ({"status": Status.REJECTED, "association": Association.ACTIVE}, True),
        ({"status": Status.CANCELLED}, False),
        ({"status": Status.SUBMITTED, "products": (Product(code="intune"),)}, False),
        ({"status": Status.SUBMITTED, "tenant_id": "11111111-2222-3333-4444-555555555555".upper()}, True),
        ({"status": Status.SUBMITTED, "tenant_id": "99999999-2222-3333-4444-555555555555"}, False),
    ],
)
async def test_a_rival_is_another_claim_in_play_on_a_common_key(
    store: Store, a_claim: Callable[..., Claim], now: datetime, changes: dict[str, Any], in_play: bool
) -> None:
    mine = a_claim("CLM-222222", status=Status.SUBMITTED, submitted_at=now)
    other = a_claim("CLM-333333", organisation_id="org-other", organisation_name="Other", **changes)
    await store.write(_saving(Change(None, mine), Change(None, other), now=now))
    async with store.read() as conn:
        found = (await claims.rivals(conn, [mine]))[mine.id]
    assert [rival.claim_id for rival in found] == ([other.id] if in_play else [])
    if found:
        assert found[0].keys == other.keys()
        assert (found[0].organisation_name, found[0].status) == ("Other", other.status)


async def test_rivals_are_asked_for_products_that_are_not_stored_yet(
    store: Store, a_claim: Callable[..., Claim], now: datetime
) -> None:
    holder = a_claim("CLM-333333", status=Status.SUBMITTED, products=(Product(code="intune"),))
    await store.write(_saving(Change(None, holder), now=now))
    asking = [a_claim("CLM-222222"), a_claim("CLM-444444", products=(Product(code="intune"),))]
    async with store.read() as conn:
        found = await claims.rivals(conn, asking)
    assert {claim_id: [r.claim_id for r in rivals] for claim_id, rivals in found.items()} == {
        "CLM-222222": [],
        "CLM-444444": ["CLM-333333"],
    }


async def test_of_two_processes_with_the_same_claim_one_wins(
    store: Store, open_store: Callable[..., Any], a_claim: Callable[..., Claim], now: datetime
) -> None:
    one = a_claim()
    await store.write(_saving(Change(None, one), now=now))
    other = await open_store(lock=False)
    for number in range(1, 20):
        loaded = (await _load(store, one.id))[one.id]
        changes = [replace(loaded, version=loaded.version + 1, name=f"{who} {number}") for who in ("here", "there")]
        jobs = [
            where.write(_saving(Change(loaded, change), now=now))
            for where, change in zip((store, other), changes, strict=True)
        ]
        outcomes = await asyncio.gather(*jobs, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes if outcome] == [Conflict]
        assert (await _load(store, one.id))[one.id] in changes
    await other.close()
