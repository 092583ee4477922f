"""Named places at which a test may kill this process or make its disk fail; in service they do nothing.

Armed by the environment: `MAILBOT_TEST_FAILPOINT=name:count` ends the process with SIGKILL when it comes to that place
for the count-th time, `name:count:ENOSPC` raises that OSError there once. A text that is none of this is a ValueError
at import, so that no test runs with a fault it does not have. Which places there are is read from the sources.
"""

import errno
import os
import re
import signal
import threading

VARIABLE = "MAILBOT_TEST_FAILPOINT"
_ARMED = re.compile(r"(?P<name>[a-z_]+\.[a-z_]+):(?P<count>[1-9][0-9]*)(?::(?P<error>E[A-Z]+))?")


class _Fault:
    """One armed place. Threads come by as well: each visit is counted once."""

    def __init__(self, text: str) -> None:
        match = _ARMED.fullmatch(text)
        if match is None or (match["error"] or "EIO") not in errno.errorcode.values():
            raise ValueError(f"{VARIABLE}: read {text!r}, allowed is name:count or name:count:ENOSPC")
        self._name = match["name"]
        self._left = int(match["count"])
        self._error = match["error"]
        self._lock = threading.Lock()

    def reached(self, name: str) -> None:
        """Strikes at the last visit of the named place."""
        if name != self._name:
            return
        with self._lock:
            self._left -= 1
            strikes = self._left == 0
        if strikes:
            self._strike()

    def _strike(self) -> None:
        # Written past every buffer: the harness has to know where its victim died.
        os.write(2, f"failpoint {self._name}\n".encode("ascii"))
        if self._error is None:
            os.kill(os.getpid(), signal.SIGKILL)
            signal.pause()
        number = getattr(errno, self._error or "EIO")
        raise OSError(number, os.strerror(number))


_fault: _Fault | None = None


def arm(text: str) -> None:
    """Arms the place that `text` names, or none when it is empty. Raises ValueError."""
    global _fault  # noqa: PLW0603 - one process, one fault
    _fault = _Fault(text) if text else None


def failpoint(name: str) -> None:
    """The process is at this place."""
    if _fault is not None:
        _fault.reached(name)


arm(os.environ.get(VARIABLE, ""))
