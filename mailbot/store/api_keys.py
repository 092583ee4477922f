"""API keys: only the SHA-256 of a key is kept, so a stolen database opens no door. Unknown keys are simply None."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store.schema import api_keys

_COLUMNS = ("id", "role", "organisation_id", "label", "created_at", "expires", "revoked_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key without its secret. `role` is `partner` (of `organisation_id`), `reviewer` or `admin`."""

    id: int
    role: str
    organisation_id: str | None = None
    label: str = ""
    created_at: datetime
    expires: datetime | None = None
    revoked_at: datetime | None = None


async def create(conn: AsyncConnection, key: ApiKey, secret: str) -> None:
    """Keeps a new key under the digest of `secret`, which needs 256 random bits."""
    row = {name: getattr(key, name) for name in _COLUMNS}
    await conn.execute(insert(api_keys), row | {"digest": _digest(secret)})


async def find(conn: AsyncConnection, secret: str, now: datetime) -> ApiKey | None:
    """The live key of that secret. The digest is looked up, so timing tells nothing about the secret."""
    row = (await conn.execute(select(api_keys).where(api_keys.c.digest == _digest(secret)))).first()
    key = _key(row) if row else None
    dead = key is None or key.revoked_at is not None or (key.expires is not None and key.expires <= now)
    return None if dead else key


async def list_keys(conn: AsyncConnection) -> tuple[ApiKey, ...]:
    """All keys, oldest first, revoked ones too."""
    return tuple(_key(row) for row in await conn.execute(select(api_keys).order_by(api_keys.c.id)))


async def revoke(conn: AsyncConnection, key_id: int, now: datetime) -> bool:
    """Ends a key; False when it is unknown or ended already."""
    live = (api_keys.c.id == key_id) & api_keys.c.revoked_at.is_(None)
    return (await conn.execute(update(api_keys).where(live).values(revoked_at=now))).rowcount > 0


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _key(row: object) -> ApiKey:
    return ApiKey(**{name: getattr(row, name) for name in _COLUMNS})
