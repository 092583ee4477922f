"""Where the processor time of a reply goes: by process and thread from /proc, of the main thread by sampling."""

import json
import os
import signal
import time
from collections.abc import Iterator

from bench.figures import Line, shared
from bench.processes import Child, descendants, thread_seconds
from bench.yard import Yard


def breakdown(yard: Yard, answered: int, words: str) -> Iterator[Line]:
    """A line for each stage: milliseconds a message, and its share."""
    installation, out = yard.mailbot("breakdown", 2 * answered), yard.folder / "stages.json"
    child = yard.keep(installation.serve(sampled=out))
    yard.answers(child, installation.replies(0, answered, words))
    os.kill(child.pid, signal.SIGUSR1)
    before = _spent(child)
    yard.answers(child, installation.replies(answered, answered, words))
    after = _spent(child)
    os.kill(child.pid, signal.SIGUSR2)
    time.sleep(1)
    used = {name: (after[name] - before[name]) / answered * 1000 for name in after}
    main = used.pop("main thread")
    found: dict[str, int] = json.loads(out.read_text(encoding="ascii"))
    parts = {stage: main * times / sum(found.values()) for stage, times in found.items()} | used
    whole = sum(parts.values())
    for stage, spent in sorted(parts.items(), key=lambda part: -part[1]):
        yield shared("E1", f"of that CPU: {stage}", spent, spent / whole)


def _spent(child: Child) -> dict[str, float]:
    time.sleep(0.1)
    main, *readers = descendants(child.pid)
    threads = thread_seconds(main)
    own = threads.pop(main)
    return {
        "main thread": own,
        "database and other threads": sum(threads.values()),
        "reading, in the reader processes": sum(sum(thread_seconds(pid).values()) for pid in readers),
    }
