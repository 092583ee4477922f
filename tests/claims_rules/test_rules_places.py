"""Places and what a country means by default."""

from datetime import UTC, date, datetime

import pytest

from mailbot.claims.places import LANGUAGES, Place, default_language, default_time_zone, zone


def test_a_place_knows_its_day():
    assert Place("TW", "Asia/Taipei").day_of(datetime(2026, 6, 1, 20, tzinfo=UTC)) == date(2026, 6, 2)


@pytest.mark.parametrize("country", ["cz", "CZE", "C", "Č1", "1A"])
def test_a_country_is_two_capital_letters(country):
    with pytest.raises(ValueError, match="is not a country code; write two capital letters"):
        Place(country, "UTC")


@pytest.mark.parametrize("name", ["", "Praha", "Europe", "../../etc/passwd", "/etc/passwd", "a\x00b"])
def test_a_time_zone_has_an_iana_name(name):
    with pytest.raises(ValueError, match="is not a time zone; write an IANA name"):
        Place("CZ", name)


def test_common_countries_have_a_zone_and_every_zone_exists():
    assert default_time_zone("cz") == "Europe/Prague"
    assert default_time_zone("TW") == "Asia/Taipei"
    assert default_time_zone("ZZ") is None
    for country in ("CZ", "PL", "HU", "TW", "US", "DE", "GB", "SK", "AT", "FR", "JP"):
        assert zone(default_time_zone(country) or "")


def test_a_country_speaks_one_of_the_five_or_english():
    found = {country: default_language(country) for country in ("CZ", "PL", "HU", "TW", "HK", "US", "DE", "ZZ", "")}
    assert found == {
        "CZ": "cs", "PL": "pl", "HU": "hu", "TW": "zh-TW", "HK": "zh-TW", "US": "en", "DE": "en", "ZZ": "en", "": "en",
    }  # fmt: skip
    assert set(found.values()) == set(LANGUAGES)
