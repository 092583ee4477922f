"""People are known under one spelling, updated by importing, never removed by it."""

from datetime import datetime
from typing import Any

import pytest

from mailbot.store import people
from mailbot.store.database import Store
from mailbot.store.faults import Refused
from mailbot.store.people_import import (
    NewLocation,
    NewOrganisation,
    NewPerson,
    People,
    import_people,
    organisation_id,
)

PETR = NewPerson(name="Petr", email="Petr@Fabrikam.example", roles=("incentives_admin",), locations=("4567890",))
EVA = NewPerson(name="Eva", email="eva@fabrikam.example", roles=("incentives_user",), language="cs")
RITA = NewPerson(name="Rita", email="rita@office.example", roles=("reviewer",))
OLGA = NewPerson(name="Olga", email="olga@office.example", roles=("office_admin",))


def _fabrikam(**values: Any) -> NewOrganisation:
    fixed: dict[str, Any] = {
        "name": "Fabrikam", "country": "CZ", "time_zone": "Europe/Prague", "domains": ("Fabrikam.example",),
        "locations": (NewLocation(id="4567890", enrolled=("osa_sell",)), NewLocation(id="99", country="PL")),
        "people": (PETR, EVA),
    }  # fmt: skip
    return NewOrganisation(**fixed | values)


def _person(email: str, *roles: str) -> NewPerson:
    return NewPerson(name="P", email=email, roles=roles)


async def _import(store: Store, now: datetime, *firms: NewOrganisation, office: tuple[NewPerson, ...] = ()) -> None:
    given = People(organisations=firms, reviewers=office)
    await store.write(lambda conn: import_people(conn, given, now))


async def test_imported_people_are_found_in_any_spelling(store: Store, now: datetime) -> None:
    await _import(store, now, _fabrikam(), office=(RITA, OLGA))
    async with store.read() as conn:
        found = await people.find_people(
            conn, ["PETR@fabrikam.EXAMPLE.", "nobody@fabrikam.example", "rita@office.example"]
        )
        assert set(found) == {"petr@fabrikam.example", "rita@office.example"}
        petr = found["petr@fabrikam.example"]
        assert (petr.organisation_id, petr.organisation_name) == (organisation_id("Fabrikam"), "Fabrikam")
        assert (set(petr.roles), set(petr.locations)) == ({"incentives_admin"}, {"4567890"})
        assert found["rita@office.example"].organisation_id is None
        assert await people.find_people(conn, []) == {}


async def test_an_organisation_comes_with_its_locations(store: Store, now: datetime) -> None:
    await _import(store, now, _fabrikam())
    async with store.read() as conn:
        firm = await people.organisation(conn, organisation_id("Fabrikam"))
        assert firm is not None
        assert firm == await people.organisation_named(conn, "Fabrikam")
        assert firm.domains == ("fabrikam.example",)
        places = {place.id: place for place in firm.locations}
        assert (places["4567890"].country, places["4567890"].time_zone) == ("CZ", "Europe/Prague")
        assert places["4567890"].enrolled == {"osa_sell"}
        assert (places["99"].country, places["99"].time_zone) == ("PL", "Europe/Prague")
        assert set(await people.locations(conn, ["99", "100"])) == {"99"}
        assert [found.name for found in await people.list_organisations(conn)] == ["Fabrikam"]
        assert await people.organisation(conn, "org-none") is None
        assert await people.organisations(conn, []) == {}


async def test_importing_again_updates_and_never_removes(store: Store, now: datetime) -> None:
    await _import(store, now, _fabrikam())
    petr = NewPerson(name="Petr D.", email="petr@fabrikam.example", roles=("global_admin",))
    await _import(store, now, _fabrikam(country="SK", locations=(), people=(petr,)))
    async with store.read() as conn:
        everybody = await people.list_people(conn, organisation_id("Fabrikam"))
        assert [(p.email, p.name, set(p.roles)) for p in everybody] == [
            ("eva@fabrikam.example", "Eva", {"incentives_user"}),
            ("petr@fabrikam.example", "Petr D.", {"global_admin"}),
        ]
        firm = await people.organisation_named(conn, "Fabrikam")
        assert firm is not None
        assert (firm.country, len(firm.locations)) == ("SK", 2)


async def test_a_removed_person_is_unknown_until_imported_again(store: Store, now: datetime) -> None:
    await _import(store, now, _fabrikam())
    assert await store.write(lambda conn: people.remove(conn, "PETR@fabrikam.example", now)) is True
    assert await store.write(lambda conn: people.remove(conn, "petr@fabrikam.example", now)) is False
    async with store.read() as conn:
        assert await people.find_people(conn, ["petr@fabrikam.example"]) == {}
    await _import(store, now, _fabrikam())
    async with store.read() as conn:
        assert len(await people.find_people(conn, ["petr@fabrikam.example"])) == 1


async def test_the_office(store: Store, now: datetime) -> None:
    await _import(store, now, office=(OLGA,))
    async with store.read() as conn:
        assert [one.email for one in await people.review_desk(conn, now)] == ["olga@office.example"]
    await _import(store, now, office=(RITA,))
    async with store.read() as conn:
        assert [p.email for p in await people.reviewers(conn)] == ["olga@office.example", "rita@office.example"]
        assert [p.email for p in await people.office_admins(conn)] == ["olga@office.example"]
        assert [one.email for one in await people.review_desk(conn, now)] == ["rita@office.example"]


_OTHER = NewOrganisation(name="Other", people=())


@pytest.mark.parametrize(
    ("firms", "office", "code"),
    [
        ((_fabrikam(people=(PETR, _person("petr@FABRIKAM.example", "global_admin"))),), (), "duplicate_person"),
        ((_fabrikam(),), (_person("petr@fabrikam.example", "reviewer"),), "duplicate_person"),
        ((_fabrikam(people=(_person("not an address", "global_admin"),)),), (), "bad_address"),
        ((_fabrikam(people=(_person("p@x.example", "reviewer"),)),), (), "unknown_role"),
        ((_fabrikam(people=(_person("p@x.example"),)),), (), "unknown_role"),
        ((), (_person("p@x.example", "incentives_user"),), "unknown_role"),
        ((_fabrikam(name=" "),), (), "no_name"),
        ((_fabrikam(locations=()),), (), "unknown_location"),
        ((_fabrikam(), NewOrganisation(name="B", locations=(NewLocation(id="99"),))), (), "location_taken"),
    ],
)  # fmt: skip
async def test_contradictions_are_refused_and_nothing_is_written(
    store: Store, now: datetime, firms: tuple[NewOrganisation, ...], office: tuple[NewPerson, ...], code: str
) -> None:
    with pytest.raises(Refused) as caught:
        await _import(store, now, *firms, office=office)
    assert caught.value.code == code
    async with store.read() as conn:
        assert await people.list_organisations(conn) == ()
        assert await people.list_people(conn) == ()


async def test_another_firms_location_and_person_are_refused(store: Store, now: datetime) -> None:
    await _import(store, now, _fabrikam())
    for firm, code in (
        (NewOrganisation(name="B", locations=(NewLocation(id="99"),)), "location_taken"),
        (NewOrganisation(name="B", people=(EVA,)), "person_elsewhere"),
    ):
        with pytest.raises(Refused) as caught:
            await _import(store, now, firm)
        assert caught.value.code == code
    await store.write(lambda conn: people.remove(conn, EVA.email, now))
    await _import(store, now, NewOrganisation(name="B", people=(EVA,)))
    async with store.read() as conn:
        assert (await people.find_people(conn, [EVA.email]))[EVA.email].organisation_name == "B"
