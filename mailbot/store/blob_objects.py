"""Large blobs in object storage: S3 and what speaks like it, Google Cloud Storage, Azure. Needs the extra `objects`.

Keys, regions and endpoints come from the environment under the provider's own names (`AWS_ACCESS_KEY_ID`,
`AWS_ENDPOINT_URL`, `GOOGLE_APPLICATION_CREDENTIALS`, `AZURE_STORAGE_ACCOUNT_KEY` …), never from our configuration.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import ObjectStore, from_url

from mailbot.store.blobs import BlobLost, checked_name, is_name
from mailbot.store.faults import StoreFault, StoreUnready, translate

# A sender waits for its 250 meanwhile, for which RFC 5321 §4.5.3.2.6 grants ten minutes, and tries again later. The
# library's own waits for one request (5 s to connect, 30 s in all) stay: options of ours would hide AWS_ALLOW_HTTP.
_MOST_RETRIES = 4
_RETRY_FOR = timedelta(seconds=90)
_PROBE = "probe"


class BlobObjects:
    """The BlobPlace that every node shares: `ab/abcd…` below the bucket and prefix of a URL, which is ours alone."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    @classmethod
    def at(cls, url: str) -> "BlobObjects":
        """`s3://bucket/prefix`, `gs://…`, `az://…`; nothing is asked over the network. Raises StoreUnready."""
        retries = {"max_retries": _MOST_RETRIES, "retry_timeout": _RETRY_FOR}
        try:
            return cls(from_url(url, retry_config=retries))  # type: ignore[call-overload]
        except (BaseError, ValueError) as error:
            raise StoreUnready(f"object storage: {_first_line(error)}") from error

    def write(self, sha256: str, content: bytes) -> None:
        """Object storage answers when it has the object for good. Raises StoreFault."""
        with _faults():
            obstore.put(self._objects, _key(sha256), content, use_multipart=False)

    def take_over(self, file: Path, sha256: str) -> None:
        """In one request: a multipart upload cut off by a crash would stay there and cost money."""
        with _faults():
            content = file.read_bytes()
        self.write(sha256, content)
        file.unlink(missing_ok=True)

    def read(self, sha256: str) -> bytes:
        """The bytes, unchecked. Raises BlobLost only when the storage says that there are none."""
        with _faults():
            try:
                return bytes(obstore.get(self._objects, _key(sha256)).bytes())
            except FileNotFoundError as error:
                raise BlobLost(f"blob {sha256} cannot be read (not in the object storage)") from error

    def names(self) -> Iterator[str]:
        """Every blob's name, a page of the storage's list at a time. Raises StoreFault."""
        return (name for name, _ in self._listed())

    def sweep(self, named: Collection[str], before: float) -> int:
        """An object that is written again is young again, so what is in a node's hands stays. Raises StoreFault."""
        old = [name for name, written in self._listed() if name not in named and written < before]
        with _faults():
            obstore.delete(self._objects, [_key(name) for name in old])
        return len(old)

    def probe(self) -> None:
        """Writes, reads and removes a small object, since each is a right of its own. Raises StoreFault."""
        with _faults():
            obstore.put(self._objects, _PROBE, b"mailbot", use_multipart=False)
            obstore.get(self._objects, _PROBE).bytes()
            obstore.delete(self._objects, _PROBE)

    def _listed(self) -> Iterator[tuple[str, float]]:
        """Names, with the time they were written at."""
        with _faults():
            for page in obstore.list(self._objects):
                for found in page:
                    name = found["path"].rpartition("/")[2]
                    if is_name(name):
                        yield name, found["last_modified"].timestamp()


@contextmanager
def _faults() -> Iterator[None]:
    """The store's faults for the library's and the disk's."""
    try:
        yield
    except (PermissionDeniedError, UnauthenticatedError) as error:
        raise StoreFault(f"the object storage refuses us: {_first_line(error)}") from error
    except BaseError as error:
        raise StoreFault(f"the object storage could not do it now: {_first_line(error)}") from error
    except OSError as error:
        raise translate(error) from error


def _key(sha256: str) -> str:
    return f"{checked_name(sha256)[:2]}/{sha256}"


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
