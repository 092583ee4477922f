"""What was proved when a mail came stays proved; anything less is checked again when the mail is read again."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from mailbot.engine.sender_checks import sender_checks
from mailbot.inbound.interpretation import Authentication, Envelope
from mailbot.store.inbox import Item

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PASSED = Authentication(domain="fabrikam.example", result="pass", detail="dkim")
FAILED = Authentication(domain="fabrikam.example", result="fail", detail="no signature")


class Checker:
    """Remembers what it was asked, and always says yes."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    async def __call__(self, raw: bytes, envelope: Envelope) -> Authentication:
        self.asked.append(raw)
        return PASSED


def mail(number: int, before: Authentication | None = None) -> tuple[Item, bytes, Envelope]:
    """A mail whose reading, if it was read before, kept that check."""
    raw = f"Subject: {number}\r\n\r\n".encode()
    reading: Any = {"authentication": asdict(before)} if before else None
    item = Item(id=number, received_at=AT, handle=number, sha256="", size=len(raw), raw=raw, reading=reading)
    sender = "petr@fabrikam.example"
    return item, raw, Envelope(mail_from=sender, rcpt="claims@mail.test", peer="192.0.2.1", helo="", received_at=AT)


async def test_a_mail_read_again_keeps_its_proof_and_is_checked_anew_without_one() -> None:
    checker = Checker()
    mails = [mail(1, PASSED), mail(2, FAILED), mail(3)]
    assert await sender_checks(mails, checker) == [PASSED, PASSED, PASSED]
    assert checker.asked == [mails[1][1], mails[2][1]]


async def test_without_a_checker_nothing_is_known() -> None:
    assert await sender_checks([mail(1, PASSED)], None) == [None]
