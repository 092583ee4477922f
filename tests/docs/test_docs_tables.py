"""Tables are as the code has them now, and every row has its words."""

import re
from pathlib import Path

import pytest
from docs_pages import ROOT, name, read
from sources import TABLES, leaves
from tables import refreshed, tables_in

from mailbot.cli import cli
from mailbot.inbound.claimlabels import field_of
from mailbot.inbound.commands import read_command

DOCS = ROOT / "docs"
WITH_TABLES = [page for page in sorted(DOCS.glob("*.md")) if "<!-- table: " in read(page)]


@pytest.mark.parametrize("page", WITH_TABLES, ids=name)
def test_a_page_is_as_fresh_as_the_code(page: Path) -> None:
    assert refreshed(read(page)) == read(page), "python docs/tables.py writes it anew"


@pytest.mark.parametrize("page", WITH_TABLES, ids=name)
def test_every_row_has_its_words(page: Path) -> None:
    for table, rows in tables_in(read(page)).items():
        by_hand = len(TABLES[table].by_hand)
        empty = [row[0] for row in rows if by_hand and not all(row[len(row) - by_hand :])]
        assert (table, empty) == (table, [])


def test_every_table_of_the_code_stands_on_a_page() -> None:
    shown = [table for page in WITH_TABLES for table in tables_in(read(page))]
    assert sorted(shown) == sorted(TABLES)


def test_a_new_row_is_added_a_lost_one_removed_and_words_are_kept() -> None:
    page = "<!-- table: associations -->\n| a | b |\n|---|---|\n| `ended` | over |\n| `gone` | away |\n"
    page += "<!-- end of table -->"
    rows = tables_in(refreshed(page))["associations"]
    assert rows == [["`none`", ""], ["`active`", ""], ["`ended`", "over"]]


def test_every_label_of_the_claim_form_is_understood() -> None:
    for field, *labels in tables_in(read(DOCS / "claim-form.md"))["form-fields"]:
        assert {field_of(label) for label in labels[:5]} == {field.strip("`")}


def test_every_command_of_a_reply_is_understood() -> None:
    for command, who, *words in tables_in(read(DOCS / "claim-form.md"))["form-commands"]:
        role = "reviewer" if who == "reviewer" else "partner"
        verbs = {found.verb if (found := read_command(text, role)) else text for text in words[:5]}
        assert verbs == {re.sub(r"`| \(.*", "", command)}


def test_every_command_is_shown_in_use() -> None:
    text = read(DOCS / "operators.md").partition("## Every command")[0]
    shown = " ".join(text.split())
    # A listing of what a neighbour shows in use needs no example of its own.
    plain = {("people", "list"), ("people", "remove"), ("outbox", "show"), ("inbox", "list")}
    missing = [w for w, _ in leaves(cli, ()) if w not in plain and f"mailbot {' '.join(w)}" not in shown]
    assert missing == []
