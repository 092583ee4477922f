"""Lists of claims: filtered, sorted, a page at a time, and the short lists that mails and pages need.

A page starts where the cursor of the one before ends (keyset), so its cost does not grow with the list. What is sorted
by is chosen from a fixed set; a cursor or sort that is not ours raises Refused.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.addresses import canonical
from mailbot.claims.model import Claim
from mailbot.store.codec import claim_from_text, from_json, to_json
from mailbot.store.columns import word
from mailbot.store.faults import Refused
from mailbot.store.schema import claims

_c = claims.c
_SORTS = {
    "created": _c.seq,
    "changed": _c.changed_at,
    "name": _c.name_lower,
    "due": _c.next_due,
    "domain": _c.tenant_domain,
    "customer": _c.customer_email,
}
SORTS = tuple(_SORTS)
"""What a list can be sorted by; with a minus in front, the other way round. `due` leaves out what has no deadline."""

NEWEST_FIRST = "-created"
_MANY = 5000
"""Claims with one prefix from which on walking through the list beats collecting them all."""

_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFilter:
    """What a list is narrowed to; an empty field narrows nothing. `organisation_id` and `locations` are also the scope
    of a partner's user; `partner` and `customer` are contacts' addresses. `q` is a prefix of id, name, tenant domain or
    mail address. `since` and `until` bound the time of creation, the latter exclusively."""

    status: tuple[str, ...] = ()
    area: str = ""
    activity: str = ""
    organisation_id: str = ""
    locations: frozenset[str] = frozenset()
    partner: str = ""
    customer: str = ""
    reviewer: str = ""
    tenant_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    q: str = ""
    contested: bool | None = None
    open: bool | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some items and the cursor of the next page, None on the last."""

    items: tuple[Claim, ...]
    next: str | None


async def page(
    conn: AsyncConnection, which: ClaimFilter, sort: str = NEWEST_FIRST, limit: int = 50, cursor: str | None = None
) -> Page:
    """One page. Raises Refused for an unknown `sort` or a `cursor` that was not made for it."""
    column, down = _sorting(sort)
    conditions = _conditions(which)
    if which.q.strip():
        conditions.append(await _search(conn, which))
    if column is _c.next_due:
        conditions.append(column.is_not(None))
    if cursor:
        conditions.append(_after(column, down, *_read_cursor(cursor, sort)))
    places = [column] if column is _c.seq else [column, _c.seq]
    order = [place.desc() if down else place for place in places]
    statement = select(_c.document, _c.seq, column.label("place")).where(*conditions).order_by(*order).limit(limit + 1)
    rows = (await conn.execute(statement)).all()
    more = len(rows) > limit
    last = rows[limit - 1] if more else None
    items = tuple(claim_from_text(row.document) for row in rows[:limit])
    return Page(items, _cursor(sort, last.place, last.seq) if last else None)


async def by_customer(conn: AsyncConnection, email: str, limit: int = 200) -> tuple[Claim, ...]:
    """Claims that name the address as customer, second or tenant-admin contact, newest first."""
    address = canonical(email)
    # The comparisons with '' let SQLite use the partial indexes.
    second = and_(_c.second_email == address, _c.second_email != word(""))
    admin = and_(_c.tenant_admin_email == address, _c.tenant_admin_email != word(""))
    return await _newest(conn, [or_(_c.customer_email == address, second, admin)], limit)


async def by_tenant(conn: AsyncConnection, tenant_id: str, limit: int = 200) -> tuple[Claim, ...]:
    """Claims on a tenant, newest first."""
    return await _newest(conn, [_c.tenant_id == tenant_id.lower()], limit)


async def open_for_person(conn: AsyncConnection, email: str, limit: int = 200) -> tuple[Claim, ...]:
    """Open claims of a partner contact or assigned reviewer, the most urgent first."""
    address = canonical(email)
    found = await _newest(conn, [_c.partner_email == address, _c.open], limit)
    found += await _newest(conn, [_c.assigned_to == address, _c.open, _c.partner_email != address], limit)
    return tuple(sorted(found, key=lambda claim: min((clock.due.timestamp() for clock in claim.clocks), default=9e18)))


async def due_list(conn: AsyncConnection, until: datetime, limit: int = 200) -> tuple[Claim, ...]:
    """Claims with a deadline up to `until`, the next one first."""
    statement = (
        select(_c.document)
        .where(_c.next_due.is_not(None), _c.next_due <= until)
        .order_by(_c.next_due, _c.seq)
        .limit(limit)
    )
    return tuple(claim_from_text(text) for text in (await conn.execute(statement)).scalars())


