"""Readings that misbehave on purpose, for the tests of the reader processes."""

import os
import signal
from datetime import datetime

from mailbot.inbound.interpret import interpret
from mailbot.inbound.interpretation import Envelope, Interpretation, Keys


def read(raw: bytes, envelope: Envelope, keys: Keys, now: datetime) -> object:
    """interpret, but for mails that begin with the name of a fault."""
    if raw.startswith(b"HANG"):
        while True:
            pass
    if raw.startswith(b"WAIT"):
        signal.pause()
    if raw.startswith(b"BLOAT"):
        return [bytearray(64 * 2**20) for _ in range(64)]
    if raw.startswith(b"DIE"):
        os._exit(3)
    if raw.startswith(b"STRANGE"):
        return {"not": os.getcwd}
    return _read(raw, envelope, keys, now)


def _read(raw: bytes, envelope: Envelope, keys: Keys, now: datetime) -> Interpretation:
    return interpret(raw, envelope, keys, now)
