"""people.toml as values (contract, Configuration). Unknown keys and wrong types raise ValueError naming the place."""

from collections.abc import Mapping
from typing import Any

from mailbot.claims.places import LANGUAGES, check_country, zone
from mailbot.store.people_import import NewLocation, NewOrganisation, NewPerson, People

_PERSON = {"name": str, "email": str, "roles": list, "language": str, "locations": list}
_LOCATION = {"id": str, "enrolled": list, "country": str, "time_zone": str}
_FIRM = {"name": str, "country": str, "time_zone": str, "domains": list, "location": list, "person": list}

_TABLES = frozenset({"location", "person", "organisation", "reviewer"})


def people_of(document: Mapping[str, Any]) -> People:
    """The organisations and reviewers that a people.toml names."""
    known = _checked(document, {"organisation": list, "reviewer": list}, "the file", ())
    return People(
        organisations=tuple(_firm(table) for table in known.get("organisation", ())),
        reviewers=tuple(_person(table, "a reviewer") for table in known.get("reviewer", ())),
    )


def _firm(table: Any) -> NewOrganisation:
    known = _checked(table, _FIRM, "an organisation", ("name",))
    name = known["name"]
    _check_place(known, name)
    return NewOrganisation(
        name=name,
        country=known.get("country", ""),
        time_zone=known.get("time_zone", ""),
        domains=tuple(known.get("domains", ())),
        locations=tuple(_location(inner, name) for inner in known.get("location", ())),
        people=tuple(_person(inner, name) for inner in known.get("person", ())),
    )


def _location(table: Any, firm: str) -> NewLocation:
    known = _checked(table, _LOCATION, f"{firm}, a location", ("id",))
    _check_place(known, f"{firm}, location {known['id']}")
    return NewLocation(**{**known, "enrolled": tuple(known.get("enrolled", ()))})


def _person(table: Any, where: str) -> NewPerson:
    known = _checked(table, _PERSON, f"{where}, a person", ("name", "email", "roles"))
    language = known.get("language", "").replace("_", "-")
    if language and language not in LANGUAGES:
        raise ValueError(f"{known['email']}: language is one of {', '.join(LANGUAGES)}")
    lists = {name: tuple(known.get(name, ())) for name in ("roles", "locations")}
    return NewPerson(**{**known, **lists, "language": language})


def _checked(table: Any, kinds: Mapping[str, type], where: str, needed: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(table, Mapping):
        raise ValueError(f"{where}: write it as [[…]]")
    for key, value in table.items():
        if key not in kinds:
            raise ValueError(f"{where}: unknown key {key}; known are {', '.join(kinds)}")
        if not isinstance(value, kinds[key]) or not _fits(key, value):
            raise ValueError(f"{where}: {key} is {'a list of texts' if kinds[key] is list else 'a text in quotes'}")
    missing = [key for key in needed if not table.get(key)]
    if missing:
        raise ValueError(f"{where}: {', '.join(missing)} missing")
    return dict(table)


def _fits(key: str, value: Any) -> bool:
    return key in _TABLES or isinstance(value, str) or all(isinstance(inner, str) for inner in value)


def _check_place(known: Mapping[str, Any], where: str) -> None:
    try:
        if known.get("country"):
            check_country(known["country"])
        if known.get("time_zone"):
            zone(known["time_zone"])
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
