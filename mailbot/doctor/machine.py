"""Checks of the machine: Python, SQLite, clock, disk, folders. None raises."""

import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailbot.config import Config
from mailbot.doctor.finding import Finding, error, note, ok, warning
from mailbot.endpoints import BlobFolder, Maildir, SqliteFile

_BUILT = datetime(2026, 1, 1, tzinfo=UTC)
_SKEW = timedelta(minutes=5)
_FULL, _LOW = 200 * 2**20, 2 * 2**30
# The WAL-reset bug needs two connections that checkpoint; ours are one, so older versions are only noted.
_SQLITE_FIXED = (3, 51, 3)
# Two of the standard library's denials of service in HTML and mail reading are mended from here on (security item 23).
_PYTHON_FIXED = {(3, 11): 15, (3, 12): 13, (3, 13): 12}


def machine(config: Config, now: datetime) -> Iterator[Finding]:
    """Everything that can be seen without opening database or sockets."""
    yield _python()
    yield _sqlite()
    yield _clock(config, now)
    for folder in _folders(config):
        yield from _folder(folder)
    yield _disk(_existing(config.folder))


def _python() -> Finding:
    version = sys.version_info
    shown = ".".join(str(part) for part in version[:3])
    if version[2] < _PYTHON_FIXED.get(version[:2], 0):
        wanted = f"{version[0]}.{version[1]}.{_PYTHON_FIXED[version[:2]]}"
        return note("python", f"Python {shown}", f"use {wanted} or later: known slow paths in reading HTML are mended")
    return ok("python", f"Python {shown}")


def _sqlite() -> Finding:
    shown = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < _SQLITE_FIXED:
        return note("sqlite", f"SQLite {shown}", "3.51.3 or later mends a rare fault with several writers; we use one")
    return ok("sqlite", f"SQLite {shown}")


def _clock(config: Config, now: datetime) -> Finding:
    """A clock that stands before this version was made, or before the database was last written, is wrong."""
    where = config.database.url
    if now < _BUILT:
        return error("clock", f"the clock says {now:%Y-%m-%d}", "set the clock, and keep it with NTP")
    path = where.path if isinstance(where, SqliteFile) and where.path.exists() else None
    if path is not None and now.timestamp() + _SKEW.total_seconds() < path.stat().st_mtime:
        return error("clock", "the database was written in the future", "set the clock, and keep it with NTP")
    return ok("clock", f"{now:%Y-%m-%d %H:%M:%S}Z")


def _folders(config: Config) -> list[Path]:
    folders = [config.folder, config.keys_file.parent]
    if isinstance(config.blobs.url, BlobFolder):
        folders.append(config.blobs.url.path)
    if isinstance(config.delivery.url, Maildir):
        folders.append(config.delivery.url.path)
    return list(dict.fromkeys(folders))


def _folder(folder: Path) -> Iterator[Finding]:
    there = _existing(folder)
    if not there.is_dir():
        yield error("folders", f"{there} is no folder", "remove what is in the way, or configure another one")
    elif not os.access(there, os.W_OK | os.X_OK):
        yield error("folders", f"{there} cannot be written", f"let this user write it: chown {_user()} {there}")
    else:
        yield ok("folders", f"{folder} {'can be written' if folder == there else 'can be made'}")


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    shown = f"{free / 2**30:.1f} GiB free at {folder}"
    if free < _FULL:
        return error("disk", shown, "make room: mail is answered 452 when the disk is full")
    return warning("disk", shown, "make room soon") if free < _LOW else ok("disk", shown)


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _user() -> str:
    return str(os.geteuid())
