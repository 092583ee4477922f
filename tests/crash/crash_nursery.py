"""Forks services that have everything imported already: a kill every second instead of one every ten.

`python crash_nursery.py SOCKET` loads mailbot once and then, for each request on the socket, forks a process that runs
the real `serve`, or, for the small program that stands in for the reader's interpreter, a real reader. What a forked
service shares with its predecessor is code and compiled templates; every descriptor, thread and row it has is its own.
"""

import contextlib
import json
import os
import selectors
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import mailbot.app
import mailbot.inbound.interpret
import mailbot.serve
import mailbot.service
from mailbot import failpoints
from mailbot.claims.catalogue import shipped_catalogue
from mailbot.config import load_config
from mailbot.inbound import reader_process
from mailbot.templates import Templates

sys.path.insert(0, str(Path(__file__).parent))
import crash_planted

_READER = """#!{python} -IS
import os, socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect({address!r})
socket.send_fds(line, [b'{{"reader": 1}}'], [0, 1, 2])
for number in (0, 1):
    os.close(number)
line.recv(64)
line.recv(64)
"""


class Nursery:
    """The parent of all services of one run."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._children: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(address)
        self._listener.listen(64)
        self._reader = Path(address).with_name("reader")
        self._reader.write_text(_READER.format(python=sys.executable, address=address), encoding="utf-8")
        self._reader.chmod(0o700)

    def run(self) -> None:
        """Serves requests until standard input ends, as it does when the harness is gone."""
        self._prepare()
        woken, wakes = socket.socketpair()
        for end in (woken, wakes):
            end.setblocking(False)
        signal.set_wakeup_fd(wakes.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for source in (self._listener, woken, sys.stdin):
            self._selector.register(source, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is sys.stdin:
                    return self._end()
                if key.fileobj is self._listener:
                    self._request()
                else:
                    woken.recv(4096)
            self._reap()

    def _prepare(self) -> None:
        """What takes a second of processor time and is the same for every service."""
        templates = Templates({product.code: product.name for product in shipped_catalogue().products.values()})
        mailbot.app.Templates = lambda *_, **__: templates  # type: ignore[assignment, misc]

    def _request(self) -> None:
        line, _ = self._listener.accept()
        data, descriptors, _, _ = socket.recv_fds(line, 8192, 3)
        request = json.loads(data)
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                code = self._child(request, descriptors)
            finally:
                os._exit(code)
        for descriptor in descriptors:
            os.close(descriptor)
        self._children[pid] = line
        with contextlib.suppress(OSError):
            line.sendall(b"%d\n" % pid)

    def _child(self, request: dict[str, Any], descriptors: list[int]) -> int:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._listener.close()
        for line in self._children.values():
            line.close()
        if "reader" in request:
            for number, descriptor in enumerate(descriptors):
                os.dup2(descriptor, number)
            os.closerange(3, 256)
            reader_process.main()
            return 0
        os.setsid()
        os.dup2(descriptors[0], 1)
        os.dup2(descriptors[0], 2)
        os.chdir(request["folder"])
        sys.executable = str(self._reader)
        failpoints.arm(request["failpoint"])
        crash_planted.plant(request["planted"])
        return mailbot.serve.serve(load_config(Path(request["folder"]) / "mailbot.toml", {}), "all")

    def _reap(self) -> None:
        while self._children:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            line = self._children.pop(pid)
            with contextlib.suppress(OSError):
                line.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
            line.close()

    def _end(self) -> None:
        for pid in self._children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    Nursery(sys.argv[1]).run()
