"""People as people.toml describes them, added to what is known: importing again updates and never removes.

Everything is checked before anything is written; values that contradict each other raise Refused with the line to
correct. An organisation is its name: the same name is the same firm, another name another one.
"""

import hashlib
from base64 import b32encode
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.addresses import canonical, canonical_domain, is_address
from mailbot.store import schema
from mailbot.store.faults import Refused
from mailbot.store.upsert import insert_or_change

_PARTNER_ROLES = frozenset({"incentives_user", "incentives_admin", "billing_admin", "global_admin"})
_OFFICE_ROLES = frozenset({"reviewer", "office_admin"})
_ORGANISATION = insert_or_change(schema.organisations, ["id"], ["country", "time_zone", "domains"])
_LOCATION = insert_or_change(schema.locations, ["id"], ["country", "time_zone", "enrolled"])
_PERSON = insert_or_change(
    schema.persons,
    ["email"],
    ["address", "name", "language", "organisation_id", "roles", "locations", "changed_at", "removed_at"],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """A person as imported; `locations` empty means all of the organisation's."""

    name: str
    email: str
    roles: tuple[str, ...]
    language: str = ""
    locations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLocation:
    """A location as imported; country and time zone empty mean the organisation's."""

    id: str
    enrolled: tuple[str, ...] = ()
    country: str = ""
    time_zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrganisation:
    """A firm as imported."""

    name: str
    country: str = ""
    time_zone: str = ""
    domains: tuple[str, ...] = ()
    locations: tuple[NewLocation, ...] = ()
    people: tuple[NewPerson, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """A whole people.toml."""

    organisations: tuple[NewOrganisation, ...] = ()
    reviewers: tuple[NewPerson, ...] = ()


def organisation_id(name: str) -> str:
    """The id of the firm of that name, the same on every node and at every import."""
    digest = hashlib.sha256(name.strip().encode("utf-8")).digest()
    return "org-" + b32encode(digest[:10]).decode("ascii").lower()


async def import_people(conn: AsyncConnection, people: People, now: datetime) -> None:
    """Adds and updates. Raises Refused: `bad_address`, `duplicate_person`, `unknown_role`, `unknown_location`,
    `location_taken` (another firm has it) or `person_elsewhere` (known in another firm)."""
    _check(people)
    await _check_against_stored(conn, people)
    firms = [
        {
            "id": organisation_id(firm.name),
            "name": firm.name.strip(),
            "country": firm.country,
            "time_zone": firm.time_zone,
            "domains": [canonical_domain(domain) for domain in firm.domains],
        }
        for firm in people.organisations
    ]
    places = [
        {
            "id": place.id,
            "organisation_id": organisation_id(firm.name),
            "country": place.country,
            "time_zone": place.time_zone,
            "enrolled": list(place.enrolled),
        }
        for firm in people.organisations
        for place in firm.locations
    ]
    persons = [_row(person, home, now) for person, home in _everybody(people)]
    for statement, rows in ((_ORGANISATION, firms), (_LOCATION, places), (_PERSON, persons)):
        if rows:
            await conn.execute(statement, rows)


def _row(person: NewPerson, home: str | None, now: datetime) -> dict[str, object]:
    return {
        "email": canonical(person.email),
        "address": person.email.strip(),
        "name": person.name,
        "language": person.language,
        "organisation_id": home,
        "roles": sorted(person.roles),
        "locations": sorted(person.locations),
        "changed_at": now,
        "removed_at": None,
    }


def _everybody(people: People) -> Iterable[tuple[NewPerson, str | None]]:
    for firm in people.organisations:
        for person in firm.people:
            yield person, organisation_id(firm.name)
    for person in people.reviewers:
        yield person, None


def _check(people: People) -> None:
    emails = Counter(canonical(person.email) for person, _ in _everybody(people))
    for person, home in _everybody(people):
        allowed = _OFFICE_ROLES if home is None else _PARTNER_ROLES
        if not is_address(person.email):
            raise Refused("bad_address", f"{person.email!r} is not a mail address")
        if emails[canonical(person.email)] > 1:
            raise Refused("duplicate_person", f"{person.email} stands there for more than one person")
        if not person.roles or not set(person.roles) <= allowed:
            raise Refused("unknown_role", f"{person.email}: roles are {', '.join(sorted(allowed))}")
    for firm in people.organisations:
        if not firm.name.strip():
            raise Refused("no_name", "an organisation has no name")
    places = Counter(place.id for firm in people.organisations for place in firm.locations)
    for place, times in places.items():
        if not place.strip() or times > 1:
            raise Refused("location_taken", f"location {place!r} is empty or stands there {times} times")


async def _check_against_stored(conn: AsyncConnection, people: People) -> None:
    places, persons = schema.locations.c, schema.persons.c
    given = {place.id: organisation_id(firm.name) for firm in people.organisations for place in firm.locations}
    named = {place for person, _ in _everybody(people) for place in person.locations}
    rows = await conn.execute(select(places.id, places.organisation_id).where(places.id.in_(given.keys() | named)))
    stored = {row.id: row.organisation_id for row in rows}
    for place, firm_id in given.items():
        if stored.get(place, firm_id) != firm_id:
            raise Refused("location_taken", f"location {place} belongs to another organisation")
    emails = {canonical(person.email): home for person, home in _everybody(people)}
    here = await conn.execute(
        select(persons.email, persons.organisation_id).where(persons.email.in_(emails), persons.removed_at.is_(None))
    )
    for row in here:
        if row.organisation_id != emails[row.email]:
            raise Refused("person_elsewhere", f"{row.email} is known in another organisation; remove that person first")
    for person, home in _everybody(people):
        for place in person.locations:
            if (stored | given).get(place) != home:
                raise Refused("unknown_location", f"{person.email}: location {place} is not one of the organisation's")
