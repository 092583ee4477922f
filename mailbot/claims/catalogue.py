"""What can be claimed: products, solution areas, activities and the programmes they lead to (domain §3), from data.

Looking something up answers None if it is not there; a defective catalogue text raises ValueError when it is loaded.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

_NOISE = re.compile(r"[\W_]+")
# People write the maker's and the family's name before a product or leave it out.
_MAKER = re.compile(r"^(microsoft|ms|dynamics|365)+(?=.)")
_FLAGS = ("claimable", "earning", "reportable", "subscription_bound")


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueProduct:
    """A product that claims name by `code`. `since` and `until` are the first and last day it can be claimed."""

    code: str
    name: str
    solution_area: str
    claimable: bool
    earning: bool
    reportable: bool
    subscription_bound: bool
    since: date | None = None
    until: date | None = None
    synonyms: tuple[str, ...] = ()

    def claimable_on(self, day: date) -> bool:
        """Whether a claim submitted that day may name the product."""
        return self.claimable and (self.since or date.min) <= day <= (self.until or date.max)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """An incentive programme: what a solution area and an activity together lead to."""

    code: str
    name: str
    solution_area: str
    activity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """One version of the catalogue. Mappings are by code; `solution_areas` and `activities` give the display name."""

    version: str
    products: Mapping[str, CatalogueProduct]
    solution_areas: Mapping[str, str]
    activities: Mapping[str, str]
    programs: Mapping[str, Program]
    spellings: Mapping[tuple[str, str], str]

    def find(self, text: str) -> CatalogueProduct | None:
        """The product of that code, name or synonym; case, spaces, punctuation and the maker's name do not matter."""
        code = self._code("product", text)
        return None if code is None else self.products[code]

    def find_solution_area(self, text: str) -> str | None:
        """The code of a solution area written by code, name or synonym."""
        return self._code("solution_area", text)

    def find_activity(self, text: str) -> str | None:
        """The code of an activity written by code, name or synonym."""
        return self._code("activity", text)

    def program_for(self, solution_area: str, activity: str) -> str | None:
        """The code of the programme a claim of that area and activity belongs to; None if they do not fit."""
        wanted = (solution_area, activity)
        return next((p.code for p in self.programs.values() if (p.solution_area, p.activity) == wanted), None)

    def activities_of(self, solution_area: str) -> tuple[str, ...]:
        """The activities that can be claimed in a solution area."""
        return tuple(p.activity for p in self.programs.values() if p.solution_area == solution_area)

    def _code(self, kind: str, text: str) -> str | None:
        folded = _fold(text)
        bare = _MAKER.sub("", folded)
        return self.spellings.get((kind, folded)) or self.spellings.get((kind, bare))


@cache
def shipped_catalogue() -> Catalogue:
    """The catalogue that comes with mailbot."""
    return parse_catalogue(files("mailbot.claims").joinpath("data/catalogue.toml").read_text(encoding="utf-8"))


def parse_catalogue(text: str) -> Catalogue:
    """Read a catalogue from TOML; raises ValueError for an unknown key, a missing name or a spelling used twice."""
    document = tomllib.loads(text)
    areas: dict[str, Any] = document["solution_areas"]
    products = {product.code: product for product in _products(document)}
    return Catalogue(
        version=str(document["version"]),
        products=MappingProxyType(products),
        solution_areas=_names(areas),
        activities=_names(document["activities"]),
        programs=MappingProxyType(
            {code: Program(code=code, **fields) for code, fields in document["programs"].items()},
        ),
        spellings=_spellings(
            [
                *(("product", p.code, (p.name, *p.synonyms)) for p in products.values()),
                *(("solution_area", code, _ways(fields)) for code, fields in areas.items()),
                *(("activity", code, _ways(fields)) for code, fields in document["activities"].items()),
            ]
        ),
    )


def _products(document: dict[str, Any]) -> Iterator[CatalogueProduct]:
    for area, entries in document["products"].items():
        bound = {key: value for key, value in document["solution_areas"][area].items() if key in _FLAGS}
        for code, entry in entries.items():
            fields = document["defaults"] | bound | entry
            synonyms = tuple(fields.pop("synonyms", ()))
            try:
                yield CatalogueProduct(code=code, solution_area=area, synonyms=synonyms, **fields)
            except TypeError as error:
                raise ValueError(f"catalogue product {code}: {error}") from None


def _names(table: dict[str, Any]) -> Mapping[str, str]:
    return MappingProxyType({code: fields["name"] for code, fields in table.items()})


def _ways(fields: dict[str, Any]) -> tuple[str, ...]:
    return (fields["name"], *fields.get("synonyms", ()))


def _spellings(entries: Iterable[tuple[str, str, tuple[str, ...]]]) -> Mapping[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for kind, code, ways in entries:
        for way in (code, *ways):
            if found.setdefault((kind, _fold(way)), code) != code:
                raise ValueError(f'catalogue {kind} {code}: "{way}" already means {found[kind, _fold(way)]}')
    return MappingProxyType(found)


def _fold(text: str) -> str:
    return _NOISE.sub("", text.casefold().replace("&", " and "))
