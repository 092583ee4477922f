"""The clock and the identifiers that are handed in."""

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest

from mailbot.clock import ManualClock, SystemClock
from mailbot.ids import CLAIM_ALPHABET, CLAIM_ID, Ids

START = datetime(2026, 6, 1, tzinfo=UTC)


class Stuck:
    """Randomness that always says the same."""

    def __init__(self, value: int) -> None:
        self.value = value

    def getrandbits(self, k: int, /) -> int:
        return self.value

    def randrange(self, stop: int, /) -> int:
        return self.value % stop


def test_a_manual_clock_stands_until_it_is_moved():
    clock = ManualClock(START)
    assert clock.now() == clock.now() == START
    assert clock.advance(timedelta(days=1)) == START + timedelta(days=1)
    clock.set(START)
    assert clock.now() == START


def test_clocks_keep_utc():
    summer = timezone(timedelta(hours=2))
    assert ManualClock(START.astimezone(summer)).now().tzinfo is UTC
    assert SystemClock().now().tzinfo is UTC
    with pytest.raises(ValueError, match="has no time zone"):
        ManualClock(datetime(2026, 6, 1))


def test_row_ids_ascend_even_if_the_clock_steps_back():
    clock = ManualClock(START)
    ids = Ids(clock, random.Random(1))
    found = [ids.row() for _ in range(1000)]
    clock.advance(-timedelta(hours=1))
    found += [ids.row() for _ in range(1000)]
    clock.advance(timedelta(hours=2))
    found += [ids.row() for _ in range(1000)]
    assert found == sorted(set(found))
    assert all(0 < row < 1 << 63 for row in found)


def test_row_ids_of_two_processes_sort_by_time():
    clock = ManualClock(START)
    first = Ids(clock, Stuck(2**21 - 1)).row()
    clock.advance(timedelta(milliseconds=1))
    assert Ids(clock, Stuck(0)).row() > first


def test_a_handle_has_48_bits_and_is_never_zero():
    ids = Ids(ManualClock(START), random.Random(2))
    assert all(0 < ids.handle() < 1 << 48 for _ in range(1000))
    assert Ids(ManualClock(START), Stuck(0)).handle() == 1


def test_claim_ids_can_be_spoken_and_found_in_text():
    ids = Ids(ManualClock(START), random.Random(3))
    found = {ids.claim() for _ in range(1000)}
    assert len(found) == 1000
    assert all(CLAIM_ID.fullmatch(claim) for claim in found)
    assert not set("01OILAEU") & set(CLAIM_ALPHABET)
    assert CLAIM_ID.findall("Re: clm-7k3qf2, CLM-7K3QF22 and XCLM-7K3QF2") == ["clm-7k3qf2"]
