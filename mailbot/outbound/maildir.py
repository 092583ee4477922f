"""Drops mail into a maildir instead of sending it: for demonstration, development and tests that read what was sent.

A file appears in `new/` complete and synced or not at all; the same mail dropped twice is one file. Anything the disk
refuses is a TemporaryFailure.
"""

import asyncio
import hashlib
import os
import re
from pathlib import Path

from mailbot.outbound.transport import Message, Sent, TemporaryFailure

_UNFIT = re.compile(r"[^A-Za-z0-9@._+-]+")


class MaildirTransport:
    """A maildir at `folder`, made when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: Message) -> Sent:
        """Writes the mail, envelope addresses on top as a final delivery does (RFC 5321 4.4)."""
        try:
            return await asyncio.to_thread(self._drop, message)
        except OSError as error:
            raise TemporaryFailure("write", 0, str(error)) from error

    async def close(self) -> None:
        """Nothing is held open."""

    def _drop(self, message: Message) -> Sent:
        for part in ("tmp", "new", "cur"):
            (self._folder / part).mkdir(parents=True, exist_ok=True)
        name = _file_name(message)
        draft = self._folder / "tmp" / name
        with draft.open("wb") as file:
            file.write(_trace(message) + message.raw)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._folder / "new" / name)
        _sync(self._folder / "new")
        return Sent(f"250 written to {name}")


def _file_name(message: Message) -> str:
    """The name that was asked for, in harmless characters, and a digest of the bytes that makes it unique."""
    digest = hashlib.sha256(message.raw).hexdigest()[:8]
    readable = _UNFIT.sub("_", message.name or message.rcpt)[:120].lstrip(".")
    return f"{readable}-{digest}.eml"


def _trace(message: Message) -> bytes:
    return f"Return-Path: <{message.mail_from}>\r\nDelivered-To: {message.rcpt}\r\n".encode()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
