"""One message on its way in: in memory while it is small, in a file once it is not, nowhere once it must be refused.

A failing disk or a full one is remembered as the reply to give and never raised: the rest of the message has to be
read anyway. The file needs no fsync, since nothing is promised before the store has copied or moved it. What a crash
leaves behind is swept at the next start.
"""

import errno
import hashlib
import tempfile
from pathlib import Path
from typing import IO

from mailbot.failpoints import failpoint
from mailbot.inbound import replies
from mailbot.inbound.flood import Budget
from mailbot.inbound.replies import Reply

_SUFFIX = ".part"
_LEFTOVER_SECONDS = 2 * 60 * 60


class Spool:
    """Takes the content of one message up to `limit` bytes; every byte kept is counted in `budget` until `discard`.

    `problem` is the reply to give instead of storing, `swallowed` how many bytes came after it arose.
    """

    def __init__(self, folder: Path, *, memory_bytes: int, limit: int, budget: Budget) -> None:
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._limit = limit
        self._budget = budget
        self._parts: list[bytes] = []
        self._file: IO[bytes] | None = None
        self._path: Path | None = None
        self._digest = hashlib.sha256()
        self.size = 0
        self.swallowed = 0
        self.problem: Reply | None = None

    def write(self, content: bytes) -> None:
        """Keep `content`, or only count it when the message is refused already."""
        if self.problem is None:
            self._check(len(content))
        if self.problem is not None:
            self.swallowed += len(content)
            return
        self.size += len(content)
        self._digest.update(content)
        try:
            self._keep(content)
        except OSError as error:
            self._give_up(replies.DISK_LOW if error.errno in (errno.ENOSPC, errno.EDQUOT) else replies.FAULT)

    def close(self) -> None:
        """No more will come. Closing can fail late on remote file systems; then the message has a `problem`."""
        if self._file is not None:
            try:
                self._file.close()
            except OSError:
                self._give_up(replies.FAULT)

    @property
    def content(self) -> bytes | Path:
        """The content, or the path of the file that holds it."""
        return b"".join(self._parts) if self._path is None else self._path

    @property
    def sha256(self) -> str:
        """The SHA-256 of the content, in hex."""
        return self._digest.hexdigest()

    def discard(self) -> None:
        """Forget the message: its file, unless the store moved it away, and its share of the budget. Repeatable."""
        self._budget.give_back(self.size)
        self.size = 0
        self._parts = []
        file, path, self._file, self._path = self._file, self._path, None, None
        if file is not None and path is not None:
            path.unlink(missing_ok=True)
            file.close()

    def _check(self, more: int) -> None:
        if self.size + more > self._limit:
            self._give_up(replies.TOO_LARGE)
        elif not self._budget.take(more):
            self._give_up(replies.BUSY)

    def _keep(self, content: bytes) -> None:
        if self._file is not None:
            _write_all(self._file, content)
        elif self.size <= self._memory_bytes:
            self._parts.append(content)
        else:
            _write_all(self._open(), b"".join(self._parts) + content)
            self._parts = []

    def _open(self) -> IO[bytes]:
        # Unbuffered: a full disk shows in the write that met it, not in a later close.
        self._file = tempfile.NamedTemporaryFile(  # noqa: SIM115 - lives until discard
            dir=self._folder, prefix="mail-", suffix=_SUFFIX, delete=False, buffering=0
        )
        self._path = Path(self._file.name)
        failpoint("spool.opened")
        return self._file

    def _give_up(self, reply: Reply) -> None:
        self.discard()
        self.problem = reply


def _write_all(file: IO[bytes], content: bytes) -> None:
    """An unbuffered file may take a part only, as it does just before the disk is full."""
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]


def sweep(folder: Path, now: float) -> int:
    """Remove what a crash left in `folder`: spool files older than any session can be. `now` is a POSIX time."""
    swept = 0
    for path in folder.glob(f"mail-*{_SUFFIX}"):
        if now - path.stat().st_mtime > _LEFTOVER_SECONDS:
            path.unlink(missing_ok=True)
            swept += 1
    return swept
