"""When a duration that starts at an event ends, and when to remind of it (domain §5).

All instants in and out are UTC and aware; a naive one raises ValueError. Days, business days and months count from the
day after the event in the party's place and end at 23:59:59 there; shorter durations are exact. No deadline is ever
early: where a local time exists twice or not at all, the later instant is meant. Nothing here reads a clock.
"""

import calendar
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from mailbot.claims.durations import Duration, Span, Unit
from mailbot.claims.places import Place
from mailbot.claims.workdays import business_day_after, business_days_between
from mailbot.claims.workdays import business_day_before as _workday_before

__all__ = [
    "Duration",
    "Place",
    "after_return",
    "before",
    "business_day_before",
    "day_end",
    "due",
    "half_way",
    "last_day",
    "postponed",
    "reminder_lead",
    "reminders",
]

_END_OF_DAY = time(23, 59, 59)
_ONE_BUSINESS_DAY = Duration((Span(1, Unit.BUSINESS_DAY),))
_BEFORE = re.compile(r"(.+) before")


def due(start: datetime, duration: Duration, place: Place) -> datetime:
    """The instant at which a duration that began at `start` is over in that place."""
    _demand_aware(start)
    return max(_span_end(start, span, place) for span in duration.spans)


def after_return(day: date, duration: Duration, place: Place) -> datetime:
    """When a window moved by an absence closes: `duration` after the day of return (domain §4.2, `absence`)."""
    return due(_local(day, time.min, place), duration, place)


def before(end: datetime, duration: Duration, place: Place) -> datetime:
    """The instant `duration` before `end`: the same local time on an earlier day, or an exact difference."""
    _demand_aware(end)
    return min(_span_start(end, span, place) for span in duration.spans)


def business_day_before(end: datetime, place: Place) -> datetime:
    """The same local time on the last business day before the day of `end`."""
    return before(end, _ONE_BUSINESS_DAY, place)


def half_way(start: datetime, end: datetime) -> datetime:
    """The instant in the middle."""
    _demand_aware(start)
    return start + (end - start) / 2


def postponed(end: datetime, paused: tuple[datetime, datetime], duration: Duration, place: Place) -> datetime:
    """Where a clock of that duration stands after a pause (from, until): what was left is left again.

    Exact durations gain the length of the pause, the others the (business) days that began in it, so that a pause
    within one day costs nothing and a deadline still ends with a day. Never before `end`.
    """
    _demand_aware(end)
    return max(end, *(_after_pause(end, paused, span, place) for span in duration.spans))


@lru_cache(maxsize=4096)
def day_end(day: date, place: Place) -> datetime:
    """The last second of a local day, 23:59:59, as UTC."""
    return _local(day, _END_OF_DAY, place)


def last_day(end: datetime, place: Place) -> date:
    """The date to print for a deadline: the last local day on which something can still be done."""
    _demand_aware(end)
    return place.day_of(end)


def reminders(start: datetime, end: datetime, specs: Sequence[str], place: Place) -> tuple[datetime, ...]:
    """When to remind of a deadline, ascending: only instants strictly inside it, each once (domain §5).

    A spec is "half" or "<duration> before"; others raise ValueError (`reminder_lead`).
    """
    _demand_aware(start)
    instants = {_reminder(start, end, spec, place) for spec in specs}
    return tuple(sorted(at for at in instants if start < at < end))


@lru_cache(maxsize=256)
def reminder_lead(spec: str) -> Duration | None:
    """How long before the end a reminder goes out; None for "half". Raises ValueError for anything else."""
    if spec == "half":
        return None
    match = _BEFORE.fullmatch(spec)
    if match is None:
        raise ValueError(f'"{spec}" is not a reminder; write "half" or "<duration> before"')
    return Duration.parse(match[1])


def _reminder(start: datetime, end: datetime, spec: str, place: Place) -> datetime:
    lead = reminder_lead(spec)
    return half_way(start, end) if lead is None else before(end, lead, place)


def _span_end(start: datetime, span: Span, place: Place) -> datetime:
    if span.exact is not None:
        return start.astimezone(UTC) + span.exact
    return day_end(_day_after(place.day_of(start), span, place), place)


def _day_after(day: date, span: Span, place: Place) -> date:
    if span.unit is Unit.BUSINESS_DAY:
        return business_day_after(day, span.count, place.country)
    if span.unit is Unit.MONTH:
        return _months(day, span.count)
    return day + timedelta(days=span.count)


def _span_start(end: datetime, span: Span, place: Place) -> datetime:
    if span.exact is not None:
        return end.astimezone(UTC) - span.exact
    local = end.astimezone(place.zone)
    return _local(_day_before(local.date(), span, place), local.time(), place)


def _day_before(day: date, span: Span, place: Place) -> date:
    if span.unit is Unit.BUSINESS_DAY:
        return _workday_before(day, span.count, place.country)
    if span.unit is Unit.MONTH:
        return _months(day, -span.count)
    return day - timedelta(days=span.count)


def _after_pause(end: datetime, paused: tuple[datetime, datetime], span: Span, place: Place) -> datetime:
    since, until = paused
    if span.exact is not None:
        return end.astimezone(UTC) + max(until - since, timedelta(0))
    first, last = place.day_of(since), place.day_of(until)
    if span.unit is Unit.BUSINESS_DAY:
        lost, unit = business_days_between(first, last, place.country), Unit.BUSINESS_DAY
    else:
        lost, unit = (last - first).days, Unit.DAY
    return _span_end(end, Span(lost, unit), place) if lost > 0 else end


def _months(day: date, count: int) -> date:
    """The same day of the month `count` months on, or that month's last day if it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _local(day: date, at: time, place: Place) -> datetime:
    """That local time in UTC. Of a repeated hour the second pass counts, a skipped hour is over when it is skipped."""
    naive = datetime.combine(day, at.replace(tzinfo=None))
    return max(naive.replace(tzinfo=place.zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def _demand_aware(instant: datetime) -> None:
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone; instants are UTC")
