"""A backup as one file: a tar with the database as of one instant, the large files it names, and the keys, encrypted.

Writing leaves a complete file or none. Reading checks every digest before anything is put in place; a file that is no
backup, is damaged, or does not open with the passphrase raises ArchiveError, whose text is one line.
"""

import hashlib
import io
import json
import os
import sqlite3
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

FORMAT = 1
_MANIFEST, _KEYS, _DATABASE, _BLOBS = "manifest.json", "keys.enc", "mailbot.db", "blobs/"
_MAGIC = b"mailbot keys 1\n"
_SALT, _NONCE = 16, 12
_CHUNK = 1024 * 1024


class ArchiveError(ValueError):
    """This is not a backup that can be used; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds; `made_at` is UTC in ISO form, `revision` the schema's."""

    format: int
    version: str
    revision: str
    made_at: str
    database_sha256: str
    blobs: int


def seal(keys: bytes, passphrase: str, random: bytes) -> bytes:
    """The keys under a passphrase (scrypt, AES-256-GCM); `random` are 28 fresh random bytes."""
    salt, nonce = random[:_SALT], random[_SALT : _SALT + _NONCE]
    return _MAGIC + salt + nonce + AESGCM(_secret(passphrase, salt)).encrypt(nonce, keys, _MAGIC)


def unseal(sealed: bytes, passphrase: str) -> bytes:
    """The keys again. Raises ArchiveError for another passphrase."""
    body = sealed.removeprefix(_MAGIC)
    salt, nonce, content = body[:_SALT], body[_SALT : _SALT + _NONCE], body[_SALT + _NONCE :]
    try:
        return AESGCM(_secret(passphrase, salt)).decrypt(nonce, content, _MAGIC)
    except (InvalidTag, ValueError) as error:
        raise ArchiveError("the keys do not open with this passphrase") from error


def snapshot(database: Path, copy: Path) -> None:
    """Copies a live database as of one instant into a single file; readers and the writer go on meanwhile."""
    live = f"file:{quote(str(database))}?mode=ro"
    with closing(sqlite3.connect(live, uri=True)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")


def large_blobs(database: Path) -> list[str]:
    """Digests of the files that a snapshot names."""
    with closing(sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True)) as conn:
        return [row[0] for row in conn.execute("SELECT sha256 FROM blobs WHERE content IS NULL ORDER BY sha256")]


def write(target: Path, manifest: Manifest, keys: bytes, database: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Writes the archive next to `target` and moves it there when it is complete and on the disk.

    `files` are digests with their bytes, one in memory at a time.
    """
    draft = target.with_name(f".{target.name}.part")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            with tarfile.open(fileobj=out, mode="w") as tar:
                _add(tar, _MANIFEST, json.dumps(asdict(manifest), indent=2).encode())
                _add(tar, _KEYS, keys)
                tar.add(database, _DATABASE, filter=_anonymous)
                for digest, content in files:
                    _add(tar, f"{_BLOBS}{digest}", content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def opened(source: Path) -> "Iterator[Archive]":
    """A backup to read from. Raises ArchiveError when it is none."""
    try:
        with tarfile.open(source, mode="r:") as tar:
            yield Archive(tar)
    except tarfile.TarError as error:
        raise ArchiveError(f"{source}: this is not a backup, or it is cut off") from error


class Archive:
    """An open backup. Member names are compared, never used as paths."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._members = {member.name: member for member in tar.getmembers() if member.isfile()}
        try:
            self.manifest = Manifest(**json.loads(self._bytes(_MANIFEST)))
        except (KeyError, TypeError, ValueError) as error:
            raise ArchiveError("this is not a mailbot backup") from error
        if self.manifest.format != FORMAT:
            raise ArchiveError(f"the backup has format {self.manifest.format}; this version reads {FORMAT}")

    def keys(self, passphrase: str) -> bytes:
        """The key file. Raises ArchiveError for another passphrase."""
        return unseal(self._bytes(_KEYS), passphrase)

    def database(self, target: Path) -> None:
        """Writes the database to `target`. Raises ArchiveError when it was damaged."""
        if self._copy(_DATABASE, target) != self.manifest.database_sha256:
            target.unlink()
            raise ArchiveError("the database in the backup is damaged")

    def blobs(self) -> Iterator[tuple[str, bytes]]:
        """Each large file with its digest. Raises ArchiveError for a damaged one."""
        for name in self._members:
            if name.startswith(_BLOBS):
                digest, content = name.removeprefix(_BLOBS), self._bytes(name)
                if hashlib.sha256(content).hexdigest() != digest:
                    raise ArchiveError(f"file {digest} in the backup is damaged")
                yield digest, content

    def _bytes(self, name: str) -> bytes:
        file = self._tar.extractfile(self._members[name])
        assert file is not None
        return file.read()

    def _copy(self, name: str, target: Path) -> str:
        if name not in self._members:
            raise ArchiveError("the backup holds no database")
        source = self._tar.extractfile(self._members[name])
        assert source is not None
        digest = hashlib.sha256()
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        return digest.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _secret(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode("utf-8"))


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    tar.addfile(member, io.BytesIO(content))


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member
