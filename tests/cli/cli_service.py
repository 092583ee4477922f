"""The service as a process of its own: started, spoken to by SMTP, ended by signals or killed."""

import json
import os
import signal
import smtplib
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from cli_home import Home
from crash_house import Fresh, Nursery, Served

PATIENCE = 60.0


class Service:
    """A running service. `log` are its happenings so far.

    It is `mailbot serve` in an interpreter of its own; from a `nursery` it is forked with its code already loaded.
    """

    def __init__(self, home: Home, log: Path, *, nursery: Nursery | None = None, role: str = "all") -> None:
        self.home = home
        self._log = log
        with log.open("ab") as out:
            self._from = out.tell()
            self.process = nursery.serve(home.folder, out.fileno(), "", "", role) if nursery else _fresh(home, out)

    @property
    def log(self) -> list[dict[str, Any]]:
        lines = self._log.read_bytes()[self._from :].decode().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def happened(self, event: str) -> dict[str, Any] | None:
        return next((line for line in self.log if line["event"] == event), None)

    def started(self) -> "Service":
        until(lambda: self.happened("started") is not None or self.process.poll() is not None, "it started")
        assert self.process.poll() is None, self._log.read_text()
        return self

    @property
    def smtp_port(self) -> int:
        started = self.happened("started")
        assert started
        return int(started["smtp"][0].rpartition(":")[2])

    @property
    def url(self) -> str:
        started = self.happened("started")
        assert started
        return f"http://{started['http']}"

    def tell(self, number: signal.Signals) -> None:
        self.process.signal(number)

    def ended(self) -> int:
        """Its exit code, awaited."""
        until(lambda: self.process.poll() is not None, "it ended")
        code = self.process.poll()
        assert code is not None
        return code

    def kill(self) -> None:
        """The whole process group, as a power cut would: readers too."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.ended()


def _fresh(home: Home, out: BinaryIO) -> Served:
    words = [sys.executable, "-m", "mailbot", "serve", "--config", str(home.file)]
    environment = os.environ | home.environment
    return Fresh(subprocess.Popen(words, stderr=out, stdout=out, start_new_session=True, env=environment))


@contextmanager
def serving(home: Home, nursery: Nursery | None = None, role: str = "all") -> Iterator[Service]:
    """A service that has started; killed at the end if the test left it running."""
    service = Service(home, home.folder / "service.log", nursery=nursery, role=role)
    try:
        yield service.started()
    finally:
        if service.process.poll() is None:
            service.kill()


def until(right: Callable[[], bool], wanted: str) -> None:
    """Waits for an effect that can be seen, not for a time."""
    tick, tries = threading.Event(), int(PATIENCE / 0.05)
    for _ in range(tries):
        if right():
            return
        tick.wait(0.05)
    raise AssertionError(f"never happened: {wanted}")


class Writer(threading.Thread):
    """Sends numbered mails over one connection after another, and remembers which were answered 250."""

    def __init__(self, port: int, name: str, count: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._name = name
        self._count = count
        self.promised: list[str] = []

    def run(self) -> None:
        for number in range(self._count):
            subject = f"{self._name}-{number}"
            try:
                with smtplib.SMTP("127.0.0.1", self._port, timeout=20) as client:
                    client.sendmail("who@knows.example", ["claims@mail.test"], mail(subject))
            except (OSError, smtplib.SMTPException):
                return
            self.promised.append(subject)


def mail(subject: str, sender: str = "who@knows.example", text: str = "hello") -> bytes:
    """A small mail with a Message-ID of its own."""
    head = f"From: {sender}\r\nTo: claims@mail.test\r\nSubject: {subject}\r\nMessage-ID: <{subject}@knows.example>\r\n"
    return f"{head}\r\n{text} {subject}\r\n".encode()


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
