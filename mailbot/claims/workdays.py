"""Which days are worked in a country: weekends, public holidays and make-up days, as the `holidays` library knows them.

A country the library does not know has weekends (Saturday and Sunday) and no holidays. Pure but for caching: the same
question always has the same answer. The library is imported at the first question, because it costs about 0.15 s.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache

from mailbot.claims.places import holiday_region

_DAY = timedelta(days=1)


def is_business_day(day: date, country: str) -> bool:
    """Whether people of that country work on that day."""
    return day in _business_days(country, day.year)


def business_day_after(day: date, count: int, country: str) -> date:
    """The `count`-th business day after `day` (the day itself never counts, domain §5); `count` is at least 1."""
    return _nth(_days(day, _DAY), count, country)


def business_day_before(day: date, count: int, country: str) -> date:
    """The `count`-th business day before `day`; `count` is at least 1."""
    return _nth(_days(day, -_DAY), count, country)


def business_days_between(after: date, until: date, country: str) -> int:
    """How many business days lie after the first date and not after the second; 0 if the second is not later."""
    span = (until - after).days
    return sum(is_business_day(after + n * _DAY, country) for n in range(1, span + 1))


def _days(day: date, step: timedelta) -> Iterator[date]:
    while True:
        day += step
        yield day


def _nth(days: Iterator[date], count: int, country: str) -> date:
    worked = (day for day in days if is_business_day(day, country))
    for _ in range(count - 1):
        next(worked)
    return next(worked)


@lru_cache(maxsize=512)
def _business_days(country: str, year: int) -> frozenset[date]:
    import holidays

    first = date(year, 1, 1)
    length = (date(year, 12, 31) - first).days + 1
    days = [first + n * _DAY for n in range(length)]
    try:
        calendar = holidays.country_holidays(country, subdiv=holiday_region(country), years=year)
    except NotImplementedError:
        return frozenset(day for day in days if day.weekday() < 5)
    return frozenset(day for day in days if calendar.is_working_day(day))
