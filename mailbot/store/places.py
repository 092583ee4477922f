"""Where the database and its blobs lie, and the lock that keeps a second service away from them.

A URL that means nothing here raises StoreUnready. The lock goes with the process: a killed service leaves none behind.
"""

import fcntl
import os
from importlib.util import find_spec
from pathlib import Path

from mailbot.store.blob_files import BlobFiles
from mailbot.store.blobs import BlobPlace
from mailbot.store.faults import StoreUnready

_OBJECTS = ("s3", "gs", "az")


def is_postgres(url: str) -> bool:
    """Whether the URL names a PostgreSQL server. Raises StoreUnready when its driver is not installed."""
    if url.partition(":")[0] not in ("postgresql", "postgres"):
        return False
    if find_spec("psycopg") is None:
        raise StoreUnready("PostgreSQL needs the extra `postgres`: pip install 'mailbot[postgres]'")
    return True


def database_file(url: str) -> Path:
    """The path in `sqlite:///path` (relative) or `sqlite:////path` (absolute)."""
    scheme, found, rest = url.partition(":///")
    if not found or scheme.partition("+")[0] != "sqlite" or not rest or rest == ":memory:":
        raise StoreUnready(f"{scheme}: a database is sqlite:///PATH or postgresql://USER@HOST/NAME")
    return Path(rest)


def blob_place(url: str) -> BlobPlace:
    """`file:folder`, `file:/folder` or `file:///folder`; `s3://…`, `gs://…`, `az://…`. Raises StoreUnready."""
    scheme, found, rest = url.partition(":")
    if scheme in _OBJECTS:
        return _objects(url)
    if not found or scheme != "file" or not rest.strip("/"):
        raise StoreUnready(f"{scheme}: blobs are kept in file:FOLDER, s3://BUCKET, gs://BUCKET or az://CONTAINER")
    return BlobFiles(Path("/" + rest.lstrip("/") if rest.startswith("///") else rest))


def _objects(url: str) -> BlobPlace:
    if find_spec("obstore") is None:
        raise StoreUnready("object storage needs the extra `objects`: pip install 'mailbot[objects]'")
    # Its library comes with an extra; whoever keeps files needs none.
    from mailbot.store.blob_objects import BlobObjects

    return BlobObjects.at(url)


class Lock:
    """The exclusive right to serve one database."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, database: Path) -> "Lock":
        """Raises StoreUnready when another process serves this database or the folder cannot be written."""
        path = database.with_name(database.name + ".lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnready(f"{path}: cannot be written ({error.strerror})") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise StoreUnready(f"{database} is served by another process; stop it first") from error
        return cls(descriptor)

    def release(self) -> None:
        """Lets the next one in."""
        os.close(self._descriptor)
