"""Four times the input costs less than six times the time: for every reader of text and every pattern it uses.

Times are process CPU, the best of several runs; a floor keeps the clock's grain out of the ratio.
"""

import importlib
import re
from collections.abc import Callable
from time import process_time

import pytest

from mailbot.inbound.answers import read_answers
from mailbot.inbound.claimform import read_claim_forms
from mailbot.inbound.commands import read_command
from mailbot.inbound.htmltext import plain_text
from mailbot.inbound.intent import read_intent
from mailbot.inbound.quoting import split_html, split_text

FLOOR = 0.002
ROUNDS = 2
LINES = 150
CHARS = 4_000

MODULES: tuple[str, ...] = (
    "answers",
    "attribution",
    "claimform",
    "claimlabels",
    "claimvalues",
    "clauses",
    "commands",
    "cutting",
)
MODULES += (
    "flowed",
    "headerblocks",
    "htmltext",
    "intent",
    "languages",
    "letterform",
    "literals",
    "phrases",
    "polarity",
)
MODULES += ("quoting", "signatures", "signs", "typos", "words")

QUESTIONS = {1: "Please send a signed copy.", 2: "Which day?"}

READERS: dict[str, Callable[[str], object]] = {
    "split_text": lambda text: split_text(text, markers=("reply above this line",), own_addresses=("a1@mail.example",)),
    "split_flowed": lambda text: split_text(text, flowed=True),
    "split_html": split_html,
    "plain_text": plain_text,
    "read_intent": read_intent,
    "read_claim_forms": read_claim_forms,
    "read_command": lambda text: read_command(text, "reviewer"),
    "read_answers": lambda text: read_answers(split_text(text), QUESTIONS),
}

ROWS = [
    "",
    " ",
    ">",
    "> > > x",
    "-- ",
    "--",
    "________",
    "word",
    "no,",
    "On Mon, 5 May 2025 at 10:00",
    "On Mon, 5 May 2025 at 10:00, A <a@b.example> wrote:",
    "wrote:",
    "> wrote:",
    "A <a@b.example>",
    "From: a@b.example 10:00",
    "From: a@b.example",
    "Xx: a@b.example",
    "x:",
    "Sent from my iPhone",
    "Best regards",
    "1) yes",
    "> 1) Signature — Please send",
    "Name: x",
    "Product:",
    "Customer:",
    "-----Original Message-----",
    "not not not agree, not decline if but",
    "Tel. +420 777 123 456",
    "this message is confidential and intended solely for the recipient of this e-mail message and no other person",
    "我們不同意嗎不",
    "ask missing_products: x",
]
RUNS = [
    "a",
    " ",
    "\t",
    ">",
    "-",
    "_",
    "1",
    "1)",
    ":",
    "@",
    "a@",
    "a.",
    ".",
    "1.",
    "1:",
    "(",
    "http",
    "不",
    "é",
    "\xa0",
    "“",
]
RUNS += [
    "On 1",
    "a1-",
    "ab ",
    "no ",
    "<",
    "<a ",
    "&",
    "1 and ",
    "1, ",
    "CLM-",
    "x: ",
    "a b c d: ",
    "\n",
    "\r",
    "\u2028",
    "<b>x</b>",
]
TAGS = [
    "<div>",
    "<blockquote>",
    "<p>x",
    "<table><tr><td>x",
    "<ul><li>x",
    "<a href=x>",
    "<!--",
    "<div class=gmail_quote>",
    "<br>",
]


def cost(reader: Callable[[str], object], text: str) -> float:
    """CPU seconds of the quickest of several runs."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = process_time()
        reader(text)
        best = min(best, process_time() - start)
        if best < FLOOR:
            break
    return best


def assert_linear(reader: Callable[[str], object], small: str, large: str) -> None:
    """A second look forgives a noisy neighbour, never a bad pattern."""
    for _ in range(3):
        first, second = max(cost(reader, small), FLOOR), cost(reader, large)
        if second < 6 * first:
            return
    pytest.fail(f"{second / first:.1f} times the time for four times the input")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("row", ROWS)
def test_readers_are_linear_in_lines(reader: str, row: str) -> None:
    lines = f"{row}\n"
    assert_linear(READERS[reader], lines * LINES, lines * (4 * LINES))


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("run", RUNS)
def test_readers_are_linear_in_one_run(reader: str, run: str) -> None:
    count = CHARS // len(run)
    assert_linear(READERS[reader], run * count, run * (4 * count))


@pytest.mark.parametrize("tag", TAGS)
def test_html_is_linear_in_tags(tag: str) -> None:
    count = CHARS // len(tag)
    assert_linear(split_html, tag * count, tag * (4 * count))


def patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Every compiled pattern of the rooms' modules, cached ones included."""
    found = []
    for name in MODULES:
        module = importlib.import_module(f"mailbot.inbound.{name}")
        for key, value in vars(module).items():
            made = value() if key == "_verbs" and name == "attribution" else value
            if isinstance(made, re.Pattern):
                found.append((f"{name}.{key}", made))
    return found


@pytest.mark.parametrize(("name", "pattern"), patterns(), ids=lambda one: one if isinstance(one, str) else "")
def test_every_pattern_is_linear(name: str, pattern: re.Pattern[str]) -> None:
    for run in (*RUNS, *(row for row in ROWS if row)):
        count = 2_000 // len(run) + 1
        small, large = f"{run * count}!", f"{run * (4 * count)}!"
        assert_linear(lambda text: pattern.sub("", text), small, large)


def test_there_are_patterns_to_test() -> None:
    assert len(patterns()) > 15
