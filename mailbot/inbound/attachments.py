"""Files become attachments with a verdict each, in the words of the contract; pictures of a signature are not evidence.

Total and pure: nothing is written, nothing is fetched. Virus scanning and duplicates of earlier mails are the engine's.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mailbot.inbound.archives import (
    BrokenArchiveError,
    Budget,
    LockedArchiveError,
    Member,
    OversizeArchiveError,
    is_winmail,
    mail_members,
    open_winmail,
    zip_members,
)
from mailbot.inbound.filenames import clean_name
from mailbot.inbound.filetypes import recognise
from mailbot.inbound.interpretation import Attachment, FileVerdict
from mailbot.inbound.parse import FilePart

MAX_FILE = 25 * 1000 * 1000
_ICON = 4 * 1024
_LEVELS = 2
_COMPANIONS = (
    "application/pgp-signature",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
    "application/applefile",
    "application/pgp-keys",
    "text/vcard",
    "text/x-vcard",
    "text/directory",
)


@dataclass(slots=True)
class _Tray:
    """What has been judged so far in one mail."""

    embedded: frozenset[str]
    most: int
    attachments: list[Attachment] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    budget: Budget = field(default_factory=Budget)


def judge_files(files: Iterable[FilePart], html: str, most: int) -> tuple[Attachment, ...]:
    """One attachment per file, containers replaced by what they hold.

    `html` tells which pictures the mail itself shows, `most` how many files are kept.
    """
    tray = _Tray(frozenset(_embedded(html)), most)
    for file in files:
        if file.media_type == "message/rfc822":
            # The parser has walked the mail already and hands its inner files over on their own.
            _add(tray, file.name, file.media_type, file.content, _mail_verdict(file.content))
        elif _is_companion(file, tray.embedded):
            _add(tray, file.name, file.media_type, file.content, "inline")
        else:
            _judge(tray, Member(file.name, file.media_type, file.content), levels=_LEVELS)
    return tuple(tray.attachments)


def _mail_verdict(content: bytes) -> FileVerdict:
    if len(content) > MAX_FILE:
        return "too_large"
    return "accepted" if content.strip() else "empty"


def _embedded(html: str) -> Iterator[str]:
    """The content ids that an HTML body shows."""
    lowered = html.lower()
    position = 0
    while (found := lowered.find("cid:", position)) >= 0:
        end = found + 4
        while end < len(html) and html[end] not in "\"'> )\n&" and end - found < 300:
            end += 1
        yield html[found + 4 : end]
        position = end


def _is_companion(file: FilePart, embedded: frozenset[str]) -> bool:
    if file.media_type in _COMPANIONS:
        return True
    if not file.media_type.startswith("image/"):
        return bool(file.content_id) and file.content_id in embedded and file.related
    if file.content_id and file.content_id in embedded:
        return True
    return not file.attached and len(file.content) < _ICON


def _judge(tray: _Tray, member: Member, *, levels: int) -> None:
    verdict, media_type = _verdict(member)
    if verdict in ("empty", "too_large"):
        _add(tray, member.name, media_type, member.content, verdict)
    elif levels and is_winmail(member.content):
        _open_winmail(tray, member, levels=levels)
    elif levels and media_type == "application/zip" and verdict == "wrong_type":
        _open(tray, member, zip_members(member.content, tray.budget), levels=levels)
    else:
        _add(tray, member.name, media_type, member.content, verdict)
        if levels and media_type == "message/rfc822" and verdict == "accepted":
            _open(tray, member, mail_members(member.content, tray.budget), levels=levels)


def _verdict(member: Member) -> tuple[FileVerdict, str]:
    if not member.content:
        return "empty", member.media_type
    if len(member.content) > MAX_FILE:
        return "too_large", member.media_type
    found = recognise(member.content, member.media_type, member.name)
    return found.soundness, found.media_type


def _open(tray: _Tray, container: Member, members: Iterator[Member], *, levels: int) -> None:
    """Judges the members; a container that cannot be opened to its end is itself the thing to report."""
    try:
        for member in members:
            _judge(tray, member, levels=levels - 1)
    except LockedArchiveError:
        _add(tray, container.name, "application/zip", container.content, "password_protected")
    except BrokenArchiveError:
        _add(tray, container.name, container.media_type, container.content, "unreadable")
    except OversizeArchiveError:
        _add(tray, container.name, container.media_type, container.content, "too_large")


def _open_winmail(tray: _Tray, container: Member, *, levels: int) -> None:
    try:
        members = open_winmail(container.content, tray.budget).members
    except OversizeArchiveError:
        _add(tray, container.name, "application/ms-tnef", container.content, "too_large")
    except BrokenArchiveError:
        _add(tray, container.name, "application/ms-tnef", container.content, "unreadable")
    else:
        for member in members:
            _judge(tray, member, levels=levels - 1)


def _add(tray: _Tray, name: str, media_type: str, content: bytes, verdict: FileVerdict) -> None:
    digest = hashlib.sha256(content).hexdigest()
    if verdict == "accepted" and digest in tray.seen:
        verdict = "duplicate"
    elif verdict == "accepted" and len(tray.seen) >= tray.most:
        verdict = "held"
    if verdict == "accepted":
        tray.seen.add(digest)
    kept = content if verdict == "accepted" else None
    tray.attachments.append(
        Attachment(
            name=clean_name(name, media_type),
            media_type=media_type,
            size=len(content),
            sha256=digest,
            verdict=verdict,
            content=kept,
        )
    )