async def waiting_for(conn: AsyncConnection, statuses: Sequence[str], limit: int) -> tuple[Claim, ...]:
    """Claims in these statuses, the next deadline first."""
    statement = (
        select(_c.document)
        .where(_c.status.in_(statuses))
        .order_by(_c.next_due.is_(None), _c.next_due, _c.seq)
        .limit(limit)
    )
    return tuple(claim_from_text(text) for text in (await conn.execute(statement)).scalars())


async def with_inquiries(conn: AsyncConnection, limit: int = 200) -> tuple[Claim, ...]:
    """Claims whose customer waits for an answer of the office, oldest first."""
    statement = select(_c.document).where(_c.consent == "suspended").order_by(_c.seq).limit(limit)
    claims = (claim_from_text(text) for text in (await conn.execute(statement)).scalars())
    return tuple(claim for claim in claims if claim.open_inquiries())


async def _newest(conn: AsyncConnection, conditions: Sequence[ColumnElement[bool]], limit: int) -> tuple[Claim, ...]:
    statement = select(_c.document).where(*conditions).order_by(_c.seq.desc()).limit(limit)
    return tuple(claim_from_text(text) for text in (await conn.execute(statement)).scalars())


def _conditions(which: ClaimFilter) -> list[ColumnElement[bool]]:
    exact = (
        (_c.solution_area, which.area),
        (_c.activity, which.activity),
        (_c.organisation_id, which.organisation_id),
        (_c.partner_email, canonical(which.partner)),
        (_c.customer_email, canonical(which.customer)),
        (_c.assigned_to, canonical(which.reviewer)),
        (_c.tenant_id, which.tenant_id.lower()),
    )
    conditions: list[ColumnElement[bool]] = [column == value for column, value in exact if value]
    if which.status:
        conditions.append(_c.status.in_(which.status))
    if which.locations:
        conditions.append(_c.location_id.in_([*sorted(which.locations), ""]))
    if which.since is not None:
        conditions.append(_c.created_at >= which.since)
    if which.until is not None:
        conditions.append(_c.created_at < which.until)
    for column, value in ((_c.contested, which.contested), (_c.open, which.open)):
        if value is not None:
            conditions.append(column if value else ~column)
    return conditions


async def _search(conn: AsyncConnection, which: ClaimFilter) -> ColumnElement[bool]:
    """Prefixes by way of their indexes when few claims have them; otherwise, or within one firm's or customer's claims,
    by looking at one claim after the other, which meets the first page soon."""
    prefix = which.q.strip()
    texts = (_c.name_lower, _c.tenant_domain, _c.customer_email, _c.partner_email)
    matches = [_starts(_c.id, prefix.upper()), *(_starts(column, prefix.casefold()) for column in texts)]
    if which.organisation_id or which.customer or which.tenant_id:
        return or_(*matches)
    some = [select(_c.seq).where(match).limit(_MANY).subquery() for match in matches]
    counts = select(*(select(func.count()).select_from(found).scalar_subquery() for found in some))
    if any(number == _MANY for number in (await conn.execute(counts)).one()):
        return or_(*matches)
    return _c.seq.in_(union(*(select(_c.seq).where(match) for match in matches)))


def _starts(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """A prefix as a range: an index serves it on every database, and no character in it is special."""
    return and_(column >= prefix, column < prefix + _LAST_CHARACTER)


def _sorting(sort: str) -> tuple[ColumnElement[Any], bool]:
    name = sort.removeprefix("-")
    if name not in _SORTS:
        raise Refused("bad_sort", f"sort by one of {', '.join(SORTS)}, with a minus for the other way round")
    return _SORTS[name], sort.startswith("-")


def _after(column: ColumnElement[Any], down: bool, place: object, seq: int) -> ColumnElement[bool]:
    if column is _c.seq:
        return column < seq if down else column > seq
    beyond, same = (column < place, _c.seq < seq) if down else (column > place, _c.seq > seq)
    return or_(beyond, and_(column == place, same))


def _cursor(sort: str, place: object, seq: int) -> str:
    return urlsafe_b64encode(to_json([sort, place, seq]).encode("ascii")).decode("ascii").rstrip("=")


def _read_cursor(cursor: str, sort: str) -> tuple[Any, int]:
    try:
        made_for, place, seq = from_json(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii"))
    except (ValueError, TypeError) as error:
        raise Refused("bad_cursor", "this cursor was not made here") from error
    wanted = datetime if sort.removeprefix("-") in ("changed", "due") else int if "created" in sort else str
    if made_for != sort or not isinstance(place, wanted) or not isinstance(seq, int):
        raise Refused("bad_cursor", "this cursor was made for another list")
    return place, seq
