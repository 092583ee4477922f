"""Opens what carries files: zip archives, winmail.dat, forwarded mails; within limits (security item 25).

Total. The limits count over a whole mail: 200 MB unpacked, 1,000 entries, two levels; what lies beyond is not opened
and its container is reported as too large.
"""

import logging
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from mailbot.inbound.filetypes import METHODS, TORN, open_archive
from mailbot.inbound.headers import decode_words
from mailbot.inbound.mime import StructureError, parse_mail

MAX_UNPACKED = 200 * 1000 * 1000
MAX_ENTRIES = 1000
_TNEF = b"\x78\x9f\x3e\x22"
_MAX_TNEF_OBJECTS = 2000
_CHUNK = 256 * 1024
_JUNK = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")

logging.getLogger("tnefparse").addHandler(logging.NullHandler())


class LockedArchiveError(Exception):
    """The archive asks for a password."""


class BrokenArchiveError(Exception):
    """The archive cannot be read."""


class OversizeArchiveError(Exception):
    """Opening it would exceed the limits of a mail."""


@dataclass(slots=True)
class Budget:
    """What may still be unpacked for this mail."""

    octets: int = MAX_UNPACKED
    entries: int = MAX_ENTRIES

    def take(self, octets: int) -> None:
        self.octets -= octets
        if self.octets < 0:
            raise OversizeArchiveError

    def take_entry(self) -> None:
        self.entries -= 1
        if self.entries < 0:
            raise OversizeArchiveError


@dataclass(frozen=True, slots=True)
class Member:
    """One file found inside a container."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class WinMail:
    """What Outlook packed into winmail.dat: files, and the text when there is no other."""

    members: tuple[Member, ...]
    text: str
    html: str


def zip_members(content: bytes, budget: Budget) -> Iterator[Member]:
    """The files of a zip, biggest surprises first refused.

    Raises:
        LockedArchiveError, BrokenArchiveError, OversizeArchiveError.
    """
    archive = open_archive(content)
    if archive is None:
        raise BrokenArchiveError
    with archive:
        for entry in archive.infolist():
            budget.take_entry()
            # is_dir() of the library raises for an entry without a name.
            if entry.filename.endswith(("/", *_JUNK[1:])) or entry.filename.startswith(_JUNK[0]):
                continue
            if entry.flag_bits & 1:
                raise LockedArchiveError
            yield Member(entry.filename, "application/octet-stream", _unpacked(archive, entry, budget))


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: Budget) -> bytes:
    """Counts what really comes out: the announced size is the stranger's word."""
    chunks: list[bytes] = []
    if entry.compress_type not in METHODS:
        raise BrokenArchiveError
    try:
        with archive.open(entry) as stream:
            while chunk := stream.read(_CHUNK):
                budget.take(len(chunk))
                chunks.append(chunk)
    except TORN as error:
        raise BrokenArchiveError from error
    return b"".join(chunks)


def is_winmail(content: bytes) -> bool:
    """True for a TNEF stream, whatever it is called."""
    return content.startswith(_TNEF)


def open_winmail(content: bytes, budget: Budget) -> WinMail:
    """Files and text of a TNEF stream.

    Raises:
        BrokenArchiveError, OversizeArchiveError.
    """
    if _tnef_objects(content) > _MAX_TNEF_OBJECTS:
        raise OversizeArchiveError
    from tnefparse import TNEF  # rare, and slow to import

    try:
        parsed = TNEF(content, do_checksum=False)
        members = tuple(_tnef_member(attachment, budget) for attachment in parsed.attachments)
        return WinMail(members, _text(parsed.body), _text(parsed.htmlbody))
    except OversizeArchiveError:
        raise
    except Exception as error:  # the library raises whatever a broken stream provokes
        raise BrokenArchiveError from error


def _tnef_objects(content: bytes) -> int:
    count, position = 0, 6
    while position + 9 <= len(content) and count <= _MAX_TNEF_OBJECTS:
        position += struct.unpack_from("<I", content, position + 5)[0] + 11
        count += 1
    return count


def _tnef_member(attachment: object, budget: Budget) -> Member:
    budget.take_entry()
    data = bytes(getattr(attachment, "data", b"") or b"")
    budget.take(len(data))
    name = attachment.long_filename()  # type: ignore[attr-defined]
    return Member(_text(name).strip("\x00"), "application/octet-stream", data)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip("\x00")
    return value if isinstance(value, str) else ""


def mail_members(content: bytes, budget: Budget) -> Iterator[Member]:
    """The files of a forwarded mail that came as a file; a mail over the structural limits has none.

    Raises:
        OversizeArchiveError.
    """
    try:
        root = parse_mail(content)
    except StructureError:
        return
    for part in root.walk():
        if part.children or not (part.attached or part.file_name) or part.headers.has("content-id"):
            continue
        budget.take_entry()
        data = part.content()
        budget.take(len(data))
        yield Member(decode_words(part.file_name), part.media_type, data)
