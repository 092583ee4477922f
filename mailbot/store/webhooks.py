"""Endpoints that are told what happens to claims. Calls to them are outbox rows."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store.schema import webhooks

_COLUMNS = ("id", "url", "secret", "types", "organisation_id", "created_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A receiver. Empty `types` means every type; with an `organisation_id` it hears of that firm's claims only."""

    id: int
    url: str
    secret: str
    types: tuple[str, ...] = ()
    organisation_id: str | None = None
    created_at: datetime

    def wants(self, event_type: str, organisation_id: str) -> bool:
        """Whether it is to be told."""
        mine = self.organisation_id is None or self.organisation_id == organisation_id
        return mine and (not self.types or event_type in self.types)


async def add(conn: AsyncConnection, endpoint: Endpoint) -> None:
    """Keeps a new endpoint."""
    row = {name: getattr(endpoint, name) for name in _COLUMNS}
    await conn.execute(insert(webhooks), row | {"types": list(endpoint.types)})


async def endpoints(conn: AsyncConnection, organisation_id: str | None = None) -> tuple[Endpoint, ...]:
    """All live endpoints, or those of one firm, oldest first."""
    statement = select(webhooks).where(webhooks.c.removed_at.is_(None)).order_by(webhooks.c.id)
    if organisation_id is not None:
        statement = statement.where(webhooks.c.organisation_id == organisation_id)
    return tuple(_endpoint(row) for row in await conn.execute(statement))


async def get(conn: AsyncConnection, endpoint_id: int) -> Endpoint | None:
    """A live endpoint."""
    live = (webhooks.c.id == endpoint_id) & webhooks.c.removed_at.is_(None)
    row = (await conn.execute(select(webhooks).where(live))).first()
    return _endpoint(row) if row else None


async def remove(conn: AsyncConnection, endpoint_id: int, now: datetime) -> bool:
    """Ends an endpoint and forgets its secret; False when there is none."""
    live = (webhooks.c.id == endpoint_id) & webhooks.c.removed_at.is_(None)
    return (await conn.execute(update(webhooks).where(live).values(removed_at=now, secret=""))).rowcount > 0


def _endpoint(row: object) -> Endpoint:
    values = {name: getattr(row, name) for name in _COLUMNS}
    return Endpoint(**values | {"types": tuple(values["types"])})
