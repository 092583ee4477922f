"""Facts about this installation that outlive a restart: key fingerprint, pauses, when the listener was up.

Values are JSON trees under fixed names. Reading what was never written gives None.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import bindparam, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store import schema
from mailbot.store.upsert import insert_or_change

Pausable = Literal["sending", "timers"]

OUTAGE = timedelta(hours=1)
"""A silence longer than this is an outage (domain §4.4 b)."""

_MEMORY = timedelta(days=30)
_BEAT = "last_beat"
_RESTORED = "restored"
_JUMPED = "clock_jumped"
_GET = select(schema.settings.c.value).where(schema.settings.c.key == bindparam("wanted"))
_CHANGE = insert_or_change(schema.settings, ["key"], ["value"])


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which mail may have waited outside. `cause`: `down`, `clock` (it jumped) or `restore`."""

    down_at: datetime
    up_at: datetime
    cause: str

    @property
    def lasted(self) -> timedelta:
        """How long nobody listened, never negative."""
        return abs(self.up_at - self.down_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptime:
    """When the listener last said that it lives, since when it has, and the outages of the last 30 days, oldest first.

    `down_for` is the length of the latest outage. Every outage counts for itself: a short one does not end the wait
    that a long one before it calls for.
    """

    last_beat: datetime | None
    up_since: datetime | None
    down_for: timedelta
    outages: tuple[Outage, ...]


async def get(conn: AsyncConnection, key: str) -> Any:
    """The value under `key`, None if there is none."""
    return (await conn.execute(_GET, {"wanted": key})).scalar_one_or_none()


async def put(conn: AsyncConnection, key: str, value: object) -> None:
    """Sets the value under `key`."""
    await conn.execute(_CHANGE, {"key": key, "value": value})


async def pause(conn: AsyncConnection, what: Pausable, *, paused: bool) -> None:
    """Stops or resumes sending or timers; it survives restarts. Who resumes timers takes the clock as right."""
    await put(conn, f"paused.{what}", paused)
    if what == "timers" and not paused:
        await note_jump(conn, jumped=False)


async def note_jump(conn: AsyncConnection, *, jumped: bool) -> None:
    """Notes that the clock jumped, for which the timers stop, or that it is right; a person's pause stays as it is."""
    await put(conn, _JUMPED, jumped)


async def clock_jumped(conn: AsyncConnection) -> bool:
    """Whether the clock jumped, and nobody has said since that it is right."""
    return bool(await get(conn, _JUMPED))


async def paused(conn: AsyncConnection, what: Pausable) -> bool:
    """Whether sending or timers stand still; timers also do while the clock has jumped."""
    return bool(await get(conn, f"paused.{what}")) or (what == "timers" and await clock_jumped(conn))


async def fingerprints(conn: AsyncConnection) -> dict[int, str]:
    """Key number → fingerprint of the keys this database belongs to; empty before the first were made."""
    stored = await get(conn, "key_fingerprints") or {}
    return {int(kid): text for kid, text in stored.items()}


async def put_fingerprints(conn: AsyncConnection, known: dict[int, str]) -> None:
    """Notes the keys this database belongs to."""
    await put(conn, "key_fingerprints", {str(kid): text for kid, text in known.items()})


async def beat(conn: AsyncConnection, now: datetime) -> Outage | None:
    """The listener is up at `now`. Returns and records the outage that ended with this beat, if one did."""
    # Of several listeners one sees the end of an outage.
    await conn.execute(select(schema.settings.c.key).where(schema.settings.c.key == _BEAT).with_for_update())
    last, restored = await get(conn, _BEAT), await get(conn, _RESTORED)
    outage = _outage(last, now, restored=bool(restored))
    if outage is not None:
        row = {"down_at": outage.down_at, "up_at": outage.up_at, "cause": outage.cause}
        await conn.execute(insert(schema.outages), row)
        await put(conn, _RESTORED, False)
    await put(conn, _BEAT, now)
    if last is None or outage is not None:
        await put(conn, "up_since", now)
    return outage


async def uptime(conn: AsyncConnection, now: datetime) -> Uptime:
    """What is known about the listener's presence. An outage that ends in the future was noted by a wrong clock."""
    table = schema.outages
    of_late = table.c.up_at.between(now - _MEMORY, now)
    rows = await conn.execute(select(table).where(of_late).order_by(table.c.id))
    outages = tuple(Outage(row.down_at, row.up_at, row.cause) for row in rows)
    return Uptime(
        last_beat=await get(conn, _BEAT),
        up_since=await get(conn, "up_since"),
        down_for=outages[-1].lasted if outages else timedelta(),
        outages=outages,
    )


def _outage(last: datetime | None, now: datetime, *, restored: bool) -> Outage | None:
    if last is None:
        return None
    if restored:
        return Outage(last, now, "restore")
    if now - last > OUTAGE:
        return Outage(last, now, "down")
    if last - now > OUTAGE:
        return Outage(last, now, "clock")
    return None
