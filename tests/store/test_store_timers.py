"""Timers follow the clocks, ring once, and do not mind downtime."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from mailbot.claims.model import Claim
from mailbot.store import claims, timers
from mailbot.store.claims import Change
from mailbot.store.database import Store

ONE, TWO = "CLM-222222", "CLM-333333"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    kind: str = "review"
    subject: str = ""
    what: str = "due"
    at: datetime
    due: datetime


class Ids:
    """Row ids that count up."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def row(self) -> int:
        return next(self._numbers)


@pytest.fixture
async def ready(store: Store, a_claim: Callable[..., Claim], now: datetime) -> Store:
    changes = [Change(None, a_claim(ONE)), Change(None, a_claim(TWO))]
    await store.write(lambda conn: claims.save(conn, changes, now))
    return store


@pytest.fixture
def ids() -> Ids:
    return Ids()


async def _replace(store: Store, now: datetime, ids: Ids, wanted: dict[str, tuple[Ring, ...]]) -> None:
    await store.write(lambda conn: timers.replace(conn, wanted, now, ids))


async def _due(store: Store, at: datetime) -> list[tuple[str, str, datetime]]:
    async with store.read() as conn:
        return [(timer.claim_id, timer.what, timer.at) for timer in await timers.due(conn, at, 10)]


def _ring(now: datetime, hours: int, **values: Any) -> Ring:
    at = now + timedelta(hours=hours)
    return Ring(at=at, due=at, **values)


async def test_what_is_due_comes_oldest_first(ready: Store, now: datetime, ids: Ids) -> None:
    wanted = {ONE: (_ring(now, 2), _ring(now, 5)), TWO: (_ring(now, 1, what="reminder"),)}
    await _replace(ready, now, ids, wanted)
    assert await _due(ready, now) == []
    three_days_late = now + timedelta(days=3)
    assert [claim_id for claim_id, _, _ in await _due(ready, three_days_late)] == [TWO, ONE, ONE]
    async with ready.read() as conn:
        assert await timers.next_at(conn) == now + timedelta(hours=1)
        assert [timer.at for timer in await timers.of_claim(conn, ONE)] == [ring.at for ring in wanted[ONE]]


async def test_a_moved_clock_takes_its_timers_along(ready: Store, now: datetime, ids: Ids) -> None:
    await _replace(ready, now, ids, {ONE: (_ring(now, 1), _ring(now, 2)), TWO: (_ring(now, 1),)})
    await _replace(ready, now, ids, {ONE: (_ring(now, 2), _ring(now, 9))})
    late = now + timedelta(days=1)
    assert await _due(ready, late) == [
        (TWO, "due", now + timedelta(hours=1)),
        (ONE, "due", now + timedelta(hours=2)),
        (ONE, "due", now + timedelta(hours=9)),
    ]


async def test_what_has_fired_is_never_set_again(ready: Store, now: datetime, ids: Ids) -> None:
    await _replace(ready, now, ids, {ONE: (_ring(now, 1),)})
    await ready.write(lambda conn: timers.fire(conn, [1], now))
    await _replace(ready, now, ids, {ONE: (_ring(now, 1),)})
    assert await _due(ready, now + timedelta(days=1)) == []


async def test_what_was_cancelled_may_come_back(ready: Store, now: datetime, ids: Ids) -> None:
    await _replace(ready, now, ids, {ONE: (_ring(now, 1),)})
    await _replace(ready, now, ids, {ONE: ()})
    assert await _due(ready, now + timedelta(days=1)) == []
    await _replace(ready, now, ids, {ONE: (_ring(now, 1),)})
    assert len(await _due(ready, now + timedelta(days=1))) == 1


async def test_clocks_of_one_kind_are_told_apart_by_their_subject(ready: Store, now: datetime, ids: Ids) -> None:
    rings = (_ring(now, 1, subject="teams"), _ring(now, 1, subject="intune"))
    await _replace(ready, now, ids, {ONE: rings})
    assert len(await _due(ready, now + timedelta(days=1))) == 2


async def test_nothing_to_replace_is_nothing_to_do(ready: Store, now: datetime, ids: Ids) -> None:
    await _replace(ready, now, ids, {})
    await ready.write(lambda conn: timers.fire(conn, [], now))
    async with ready.read() as conn:
        assert await timers.next_at(conn) is None
