"""What the pages show can be done as it is shown: commands, configuration, claims, calls."""

import json
import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from docs_pages import PAGES, ROOT, blocks, codes, name, read
from engine_house import JANA, house
from sources import leaves
from standardwebhooks.webhooks import Webhook

from mailbot.claims.policy import parse_policy
from mailbot.cli import cli
from mailbot.commands.people_file import people_of
from mailbot.config import load_config
from mailbot.inbound.claimform import read_claim_forms
from mailbot.inbound.commands import read_command
from mailbot.inbound.intent import read_intent
from mailbot.web.schemas import ClaimBody

DOCS = ROOT / "docs"
COMMANDS = dict(leaves(cli, ()))
_LINE = re.compile(r"(?:^|[\s/])mailbot ((?:[a-z-]+ ?)+)([^#\n]*)")
_TARGET = re.compile(r"\bmake ([a-z]+)")

pages = pytest.mark.parametrize("page", PAGES, ids=name)


@pages
def test_every_command_a_page_names_exists_with_its_options(page: Path) -> None:
    shell = [line for block in blocks(read(page), "sh") for line in block.splitlines()]
    inline = [" ".join(code.split()) for code in codes(read(page)) if code.startswith("mailbot ")]
    for line in [*inline, *shell]:
        for words, rest in _LINE.findall(line):
            command = _command(tuple(words.split()))
            assert command is not None, line
            known = {option for p in command.params for option in p.opts} | {"--config", "--help"}
            assert set(re.findall(r"(?<!\S)--[a-z-]+", rest)) <= known, line


def _command(words: tuple[str, ...]) -> click.Command | None:
    """The longest beginning that is a command; what follows it are its arguments."""
    groups = {known[0] for known in COMMANDS if len(known) > 1}
    for length in (2, 1):
        if words[:length] in COMMANDS:
            return COMMANDS[words[:length]]
    # A whole group may be spoken of.
    return click.Group() if len(words) == 1 and words[0] in groups else None


@pages
def test_every_make_target_a_page_names_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", read(ROOT / "Makefile"), re.MULTILINE))
    shown = [*codes(read(page)), *blocks(read(page), "sh")]
    named = {found for text in shown if text.startswith("make ") for found in _TARGET.findall(text)}
    assert named <= targets


@pytest.mark.parametrize("text", blocks(read(DOCS / "operators.md"), "toml"), ids=lambda text: text.split("\n")[0][:30])
def test_a_configuration_shown_to_operators_is_one(text: str, tmp_path: Path) -> None:
    document = tomllib.loads(text)
    if "organisation" in document:
        assert people_of(document).organisations
    elif "extends" in document:
        assert parse_policy(text).name == document["name"]
    else:
        file = tmp_path / "mailbot.toml"
        file.write_text(text, encoding="utf-8")
        assert load_config(file, {}).sender.upstream


def test_a_claim_shown_to_partners_is_read_whole() -> None:
    first, block, *_ = blocks(read(DOCS / "claim-form.md"), "")
    (form,) = read_claim_forms(first)
    assert (len(form.fields), [p.code for p in form.products], form.unknown) == (10, ["Teams", "Exchange Online"], ())
    (contact,) = read_claim_forms(f"Name: x\n{block}")
    assert contact.fields["customer.email"] == "jana@contoso.example"


def test_replies_shown_to_reviewers_are_commands() -> None:
    shown = blocks(read(DOCS / "claim-form.md"), "")[3:]
    commands = [read_command(text, "reviewer") for text in shown]
    assert [command.verb for command in commands if command] == ["approve", "ask", "reject", "arbitrate"]
    assert commands[1] is not None
    assert len(commands[1].items) == 2


def test_the_call_that_makes_a_claim_has_a_body_that_fits() -> None:
    (call,) = re.findall(r"-d '(\{\n.*?\n\})'", read(DOCS / "api.md"), re.DOTALL)
    assert ClaimBody.model_validate(json.loads(call)).customer.country == "CZ"


def test_problems_shown_are_json() -> None:
    assert [json.loads(block)["status"] for block in blocks(read(DOCS / "api.md"), "json")] == [409]


def test_the_signature_check_shown_to_receivers_accepts_ours_and_nothing_else() -> None:
    (shown,) = blocks(read(DOCS / "api.md"), "python")
    space: dict[str, object] = {}
    exec(shown, space)
    genuine = space["genuine"]
    assert callable(genuine)
    secret, body, now = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNk", b'{"id": "msg_1"}', datetime.now(UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", now, body.decode()),
    }
    assert genuine(secret, headers, body)
    assert not genuine(secret, headers, body + b" ")
    assert not genuine(secret, headers | {"webhook-timestamp": str(int(now.timestamp()) - 3600)}, body)


def test_the_words_we_tell_customers_to_write_are_understood() -> None:
    said = [*re.findall(r'"([^"]+)"', read(DOCS / "customers.md").partition("**Press")[0]), *_from_readme()]
    noes = [words for words in said if words not in ("no objection",)]
    assert len(noes) >= 7
    assert {words: read_intent(words).meaning for words in noes} == dict.fromkeys(noes, "decline")


def _from_readme() -> list[str]:
    (row,) = [line for line in read(ROOT / "README.md").splitlines() if "No, we do not agree" in line]
    return re.findall(r"`([^`]+)`", row.split("|")[2])


async def test_the_test_shown_to_contributors_passes(tmp_path: Path) -> None:
    (shown,) = blocks(read(DOCS / "contributing.md"), "python")
    space: dict[str, Any] = {"house": house, "JANA": JANA, "timedelta": timedelta}
    exec(shown, space)
    await space["test_a_question_stops_the_window"](tmp_path)
