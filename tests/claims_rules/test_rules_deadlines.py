"""Deadlines: expectations counted by hand on the calendars of seven countries, and laws that hold everywhere."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mailbot.claims.deadlines import (
    Duration,
    Place,
    after_return,
    before,
    business_day_before,
    day_end,
    due,
    half_way,
    last_day,
    postponed,
    reminder_lead,
    reminders,
)

PRAGUE = Place("CZ", "Europe/Prague")
PLACES = {
    "CZ": PRAGUE,
    "PL": Place("PL", "Europe/Warsaw"),
    "HU": Place("HU", "Europe/Budapest"),
    "TW": Place("TW", "Asia/Taipei"),
    "US": Place("US", "America/New_York"),
    "DE": Place("DE", "Europe/Berlin"),
    "GB": Place("GB", "Europe/London"),
    "SA": Place("SA", "Asia/Riyadh"),
    "none": Place("", "UTC"),
    "unknown": Place("ZZ", "UTC"),
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(country: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PLACES[country].zone)


def duration(text: str) -> Duration:
    return Duration.parse(text)


@pytest.mark.parametrize(
    ("country", "start", "length", "last"),
    [
        # Good Friday and Easter Monday are holidays.
        ("CZ", "2026-04-01", "5 business days", "2026-04-10"),
        ("CZ", "2026-09-25", "1 business day", "2026-09-29"),  # Statehood Day on Monday
        ("PL", "2026-12-23", "1 business day", "2026-12-28"),  # Christmas Eve is free since 2025
        ("PL", "2026-06-03", "1 business day", "2026-06-05"),  # Corpus Christi
        ("PL", "2026-04-02", "1 business day", "2026-04-03"),  # Good Friday is worked
        ("HU", "2026-12-11", "1 business day", "2026-12-12"),  # a Saturday worked for Christmas Eve
        ("HU", "2026-08-19", "1 business day", "2026-08-24"),  # State Foundation Day and the bridge after it
        ("TW", "2025-01-24", "1 business day", "2025-02-03"),  # Chinese New Year
        ("TW", "2025-02-07", "1 business day", "2025-02-08"),  # the Saturday worked for it
        ("TW", "2025-02-07", "2 business days", "2025-02-10"),
        ("US", "2026-07-01", "2 business days", "2026-07-06"),  # Independence Day observed on Friday
        ("US", "2026-11-25", "1 business day", "2026-11-27"),  # Thanksgiving
        ("US", "2026-12-31", "1 business day", "2027-01-04"),  # the year ends on a Thursday
        ("DE", "2026-05-13", "1 business day", "2026-05-15"),  # Ascension Day
        ("DE", "2026-10-30", "1 business day", "2026-11-02"),
        ("GB", "2026-04-02", "1 business day", "2026-04-07"),  # Good Friday and Easter Monday
        ("GB", "2026-08-28", "1 business day", "2026-09-01"),  # summer bank holiday
        ("GB", "2026-12-24", "1 business day", "2026-12-29"),  # Boxing Day's substitute
        ("SA", "2026-06-03", "2 business days", "2026-06-07"),  # the weekend is Friday and Saturday
        ("none", "2026-12-24", "2 business days", "2026-12-28"),  # weekends are all we know
        ("unknown", "2026-12-24", "2 business days", "2026-12-28"),
        ("CZ", "2026-04-01", "7 days", "2026-04-08"),
        # Easter makes five business days the later, a plain week makes seven days the later.
        ("CZ", "2026-04-01", "later of 7 days and 5 business days", "2026-04-10"),
        ("CZ", "2026-06-01", "later of 7 days and 5 business days", "2026-06-08"),
        ("CZ", "2028-02-25", "7 days", "2028-03-03"),  # over a leap day
        ("CZ", "2028-01-31", "1 month", "2028-02-29"),
        ("CZ", "2027-01-31", "1 month", "2027-02-28"),
        ("CZ", "2028-02-29", "12 months", "2029-02-28"),
        ("CZ", "2026-12-31", "1 month", "2027-01-31"),
        ("CZ", "2026-12-28", "7 days", "2027-01-04"),
    ],
)
def test_days_count_from_the_day_after_and_end_at_the_last_local_second(country, start, length, last):
    for hour in ("00:00:00", "12:30:00", "23:59:59"):
        end = due(local(country, f"{start}T{hour}"), duration(length), PLACES[country])
        assert end == local(country, f"{last}T23:59:59")
        assert end.tzinfo is UTC
        assert last_day(end, PLACES[country]) == date.fromisoformat(last)


def test_the_day_of_the_event_is_the_day_in_the_place_not_in_utc():
    evening_in_new_york = at("2026-06-02T03:00:00")
    assert due(evening_in_new_york, duration("1 day"), PLACES["US"]) == local("US", "2026-06-02T23:59:59")
    assert due(evening_in_new_york, duration("1 day"), PLACES["TW"]) == local("TW", "2026-06-03T23:59:59")


def test_shorter_durations_are_exact_even_over_a_change_of_the_clocks():
    start = at("2026-03-29T00:59:50")
    assert due(start, duration("20 seconds"), PRAGUE) == start + timedelta(seconds=20)
    assert due(start, duration("48 hours"), PRAGUE) == start + timedelta(hours=48)
    assert due(start, duration("0 seconds"), PRAGUE) == start


def test_a_day_ends_in_the_offset_of_that_day():
    assert due(at("2026-03-28T12:00:00"), duration("1 day"), PRAGUE) == at("2026-03-29T21:59:59")
    assert due(at("2026-10-24T12:00:00"), duration("1 day"), PRAGUE) == at("2026-10-25T22:59:59")
    assert day_end(date(2026, 10, 25), PRAGUE) == at("2026-10-25T22:59:59")


def test_of_a_last_second_that_comes_twice_the_second_one_counts():
    sao_paulo = Place("BR", "America/Sao_Paulo")
    assert due(at("2018-02-16T15:00:00"), duration("1 day"), sao_paulo) == at("2018-02-18T02:59:59")


def test_a_day_that_a_country_skipped_ends_when_the_next_one_does():
    samoa = Place("WS", "Pacific/Apia")
    assert due(at("2011-12-29T20:00:00"), duration("1 day"), samoa) == at("2011-12-31T09:59:59")


def test_an_absence_counts_from_the_day_of_return():
    returns = date(2026, 4, 1)
    assert after_return(returns, duration("5 business days"), PRAGUE) == local("CZ", "2026-04-10T23:59:59")
    assert after_return(returns, duration("20 seconds"), PRAGUE) == local("CZ", "2026-04-01T00:00:20")


def test_one_business_day_before_skips_what_is_not_worked():
    end = local("CZ", "2026-04-07T23:59:59")
    assert business_day_before(end, PRAGUE) == local("CZ", "2026-04-02T23:59:59")


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        ("7 days", "2026-03-31T23:59:59"),
        ("1 month", "2026-03-07T23:59:59"),
        ("2 hours", "2026-04-07T21:59:59"),
        ("later of 7 days and 2 hours", "2026-03-31T23:59:59"),
    ],
)
def test_before_goes_back_by_local_days_or_exactly(length, expected):
    assert before(local("CZ", "2026-04-07T23:59:59"), duration(length), PRAGUE) == local("CZ", expected)


def test_half_way_is_the_middle():
    assert half_way(at("2026-01-01T00:00:00"), at("2026-01-01T00:01:00")) == at("2026-01-01T00:00:30")


def test_reminders_come_half_way_and_one_business_day_before():
    start = local("CZ", "2026-06-01T10:00:00")
    end = due(start, duration("5 business days"), PRAGUE)
    assert reminders(start, end, ("1 business day before", "half"), PRAGUE) == (
        half_way(start, end),
        local("CZ", "2026-06-05T23:59:59"),
    )


def test_reminders_outside_the_deadline_or_twice_are_left_out():
    start = local("CZ", "2026-06-01T10:00:00")
    end = start + timedelta(seconds=20)
    specs = ("half", "half", "1 business day before", "7 days before", "20 seconds before", "0 seconds before")
    assert reminders(start, end, specs, PRAGUE) == (start + timedelta(seconds=10),)
    assert reminders(start, start, specs, PRAGUE) == ()
    assert reminders(start, end, (), PRAGUE) == ()


@pytest.mark.parametrize("spec", ["", "halfway", "1 business day", "before", "x before", "half before"])
def test_a_reminder_nobody_understands_is_refused(spec):
    with pytest.raises(ValueError, match="is not a"):
        reminder_lead(spec)


@pytest.mark.parametrize(
    ("length", "since", "until", "expected"),
    [
        # Asked on Monday, answered on Wednesday: two business days come back.
        ("10 business days", "2026-06-01T10:00:00", "2026-06-03T16:00:00", "2026-06-16T23:59:59"),
        # Over a weekend only the Monday was lost.
        ("10 business days", "2026-06-05T10:00:00", "2026-06-08T16:00:00", "2026-06-15T23:59:59"),
        ("10 business days", "2026-06-01T10:00:00", "2026-06-01T16:00:00", "2026-06-12T23:59:59"),
        ("30 days", "2026-06-05T10:00:00", "2026-06-08T16:00:00", "2026-06-15T23:59:59"),
        ("1 month", "2026-06-05T10:00:00", "2026-06-07T16:00:00", "2026-06-14T23:59:59"),
        ("1 hour", "2026-06-01T10:00:00", "2026-06-01T10:30:00", "2026-06-13T00:29:59"),
        ("1 hour", "2026-06-01T10:30:00", "2026-06-01T10:00:00", "2026-06-12T23:59:59"),
        ("later of 7 days and 5 business days", "2026-06-05T10:00:00", "2026-06-08T16:00:00", "2026-06-15T23:59:59"),
    ],
)
def test_a_pause_gives_back_what_was_lost(length, since, until, expected):
    end = local("CZ", "2026-06-12T23:59:59")
    pause = (local("CZ", since), local("CZ", until))
    assert postponed(end, pause, duration(length), PRAGUE) == local("CZ", expected)


def test_instants_without_a_zone_are_refused():
    naive = datetime(2026, 1, 1)
    aware = at("2026-01-01T00:00:00")
    for call in (
        lambda: due(naive, duration("1 day"), PRAGUE),
        lambda: before(naive, duration("1 day"), PRAGUE),
        lambda: half_way(naive, naive),
        lambda: postponed(naive, (aware, aware), duration("1 day"), PRAGUE),
        lambda: last_day(naive, PRAGUE),
        lambda: reminders(naive, aware, (), PRAGUE),
    ):
        with pytest.raises(ValueError, match="has no time zone"):
            call()


def test_the_holidays_library_is_not_loaded_before_it_is_needed():
    code = "import sys, mailbot.claims.deadlines, mailbot.claims.policy; sys.exit('holidays' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


instants = st.datetimes(datetime(2020, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC))
places = st.sampled_from(list(PLACES.values()))
lengths = st.sampled_from(
    [
        "1 business day", "5 business days", "14 business days", "1 day", "7 days", "30 days", "1 month", "12 months",
        "10 minutes", "0 seconds", "later of 7 days and 5 business days", "later of 1 hour and 1 business day",
    ]
).map(Duration.parse)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(instants, instants, lengths, places)
def test_what_begins_later_never_ends_earlier(first, second, length, place):
    first, second = sorted((first, second))
    assert due(first, length, place) <= due(second, length, place)


@settings(max_examples=300, deadline=None)
@given(instants, st.integers(1, 30), places)
def test_a_deadline_in_days_is_never_early(start, count, place):
    full_days = timedelta(days=count)
    assert due(start, Duration.parse(f"{count} days"), place) - start >= full_days - timedelta(hours=1, seconds=1)
    assert due(start, Duration.parse(f"{count} business days"), place) >= due(
        start, Duration.parse(f"{count} days"), place
    )


@settings(max_examples=300, deadline=None)
@given(instants, st.integers(1, 20), places)
def test_one_more_business_day_is_always_later(start, count, place):
    shorter, longer = (due(start, Duration.parse(f"{n} business days"), place) for n in (count, count + 1))
    assert shorter < longer


@settings(max_examples=300, deadline=None)
@given(instants, lengths, places)
def test_days_end_at_the_last_second_of_a_local_day(start, length, place):
    assume(not length.exact)
    end = due(start, length, place).astimezone(place.zone)
    assert (end.hour, end.minute, end.second, end.microsecond) == (23, 59, 59, 0)


@settings(max_examples=300, deadline=None)
@given(instants, lengths, places)
def test_reminders_lie_inside_and_ascend(start, length, place):
    end = due(start, length, place)
    found = reminders(start, end, ("half", "1 business day before", "7 days before", "1 hour before"), place)
    assert all(start < instant < end for instant in found)
    assert list(found) == sorted(set(found))


@settings(max_examples=300, deadline=None)
@given(instants, instants, instants, lengths, places)
def test_a_pause_never_takes_time_away(start, since, until, length, place):
    end = due(start, length, place)
    assert postponed(end, (since, until), length, place) >= end


@settings(max_examples=200, deadline=None)
@given(st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)), st.sampled_from(
    ["America/Havana", "America/Sao_Paulo", "Asia/Beirut", "Atlantic/Azores", "Pacific/Apia", "Australia/Lord_Howe"]
))  # fmt: skip
def test_no_zone_makes_a_day_end_before_it_is_over(start, zone):
    place = Place("", zone)
    end = due(start, Duration.parse("1 day"), place)
    following = start.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    assert last_day(end, place) >= following
    assert (end + timedelta(seconds=1)).astimezone(place.zone).date() > following
