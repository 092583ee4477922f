"""The world outside: a mail server on loopback that takes every mail of mailbot's and keeps it as a file.

Addresses it knows to be dead bounce, with a delivery report to the envelope sender as RFC 3464 describes it. It
answers mail with mail: what its people write goes to mailbot by SMTP.
"""

import asyncio
import email
import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import aiosmtplib
from aiosmtpd.smtp import SMTP

from mailbot.demo.letters import bounce_of
from mailbot.demo.transcript import StepFailed

_PATIENCE = 20.0
_LINK = re.compile(r"https?://\S+")


@dataclass(slots=True)
class Letter:
    """A mail that arrived outside. `used` once the play has looked at it."""

    mail_from: str
    rcpt: str
    message: EmailMessage
    path: Path
    used: bool = False

    @property
    def subject(self) -> str:
        """The subject line."""
        return str(self.message["Subject"] or "")

    @property
    def id(self) -> str:
        """The Message-ID without its brackets."""
        return str(self.message["Message-ID"] or "").strip("<>")

    @property
    def reply_to(self) -> str:
        """Where an answer goes."""
        return parseaddr(str(self.message["Reply-To"] or self.message["From"]))[1]

    @property
    def text(self) -> str:
        """The plain words."""
        body = self.message.get_body(("plain",))
        return str(body.get_content()) if body is not None else ""

    def link(self, part: str) -> str:
        """The first link that contains `part`."""
        found = next((link for link in _LINK.findall(self.text) if part in link), "")
        if not found:
            raise StepFailed(f"the mail {self.path.name} has no link with {part}")
        return found.rstrip(".,)")


class Outside:
    """The mail server and the post office of everybody who is not mailbot."""

    def __init__(self, folder: Path, mailbot_port: int, dead: frozenset[str]) -> None:
        self.folder = folder
        self.code_of: Callable[[str], Awaitable[str]] = _unknown
        self._mailbot_port = mailbot_port
        self._dead = dead
        self._letters: list[Letter] = []
        self._news = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> int:
        """Starts to listen on loopback; returns the port."""
        self.folder.mkdir(parents=True)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self, hostname="outside.example"), "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stops listening."""
        if self._server is not None:
            self._server.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Takes a mail: kept as a file, told to whoever waits, bounced when its address is dead."""
        for rcpt in envelope.rcpt_tos:
            path = self.folder / f"{len(self._letters) + 1:02}-{rcpt}.eml"
            path.write_bytes(envelope.original_content)
            message = email.message_from_bytes(envelope.original_content, policy=policy.default)
            letter = Letter(envelope.mail_from or "", rcpt, message, path)
            self._letters.append(letter)
            if rcpt in self._dead and letter.mail_from:
                task = asyncio.create_task(
                    self.send("", letter.mail_from, bounce_of(rcpt, letter.mail_from, letter.message))
                )
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        async with self._news:
            self._news.notify_all()
        return "250 2.0.0 taken"

    async def send(self, mail_from: str, rcpt: str, message: EmailMessage) -> None:
        """Hands a mail to mailbot by SMTP, and keeps a copy beside the others."""
        message["Message-ID"] = f"<{uuid.uuid4().hex}@outside.example>"
        raw = message.as_bytes(policy=policy.SMTP)
        (self.folder / f"{len(self._letters):02}-sent-{uuid.uuid4().hex[:4]}.eml").write_bytes(raw)
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=self._mailbot_port, start_tls=False, timeout=10)
        async with client:
            await client.sendmail(mail_from, [rcpt], raw)

    async def expect(self, rcpt: str, code: str) -> Letter:
        """The next mail of that kind to that address; raises StepFailed when it does not come."""
        try:
            async with asyncio.timeout(_PATIENCE):
                while (letter := await self._find(rcpt, code)) is None:
                    seen = len(self._letters)
                    async with self._news:
                        await self._news.wait_for(lambda seen=seen: len(self._letters) > seen)  # type: ignore[misc]
        except TimeoutError:
            raise StepFailed(f"no {code} for {rcpt} within {_PATIENCE:.0f} s") from None
        letter.used = True
        return letter

    async def _find(self, rcpt: str, code: str) -> Letter | None:
        for letter in self._letters:
            if not letter.used and letter.rcpt == rcpt and await self.code_of(letter.id) == code:
                return letter
        return None


async def _unknown(_message_id: str) -> str:
    return ""
