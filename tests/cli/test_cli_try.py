"""`mailbot try`: any bytes are read, nothing is changed, and with --live the database says what would follow."""

import json
import os
from pathlib import Path

import pytest
from cli_home import CLAIM, Home
from click.testing import CliRunner

from mailbot.cli import cli

_FIELDS = {
    "file", "disposition", "reason", "claim", "sender", "automatic", "suppress_response", "bounce", "reply_text",
    "signature", "quoted_text", "intent", "answers", "out_of_office", "attachments", "event", "seconds", "trace",
}  # fmt: skip
_DECLINE = b"From: Jana <jana@customer.example>\r\nSubject: Re: claim\r\n\r\nNo, we do not agree.\r\n"


def tried(*words: object, stdin: bytes | None = None) -> list[dict[str, object]]:
    result = CliRunner().invoke(cli, ["try", "--json", *(str(word) for word in words)], input=stdin)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_one_object_a_file_with_every_field_of_the_contract(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(_DECLINE)
    (tmp_path / "b.eml").write_bytes(b"\x00\xff" * 1000)
    first, second = tried(tmp_path / "a.eml", tmp_path / "b.eml")
    assert set(first) == set(second) == _FIELDS
    assert first["disposition"] == "would_apply"
    assert first["intent"] == {"meaning": "decline", "language": "en", "evidence": "No, we do not agree."}
    assert first["file"] == str(tmp_path / "a.eml")


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"Content-Type: multipart/mixed; boundary=x\n\n--x", bytes(range(256)) * 64]
)
def test_it_exits_0_for_any_bytes(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "odd.eml"
    file.write_bytes(content)
    [reading] = tried(file)
    assert set(reading) == _FIELDS


def test_a_bare_body_is_read_as_text_or_html() -> None:
    [text] = tried("--as", "text", "-", stdin=b"We decline.\n\nOn Monday Ann wrote:\n> yes?\n")
    assert (text["reply_text"], text["file"]) == ("We decline.", "-")
    [html] = tried("--as", "html", "-", stdin=b"<p>We <b>decline</b>.</p>")
    assert html["reply_text"] == "We decline."


def test_people_get_a_page_instead_of_json(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(_DECLINE)
    result = CliRunner().invoke(cli, ["try", str(tmp_path / "a.eml")])
    assert result.exit_code == 0
    assert "| No, we do not agree." in result.stdout
    assert "would be applied (decline)" in result.stdout
    assert "declines (decline, en): “No, we do not agree.”" in result.stdout
    assert "\x1b[" not in result.stdout


def test_the_page_tells_bounces_absences_files_and_robots_in_words(tmp_path: Path) -> None:
    pages = {
        "bounce": b"From: MAILER-DAEMON@relay.example\nSubject: Undelivered Mail Returned to Sender\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n"
        b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; relay.example\n\n"
        b"Final-Recipient: rfc822; ann@customer.example\nAction: failed\nStatus: 5.1.1\n\n--x--\n",
        "away": b"From: a@b.example\nAuto-Submitted: auto-replied\nSubject: Out of office\n\n"
        b"I am out of the office until 2 June 2027.\n",
        "file": b"From: a@b.example\nContent-Type: application/zip; name=a.zip\n\nno zip\n",
        "long": b"From: a@b.example\n\nYes\n\nOn 2026-03-01, x@y.example wrote:\n" + b"> words\n" * 40,
    }
    for name, raw in pages.items():
        (tmp_path / name).write_bytes(raw)
    result = CliRunner().invoke(cli, ["try", *(str(tmp_path / name) for name in pages)])
    assert result.exit_code == 0, result.output
    assert "ann@customer.example 5.1.1 cannot receive mail" in result.stdout
    assert "a delivery report, gets no automatic answer" in result.stdout
    assert "until 2027-06-02" in result.stdout
    assert "a.zip" in result.stdout
    assert "lines more" in result.stdout


def test_a_file_name_that_is_no_text_is_no_obstacle(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"odd-\xff.eml")
    odd.write_bytes(_DECLINE)
    [reading] = tried(odd)
    assert reading["reason"] == "decline"
    assert CliRunner().invoke(cli, ["try", str(odd)]).exit_code == 0


def test_nothing_in_a_mail_can_steer_the_terminal_it_is_shown_on(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(b"From: a@b.example\nSubject: x\n\nhello \x1b[2J\x07 there\n")
    result = CliRunner().invoke(cli, ["try", str(tmp_path / "a.eml")])
    assert "\x1b" not in result.stdout
    assert "\x07" not in result.stdout


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["try", str(tmp_path / "none.eml")])
    assert result.exit_code == 1
    assert result.stderr == f"mailbot: {tmp_path}/none.eml: No such file or directory\n"


def test_without_live_a_broken_configuration_is_not_even_looked_at(tmp_path: Path) -> None:
    home = Home(tmp_path, "lab = nonsense\n")
    (tmp_path / "a.eml").write_bytes(_DECLINE)
    assert home.run("try", "--json", tmp_path / "a.eml").exit_code == 0


def test_live_finds_the_claim_and_what_would_follow_and_changes_nothing(claimed: Home) -> None:
    asked = next(item for item in claimed.json("outbox", "list") if item["code"] == "review_assigned")
    raw = claimed.done("outbox", "show", asked["id"], "--raw")
    reply_to = raw.partition("Reply-To:")[2].partition("<")[2].partition(">")[0] or _bare(raw)
    mail = claimed.folder / "reply.eml"
    mail.write_text(f"From: rita@office.example\nTo: {reply_to}\nSubject: Re: x\n\nstart\n")
    [reading] = claimed.json_lines("try", "--live", "--rcpt", reply_to, mail)
    assert (reading["claim"], reading["event"], reading["disposition"]) == (CLAIM, "review_started", "would_apply")
    assert claimed.json("claim", "show", CLAIM)["status"] == "submitted"
    assert claimed.done("inbox", "list") == "no mail\n"


def test_live_tells_a_stranger_from_somebody_known(home: Home) -> None:
    home.with_people()
    home.done("init")
    mail = home.folder / "new.eml"
    mail.write_text("From: who@knows.example\nSubject: help\n\nhelp\n")
    [reading] = home.json_lines("try", "--live", mail)
    assert (reading["disposition"], reading["reason"]) == ("held", "unknown_sender")
    mail.write_text("From: petr@fabrikam.example\nSubject: help\n\nhelp\n")
    [reading] = home.json_lines("try", "--live", mail)
    assert (reading["disposition"], reading["event"]) == ("would_apply", "help")


def _bare(raw: str) -> str:
    return raw.partition("Reply-To:")[2].partition("\n")[0].strip()
