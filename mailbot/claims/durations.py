"""Lengths of time as policies write them: "5 business days", "10 minutes", "later of 7 days and 5 business days".

Only the meaning of the words is here; when a duration ends is `claims.deadlines`' business. A text that is not a
duration raises ValueError with a sentence that quotes it and says what can be written.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Unit(StrEnum):
    """What a span counts. Units shorter than a day are exact, the others end with a local day (domain §5)."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    BUSINESS_DAY = "business day"
    MONTH = "month"


_LENGTH = {Unit.SECOND: timedelta(seconds=1), Unit.MINUTE: timedelta(minutes=1), Unit.HOUR: timedelta(hours=1)}
# Ten years of each unit: nothing in this process lasts longer, and no sum of two leaves the calendar.
_MOST = {
    Unit.SECOND: 315_360_000,
    Unit.MINUTE: 5_256_000,
    Unit.HOUR: 87_600,
    Unit.DAY: 3_650,
    Unit.BUSINESS_DAY: 2_600,
    Unit.MONTH: 120,
}
_SPAN = re.compile(r"([0-9]{1,9}) (business day|second|minute|hour|day|month)s?", re.ASCII)
_LATER = re.compile(r"later of (.+?) and (.+)")
_ALLOWED = 'write "<number> seconds|minutes|hours|days|business days|months" or "later of <duration> and <duration>"'


@dataclass(frozen=True, slots=True)
class Span:
    """A count of one unit."""

    count: int
    unit: Unit

    @property
    def exact(self) -> timedelta | None:
        """The length of a span shorter than a day by unit; None for days, business days and months."""
        length = _LENGTH.get(self.unit)
        return None if length is None else self.count * length

    def __str__(self) -> str:
        return f"{self.count} {self.unit}" + ("" if self.count == 1 else "s")


@dataclass(frozen=True, slots=True)
class Duration:
    """One span, or the later of several. Equal texts of equal meaning give equal values; `str` writes it back."""

    spans: tuple[Span, ...]

    @classmethod
    def parse(cls, text: str) -> "Duration":
        """Read a duration; raises ValueError naming the text and what is allowed."""
        words = " ".join(text.lower().split())
        later = _LATER.fullmatch(words)
        parts = later.groups() if later else (words,)
        return cls(tuple(_span(part, text) for part in parts))

    @property
    def exact(self) -> bool:
        """Whether it ends at an instant rather than with a local day."""
        return all(span.exact is not None for span in self.spans)

    def __str__(self) -> str:
        texts = [str(span) for span in self.spans]
        return texts[0] if len(texts) == 1 else f"later of {' and '.join(texts)}"


def _span(words: str, text: str) -> Span:
    match = _SPAN.fullmatch(words)
    if match is None:
        raise ValueError(f'"{text}" is not a duration; {_ALLOWED}')
    count, unit = int(match[1]), Unit(match[2])
    if count > _MOST[unit]:
        raise ValueError(f'"{text}" is too long; at most {_MOST[unit]} {unit}s')
    if count == 0 and unit not in _LENGTH:
        raise ValueError(f'"{text}" has no end; for "at once" write "0 seconds"')
    return Span(count, unit)
