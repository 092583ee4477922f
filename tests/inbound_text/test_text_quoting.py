"""New text told from quotes: attribution lines and header blocks of many clients and languages, bodies, HTML."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from mailbot.inbound.quoting import MAX_LINES, ReplyParts, split_html, split_text

QUOTES = Path(__file__).parent / "quotes"


def table(name: str) -> dict[str, Any]:
    """One of the data files of this room."""
    return tomllib.loads((QUOTES / f"{name}.toml").read_text(encoding="utf-8"))


def one_line(text: str) -> str:
    """White space does not matter to what was said."""
    return " ".join(text.split())


def quoted(lines: str) -> str:
    """The lines as a client quotes them."""
    return "\n".join(f"> {line}" for line in lines.split("\n"))


def wrapped(line: str, width: int = 60) -> str:
    """The line as a client wraps it."""
    rows, row = [], ""
    for word in line.split(" "):
        if row and len(row) + len(word) >= width:
            rows.append(row)
            row = word
        else:
            row = f"{row} {word}".strip()
    return "\n".join([*rows, row])


ATTRIBUTIONS = [
    pytest.param(line, id=f"{client}-{language}-{n}")
    for n, (client, language, line) in enumerate(table("attributions")["lines"])
]
HEADERS = [pytest.param(lines, id=f"{client}-{language}") for client, language, lines in table("headers")["blocks"]]
BODIES = [pytest.param(case, id=case["name"]) for name in ("bodies", "clients") for case in table(name)["case"]]
HTML = [pytest.param(case, id=case["name"]) for case in table("html")["case"]]

NOTICE = "Dear Ann,\n\nyou can decline by reply.\n\nThe claims office"


@pytest.mark.parametrize("line", ATTRIBUTIONS)
def test_an_attribution_above_a_quote_ends_the_reply(line: str) -> None:
    parts = split_text(f"No, thank you.\n\nAnn\n\n{line}\n\n{quoted(NOTICE)}\n")
    assert one_line(parts.reply) == "No, thank you. Ann"
    assert "you can decline by reply" in parts.quoted


@pytest.mark.parametrize("line", ATTRIBUTIONS)
def test_an_attribution_is_known_without_chevrons_below_it(line: str) -> None:
    assert one_line(split_text(f"No, thank you.\n\n{line}\n\n{NOTICE}\n").reply) == "No, thank you."


@pytest.mark.parametrize("line", ATTRIBUTIONS)
def test_a_wrapped_attribution_is_known(line: str) -> None:
    assert one_line(split_text(f"No, thank you.\n\n{wrapped(line)}\n\n{quoted(NOTICE)}\n").reply) == "No, thank you."


@pytest.mark.parametrize("line", ATTRIBUTIONS)
def test_an_answer_below_the_quote_is_new(line: str) -> None:
    parts = split_text(f"{line}\n{quoted(NOTICE)}\n\nNo, thank you.\n")
    assert one_line(parts.reply) == "No, thank you."


@pytest.mark.parametrize("lines", HEADERS)
@pytest.mark.parametrize("dress", ["{}", "*{}", "  {}", "{}  "])
def test_a_header_block_ends_the_reply(lines: list[str], dress: str) -> None:
    block = "\n".join(dress.format(line) for line in lines)
    parts = split_text(f"No, thank you.\n\n{block}\n\n{NOTICE}\n")
    assert (one_line(parts.reply), parts.cut) == ("No, thank you.", "header_block")


@pytest.mark.parametrize("case", BODIES)
def test_a_body_is_taken_apart(case: dict[str, Any]) -> None:
    parts = split_text(
        case["body"],
        markers=tuple(case.get("markers", ())),
        own_addresses=tuple(case.get("own_addresses", ())),
        flowed=case.get("flowed", False),
    )
    assert one_line(parts.reply) == case["reply"]
    assert one_line(parts.signature) == case.get("signature", "")


@pytest.mark.parametrize("case", HTML)
def test_an_html_body_is_taken_apart(case: dict[str, Any]) -> None:
    parts = split_html(case["html"])
    assert one_line(parts.reply) == case["reply"]
    assert one_line(parts.signature) == case.get("signature", "")


@pytest.mark.parametrize("case", BODIES)
def test_windows_line_ends_change_nothing(case: dict[str, Any]) -> None:
    settings = {key: tuple(case[key]) for key in ("markers", "own_addresses") if key in case}
    flowed = case.get("flowed", False)
    unix = split_text(case["body"], flowed=flowed, **settings)
    assert split_text(case["body"].replace("\n", "\r\n"), flowed=flowed, **settings) == unix


@pytest.mark.parametrize("case", BODIES)
def test_no_word_is_lost(case: dict[str, Any]) -> None:
    parts = split_text(case["body"], own_addresses=tuple(case.get("own_addresses", ())))
    kept = " ".join(segment.text for segment in parts.segments)
    missing = [word for word in case["body"].split() if word not in kept]
    assert missing == []


def test_forwarded_words_are_not_the_writers_own() -> None:
    parts = split_text("See below.\n\n---------- Forwarded message ---------\nFrom: Bob <b@x.example>\n\nWe agree.\n")
    assert "We agree." in parts.reply
    assert parts.own_words == "See below."


def test_segments_keep_the_order_of_the_mail() -> None:
    parts = split_text("Hi\n\nOn 5/5/25 10:00 AM, X wrote:\n> 1) who?\nme\n> 2) where?\nhere\n")
    assert [segment.kind for segment in parts.segments] == ["new", "attribution", "quote", "new", "quote", "new"]


def test_what_lies_beyond_the_line_limit_counts_as_quoted() -> None:
    parts = split_text("We decline.\n" + "word\n" * MAX_LINES + "beyond\n")
    assert "beyond" in parts.quoted
    assert "We decline." in parts.reply


@pytest.mark.parametrize(
    "text", ["", "\x00", "\ud800>", ">" * 9999, "On " * 9999 + "wrote:", "-- \n" * 9999, "From: a@b\n" * 9999]
)
def test_nothing_makes_the_reader_raise(text: str) -> None:
    assert isinstance(split_text(text, flowed=True), ReplyParts)
    assert isinstance(split_html(text), ReplyParts)


BROKEN = ["<", "<div" * 9999, "<div>" * 9999, "<!--" * 9999, "<a b='" * 9999, "<table><tr><td>" * 3000, "<p>" * 9999]
BROKEN += ["<blockquote>" * 5000, "<ul><li>" * 5000, "&" * 9999, "&#x110000;" * 999]
BROKEN += ["<?xml version='1.0' encoding='utf-16'?><p>x</p>"]


@pytest.mark.parametrize("html", BROKEN, ids=range(len(BROKEN)))
def test_broken_html_is_read_without_fuss(html: str) -> None:
    assert isinstance(split_html(html), ReplyParts)
