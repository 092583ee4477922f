"""`mailbot serve` with a sampler: `python -m bench.sampled OUT serve …` writes how often each stage was found at
work, when it gets SIGUSR2; at SIGUSR1 it counts anew.

The kernel sends SIGPROF for every two milliseconds of processor time; the stage is named by the innermost of our files
on the stack. Work of the database's threads and of reader processes is not ours to see here: breakdown.py takes it from
/proc.
"""

import json
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

from mailbot.cli import main

_SECONDS = 0.002
_STAGES = (
    ("SMTP in", ("/inbound/smtp.py", "/inbound/dialogue.py", "/inbound/reception.py", "/engine/acceptance.py",
                 "/inbound/wire.py", "/inbound/datareader.py", "/inbound/spool.py", "/inbound/paths.py")),
    ("talking to readers", ("/inbound/readers.py", "/inbound/reader_frames.py")),
    ("composing", ("/templates/", "/wording/", "/outbound/compose.py", "/outbound/message.py")),
    ("handing to the relay", ("/outbound/", "/aiosmtplib/")),
    ("rows and transactions", ("/mailbot/store/", "/sqlalchemy/", "/aiosqlite/")),
    ("loading, deciding, history", ("/mailbot/engine/", "/mailbot/claims/", "/mailbot/")),
)  # fmt: skip
OTHER = "event loop"


def stage_of(frame: FrameType | None) -> str:
    """What the process is doing there."""
    while frame is not None:
        name = frame.f_code.co_filename
        if name.endswith(("/mailbot/serve.py", "/mailbot/pulse.py")):
            return OTHER
        for stage, files in _STAGES:
            if any(file in name for file in files):
                return stage
        frame = frame.f_back
    return OTHER


def _run(out: Path, words: list[str]) -> None:
    found: Counter[str] = Counter()
    signal.signal(signal.SIGPROF, lambda _, frame: found.update((stage_of(frame),)))
    signal.siginterrupt(signal.SIGPROF, False)
    # What is sampled before the first mail does not count: the bench asks for a fresh start.
    signal.signal(signal.SIGUSR1, lambda *_: found.clear())
    signal.setitimer(signal.ITIMER_PROF, _SECONDS, _SECONDS)
    signal.signal(signal.SIGUSR2, lambda *_: out.write_text(json.dumps(found), encoding="ascii"))
    sys.argv = ["mailbot", *words]
    main()


if __name__ == "__main__":
    _run(Path(sys.argv[1]), sys.argv[2:])
