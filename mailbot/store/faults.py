"""What can go wrong in the store, as a closed tree; every fault is temporary unless its class says otherwise.

    StoreError
    ├── StoreFault          could not be done now; nothing of it happened; trying again may help
    │   ├── StoreFull       no room on the disk
    │   ├── StoreBusy       another node was in the way; the writer tries again by itself
    │   ├── StoreUnsure     the connection broke during the commit: it may have happened (security D15)
    │   └── StoreBroken     the disk or the file lies: state unknown, the process must exit (security D9, D12)
    ├── StoreUnready        this database cannot be opened as it is: missing, not migrated, foreign, locked
    ├── Conflict            somebody else changed it first: load again and decide again
    └── Refused             the values contradict each other or what is stored; trying again does not help

`translate` is total. What is neither the disk's nor the database's trouble, such as a wrong statement, comes back
unchanged: it is our mistake, and trying again would not help.
"""

# ruff: noqa: N818 -- the words are the vocabulary of the house

import errno
import sqlite3
from collections.abc import Iterable

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

_BROKEN = frozenset(
    {
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_DIR_FSYNC,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    }
)
# Wrong statements, broken constraints, misuse: not the database's fault.
_OURS = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_MISUSE,
        sqlite3.SQLITE_RANGE,
        sqlite3.SQLITE_TOOBIG,
    }
)
# Serialization failure, deadlock, a lock that did not come.
_CONTENDED = frozenset({"40001", "40P01", "55P03"})
_DISK_FULL = "53100"
# Classes of SQLSTATE that are mistakes in what was asked: wrong values, broken constraints, wrong statements.
_OURS_ON_POSTGRES = frozenset({"0A", "21", "22", "23", "42"})


class StoreError(Exception):
    """Base of everything the store raises on purpose."""


class StoreFault(StoreError):
    """A temporary failure: nothing was written. SMTP answers 451, HTTP 503."""


class StoreFull(StoreFault):
    """The disk has no room: SMTP answers 452 4.3.1. Service goes on when there is room again."""


class StoreBusy(StoreFault):
    """A deadlock or serialization failure: undone, and worth trying again at once."""


class StoreUnsure(StoreFault):
    """Nobody here knows whether it was committed. Look for what was to be written before answering, else answer 451."""


class StoreBroken(StoreFault):
    """A failed fsync or a corrupt file: what is on disk is unknown. Answer 451 and end the process."""


class StoreUnready(StoreError):
    """The database cannot be used as it is; the text is one line that says what to do."""


class Conflict(StoreError):
    """These claims or items were changed by somebody else since they were loaded; the caller's part was undone."""

    def __init__(self, claim_ids: Iterable[str] = (), item_ids: Iterable[int] = ()) -> None:
        self.claim_ids = tuple(claim_ids)
        self.item_ids = tuple(item_ids)
        super().__init__(f"changed meanwhile: {', '.join([*self.claim_ids, *map(str, self.item_ids)])}")


class Refused(StoreError):
    """Values that cannot be stored; `code` is stable, the text names what is wrong."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


def translate(error: Exception) -> Exception:
    """The store's name for a driver or disk error; errors that are not the disk's or the driver's stay as they are."""
    if isinstance(error, OSError):
        return _of_disk(error)
    if isinstance(error, PoolTimeoutError):
        return StoreFault("every connection of the database is in use")
    original = error.orig if isinstance(error, DBAPIError) else error
    state: str | None = getattr(original, "sqlstate", "none at all")
    if state != "none at all":
        return _of_postgres(error, state or "")
    if not isinstance(original, sqlite3.Error):
        return error
    code = getattr(original, "sqlite_errorcode", sqlite3.SQLITE_BUSY)
    if code in _BROKEN or code & 0xFF in _BROKEN:
        return StoreBroken(f"the database is damaged or its disk failed: {original}")
    if code == sqlite3.SQLITE_FULL:
        return StoreFull("no room on the disk of the database")
    return error if code & 0xFF in _OURS else StoreFault(f"the database could not do it now: {original}")


def _of_postgres(error: Exception, state: str) -> Exception:
    """By SQLSTATE; none means that the connection failed."""
    if state in _CONTENDED:
        return StoreBusy("another node was in the way")
    if state == _DISK_FULL:
        return StoreFull("no room on the disk of the database")
    return error if state[:2] in _OURS_ON_POSTGRES else StoreFault(f"the database could not do it now ({state})")


def _of_disk(error: OSError) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreFull("no room on the disk")
    if error.errno == errno.EIO:
        return StoreBroken(f"the disk failed: {error.strerror}")
    return StoreFault(f"the disk could not do it now: {error.strerror}")
