"""The object of `mailbot try --json`: its exact keys, bare bodies, and files that would hurt a reader."""

import json

import pytest
from mime_letters import NOW, RCPT, letter

from mailbot.inbound.trial import trial, trials

KEYS = [
    *("file", "disposition", "reason", "claim", "sender", "automatic", "suppress_response", "bounce", "reply_text"),
    *("signature", "quoted_text", "intent", "answers", "out_of_office", "attachments", "event", "seconds", "trace"),
]


@pytest.mark.parametrize("raw", [letter(), b"", b"\xff" * 3000, b"\n" * 70_000])
def test_the_object_has_the_keys_of_the_contract_and_is_json(raw: bytes) -> None:
    got = trial(raw, "a.eml", rcpt=RCPT, now=NOW)
    assert list(got) == KEYS
    assert json.loads(json.dumps(got)) == got


def test_a_bare_body_can_be_tried() -> None:
    assert trial(b"No, thank you.\n\nOn Fri, 20 Nov 2026, Office wrote:\n> Hello\n", "a", "text", now=NOW)[
        "reply_text"
    ] == ("No, thank you.")
    assert trial(b"<p>No, thank you.</p>", "a", "html", now=NOW)["reply_text"] == "No, thank you."


def test_the_return_path_stands_for_the_envelope() -> None:
    assert trial(letter(Return_Path="<>"), "a", now=NOW)["automatic"] == "auto_reply"
    assert trial(letter(), "a", now=NOW)["automatic"] is None


async def test_many_files_are_tried_in_a_reader_process() -> None:
    clock = iter(range(100))
    files = [("a.eml", letter("We decline.\r\n")), ("b.eml", b"\0" * 100)]
    got = [one async for one in trials(files, rcpt=RCPT, now=NOW, seconds=lambda: float(next(clock)))]
    assert [one["file"] for one in got] == ["a.eml", "b.eml"]
    assert (got[0]["event"], got[0]["seconds"]) == ("declined", 1.0)
    assert list(got[0]) == KEYS
