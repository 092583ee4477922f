"""Large blobs as files below one folder, each with an fsync of its own before it gets its name."""

import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mailbot.failpoints import failpoint
from mailbot.store.blobs import BlobLost, checked_name, is_name
from mailbot.store.faults import translate

_DRAFT = ".draft-"
_CHUNK = 1024 * 1024


class BlobFiles:
    """The BlobPlace of one machine: `FOLDER/ab/abcd…`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, sha256: str, content: bytes) -> None:
        """Raises StoreFull, StoreFault, and StoreBroken when the disk fails."""
        with self._draft(sha256) as draft:
            draft.write(content)

    def take_over(self, file: Path, sha256: str) -> None:
        """Copies: spool and blobs may lie on different disks, and the spool's bytes need an fsync anyway."""
        with self._draft(sha256) as draft, file.open("rb") as source:
            shutil.copyfileobj(source, draft, _CHUNK)
        file.unlink(missing_ok=True)

    def read(self, sha256: str) -> bytes:
        """The bytes of a file, unchecked. Raises BlobLost."""
        try:
            return self.path(sha256).read_bytes()
        except OSError as error:
            raise BlobLost(f"blob {sha256} cannot be read ({error.strerror})") from error

    def path(self, sha256: str) -> Path:
        """Where the file of that name lies. Raises BlobLost for anything but 64 hex digits."""
        return self.folder / checked_name(sha256)[:2] / sha256

    def files(self) -> Iterable[Path]:
        """Every finished file, in no order."""
        return (path for path in self.folder.glob("??/*") if is_name(path.name))

    def names(self) -> Iterable[str]:
        """What `files` are called."""
        return (path.name for path in self.files())

    def sweep(self, named: Collection[str], before: float) -> int:
        """Drafts of crashed writes go as well."""
        removed = 0
        for path in self.folder.glob("??/*"):
            if path.name not in named and path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    @contextmanager
    def _draft(self, sha256: str) -> Iterator[IO[bytes]]:
        """A new file that gets its name when it is complete and durable, and none if anything fails."""
        path = self.path(sha256)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=_DRAFT, dir=path.parent)
            draft = Path(name)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    yield file
                    file.flush()
                    os.fsync(file.fileno())
                failpoint("blob.written")
                draft.rename(path)
                failpoint("blob.renamed")
            finally:
                draft.unlink(missing_ok=True)
            for folder in (path.parent, self.folder):
                _sync_folder(folder)
        except OSError as error:
            raise translate(error) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
