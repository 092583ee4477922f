"""When a refusal is ours: pure rules of the breaker and of patience."""

from datetime import UTC, datetime, timedelta

import pytest

from mailbot.outbound.breaker import Breaker, systemic
from mailbot.outbound.retrying import Schedule
from mailbot.outbound.transport import Failure, PermanentFailure, TemporaryFailure

NOW = datetime(2026, 3, 2, tzinfo=UTC)
REFUSED = TemporaryFailure("auth", 535, "no")


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (TemporaryFailure("connect", 0, "refused"), "connect"),
        (TemporaryFailure("connect", 554, "go away"), "connect 554"),
        (TemporaryFailure("tls", 0, "certificate"), "tls"),
        (REFUSED, "auth 535"),
        (PermanentFailure("mail", 550, "x"), "mail 550"),
        (TemporaryFailure("mail", 451, "x"), ""),
        (PermanentFailure("rcpt", 554, "5.7.1 blocked"), "rcpt 554 5.7"),
        (PermanentFailure("rcpt", 550, "5.1.1 unknown"), ""),
        (PermanentFailure("data", 554, "5.7.1 spam"), ""),
    ],
)
def test_only_some_refusals_can_be_about_us(failure: Failure, kind: str) -> None:
    assert systemic(failure) == kind


def test_three_recipients_open_it_and_one_recipient_thrice_does_not() -> None:
    breaker = Breaker()
    for _ in range(5):
        breaker.failed(REFUSED, "a@x.example", NOW)
    assert not breaker.is_open
    breaker.failed(REFUSED, "b@x.example", NOW)
    assert breaker.allows(NOW, 8) == 8
    breaker.failed(REFUSED, "c@x.example", NOW)
    assert (breaker.is_open, breaker.allows(NOW, 8), breaker.why) == (True, 0, "auth: 535 no")


def test_pauses_double_up_to_the_longest_and_each_ends_with_one_probe() -> None:
    breaker, now, pauses = Breaker(), NOW, []
    for name in "abc":
        breaker.failed(REFUSED, name, now)
    for _ in range(6):
        assert breaker.open_until is not None
        pauses.append((breaker.open_until - now).total_seconds())
        now = breaker.open_until
        assert breaker.allows(now, 8) == 1
        breaker.failed(REFUSED, "probe", now)
    assert pauses == [300, 600, 1200, 2400, 4000, 4000]


def test_mails_that_fail_side_by_side_pause_once() -> None:
    breaker = Breaker()
    for name in "abcdefgh":
        breaker.failed(REFUSED, name, NOW)
    assert breaker.open_until == NOW + timedelta(minutes=5)


def test_a_pause_that_a_wrong_clock_set_for_years_ahead_is_over_when_the_clock_is_right() -> None:
    breaker = Breaker()
    for name in "abc":
        breaker.failed(REFUSED, name, NOW + timedelta(days=3653))
    assert breaker.allows(NOW, 8) == 1
    breaker.failed(REFUSED, "probe", NOW)
    assert breaker.open_until == NOW + timedelta(minutes=10)


def test_a_success_closes_it_and_forgets() -> None:
    breaker = Breaker()
    for name in "abc":
        breaker.failed(REFUSED, name, NOW)
    breaker.succeeded(NOW)
    breaker.failed(REFUSED, "d", NOW)
    assert (breaker.is_open, breaker.allows(NOW, 8), breaker.why) == (False, 8, "")


def test_waiting_grows_from_five_minutes_to_4000_seconds() -> None:
    waits = [(Schedule().next_attempt(n, NOW) - NOW).total_seconds() for n in (0, 1, 2, 3, 4, 5, 1000)]
    assert waits == [300, 600, 1200, 2400, 4000, 4000, 4000]
