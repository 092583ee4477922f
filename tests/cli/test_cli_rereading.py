"""`mailbot inbox replay --dry-run`: what past mail would say under the code at hand, and nothing is written."""

from datetime import UTC, datetime

import pytest
from cli_home import Home

from mailbot.commands.since import read_since

_NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_a_past_reading_that_would_change_is_shown_and_nothing_is_written(home: Home) -> None:
    home.with_people()
    item = home.with_held_mail()
    home.sql("UPDATE inbox SET reading = ? WHERE id = ?", '{"reply_text": "Is anyone there?", "automatic": null}', item)
    before = home.sql("SELECT * FROM inbox")
    found = home.json("inbox", "replay", "--dry-run", "--since", "2026-03-01")
    assert found["read"] == 1
    [changed] = found["changed"]
    assert (changed["id"], changed["subject"]) == (item, "hello")
    assert changed["changes"] == [{"part": "reply_text", "was": "Is anyone there?", "now": "Is anybody there?"}]
    assert home.sql("SELECT * FROM inbox") == before


def test_people_get_the_change_and_the_count(home: Home) -> None:
    home.with_people()
    home.with_held_mail()
    text = home.done("inbox", "replay", "--dry-run", "--since", "2026-03-01")
    assert "0  would be read differently; nothing was changed" in text
    home.sql("UPDATE inbox SET reading = ?", '{"intent": {"meaning": "decline"}}')
    text = home.done("inbox", "replay", "--dry-run", "--since", "2026-03-01")
    assert "meaning  decline → question" in text
    assert "1  would be read differently" in text


def test_mail_from_before_is_left_alone(home: Home) -> None:
    home.with_people()
    home.with_held_mail()
    assert home.json("inbox", "replay", "--dry-run", "--since", "2026-03-03") == {"read": 0, "changed": []}


@pytest.mark.parametrize("words", [(), ("5", "--dry-run"), ("--dry-run",), ("--dry-run", "--since", "soon")])
def test_replay_asked_wrongly_is_a_wrong_usage(home: Home, words: tuple[str, ...]) -> None:
    assert home.run("inbox", "replay", *words).exit_code == 2


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T09:00+01:00", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("7 days", datetime(2026, 3, 3, 12, tzinfo=UTC)),
        ("90 minutes", datetime(2026, 3, 10, 10, 30, tzinfo=UTC)),
        ("1 week", datetime(2026, 3, 3, 12, tzinfo=UTC)),
    ],
)
def test_since_is_a_day_an_instant_or_a_time_ago(text: str, meant: datetime) -> None:
    assert read_since(text, _NOW) == meant


@pytest.mark.parametrize("text", ["", "soon", "-1 days", "999999 weeks", "2026-13-01"])
def test_a_since_that_says_nothing_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="allowed is a day"):
        read_since(text, _NOW)
