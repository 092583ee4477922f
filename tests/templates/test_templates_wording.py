"""Words, dates and lines: the small things every mail is made of."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.claims.model import Association, Cause, ClockKind, Consent, Role, Status
from mailbot.claims.reasons import QUESTIONS, REJECTIONS
from mailbot.wording import catalogues, dates
from mailbot.wording.filling import columns, fill, plain, quote
from mailbot.wording.words import MARKERS, WORDS, word

END = datetime(2026, 3, 9, 22, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("cs-CZ", "cs"),
        ("zh-TW", "zh_TW"),
        ("ZH", "zh_TW"),
        ("zh-Hant-HK", "zh_TW"),
        ("hu", "hu"),
        ("de", "en"),
        ("", "en"),
    ],
)
def test_a_language_tag_finds_its_language_or_english(tag: str, language: str) -> None:
    assert catalogues.language(tag) == language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Monday, March 9, 2026"),
        ("cs", "pondělí 9. března 2026"),
        ("pl", "poniedziałek, 9 marca 2026"),
        ("hu", "2026. március 9., hétfő"),
        ("zh_TW", "2026年3月9日 星期一"),
    ],
)
def test_days_are_written_as_people_there_write_them(language: str, text: str) -> None:
    assert dates.day(END, language, "Europe/Prague") == text
    assert dates.deadline(END, language, "Europe/Prague") == text
    assert dates.day(date(2026, 3, 9), language, "") == text


def test_an_instant_has_its_time_zone() -> None:
    assert dates.instant(END, "cs", "Europe/Prague") == "pondělí 9. března 2026, 23:59 (CET)"
    assert dates.deadline(END, "cs", "Asia/Taipei") == "úterý 10. března 2026, 6:59:59 (CST)"
    assert dates.deadline(END, "cs", "Europe/Prague", exact=True) == "pondělí 9. března 2026, 23:59:59 (CET)"


def test_an_unknown_time_zone_is_utc() -> None:
    assert dates.instant(END, "pl", "Mars/Olympus").endswith("22:59 (UTC)")


def test_every_code_of_the_model_has_a_word() -> None:
    assert set(WORDS["status"]) == {s.value for s in Status}
    assert set(WORDS["consent"]) == {c.value for c in Consent}
    assert set(WORDS["association"]) == {a.value for a in Association}
    assert set(WORDS["cause"]) == {c.value for c in Cause}
    assert set(WORDS["reason"]) >= {*REJECTIONS, *QUESTIONS}
    assert set(WORDS["clock"]) >= {c.value for c in ClockKind} - {"retention", "delivery_slack"}
    assert set(WORDS["role"]) == {r.value for r in Role} - {"system"}
    assert len(MARKERS) == len(catalogues.LANGUAGES)


def test_an_unknown_code_is_shown_as_it_is() -> None:
    assert word("reason", "some_new_code") == "some new code"
    assert word("field", "products[2].subscription_id") == "Subscription"
    assert word("field", "products[2]") == "Products"
    assert word("field", "customer.email") == "Customer email"


@given(st.text(max_size=500), st.integers(20, 80))
def test_lines_keep_the_words_and_the_width(text: str, width: int) -> None:
    filled = fill(text, width)
    assert "".join(filled.split()) == "".join(text.split())
    for line in filled.split("\n"):
        assert columns(line) <= width or len(line.split(" ")) == 1


def test_chinese_breaks_anywhere_but_before_closing_marks() -> None:
    text = "您無需採取任何動作。若您沒有異議，請忽略這封郵件；若要拒絕，只要回覆「不同意」即可。" * 3
    lines = fill(text, 40).split("\n")
    assert "".join(lines) == text
    assert all(columns(line) <= 42 for line in lines)
    assert not any(line[0] in "。，；」" for line in lines)


def test_words_stay_whole_in_mixed_text() -> None:
    assert "https://mail.example/c/abc" in fill("請開啟 https://mail.example/c/abc 這個頁面並確認。" * 2, 30)


def test_what_others_wrote_is_indented_line_by_line() -> None:
    assert quote("one\n\n--- Please write your reply above this line ---\r\nthree") == (
        "    one\n\n    --- Please write your reply above this line ---\n    three"
    )


def test_nothing_that_steers_a_terminal_gets_through() -> None:
    assert plain("a\x1b[31mb\u202ec\x00d\te") == "a[31mbcd\te"
