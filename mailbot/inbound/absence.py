"""When somebody who is away comes back, and who stands in, as an out-of-office answer says it.

Pure and total; dates without a year mean the next one that fits the day of receipt, an ambiguous 04/05 the nearer day
to come. What is not understood is None: an absence without a date.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

from mailbot.addresses import canonical
from mailbot.inbound.interpretation import OutOfOffice
from mailbot.inbound.lexicon.load import lexicon
from mailbot.inbound.mailboxes import find_addresses
from mailbot.inbound.robots import TEXT_CAP, fold

_ISO = re.compile(r"(?<!\d)(20\d\d)[-/.年](\d{1,2})[-/.月](\d{1,2})(?!\d)")
_NUMERIC = re.compile(r"(?<![\d.:])(\d{1,2})\s?([./-])\s?(\d{1,2})(?:\2\s?(\d{4}|\d{2})(?!\d)|\.(?!\d)|(?![\d.:]))")
_MONTH_DAY_CJK = re.compile(r"(?<!\d)(\d{1,2})\s?月\s?(\d{1,2})\s?[日號号]")
_FAR = 400
_PAST = 45


def read_absence(text: str, received: date, strangers: frozenset[str]) -> OutOfOffice:
    """Return date and substitute in the newly written text; `strangers` are addresses of writer and bot."""
    folded = fold(text[:TEXT_CAP])
    return OutOfOffice(until=_until(folded, received), substitute=_substitute(text[:TEXT_CAP], strangers))


def _until(folded: str, received: date) -> date | None:
    """The latest day named; robots name the first day away, the last one, or the return, seldom anything else."""
    days = [day for day in _days(folded, received) if received - timedelta(days=1) <= day]
    return max(days, default=None)


def _days(folded: str, received: date) -> Iterator[date]:
    rest = folded
    for match in _ISO.finditer(folded):
        yield from _valid(int(match.group(1)), int(match.group(2)), int(match.group(3)))
    rest = _ISO.sub(" ", rest)
    for match in _named().finditer(rest):
        yield from _of_name(match, received)
    for match in _MONTH_DAY_CJK.finditer(rest):
        yield from _without_year(int(match.group(1)), int(match.group(2)), received)
    for match in _NUMERIC.finditer(_named().sub(" ", rest)):
        yield from _of_numbers(match, received)
    yield from _weekdays(folded, received)


def _valid(year: int, month: int, day: int) -> Iterator[date]:
    try:
        yield date(year, month, day)
    except ValueError:
        return


def _without_year(month: int, day: int, received: date) -> Iterator[date]:
    for year in (received.year, received.year + 1, received.year - 1):
        for found in _valid(year, month, day):
            if -_PAST <= (found - received).days <= _FAR - _PAST:
                yield found
                return


def _year(text: str | None) -> int | None:
    return None if not text else int(text) + (2000 if len(text) == 2 else 0)


@cache
def _months() -> dict[str, int]:
    return {fold(name): number for number, names in enumerate(lexicon("calendar")["months"], 1) for name in names}


@cache
def _named() -> re.Pattern[str]:
    """15 July 2026, July 15th, 15. července, július 15."""
    names = "|".join(sorted(map(re.escape, _months()), key=len, reverse=True))
    before = rf"(?<!\d)(?P<d1>\d{{1,2}})(?:st|nd|rd|th|er|\.|º|°)?(?: (?:de|of|des|den|du))? ?(?P<m1>{names})\b\.?"
    after = rf"(?:(?P<y2>20\d\d)\.? )?\b(?P<m2>{names})\b\.? (?:the )?(?P<d2>\d{{1,2}})(?:st|nd|rd|th|\.|-)?(?!\d)"
    return re.compile(rf"{before}(?:,? (?:de |del )?(?P<y1>20\d\d))?|{after}(?:,? (?P<y3>20\d\d))?")


def _of_name(match: re.Match[str], received: date) -> Iterator[date]:
    month = _months()[match.group("m1") or match.group("m2")]
    day = int(match.group("d1") or match.group("d2"))
    year = _year(match.group("y1") or match.group("y2") or match.group("y3"))
    yield from _valid(year, month, day) if year else _without_year(month, day, received)


def _of_numbers(match: re.Match[str], received: date) -> Iterator[date]:
    first, second, year = int(match.group(1)), int(match.group(3)), _year(match.group(4))
    orders = [(second, first)] if match.group(2) == "." else [(second, first), (first, second)]
    found = [
        day
        for month, number in orders
        for day in (_valid(year, month, number) if year else _without_year(month, number, received))
    ]
    coming = [day for day in found if day >= received]
    if coming or found:
        yield min(coming) if coming else max(found)


def _weekdays(folded: str, received: date) -> Iterator[date]:
    table = lexicon("calendar")
    for match in _weekday_cue().finditer(folded):
        name = match.group(1)
        wanted = next(number for number, names in enumerate(table["weekdays"]) if name in map(fold, names))
        yield received + timedelta(days=(wanted - received.weekday() - 1) % 7 + 1)
    if any(fold(word) in folded for word in table["tomorrow"]):
        yield received + timedelta(days=1)


@cache
def _weekday_cue() -> re.Pattern[str]:
    """A weekday counts only behind a word of return: "until Monday", not "we met on Monday"."""
    table = lexicon("calendar")
    names = sorted({fold(name) for names in table["weekdays"] for name in names}, key=len, reverse=True)
    cues = "|".join(fold(cue) for cue in table["cues"])
    articles = "on |the |next |na |v |ve |w |we |am |den |le |el |il "
    return re.compile(rf"(?:{cues}) ?(?:{articles})?({'|'.join(map(re.escape, names))})")


def _substitute(text: str, strangers: frozenset[str]) -> str | None:
    """The first address that is neither the writer's nor ours."""
    return next((one for one in find_addresses(text) if canonical(one) not in strangers), None)
