"""Readings compared: only what the mail says counts, in the parts that an older version kept."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mailbot.engine.readout import readout
from mailbot.engine.rereading import changes_of
from mailbot.inbound.interpret import interpret
from mailbot.inbound.interpretation import Envelope, Interpretation, Keys
from mailbot.inbound.reader_pool import ReaderFailure

_NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
_MAIL = b"From: jana@customer.example\r\nSubject: Re: x\r\n\r\nNo, we do not agree.\r\n"


def read(raw: bytes = _MAIL, trust: str = "none") -> Interpretation:
    envelope = Envelope(mail_from="x@y.example", rcpt="", peer="", helo="", received_at=_NOW)
    return interpret(raw, envelope, Keys(domain="mail.test", trust=trust), _NOW)


def kept(reading: Interpretation) -> tuple[dict[str, Any], list[list[str]]]:
    return readout(reading), [[s.step, s.result, s.why] for s in reading.trace]


def test_the_same_code_reads_the_same() -> None:
    assert changes_of(*kept(read()), read()) == ()


def test_another_meaning_is_a_change_with_its_disposition() -> None:
    old = read(_MAIL.replace(b"No, we do not agree.", b"Who are you?"))
    found = {change.part: (change.was, change.now) for change in changes_of(*kept(old), read())}
    assert found["meaning"] == ("question", "decline")
    assert found["reply_text"] == ("Who are you?", "No, we do not agree.")
    assert found["disposition"] == ("would_apply question", "would_apply decline")


def test_a_sender_who_was_proved_then_changes_no_reading() -> None:
    text = _MAIL.replace(b"No, we do not agree.", b"Who are you?")
    assert changes_of(*kept(read(text)), read(text, trust="verify")) == ()


def test_parts_that_an_older_version_did_not_keep_are_not_compared() -> None:
    assert changes_of({"reply_text": "No, we do not agree."}, None, read()) == ()


@pytest.mark.parametrize("nothing", [None, {}, [], "text"])
def test_a_mail_that_was_never_read_is_shown_as_read_now(nothing: object) -> None:
    [change] = changes_of(nothing, None, read())
    assert (change.part, change.was, change.now) == ("reader", None, "would_apply decline")


def test_a_mail_that_hurts_the_reader_now_is_a_change() -> None:
    [change] = changes_of(*kept(read()), ReaderFailure("timeout"))
    assert (change.part, change.was, change.now) == ("reader", "read", "timeout")


def test_what_a_scanner_said_is_not_what_the_mail_says() -> None:
    raw = (
        b"From: p@fabrikam.example\r\nContent-Type: text/plain; name=a.txt\r\n"
        b"Content-Disposition: attachment; filename=a.txt\r\n\r\nwords\r\n"
    )
    reading, trace = kept(read(raw))
    assert reading["attachments"]
    for file in reading["attachments"]:
        file["verdict"] = "infected" if file["verdict"] == "accepted" else file["verdict"]
    assert changes_of(reading, trace, read(raw)) == ()
