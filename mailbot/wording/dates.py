"""Dates and instants as a reader of a language and time zone expects them (Babel, CLDR).

Days carry their weekday: a last day is a promise (domain §4.2). Pure; an unknown time zone is read as UTC.
"""

from datetime import date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time

from mailbot.wording.catalogues import locale

_DAY_END = time(23, 59, 59)


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """The time zone of that name, or UTC."""
    try:
        return ZoneInfo(name or "UTC")
    except (OSError, ValueError, KeyError):
        return ZoneInfo("UTC")


def day(value: date | datetime, language: str, time_zone: str) -> str:
    """A day in words, with its weekday; an instant is placed in the reader's time zone first."""
    local = value.astimezone(zone(time_zone)).date() if isinstance(value, datetime) else value
    return _day(local, language)


def instant(value: datetime, language: str, time_zone: str, seconds: bool = False) -> str:
    """Day and time of day with the zone's short name."""
    local = value.astimezone(zone(time_zone))
    clock = _time(local.time().replace(microsecond=0), language, "medium" if seconds else "short")
    return f"{_day(local.date(), language)}, {clock} ({local.tzname()})"


def deadline(value: date | datetime, language: str, time_zone: str, exact: bool = False) -> str:
    """The last moment for something: a day if it ends with the reader's day, else the exact instant (domain §5).

    So a reader in another time zone than the one that counts is never promised hours that are not there.
    """
    if not isinstance(value, datetime):
        return _day(value, language)
    local = value.astimezone(zone(time_zone))
    if not exact and local.time().replace(microsecond=0) == _DAY_END:
        return _day(local.date(), language)
    return instant(value, language, time_zone, seconds=bool(local.second))


@lru_cache(maxsize=4096)
def _day(value: date, language: str) -> str:
    return format_date(value, "full", locale(language))


@lru_cache(maxsize=4096)
def _time(value: time, language: str, length: str) -> str:
    return format_time(value, length, locale=locale(language))
