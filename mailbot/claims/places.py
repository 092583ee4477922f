"""Where a party is: the country whose holidays it keeps and the zone its days end in.

A time zone or country code that cannot be one raises ValueError; a country nobody has data for is no error, it only
has no defaults. The tables are shipped data, read once.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LANGUAGES = ("en", "cs", "pl", "hu", "zh-TW")
"""The languages mailbot writes, English first (domain §7)."""

_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """A country (ISO 3166-1 alpha-2, empty if unknown) and an IANA time zone; raises ValueError for others."""

    country: str
    time_zone: str

    def __post_init__(self) -> None:
        if self.country:
            check_country(self.country)
        zone(self.time_zone)

    @property
    def zone(self) -> ZoneInfo:
        """The rules of the place's time zone."""
        return zone(self.time_zone)

    def day_of(self, instant: datetime) -> date:
        """The local date of an aware instant: the one to print in a mail."""
        return instant.astimezone(self.zone).date()


def check_country(code: str) -> str:
    """The code itself if it has the form of a country's; raises ValueError if not."""
    if not _COUNTRY.fullmatch(code):
        raise ValueError(f'"{code}" is not a country code; write two capital letters like "CZ"')
    return code


@cache
def zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name; raises ValueError if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f'"{name}" is not a time zone; write an IANA name like "Europe/Prague"') from None


def default_time_zone(country: str) -> str | None:
    """The zone to assume for a party of that country, if the country is a common one (domain §3)."""
    return _table("time_zones").get(country.upper())


def default_language(country: str) -> str:
    """The country's language if it is one of the five, else English (domain §3)."""
    return _table("languages").get(country.upper(), LANGUAGES[0])


def holiday_region(country: str) -> str | None:
    """The part of the country whose holidays count when only the country is known."""
    return _table("holiday_regions").get(country)


@cache
def _table(name: str) -> Mapping[str, str]:
    text = files("mailbot.claims").joinpath("data/places.toml").read_text(encoding="utf-8")
    table: Mapping[str, str] = tomllib.loads(text)[name]
    return table
