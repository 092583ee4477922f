"""Child processes under measurement: started, waited for, their CPU time and memory read, ended by their own id.

Linux only: figures come from /proc. CPU time counts the process, its living descendants and those already waited for.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Child:
    """One running program with everything it started."""

    def __init__(self, command: Sequence[str], port: int, log: Path, env: Mapping[str, str] | None = None) -> None:
        self.port, self.log = port, log
        with log.open("ab") as out:
            everything = {**os.environ, **(env or {})}
            self._process = subprocess.Popen(command, stdout=out, stderr=out, env=everything, start_new_session=True)
        self._await_greeting()

    @property
    def pid(self) -> int:
        return self._process.pid

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        return cpu_of(self.pid)

    def memory(self) -> int:
        """Resident bytes of the process itself."""
        return self._kilobytes("VmRSS:") * 1024

    def most_memory(self) -> int:
        """The most it ever had."""
        return self._kilobytes("VmHWM:") * 1024

    def _kilobytes(self, name: str) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(status.split(name)[1].split()[0])

    def stop(self) -> None:
        """Asks it to end, and insists after a while."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()

    def _await_greeting(self) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 2) as line:
                if line.recv(3) == b"220":
                    return
            time.sleep(0.05)
        raise RuntimeError(f"nobody greets at port {self.port}: {self.log.read_text(errors='replace')[-2000:]}")


def cpu_of(pid: int) -> float:
    """User and system seconds of a process and all below it so far."""
    return sum(_ticks(Path(f"/proc/{each}")) for each in descendants(pid)) / _TICK


def descendants(pid: int) -> list[int]:
    """The process and all below it."""
    found = [pid]
    for parent in found:
        with suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text(encoding="ascii").split()]
    return found


def thread_seconds(pid: int) -> dict[int, float]:
    """Thread → user and system time so far; the first thread has the number of the process."""
    return {int(task.name): _ticks(task, children=False) / _TICK for task in Path(f"/proc/{pid}/task").iterdir()}


def _ticks(place: Path, *, children: bool = True) -> int:
    try:
        fields = (place / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(int(field) for field in fields[11 : 15 if children else 13])
