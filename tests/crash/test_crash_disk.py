"""A disk that is full, or lies: the sender hears 452 or 451, what heard 250 is there, room again is service again.

The faults come from a small library that is preloaded into the real service; without a C compiler there is none.
"""

import errno
import hashlib
import shutil
import signal
import smtplib
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from crash_house import DOMAIN, House, Nursery, Served, kill, until

pytestmark = pytest.mark.timeout(300)

_STORED = "SELECT sha256 FROM inbox"
_REST_SECONDS = 120  # what failed is tried again after a minute at most, on a busy machine too
_SMALL, _BLOB, _SPOOLED = 100, 100_000, 600_000


class Ward:
    """A service with a disk that can be told to fail, by the file `control`."""

    def __init__(self, folder: Path, nursery: Nursery, control: Path) -> None:
        self.house = House(folder, 1, "http://127.0.0.1:1/hook", nursery)
        self._control = control
        self._number = 0
        self.stored: list[bytes] = []
        self.service = self.begin()

    def begin(self) -> Served:
        self.service = self.house.serve()
        try:
            until(lambda: self.service.poll() is not None or self.house.listens(), 90, "the service does not start")
        except TimeoutError:
            kill(self.service)
            raise
        assert self.service.poll() is None, self.house.log.read_text()
        return self.service

    def fails(self, number: int, call: str, part: str) -> None:
        draft = self._control.with_suffix(".new")
        draft.write_text(f"{number} {call} {part}\n")
        draft.rename(self._control)

    def heals(self) -> None:
        self._control.unlink(missing_ok=True)

    def sends(self, size: int) -> tuple[int, str]:
        """What a sender of a mail of that size hears in the end."""
        self._number += 1
        head = f"From: a@b.example\r\nSubject: {self._number}\r\n\r\n".encode()
        raw = head + b"".join(b"%07d\r\n" % n for n in range(size // 9 + 1))
        line = smtplib.SMTP("127.0.0.1", self.house.smtp_port, timeout=30)
        with closing(line):
            line.ehlo("peer.test")
            line.mail("a@b.example")
            line.rcpt(f"postmaster@{DOMAIN}")
            code, text = line.data(raw)
        if code == 250:
            self.stored.append(raw)
        return code, text.decode()

    def hears(self, size: int) -> int:
        """The same of a service that may end meanwhile: 0 when nothing was said at all."""
        try:
            return self.sends(size)[0]
        except (smtplib.SMTPServerDisconnected, ConnectionError):
            return 0

    def lost(self) -> list[str]:
        """Which of the mails that heard 250 are not there with their bytes."""
        there = {row[0] for row in self.house.sql(_STORED)}
        inline = {hashlib.sha256(bytes(row[0])).hexdigest() for row in self.house.sql("SELECT raw FROM inbox_bytes")}
        files = self.house.folder / "var/blobs"
        digests = [hashlib.sha256(raw).hexdigest() for raw in self.stored]
        return [
            d
            for d in digests
            if d not in there or (d not in inline and hashlib.sha256((files / d[:2] / d).read_bytes()).hexdigest() != d)
        ]

    def settled(self) -> bool:
        return self.house.sql("SELECT count(*) FROM inbox WHERE disposition = 'accepted'") == [(0,)]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler, so no disk that fails on demand")
    made = tmp_path_factory.mktemp("shim") / "disk_shim.so"
    source = Path(__file__).with_name("disk_shim.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(made), str(source), "-ldl"], check=True)
    return made


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, library: Path) -> Iterator[Ward]:
    folder = tmp_path_factory.mktemp("ward")
    control = folder / "disk"
    nursery = Nursery(folder, {"LD_PRELOAD": str(library), "DISK_SHIM": str(control)})
    it = Ward(folder / "house", nursery, control)
    yield it
    kill(it.service)
    nursery.close()


@pytest.fixture
def ward(installed: Ward) -> Ward:
    """The service on a disk that is well again, whatever the test before left."""
    installed.heals()
    if installed.service.poll() is not None:
        installed.begin()
    return installed


@pytest.mark.parametrize(
    ("part", "size"),
    [("mailbot.db-wal", _SMALL), ("/.draft-", _BLOB), ("/spool/", _SPOOLED)],
    ids=["database", "blobs", "spool"],
)
def test_a_full_disk_is_452_and_room_again_is_service_again(ward: Ward, part: str, size: int) -> None:
    assert ward.sends(size)[0] == 250
    ward.fails(errno.ENOSPC, "write", part)
    code, text = ward.sends(size)
    assert (code, text.split()[0]) == (452, "4.3.1")
    ward.heals()
    assert ward.sends(size)[0] == 250
    until(ward.settled, _REST_SECONDS, "what was accepted is not worked off")
    assert ward.service.poll() is None
    assert ward.lost() == []


@pytest.mark.parametrize(
    ("part", "size"), [("/spool/", _SPOOLED), ("mailbot.db-wal", _SMALL)], ids=["spool", "database"]
)
def test_a_write_that_fails_is_451_and_the_next_mail_is_stored(ward: Ward, part: str, size: int) -> None:
    ward.fails(errno.EIO, "write", part)
    assert ward.sends(size)[0] == 451
    ward.heals()
    assert ward.sends(size)[0] == 250
    until(ward.settled, _REST_SECONDS, "what was accepted is not worked off")
    assert ward.service.poll() is None
    assert ward.lost() == []


@pytest.mark.parametrize(
    ("call", "part", "size"),
    [("sync", "mailbot.db", _SMALL), ("sync", "/.draft-", _BLOB), ("write", "/.draft-", _BLOB)],
    ids=["database", "blobs", "blobs-write"],
)
def test_a_failed_disk_is_451_ends_the_process_and_the_next_one_has_everything(
    ward: Ward, call: str, part: str, size: int
) -> None:
    assert ward.sends(size)[0] == 250
    ward.fails(errno.EIO, call, part)
    assert ward.hears(size) in (451, 421, 0)
    ends = time.monotonic() + 30
    while ward.service.poll() is None and time.monotonic() < ends:
        time.sleep(0.05)
    assert ward.service.poll() == 1
    ward.heals()
    ward.begin()
    assert ward.sends(size)[0] == 250
    until(ward.settled, _REST_SECONDS, "what was accepted is not worked off")
    assert ward.lost() == []


def test_a_backup_made_while_mail_comes_in_has_all_that_was_acknowledged_before(ward: Ward, tmp_path: Path) -> None:
    words, saved = tmp_path / "words", tmp_path / "saved"
    words.write_text("a passphrase for a test")
    ward.sends(_BLOB)
    before, done = list(ward.stored), threading.Event()
    sender = threading.Thread(target=lambda: [ward.sends(_SMALL) for _ in iter(done.is_set, True)])
    sender.start()
    made = ward.house.command("backup", str(saved), "--passphrase-file", str(words))
    done.set()
    sender.join()
    assert made.exit_code == 0, made.output
    there = ward.house.elsewhere(tmp_path / "there")
    restored = there.command("restore", str(saved), "--passphrase-file", str(words))
    assert restored.exit_code == 0, restored.output
    assert {hashlib.sha256(raw).hexdigest() for raw in before} <= {str(row[0]) for row in there.sql(_STORED)}
    assert there.command("verify").exit_code == 0
    assert len(ward.stored) > len(before)
    assert ward.lost() == []


def test_a_stop_in_good_order_ends_with_0_and_everything_verifies(ward: Ward) -> None:
    ward.service.signal(signal.SIGTERM)
    until(lambda: ward.service.poll() is not None, 35, "the service does not stop within its time")
    assert ward.service.poll() == 0
    verified = ward.house.command("verify")
    assert verified.exit_code == 0, verified.output
