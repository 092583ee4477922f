"""Durations as policies write them."""

import contextlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.claims.durations import Duration, Span, Unit


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("5 business days", (Span(5, Unit.BUSINESS_DAY),)),
        ("1 business day", (Span(1, Unit.BUSINESS_DAY),)),
        ("7 days", (Span(7, Unit.DAY),)),
        ("1 month", (Span(1, Unit.MONTH),)),
        ("12 months", (Span(12, Unit.MONTH),)),
        ("10 minutes", (Span(10, Unit.MINUTE),)),
        ("20 seconds", (Span(20, Unit.SECOND),)),
        ("1 hour", (Span(1, Unit.HOUR),)),
        ("0 seconds", (Span(0, Unit.SECOND),)),
        ("later of 7 days and 5 business days", (Span(7, Unit.DAY), Span(5, Unit.BUSINESS_DAY))),
    ],
)
def test_what_the_contract_names_is_read_and_written_back(text, spans):
    duration = Duration.parse(text)
    assert duration.spans == spans
    assert str(duration) == text


def test_case_and_spaces_do_not_matter():
    assert Duration.parse("  5  Business   Days ") == Duration.parse("5 business days")


@pytest.mark.parametrize(
    "text",
    [
        "", "5", "days", "-1 days", "1.5 hours", "five days", "5 buisness days", "5 days 3 hours", "5days", "1 week",
        "later of 7 days", "later of 7 days and", "later of 1 day and 2 days and 3 days", "٥ days", "5 days\x00",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_what_can_be_written(text):
    with pytest.raises(ValueError, match="is not a duration; write") as refusal:
        Duration.parse(text)
    assert text in str(refusal.value)


@pytest.mark.parametrize("text", ["0 days", "0 business days", "0 months", "later of 0 days and 5 business days"])
def test_a_day_that_never_comes_is_refused(text):
    with pytest.raises(ValueError, match='write "0 seconds"'):
        Duration.parse(text)


@pytest.mark.parametrize(
    ("most", "over"),
    [
        ("3650 days", "3651 days"),
        ("2600 business days", "2601 business days"),
        ("120 months", "121 months"),
        ("87600 hours", "87601 hours"),
        ("5256000 minutes", "5256001 minutes"),
        ("315360000 seconds", "315360001 seconds"),
    ],
)
def test_ten_years_is_the_most(most, over):
    Duration.parse(most)
    with pytest.raises(ValueError, match="is too long; at most"):
        Duration.parse(over)


def test_only_what_is_shorter_than_a_day_by_unit_is_exact():
    assert Duration.parse("90 seconds").exact
    assert Duration.parse("48 hours").exact
    assert not Duration.parse("1 day").exact
    assert not Duration.parse("later of 1 hour and 1 day").exact
    assert Span(3, Unit.MINUTE).exact == timedelta(minutes=3)


@given(st.integers(1, 120), st.sampled_from(Unit))
def test_every_duration_reads_back_as_itself(count, unit):
    duration = Duration((Span(count, unit),))
    assert Duration.parse(str(duration)) == duration


@given(st.text(max_size=60))
def test_no_text_does_anything_but_parse_or_raise_value_error(text):
    with contextlib.suppress(ValueError):
        assert Duration.parse(str(Duration.parse(text))) == Duration.parse(text)
