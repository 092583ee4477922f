"""People over REST: the same shape as people.toml, as JSON (contract, Configuration).

PUT adds and updates and never removes. Values that contradict each other are refused as a whole, with the line.
"""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store import people
from mailbot.store.people import Organisation, Person
from mailbot.store.people_import import NewLocation, NewOrganisation, NewPerson, People, import_people
from mailbot.web.callers import AdminCaller, Caller, OfficeCaller
from mailbot.web.once import OnceRoute
from mailbot.web.schemas import Body, Language, Line, Name

router = APIRouter(tags=["people"], route_class=OnceRoute)

_MOST = 10_000


class PersonBody(Body):
    """A person; without `locations` all of the organisation's."""

    name: Name
    email: Name
    roles: Annotated[list[Name], Field(min_length=1, max_length=10)]
    language: Language = None
    locations: list[Name] = Field(default_factory=list)

    def value(self) -> NewPerson:
        """The person as imported."""
        return NewPerson(
            name=self.name,
            email=self.email,
            roles=tuple(self.roles),
            language=self.language or "",
            locations=tuple(self.locations),
        )


class LocationBody(Body):
    """A location; country and time zone if other than the organisation's."""

    id: Name
    enrolled: list[Name] = Field(default_factory=list)
    country: Line = ""
    time_zone: Line = ""


class OrganisationBody(Body):
    """A partner firm."""

    name: Name
    country: Line = ""
    time_zone: Line = ""
    domains: list[Name] = Field(default_factory=list)
    location: list[LocationBody] = Field(default_factory=list)
    person: list[PersonBody] = Field(default_factory=list)

    def value(self) -> NewOrganisation:
        """The firm as imported."""
        places = (NewLocation(**place.model_dump() | {"enrolled": tuple(place.enrolled)}) for place in self.location)
        return NewOrganisation(
            name=self.name,
            country=self.country.upper(),
            time_zone=self.time_zone,
            domains=tuple(self.domains),
            locations=tuple(places),
            people=tuple(person.value() for person in self.person),
        )


class PeopleBody(Body):
    """A whole people.toml as JSON."""

    organisation: Annotated[list[OrganisationBody], Field(max_length=_MOST, default_factory=list)]
    reviewer: Annotated[list[PersonBody], Field(max_length=_MOST, default_factory=list)]


@router.get("/people", response_model=None)
async def known(who: OfficeCaller) -> dict[str, Any]:
    """Everybody who is known."""
    return await _everybody(who)


@router.put("/people", response_model=None)
async def update(who: AdminCaller, body: PeopleBody) -> dict[str, Any]:
    """Adds and updates; answers with everybody who is known then."""
    wanted = People(
        organisations=tuple(firm.value() for firm in body.organisation),
        reviewers=tuple(person.value() for person in body.reviewer),
    )
    now = who.site.now()

    async def write(conn: AsyncConnection) -> None:
        await import_people(conn, wanted, now)

    await who.site.store.write(write)
    return await _everybody(who)


async def _everybody(who: Caller) -> dict[str, Any]:
    async with who.site.store.read() as conn:
        firms = await people.list_organisations(conn)
        persons = await people.list_people(conn)
    return {
        "organisation": [_firm(firm, [p for p in persons if p.organisation_id == firm.id]) for firm in firms],
        "reviewer": [_person(person) for person in persons if person.organisation_id is None],
    }


def _firm(firm: Organisation, persons: list[Person]) -> dict[str, Any]:
    return {
        "name": firm.name,
        "country": firm.country,
        "time_zone": firm.time_zone,
        "domains": list(firm.domains),
        "location": [
            {"id": p.id, "enrolled": sorted(p.enrolled), "country": p.country, "time_zone": p.time_zone}
            for p in firm.locations
        ],
        "person": [_person(person) | {"locations": sorted(person.locations)} for person in persons],
    }


def _person(person: Person) -> dict[str, Any]:
    known = {"name": person.name, "email": person.email, "roles": sorted(person.roles)}
    return known | ({"language": person.language} if person.language else {})
