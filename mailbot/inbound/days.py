"""Which days a text names: in figures, with the month names of many languages, by weekday or "tomorrow".

Names of months and weekdays are those of the CLDR (lexicon/cldr.toml). Pure and total over folded text; dates without a
year mean the next one that fits the day of receipt, an ambiguous 04/05 the nearer day to come.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

from mailbot.inbound.folding import fold
from mailbot.inbound.lexicon.load import lexicon

_ISO = re.compile(r"(?<!\d)(20\d\d)\s?[-/.年년]\s?(\d{1,2})\s?[-/.月월]\s?(\d{1,2})(?!\d)")
_NUMERIC = re.compile(r"(?<![\d.:])(\d{1,2})\s?([./-])\s?(\d{1,2})(?:\2\s?(\d{4}|\d{2})(?!\d)|\.(?!\d)|(?![\d.:]))")
_MONTH_DAY_CJK = re.compile(r"(?<!\d)(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日號号일]")
_DAY_ONLY = re.compile(r"\bthe (\d{1,2})(?:st|nd|rd|th)\b(?! of)|(?<![\d月월年년])(\d{1,2})[日號号일](?![間间])")
_CJK_NUMBER = re.compile(r"[一二三四五六七八九十廿]{1,3}(?=[月日號号])")
_CJK_DIGITS = {sign: number for number, sign in enumerate("一二三四五六七八九", 1)}
_FAR = 400
_PAST = 45
_ENDING = 5
"""A month's name may end otherwise in a sentence by so many letters."""


def days_named(folded: str, received: date) -> Iterator[date]:
    """Every day that a folded text names, seen from the day of receipt; in no order."""
    rest = _CJK_NUMBER.sub(_figures, folded)
    for match in _ISO.finditer(rest):
        yield from _valid(int(match.group(1)), int(match.group(2)), int(match.group(3)))
    rest = _ISO.sub(" ", rest)
    for match in _named().finditer(rest):
        yield from _of_name(match, received)
    rest = _named().sub(" ", rest)
    for match in _MONTH_DAY_CJK.finditer(rest):
        yield from _without_year(int(match.group(1)), int(match.group(2)), received)
    rest = _MONTH_DAY_CJK.sub(" ", rest)
    for match in _DAY_ONLY.finditer(rest):
        yield from _next_day(int(match.group(1) or match.group(2)), received)
    for match in _NUMERIC.finditer(rest):
        yield from _of_numbers(match, received)
    yield from _weekdays(folded, received)


def names_date(folded: str) -> bool:
    """Whether a folded text gives a date of the year; weekdays and bare days of a month are none."""
    return any(pattern.search(folded) for pattern in (_ISO, _named(), _MONTH_DAY_CJK, _NUMERIC))


def _figures(match: re.Match[str]) -> str:
    """十二 and 廿三 as figures; what is no number stays."""
    tens, ten, ones = match.group().replace("廿", "二十").rpartition("十")
    if not ten:
        return str(_CJK_DIGITS.get(ones, ones))
    return str(10 * _CJK_DIGITS.get(tens, 1) + _CJK_DIGITS.get(ones, 0))


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


def _next_day(day: int, received: date) -> Iterator[date]:
    """The next day of that number, today included."""
    if 1 <= day <= 31:
        yield next(one for one in (received + timedelta(days=ahead) for ahead in range(63)) if one.day == day)


def _year(text: str | None) -> int | None:
    return None if not text else int(text) + (2000 if len(text) == 2 else 0)


@cache
def months_by_name() -> dict[str, int]:
    """Names by month, the full ones first; then short forms that people write."""
    names: dict[str, int] = {}
    for table in ("cldr", "calendar"):
        for number, several in enumerate(lexicon(table)["months"], 1):
            for name in several:
                names.setdefault(fold(name), number)
    return names


@cache
def _stems() -> dict[str, int]:
    """Long names without their last two letters, where no other month begins so: November, novembru, novembern."""
    months = months_by_name()
    stems = {name[:-2]: number for name, number in months.items() if len(name) > 6 and name[-2:].isalpha()}
    return {
        stem: number
        for stem, number in stems.items()
        if not any(name.startswith(stem) and other != number for name, other in months.items())
    }


@cache
def _named() -> re.Pattern[str]:
    """15 July 2026, July 15th, 15. července, július 15."""
    exact = "|".join(map(re.escape, sorted(months_by_name(), key=len, reverse=True)))
    stems = "|".join(map(re.escape, sorted(_stems(), key=len, reverse=True)))
    names = rf"(?:{exact})\b|(?:{stems})\w{{0,{_ENDING}}}\b"
    between = r"(?:st|nd|rd|th|er|η|ης|\.|º|°|-?го)?(?: (?:de|of|des|den|du|d'|ngay))? ?[בו]?"
    before = rf"(?<!\d)(?P<d1>\d{{1,2}}){between}(?P<m1>{names})\.?"
    after = (
        rf"(?:(?P<y2>20\d\d)\.? (?:m\. )?)?\b(?P<m2>{names})\.? (?:the )?(?P<d2>\d{{1,2}})(?:st|nd|rd|th|\.|-)?(?!\d)"
    )
    return re.compile(rf"{before}(?:,? (?:de |del )?(?P<y1>20\d\d))?|{after}(?:,? (?P<y3>20\d\d))?")


def _of_name(match: re.Match[str], received: date) -> Iterator[date]:
    month = _month(match.group("m1") or match.group("m2"))
    day = int(match.group("d1") or match.group("d2"))
    year = _year(match.group("y1") or match.group("y2") or match.group("y3"))
    yield from _valid(year, month, day) if year else _without_year(month, day, received)


def _month(name: str) -> int:
    names, stems = months_by_name(), _stems()
    return names.get(name) or next(stems[name[:end]] for end in range(len(name), 0, -1) if name[:end] in stems)


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
    for match in _weekday_cue().finditer(folded):
        yield received + timedelta(days=(_weekday_names()[match.group(1)] - received.weekday() - 1) % 7 + 1)
    if any(fold(word) in folded for word in lexicon("calendar")["tomorrow"]):
        yield received + timedelta(days=1)


@cache
def _weekday_names() -> dict[str, int]:
    return {
        fold(name): number
        for table in ("cldr", "calendar")
        for number, several in enumerate(lexicon(table)["weekdays"])
        for name in several
    }


@cache
def _weekday_cue() -> re.Pattern[str]:
    """A weekday counts only behind a word of return: "until Monday", not "we met on Monday"."""
    names = "|".join(map(re.escape, sorted(_weekday_names(), key=len, reverse=True)))
    cues = "|".join(fold(cue) for cue in lexicon("calendar")["cues"])
    articles = "on |the |next |na |v |ve |w |we |am |den |le |el |il "
    return re.compile(rf"(?:{cues}) ?(?:{articles})?({names})")
