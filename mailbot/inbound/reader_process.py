"""The program of a reader process: reads tasks from standard input, writes what it made of them to standard output.

Frames are a length of four bytes and a pickle. It knows no keys and has no network where the kernel allows; the parent
keeps a clock on the wall and kills it. It ends with its input, on a lack of memory, or by a signal: nothing is lost by
that, the parent still has the bytes.
"""

import importlib
import pickle
import struct
import sys
from typing import Any, BinaryIO

from mailbot.inbound.cage import allow_processor, enter

READY = "ready"
OUT_OF_MEMORY = "memory"
_LENGTH = struct.Struct(">I")


def main() -> None:
    """Receives its instructions, gets ready, then answers batch after batch, message by message."""
    source, target = sys.stdin.buffer, sys.stdout.buffer
    instructions = _receive(source)
    sys.path[:] = instructions["path"]
    sys.dont_write_bytecode = True
    module, _, name = instructions["reading"].partition(":")
    reading = getattr(importlib.import_module(module), name)
    _warm_up(reading, instructions)
    enter(instructions["memory"])
    _send(target, READY)
    while batch := _receive(source):
        for item in batch:
            allow_processor(instructions["seconds"])
            _send(target, _answer(reading, item, instructions["keys"]))


def _warm_up(reading: Any, instructions: dict[str, Any]) -> None:
    """Loads libraries and lexicons before the first task pays for them and before files can no longer be opened."""
    for item in instructions["warm_up"]:
        _call(reading, item, instructions["keys"])


def _answer(reading: Any, item: Any, keys: Any) -> Any:
    try:
        return _call(reading, item, keys)
    except MemoryError:
        return OUT_OF_MEMORY


def _call(reading: Any, item: Any, keys: Any) -> Any:
    first, second, *rest = item
    return reading(first, second, keys, *rest)


def _receive(source: BinaryIO) -> Any:
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    return pickle.loads(source.read(_LENGTH.unpack(head)[0]))  # noqa: S301 - only the parent writes here


def _send(target: BinaryIO, value: Any) -> None:
    data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    target.write(_LENGTH.pack(len(data)) + data)
    target.flush()


if __name__ == "__main__":
    main()
