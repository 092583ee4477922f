"""One installation under fire: its folder and policy of seconds, its people, and its processes.

Only processes that were started here are ever signalled, by the id they were started with.
"""

import asyncio
import contextlib
import copy
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import psycopg
from click.testing import CliRunner, Result

from mailbot.app import close_rooms, open_rooms
from mailbot.cli import cli
from mailbot.config import load_config
from mailbot.store import webhooks
from mailbot.store.people_import import NewLocation, NewOrganisation, NewPerson, People, import_people
from mailbot.store.webhooks import Endpoint

DOMAIN = "mail.test"
PARTNERS = ("petr@fabrikam.example", "pavla@fabrikam.example", "carla@contoso.example")
REVIEWERS = ("rita@office.example", "rolf@office.example")
OFFICE = (*REVIEWERS, "ada@office.example")
LOCATIONS = {"fabrikam.example": "4567890", "contoso.example": "7654321"}
_ENROLLED = ("osa_sell", "osu_microsoft_365", "osu_business_applications", "revenue_association")

PEOPLE = People(
    organisations=(
        NewOrganisation(
            name="Fabrikam",
            country="CZ",
            time_zone="Europe/Prague",
            domains=("fabrikam.example",),
            locations=(NewLocation(id="4567890", enrolled=_ENROLLED),),
            people=tuple(
                NewPerson(name=name, email=email, roles=("incentives_admin",), language="en")
                for name, email in (("Petr Dvořák", PARTNERS[0]), ("Pavla Malá", PARTNERS[1]))
            ),
        ),
        NewOrganisation(
            name="Contoso Consulting",
            country="DE",
            time_zone="Europe/Berlin",
            domains=("contoso.example",),
            locations=(NewLocation(id="7654321", enrolled=_ENROLLED),),
            people=(NewPerson(name="Carla Klein", email=PARTNERS[2], roles=("incentives_admin",)),),
        ),
    ),
    reviewers=(
        NewPerson(name="Rita Office", email=OFFICE[0], roles=("reviewer",)),
        NewPerson(name="Rolf Office", email=OFFICE[1], roles=("reviewer",)),
        NewPerson(name="Ada Office", email=OFFICE[2], roles=("office_admin",)),
    ),
)

_POLICY = """
extends = "2021"
name = "crash"
[clocks]
join = "1 second"
delivery_slack = "1 second"
consent_window = "6 seconds"
partner_action = "8 seconds"
start_review = "6 seconds"
dispute = "10 seconds"
absence = "5 seconds"
[reminders]
partner_action = ["half"]
consent_window = ["half"]
"""

_CONFIG = """
domain = "{domain}"
public_url = "http://127.0.0.1:{http}"
office_country = "CZ"
office_time_zone = "Europe/Prague"
policy = "policy.toml"
[smtp]
listen = ["127.0.0.1:{smtp}"]
[http]
listen = "127.0.0.1:{http}"
[delivery]
url = "smtp://127.0.0.1:{relay}?tls=none"
[sender]
trust = "none"
upstream = ["127.0.0.1"]
[webhooks]
allow_private = true
[limits]
messages_per_handle_day = 100000
bytes_per_handle_day = 100000000000
messages_per_domain_minute = 1000000
messages_per_session = 100000
memory_bytes = 262144
reader_seconds = 60
retry_first_seconds = 0.5
retry_most_seconds = 1
outbound_connect_seconds = 5
outbound_command_seconds = 5
outbound_data_end_seconds = 5
"""


class Served(Protocol):
    """A running service."""

    pid: int

    def poll(self) -> int | None:
        """Its exit code, once it has one; negative for a signal."""
        ...

    def signal(self, number: int) -> None:
        """Sends a signal, unless it has ended."""
        ...


