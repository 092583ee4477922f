"""Who is known: organisations, their locations, and persons under their canonical mail address.

Removed persons are unknown until they are imported again. Lookups of unknown addresses simply lack them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.addresses import canonical
from mailbot.claims.assignment import Reviewer
from mailbot.claims.events import Location
from mailbot.store import absences, schema
from mailbot.store.workload import workload

_REVIEWERS = frozenset({"reviewer", "office_admin"})

_people, _firms, _places = schema.persons, schema.organisations, schema.locations
_PERSONS = (
    select(_people, _firms.c.name.label("firm"))
    .select_from(_people.outerjoin(_firms))
    .where(_people.c.removed_at.is_(None))
    .order_by(_people.c.email)
)
_PERSONS_FOUND = _PERSONS.where(_people.c.email.in_(bindparam("emails", expanding=True)))
_PERSONS_OF = _PERSONS.where(_people.c.organisation_id == bindparam("firm"))
_OFFICE = _PERSONS.where(_people.c.organisation_id.is_(None))
_FIRMS = select(_firms)
_FIRMS_FOUND = _FIRMS.where(_firms.c.id.in_(bindparam("ids", expanding=True)))
_FIRM_NAMED = _FIRMS.where(_firms.c.name == bindparam("name"))
_PLACES = (
    select(_places, _firms.c.country.label("firm_country"), _firms.c.time_zone.label("firm_zone"))
    .select_from(_places.join(_firms))
    .order_by(_places.c.id)
)
_PLACES_FOUND = _PLACES.where(_places.c.id.in_(bindparam("ids", expanding=True)))
_PLACES_OF = _PLACES.where(_places.c.organisation_id.in_(bindparam("firms", expanding=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A known person. `email` is canonical; no `organisation_id` means the claims office. No `locations` means all."""

    email: str
    name: str
    language: str
    organisation_id: str | None
    organisation_name: str
    roles: frozenset[str]
    locations: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A partner firm with all its locations."""

    id: str
    name: str
    country: str
    time_zone: str
    domains: tuple[str, ...]
    locations: tuple[Location, ...]


async def find_people(conn: AsyncConnection, emails: Iterable[str]) -> dict[str, Person]:
    """Canonical address → person, for those of `emails` (in any spelling) that are known."""
    wanted = {canonical(email) for email in emails}
    found = await _persons(conn, _PERSONS_FOUND, emails=list(wanted)) if wanted else ()
    return {person.email: person for person in found}


async def list_people(conn: AsyncConnection, organisation_id: str | None = None) -> tuple[Person, ...]:
    """Everybody, or everybody of one organisation, by address."""
    if organisation_id is None:
        return await _persons(conn, _PERSONS)
    return await _persons(conn, _PERSONS_OF, firm=organisation_id)


async def office_people(conn: AsyncConnection) -> tuple[Person, ...]:
    """The claims office's own people, by address."""
    return await _persons(conn, _OFFICE)


async def office_admins(conn: AsyncConnection) -> tuple[Person, ...]:
    """Those of the office who look after held mail and keys."""
    return tuple(person for person in await office_people(conn) if "office_admin" in person.roles)


async def reviewers(conn: AsyncConnection) -> tuple[Person, ...]:
    """Those who may decide claims, by address."""
    return tuple(person for person in await office_people(conn) if person.roles & _REVIEWERS)


async def review_desk(conn: AsyncConnection, now: datetime) -> tuple[Reviewer, ...]:
    """The reviewers with their load and absence, fewest open claims first; office admins only if nobody else is one."""
    able = await reviewers(conn)
    line = [person for person in able if "reviewer" in person.roles] or able
    load, away = await workload(conn), await absences.present(conn, now)
    found = [
        Reviewer(email=p.email, language=p.language, load=load.get(p.email, 0), away=p.email in away) for p in line
    ]
    return tuple(sorted(found, key=lambda reviewer: (reviewer.load, reviewer.email)))


async def organisation(conn: AsyncConnection, organisation_id: str) -> Organisation | None:
    """One firm."""
    return (await organisations(conn, [organisation_id])).get(organisation_id)


async def organisation_named(conn: AsyncConnection, name: str) -> Organisation | None:
    """The firm of exactly that name."""
    found = await _organisations(conn, _FIRM_NAMED, name=name)
    return next(iter(found.values()), None)


async def organisations(conn: AsyncConnection, ids: Iterable[str]) -> dict[str, Organisation]:
    """Id → firm, for those that exist."""
    wanted = set(ids)
    return await _organisations(conn, _FIRMS_FOUND, ids=list(wanted)) if wanted else {}


async def list_organisations(conn: AsyncConnection) -> tuple[Organisation, ...]:
    """Every firm, by name."""
    found = await _organisations(conn, _FIRMS)
    return tuple(sorted(found.values(), key=lambda firm: firm.name))


async def locations(conn: AsyncConnection, ids: Iterable[str]) -> dict[str, Location]:
    """Location id → location, for those that exist."""
    wanted = list(set(ids))
    return {place.id: place for place in await _locations(conn, _PLACES_FOUND, ids=wanted)} if wanted else {}


async def remove(conn: AsyncConnection, email: str, now: datetime) -> bool:
    """Forgets the person's roles; False when nobody of that address was known. Claims keep their contacts."""
    table = schema.persons
    known = (table.c.email == canonical(email)) & table.c.removed_at.is_(None)
    result = await conn.execute(update(table).where(known).values(removed_at=now, changed_at=now))
    return result.rowcount > 0


async def _persons(conn: AsyncConnection, statement: Select[Any], **values: object) -> tuple[Person, ...]:
    return tuple(_person(row) for row in await conn.execute(statement, values))


def _person(row: Row[Any]) -> Person:
    return Person(
        email=row.email,
        name=row.name,
        language=row.language,
        organisation_id=row.organisation_id,
        organisation_name=row.firm or "",
        roles=frozenset(row.roles),
        locations=frozenset(row.locations),
    )


async def _organisations(conn: AsyncConnection, statement: Select[Any], **values: object) -> dict[str, Organisation]:
    firms = (await conn.execute(statement, values)).all()
    places = await _locations(conn, _PLACES_OF, firms=[firm.id for firm in firms])
    return {
        firm.id: Organisation(
            id=firm.id,
            name=firm.name,
            country=firm.country,
            time_zone=firm.time_zone,
            domains=tuple(firm.domains),
            locations=tuple(place for place in places if place.organisation_id == firm.id),
        )
        for firm in firms
    }


async def _locations(conn: AsyncConnection, statement: Select[Any], **values: object) -> Sequence[Location]:
    return [
        Location(
            id=row.id,
            organisation_id=row.organisation_id,
            country=row.country or row.firm_country,
            time_zone=row.time_zone or row.firm_zone,
            enrolled=frozenset(row.enrolled),
        )
        for row in await conn.execute(statement, values)
    ]
