"""Where the words of evidence show what evidence must show (domain §3): the first page of each item, with its words.

Pure and total. A finding is a proposal that a reviewer reads before deciding; nothing follows from one by itself. What
is sought is sought in five languages at once: a Czech partner may well send a Hungarian contract.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from mailbot.inbound.days import months_by_name
from mailbot.inbound.lexicon.load import lexicon

MOST_TEXT = 500_000
"""Characters that are searched, all files together."""

_AROUND = 40
_BETWEEN_HAN = re.compile(r"(?<=[\u3000-\u9fff]) (?=[\u3000-\u9fff])")
_ISO = re.compile(r"(?<!\d)(?P<y>20\d\d)\s?[-/.年]\s?(?P<m>\d{1,2})\s?[-/.月]\s?(?P<d>\d{1,2})(?!\d)")
_NUMBERS = re.compile(r"(?<![\d.])(?P<d>\d{1,2})(?P<dot>\.|/|-)\s?(?P<m>\d{1,2})(?P=dot)\s?(?P<y>20\d\d)(?!\.?\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The words of a page of a file; `page` is 0 in a file that has no pages."""

    file: str
    page: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What the claim says. `partner` and `customer` are names and domains that stand for a party, `products` the names
    of each product by its code; a date counts from `oldest` to `today`."""

    partner: tuple[str, ...]
    customer: tuple[str, ...]
    tenant: tuple[str, ...]
    products: Mapping[str, tuple[str, ...]]
    oldest: date
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Where an item was found, and the words there."""

    file: str
    page: int
    words: str


@dataclass(frozen=True, slots=True)
class _Page:
    """A sheet ready to be searched: `folded` has the length of `shown`, so that a place in one is a place in both."""

    sheet: Sheet
    shown: str
    folded: str


def findings(sheets: Iterable[Sheet], sought: Sought) -> dict[str, Finding]:
    """Item of the checklist → where it was found; an item that was not found is not there."""
    pages = _pages(sheets)
    signature = _words("signature")
    found = {
        "parties": _together(pages, _names(sought.partner), _names(sought.customer)),
        "tenant": _first(pages, _names(sought.tenant)),
        "signature": _together(pages, signature, _names(sought.customer)) or _first(pages, signature),
        "date": _date(pages, sought),
        "work": _first(pages, _words("work")),
    }
    for code, names in sought.products.items():
        found[f"product:{code}"] = _first(pages, _names(names))
    return {item: finding for item, finding in found.items() if finding is not None}


def _pages(sheets: Iterable[Sheet]) -> list[_Page]:
    pages, room = list[_Page](), MOST_TEXT
    for sheet in sheets:
        shown = _BETWEEN_HAN.sub("", " ".join(unicodedata.normalize("NFKC", sheet.text[:room]).split()))
        pages.append(_Page(sheet, shown, _folded(shown)))
        room -= len(sheet.text[:room])
    return pages


def _first(pages: Sequence[_Page], wanted: re.Pattern[str] | None) -> Finding | None:
    places = ((page, wanted.search(page.folded)) for page in pages) if wanted else ()
    return next((_finding(page, place) for page, place in places if place), None)


def _together(pages: Sequence[_Page], one: re.Pattern[str] | None, other: re.Pattern[str] | None) -> Finding | None:
    """The first page that has both."""
    both = [page for page in pages if one and other and one.search(page.folded) and other.search(page.folded)]
    return _first(both, one)


def _date(pages: Sequence[_Page], sought: Sought) -> Finding | None:
    """The youngest day that is not too old and not to come."""
    fit = [(day, page, place) for page in pages for day, place in _days(page.folded) if _counts(day, sought)]
    if not fit:
        return None
    _, page, place = max(fit, key=lambda found: found[0])
    return _finding(page, place)


def _counts(day: date, sought: Sought) -> bool:
    return sought.oldest <= day <= sought.today


def _days(folded: str) -> Iterable[tuple[date, re.Match[str]]]:
    """Days as they are written; of 03/04/2026 both that it can be."""
    for pattern in (_ISO, _named_days(), _NUMBERS):
        for place in pattern.finditer(folded):
            given = {name: value for name, value in place.groupdict().items() if value}
            year, day = given.get("y") or given.get("y2") or given.get("y3"), int(given.get("d") or given["d2"])
            month = given.get("m") or given["m2"]
            number = int(month) if month.isdecimal() else _months()[month]
            for one, two in ((number, day), (day, number)) if given.get("dot") == "/" else ((number, day),):
                if year and (found := _day(int(year), one, two)):
                    yield found, place


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


@cache
def _months() -> dict[str, int]:
    return {_folded(name): number for name, number in months_by_name().items()}


@cache
def _named_days() -> re.Pattern[str]:
    """15 July 2026, July 15th, 2026, 15. července 2026, 2026. július 15."""
    names = "|".join(sorted(map(re.escape, _months()), key=len, reverse=True))
    before = rf"(?<!\d)(?P<d>\d{{1,2}})(?:st|nd|rd|th|\.)? ?(?P<m>{names})\b\.?,? ?(?P<y>20\d\d)"
    after = rf"(?:(?P<y2>20\d\d)\. ?)?\b(?P<m2>{names})\b\.? (?P<d2>\d{{1,2}})(?:st|nd|rd|th|\.)?"
    return re.compile(rf"{before}|{after}(?:,? (?P<y3>20\d\d))?")


@cache
def _words(kind: str) -> re.Pattern[str]:
    found = _names(tuple(lexicon("evidence")[kind]))
    assert found is not None
    return found


def _names(names: Iterable[str]) -> re.Pattern[str] | None:
    """Any of the names as words of their own; None when there is nothing to look for."""
    folded = sorted({_folded(name.strip()) for name in names if len(name.strip()) > 1}, key=len, reverse=True)
    return re.compile("|".join(map(_bounded, folded))) if folded else None


def _bounded(name: str) -> str:
    """Chinese words stand without spaces between them."""
    start = r"(?<!\w)" if name[0].isascii() else ""
    return f"{start}{re.escape(name)}(?!\\w)" if name[-1].isascii() else f"{start}{re.escape(name)}"


@cache
def _plain_letters() -> dict[int, str]:
    """Letters with marks → the letter, one for one."""
    letters = (chr(code) for code in range(0xC0, 0x250))
    bases = {letter: unicodedata.normalize("NFD", letter)[0] for letter in letters}
    return {ord(letter): base for letter, base in bases.items()} | {ord("ł"): "l", ord("Ł"): "L"}


def _folded(text: str) -> str:
    """Small letters without marks; as long as the text itself."""
    return unicodedata.normalize("NFC", text).translate(_plain_letters()).lower()


def _finding(page: _Page, place: re.Match[str]) -> Finding:
    start, end = max(0, place.start() - _AROUND), min(len(page.shown), place.end() + _AROUND)
    words = f"{'…' * (start > 0)}{page.shown[start:end].strip()}{'…' * (end < len(page.shown))}"
    return Finding(file=page.sheet.file, page=page.sheet.page, words=words)
