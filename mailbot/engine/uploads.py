"""Files that did not come by mail are judged like those that did: in a reader process, within its limits.

They are wrapped into a mail of our own making, so that one reader, one set of limits and one list of verdicts serve
both doors. A file that hurts the reader is `unreadable`; the service is not harmed.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP

from mailbot.clock import Clock
from mailbot.inbound.interpretation import Attachment, Envelope
from mailbot.inbound.reader_pool import ReaderFailure
from mailbot.inbound.readers import Readers


class Uploads:
    """Judges uploaded files."""

    def __init__(self, readers: Readers, clock: Clock) -> None:
        self._readers = readers
        self._clock = clock

    async def judge(self, files: Sequence[tuple[str, bytes]]) -> tuple[Attachment, ...]:
        """A verdict for each file, in order; a container counts as the files in it."""
        verdicts: list[Attachment] = []
        for name, content in files:
            verdicts += await self._one(name, content, self._clock.now())
        return tuple(verdicts)

    async def _one(self, name: str, content: bytes, now: datetime) -> tuple[Attachment, ...]:
        envelope = Envelope(mail_from="", rcpt="", peer="", helo="", received_at=now)
        result = await self._readers.read(wrapped(name, content), envelope, now)
        if isinstance(result, ReaderFailure) or not result.attachments:
            return (_unreadable(name, content),)
        return result.attachments


def wrapped(name: str, content: bytes) -> bytes:
    """A mail with that one file."""
    message = EmailMessage(policy=SMTP)
    message["From"] = "upload@mailbot.invalid"
    message["Subject"] = "upload"
    message.set_content("upload")
    message.add_attachment(content, maintype="application", subtype="octet-stream", filename=_plain(name))
    return message.as_bytes()


def _plain(name: str) -> str:
    return "".join(c for c in name if c.isprintable())[:150] or "file"


def _unreadable(name: str, content: bytes) -> Attachment:
    return Attachment(
        name=_plain(name),
        media_type="application/octet-stream",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        verdict="unreadable" if content else "empty",
    )
