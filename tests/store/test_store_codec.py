"""Values come back from their text as they went in: instants, dates, and everything else untouched."""

from datetime import UTC, date, datetime

import pytest

from mailbot.store.codec import canonical_json, clean, from_json, to_json

AT, DAY = datetime(2026, 3, 29, 0, 59, 59, 123456, tzinfo=UTC), date(2024, 2, 29)


@pytest.mark.parametrize(
    "value",
    [{"due": AT}, {"day": DAY}, [AT, {"days": [DAY]}], {"one": 1}, {"text": "\ud800 \u4f60", "more": None}, {}],
)
def test_a_value_comes_back_as_it_was(value: object) -> None:
    assert from_json(to_json(value)) == value


def test_sets_come_back_as_lists_in_order() -> None:
    assert from_json(to_json({"roles": frozenset({"b", "a"})})) == {"roles": ["a", "b"]}


def test_what_has_no_text_is_refused_rather_than_guessed() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        to_json({"what": object()})


def test_equal_values_have_one_spelling() -> None:
    assert canonical_json({"b": 1, "a": {DAY}}) == canonical_json({"a": {DAY}, "b": 1})


def test_text_from_the_wire_loses_what_no_database_takes_and_nothing_else() -> None:
    assert clean("plain") == "plain"
    assert clean("Nov\u00e1k\x00\ud800") == "Nov\u00e1k\ufffd?"
