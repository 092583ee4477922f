"""The Date field, read for display and age only. Total: a date that makes no sense is None (security item 21)."""

import re
from datetime import UTC, datetime, timedelta, timezone

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE = re.compile(
    r"(\d{1,2})[ -]([A-Za-z]{3})[A-Za-z]{0,9}[ -](\d{2,4}) +"
    r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?: *([+-]\d{4}|[A-Za-z]{1,5}))?"
)
_ZONES = {"edt": -4, "est": -5, "cdt": -5, "cst": -6, "mdt": -6, "mst": -7, "pdt": -7, "pst": -8, "cet": 1, "cest": 2}


def read_date(value: str) -> datetime | None:
    """An aware instant (RFC 5322 §3.3 with the obsolete zones), or None."""
    match = _DATE.search(value[:200])
    if match is None or match.group(2).lower() not in _MONTHS:
        return None
    year = int(match.group(3))
    year += 0 if year > 999 else 1900 if year > 49 else 2000
    month = _MONTHS.index(match.group(2).lower()) + 1
    try:
        local = datetime(
            year,
            month,
            int(match.group(1)),
            int(match.group(4)),
            int(match.group(5)),
            min(int(match.group(6) or 0), 59),
            tzinfo=_zone(match.group(7) or ""),
        )
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(text: str) -> timezone:
    if text[:1] in ("+", "-"):
        minutes = int(text[1:3]) * 60 + int(text[3:5])
        return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
    return timezone(timedelta(hours=_ZONES.get(text.lower(), 0)))
