"""Forks services that have everything imported already: a kill every second instead of one every ten.

`python crash_nursery.py SOCKET` loads mailbot once and then, for each request on the socket, forks a process that runs
the real `serve`, or, for the small program that stands in for the reader's interpreter, a real reader. What a forked
service shares with its predecessor is code and compiled templates; every descriptor, thread and row it has is its own.
"""

import asyncio
import contextlib
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import mailbot.app
import mailbot.serve
import mailbot.service
from mailbot import failpoints, log
from mailbot.claims.catalogue import shipped_catalogue
from mailbot.config import load_config
from mailbot.engine.days import is_digest_time
from mailbot.inbound import reader_process, readers
from mailbot.inbound.interpret import interpret
from mailbot.outbound.webhooks import http_client
from mailbot.templates import Templates
from mailbot.web.app import create_app

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


_REHEARSAL = """
domain = "mail.test"
public_url = "http://mail.test"
[smtp]
listen = ["127.0.0.1:0"]
[http]
listen = "127.0.0.1:0"
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
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(_rehearse(Path(folder)))

    def _request(self) -> None:
        line, _ = self._listener.accept()
        data, descriptors, _, _ = socket.recv_fds(line, 8192, 3)
        if not data:
            # Who asked was killed before the question was out.
            line.close()
            return
        request = json.loads(data)
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                code = self._child(request, descriptors)
            except BaseException:  # nothing ends without a word
                traceback.print_exc()
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
        config = load_config(Path(request["folder"]) / "mailbot.toml", {})
        log.configure(config.log.format)
        return mailbot.serve.serve(config, request.get("role", "all"))

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


async def _rehearse(folder: Path) -> None:
    """A service without readers lives for a moment and one mail is read, so that whatever loads late is loaded."""
    (folder / "mailbot.toml").write_text(_REHEARSAL, encoding="utf-8")
    config = load_config(folder / "mailbot.toml", {})
    service = await mailbot.service.start(config, "listener")
    rooms = service.rooms
    create_app(rooms.engine, rooms.store, rooms.tokens, rooms.templates, config)
    await http_client().aclose()
    for name in ("uvloop", "uvicorn.protocols.http.auto", "uvicorn.protocols.websockets.auto", "uvicorn.lifespan.off"):
        importlib.import_module(name)
    for country in ("CZ", "DE", "US"):
        is_digest_time(rooms.desk.clock.now(), country, "UTC")
    reader_process._answer(interpret, readers._FIRST_MAIL, mailbot.app._reading_keys(config, rooms.tokens))
    await service.stop(1)


if __name__ == "__main__":
    Nursery(sys.argv[1]).run()
