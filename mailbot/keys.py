"""The secret keys behind addresses and links: their states, their rotation, and the file they live in.

Values are pure; only `load_keyring` and `save_keyring` touch the disk. A key that is short, patterned or readable by
others is refused with `KeyFileError`, whose text is one line for the operator and never shows a secret.
"""

import hashlib
import hmac
import os
import tomllib
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, cast, get_args

KeyState = Literal["active", "signing", "retired", "revoked"]

MIN_SECRET_BYTES = 32
_MAX_KID = 255
_OTHERS_MAY = 0o077
_FEWEST_DISTINCT_BYTES = 12
_SAMPLE_WORDS = (b"sample", b"example", b"changeme", b"change-me", b"secret", b"password", b"0123456789")


class KeyFileError(ValueError):
    """The keys cannot be used; the text says why and what to do, without the secret."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One secret and what it may still do.

    `active` checks and does not sign (a key rolled out before its first use, or the previous one); `signing` does both
    and exists once; `retired` still checks, but its addresses count as expired; `revoked` is known to be in strange
    hands: its MAC proves nothing any more.
    """

    kid: int
    secret: bytes = field(repr=False)
    state: KeyState = "active"

    def __post_init__(self) -> None:
        if not 0 <= self.kid <= _MAX_KID:
            raise KeyFileError(f"key {self.kid}: the number must lie between 0 and {_MAX_KID}")
        if self.state not in get_args(KeyState):
            raise KeyFileError(f"key {self.kid}: the state must be one of {', '.join(get_args(KeyState))}")
        if len(self.secret) < MIN_SECRET_BYTES:
            raise KeyFileError(f"key {self.kid}: {len(self.secret)} bytes, at least {MIN_SECRET_BYTES} are needed")
        if _looks_made_up(self.secret):
            raise KeyFileError(f"key {self.kid}: this is a sample or a pattern, not a random key")

    @property
    def fingerprint(self) -> str:
        """16 hex digits that name the key without helping to guess it."""
        return hmac.digest(self.secret, b"mailbot.fingerprint.v1", hashlib.sha256).hex()[:16]


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys, oldest first, exactly one of them signing."""

    keys: tuple[SigningKey, ...]

    def __post_init__(self) -> None:
        if len({key.kid for key in self.keys}) != len(self.keys):
            raise KeyFileError("two keys have the same number")
        if len({key.secret for key in self.keys}) != len(self.keys):
            raise KeyFileError("two keys have the same secret")
        if sum(key.state == "signing" for key in self.keys) != 1:
            raise KeyFileError("exactly one key must have the state 'signing'")

    @property
    def signing(self) -> SigningKey:
        """The key that signs everything new."""
        return next(key for key in self.keys if key.state == "signing")

    @property
    def trusted(self) -> tuple[SigningKey, ...]:
        """Every key that is not revoked, the signing one last."""
        others = tuple(key for key in self.keys if key.state in ("active", "retired"))
        return (*others, self.signing)

    def fingerprints(self) -> dict[int, str]:
        """Key number → fingerprint, to compare nodes and backups without moving secrets."""
        return {key.kid: key.fingerprint for key in self.keys}

    def with_new_key(self, secret: bytes) -> "Keyring":
        """The same keys and a new `active` one: step one of a rotation, deployed everywhere before step two."""
        kid = max(key.kid for key in self.keys) + 1
        return Keyring((*self.keys, SigningKey(kid, secret)))

    def signing_with(self, kid: int) -> "Keyring":
        """Key `kid` signs from now on, the previous one only checks. A retired or revoked key cannot come back."""
        if self._get(kid).state not in ("active", "signing"):
            raise KeyFileError(f"key {kid} is {self._get(kid).state} and cannot sign again")
        demoted = (replace(key, state="active") if key.state == "signing" else key for key in self.keys)
        return Keyring(tuple(replace(key, state="signing") if key.kid == kid else key for key in demoted))

    def marked(self, kid: int, state: Literal["retired", "revoked"]) -> "Keyring":
        """Key `kid` is retired or revoked; the signing key must be replaced by `signing_with` first."""
        if self._get(kid).state == "signing":
            raise KeyFileError(f"key {kid} is signing: let another key sign first")
        return Keyring(tuple(replace(key, state=state) if key.kid == kid else key for key in self.keys))

    def _get(self, kid: int) -> SigningKey:
        for key in self.keys:
            if key.kid == kid:
                return key
        raise KeyFileError(f"there is no key {kid}")


def new_keyring(secret: bytes) -> Keyring:
    """A first keyring; `secret` is at least 32 random bytes from the caller's source of randomness."""
    return Keyring((SigningKey(1, secret, "signing"),))


def load_keyring(path: Path) -> Keyring:
    """The keyring in the TOML file at `path`.

    Raises `KeyFileError` when the file is missing, open to group or world, malformed, or holds an unfit key.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & _OTHERS_MAY:
                raise KeyFileError(f"{path}: others may read it (mode {mode & 0o777:04o}); run chmod 600 {path}")
            table = tomllib.load(file)
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KeyFileError(f"{path}: is not a valid TOML file") from error
    return parse_keyring(table, str(path))


def parse_keyring(table: dict[str, object], source: str) -> Keyring:
    """The keyring described by a decoded TOML `table`; `source` names it in errors."""
    entries = table.get("key")
    if set(table) != {"key"} or not isinstance(entries, list):
        raise KeyFileError(f"{source}: expected nothing but [[key]] tables")
    try:
        return Keyring(tuple(_parse_key(entry) for entry in entries))
    except KeyFileError as error:
        raise KeyFileError(f"{source}: {error}") from None


def save_keyring(path: Path, keyring: Keyring) -> None:
    """Write `keyring` to `path` with mode 0600, atomically and fsynced: a crash leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(render_keyring(keyring))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def render_keyring(keyring: Keyring) -> str:
    """The TOML text of `keyring`, as `load_keyring` reads it."""
    return "# Keys behind addresses and links. Keep secret, keep a copy.\n" + "".join(_render_keys(keyring.keys))


def _render_keys(keys: Iterable[SigningKey]) -> Iterable[str]:
    for key in keys:
        secret = b64encode(key.secret).decode("ascii")
        yield f'\n[[key]]\nkid = {key.kid}\nstate = "{key.state}"\nsecret = "{secret}"\n'


def _parse_key(entry: object) -> SigningKey:
    if not isinstance(entry, dict) or set(entry) != {"kid", "state", "secret"}:
        raise KeyFileError("each [[key]] has kid, state and secret, and nothing else")
    kid, state, secret = entry["kid"], entry["state"], entry["secret"]
    if type(kid) is not int or not isinstance(secret, str):
        raise KeyFileError("kid is a number and secret is base64 text")
    return SigningKey(kid, _decode_secret(kid, secret), cast(KeyState, state))


def _decode_secret(kid: int, text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise KeyFileError(f"key {kid}: the secret is not base64") from None


def _looks_made_up(secret: bytes) -> bool:
    """32 random bytes hold about 30 distinct values; under 12 happens to nobody by chance."""
    lowered = secret.lower()
    return len(set(secret)) < _FEWEST_DISTINCT_BYTES or any(word in lowered for word in _SAMPLE_WORDS)
