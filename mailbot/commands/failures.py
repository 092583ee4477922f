"""Which failures are the operator's to mend, and the line that says so. What is not known here is a defect of ours."""

import sqlite3

from mailbot.config import ConfigError
from mailbot.keys import KeyFileError
from mailbot.store.faults import StoreError


def lines_of(error: Exception) -> list[str]:
    """What to print, a line each; empty for an error that nobody expects."""
    if isinstance(error, ConfigError):
        return list(error.defects)
    if isinstance(error, KeyFileError | StoreError):
        return [str(error)]
    if isinstance(error, OSError):
        return [_of_system(error)]
    if isinstance(error, sqlite3.DatabaseError):
        return [f"the database cannot be used ({error})"]
    return []


def _of_system(error: OSError) -> str:
    what = error.strerror or str(error)
    return f"{error.filename}: {what}" if error.filename else what