class House:
    """The folder, and how a service is started on it."""

    def __init__(
        self, folder: Path, relay_port: int, hook_url: str, nursery: "Nursery | None" = None, server_url: str = ""
    ) -> None:
        self.folder = folder
        self.server_url = server_url
        """Where PostgreSQL has the database, if it has."""
        self.database = folder / "var/mailbot.db"
        self.log = folder / "service.log"
        self.begun: list[float] = []
        """When each service was started."""
        self.smtp_port, http_port = _free_ports(2)
        self._nursery = nursery
        self._own: Nursery | None = None
        folder.mkdir(parents=True, exist_ok=True)
        text = _CONFIG.format(domain=DOMAIN, smtp=self.smtp_port, http=http_port, relay=relay_port)
        if server_url:
            text += f'[database]\nurl = "{server_url}"\n[blobs]\nurl = "file:var/blobs"\n'
        (folder / "mailbot.toml").write_text(text, encoding="utf-8")
        (folder / "policy.toml").write_text(_POLICY, encoding="utf-8")
        asyncio.run(self._furnish(hook_url))

    def serve(self, failpoint: str = "", planted: str = "", role: str = "all") -> Served:
        """A service forked from loaded code."""
        if self._nursery is None:
            self._nursery = self._own = Nursery(self.folder)
        self.begun.append(time.time())
        with self.log.open("ab") as log:
            return self._nursery.serve(self.folder, log.fileno(), failpoint, planted, role)

    def serve_afresh(self, env: dict[str, str] | None = None) -> "Fresh":
        """A service in a new interpreter, as a person starts it."""
        self.begun.append(time.time())
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "mailbot", "serve", "--config", str(self.folder / "mailbot.toml")]
            plain = {name: value for name, value in os.environ.items() if not name.startswith(("MAILBOT_", "COV_"))}
            return Fresh(subprocess.Popen(command, env=plain | (env or {}), stdout=log, stderr=log, cwd=self.folder))

    def command(self, *words: str) -> Result:
        """What a mailbot command says and how it ends."""
        others: dict[str, str | None] = {name: None for name in os.environ if name.startswith("MAILBOT_")}
        return CliRunner().invoke(cli, [*words, "--config", str(self.folder / "mailbot.toml")], env=others)

    def elsewhere(self, folder: Path) -> "House":
        """The same configuration in another folder, and nothing else."""
        folder.mkdir()
        for name in ("mailbot.toml", "policy.toml"):
            shutil.copy(self.folder / name, folder)
        other = copy.copy(self)
        other.folder, other.database = folder, folder / "var/mailbot.db"
        return other

    def close(self) -> None:
        """Ends what was forked."""
        if self._own is not None:
            self._own.close()

    def listens(self) -> bool:
        """Whether somebody accepts connections for mail."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.smtp_port), 1) as line:
            return line.recv(3) == b"220"
        return False

    def died_at(self, failpoint: str, since: int) -> bool:
        """Whether the log after byte `since` says that the process came to that place."""
        with self.log.open("rb") as log:
            log.seek(since)
            return f"failpoint {failpoint.partition(':')[0]}\n".encode() in log.read()

    def log_size(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def sql(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """What a query says, beside whoever serves."""
        if self.server_url:
            with psycopg.connect(self.server_url) as server:
                return server.execute(statement.encode(), values or None).fetchall()
        with closing(sqlite3.connect(self.database, timeout=30)) as conn:
            found = conn.execute(statement, values).fetchall()
            conn.commit()
        return found

    async def _furnish(self, hook_url: str) -> None:
        rooms = await open_rooms(load_config(self.folder / "mailbot.toml", {}))
        now = datetime.now(UTC)
        hook = Endpoint(id=1, url=hook_url, secret="whsec_" + "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", created_at=now)
        try:
            await rooms.store.write(lambda conn: import_people(conn, PEOPLE, now))
            await rooms.store.write(lambda conn: webhooks.add(conn, hook))
        finally:
            await close_rooms(rooms)


class Fresh:
    """A service in an interpreter of its own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    def poll(self) -> int | None:
        return self._process.poll()

    def signal(self, number: int) -> None:
        if self._process.poll() is None:
            self._process.send_signal(number)


class Nursery:
    """The process that forks services (crash_nursery.py), all with that environment."""

    def __init__(self, folder: Path, env: dict[str, str] | None = None) -> None:
        self._address = str(folder / "nursery")
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("MAILBOT_", "COV_"))}
        words = [sys.executable, str(Path(__file__).with_name("crash_nursery.py")), self._address]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, env=plain | (env or {}))

    def serve(self, folder: Path, log: int, failpoint: str, planted: str, role: str = "all") -> "Forked":
        line = socket.socket(socket.AF_UNIX)
        until(lambda: line.connect_ex(self._address) == 0, 300, "the nursery does not answer")
        request = {"folder": str(folder), "failpoint": failpoint, "planted": planted, "role": role}
        socket.send_fds(line, [json.dumps(request).encode()], [log])
        return Forked(line)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()
        self._process.wait()


class Forked:
    """A service that the nursery forked; the nursery tells how it ended."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._told = b""
        line.settimeout(150)  # the first is forked when everything is loaded
        while b"\n" not in self._told:
            self._told += self._heard()
        first, _, self._told = self._told.partition(b"\n")
        self.pid = int(first)
        self._code: int | None = None
        self._lock = threading.Lock()
        line.settimeout(0.0)

    def poll(self) -> int | None:
        with self._lock:
            if self._code is None:
                with contextlib.suppress(BlockingIOError):
                    self._told += self._heard()
                if b"\n" in self._told:
                    self._code = int(self._told)
                    self._line.close()
            return self._code

    def signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _heard(self) -> bytes:
        data = self._line.recv(64)
        if not data:
            raise RuntimeError("the nursery is gone")
        return data


def kill(service: Served) -> None:
    """SIGKILL, and the end awaited."""
    service.signal(signal.SIGKILL)
    until(lambda: service.poll() is not None, 30, "a killed service did not end")


def until(condition: object, seconds: float, complaint: str) -> None:
    """Returns once `condition()` is true; raises TimeoutError with the complaint."""
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        if time.monotonic() > end:
            raise TimeoutError(complaint)
        time.sleep(0.01)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
