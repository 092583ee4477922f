"""The claim bodies REST clients and forms send: one place for field names and limits.

A body with an unknown, missing or malformed field never reaches the engine: pydantic names every such field. What
only the rules of the domain can judge (a GUID, a product code) passes here and is judged there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from mailbot.claims import events
from mailbot.claims.events import Actor, Event
from mailbot.claims.model import Channel, Contact, Product
from mailbot.claims.places import LANGUAGES, default_language

_MAX_TEXT = 20_000
MAX_ITEMS = 50


def _printable(value: str) -> str:
    if any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c in "\u2028\u2029" for c in value):
        raise ValueError("control characters are not allowed here")
    return value


def _no_controls(value: str) -> str:
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    if any((ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 for c in value):
        raise ValueError("control characters other than line breaks are not allowed here")
    return value


def _known_language(value: str | None) -> str | None:
    if value is not None and value not in LANGUAGES:
        raise ValueError("one of " + ", ".join(LANGUAGES))
    return value


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300), AfterValidator(_printable)]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), AfterValidator(_printable)
]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=_MAX_TEXT), AfterValidator(_no_controls)]
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=_MAX_TEXT), AfterValidator(_no_controls)
]
Language = Annotated[str | None, AfterValidator(_known_language)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What every event needs beside its body: a stable id, the instant of receipt, who acts, by which door and how."""

    id: str
    at: datetime
    actor: Actor
    channel: Channel
    trace: tuple[tuple[str, str], ...] = ()

    def fields(self) -> dict[str, Any]:
        """The keyword arguments shared by all events."""
        return {"id": self.id, "at": self.at, "actor": self.actor, "channel": self.channel, "trace": self.trace}


class Body(BaseModel):
    """A request body: unknown fields are errors, texts are trimmed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ProductBody(Body):
    """One claimed product; `code` is the catalogue's, `ends` the last day of the subscription."""

    code: Name
    subscription_id: Line = ""
    ends: date | None = None

    def value(self) -> Product:
        """The product as the domain holds it."""
        return Product(code=self.code, subscription_id=self.subscription_id, ends=self.ends)


class ContactBody(Body):
    """A person of the customer. Without `language` the country's is used if mailbot writes it, else English."""

    name: Name
    email: Name
    title: Line = ""
    country: Line = ""
    language: Language = None
    time_zone: Line = ""

    def value(self) -> Contact:
        """The contact as the domain holds it (domain §3)."""
        country = self.country.upper()
        return Contact(
            name=self.name,
            email=self.email,
            title=self.title,
            country=country,
            language=self.language or default_language(country),
            time_zone=self.time_zone,
        )


class PartnerBody(Body):
    """The partner's own contact for the claim: a known person covering its location (domain §2)."""

    name: Name
    email: Name
    language: Language = None

    def value(self) -> Contact:
        """The contact as the domain holds it."""
        return Contact(name=self.name, email=self.email, language=self.language or LANGUAGES[0])


class ClaimBody(Body):
    """A new claim (contract, POST /claims)."""

    name: Name
    location_id: Name
    tenant_id: Name
    tenant_domain: Line = ""
    domain_reason: Text = ""
    solution_area: Name
    activity: Name
    products: Annotated[list[ProductBody], Field(min_length=1, max_length=MAX_ITEMS)]
    customer: ContactBody
    second: ContactBody | None = None
    tenant_admin: ContactBody | None = None
    partner: PartnerBody
    seller: Line = ""
    solution: Line = ""
    policy: Line = ""


class ClaimPatch(Body):
    """Changed fields of a claim; what is absent stays, `null` removes an optional contact."""

    name: Name | None = None
    location_id: Name | None = None
    tenant_id: Name | None = None
    tenant_domain: Line | None = None
    domain_reason: Text | None = None
    solution_area: Name | None = None
    activity: Name | None = None
    products: Annotated[list[ProductBody], Field(min_length=1, max_length=MAX_ITEMS)] | None = None
    customer: ContactBody | None = None
    second: ContactBody | None = None
    tenant_admin: ContactBody | None = None
    partner: PartnerBody | None = None
    seller: Line | None = None
    solution: Line | None = None
    effective_date: date | None = None

    def changes(self) -> Mapping[str, Any]:
        """Claim field name → new value, only of the fields that were sent."""
        return {name: _domain_value(getattr(self, name)) for name in sorted(self.model_fields_set)}

    def event(self, stamp: Stamp) -> Event:
        """The edit."""
        return events.Edited(changes=self.changes(), **stamp.fields())


def _domain_value(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(item.value() for item in value)
    return value.value() if isinstance(value, ContactBody | PartnerBody) else value
