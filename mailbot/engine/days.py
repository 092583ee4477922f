"""When digests leave: at seven in the morning of the office's business days.

Pure; the office's country and time zone say which day it is.
"""

from datetime import date, datetime, time, timedelta

from mailbot.claims.places import Place
from mailbot.claims.workdays import is_business_day

_HOUR = time(7)
_AFTER_DIGEST = timedelta(minutes=5)
_LONGEST_BREAK = 30


def office_day(now: datetime, country: str, time_zone: str) -> date:
    """The office's date at that instant."""
    return Place(country, time_zone).day_of(now)


def is_digest_time(now: datetime, country: str, time_zone: str) -> bool:
    """Whether today's digest is due: a business day, seven or later."""
    place = Place(country, time_zone)
    return now.astimezone(place.zone).time() >= _HOUR and is_business_day(place.day_of(now), country)


def after_next_digest(now: datetime, country: str, time_zone: str) -> datetime:
    """Shortly after the next digest: when a reminder leaves by itself that no digest took along."""
    place = Place(country, time_zone)
    for days in range(_LONGEST_BREAK):
        day = place.day_of(now) + timedelta(days=days)
        instant = datetime.combine(day, _HOUR, place.zone).astimezone(now.tzinfo) + _AFTER_DIGEST
        if instant > now and is_business_day(day, country):
            return instant
    return now
