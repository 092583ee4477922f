"""From the lines of a claim form to claim fields: a fresh draft, or changes to one that exists.

Pure. What cannot be understood is kept as it was written, so that validation can name it with what was read; nothing
is guessed and nothing is dropped.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from mailbot.claims.catalogue import Catalogue
from mailbot.claims.model import Claim, Contact, Product
from mailbot.inbound.claimform import ClaimForm, ProductLine
from mailbot.store.people import Person

_PLAIN = ("name", "location_id", "tenant_id", "tenant_domain", "domain_reason", "seller", "solution")
_CONTACTS = ("customer", "second", "tenant_admin", "partner")
_CONTACT_FIELDS = ("name", "email", "title", "country", "language", "time_zone")

Change = str | date | Contact | tuple[Product, ...] | None


def draft_of(
    form: ClaimForm, *, claim_id: str, writer: Person, policy: str, at: datetime, catalogue: Catalogue
) -> Claim:
    """The claim a form describes, as a draft of the writer's firm; the writer is its partner contact unless named."""
    blank = Claim(
        id=claim_id,
        version=0,
        policy=policy,
        created_at=at,
        organisation_id=writer.organisation_id or "",
        organisation_name=writer.organisation_name,
        partner=Contact(name=writer.name, email=writer.email, language=writer.language),
    )
    return replace(blank, **changes_of(form, blank, catalogue))  # type: ignore[arg-type]


def changes_of(form: ClaimForm, claim: Claim, catalogue: Catalogue) -> Mapping[str, Change]:
    """The fields of the claim that the form's lines set, as `Edited` wants them; products add to those there are."""
    fields = form.fields
    changes: dict[str, Change] = {key: fields[key] for key in _PLAIN if key in fields}
    if "solution_area" in fields:
        changes["solution_area"] = catalogue.find_solution_area(fields["solution_area"]) or fields["solution_area"]
    if "activity" in fields:
        changes["activity"] = catalogue.find_activity(fields["activity"]) or fields["activity"]
    if "effective_date" in fields and (day := _day(fields["effective_date"])):
        changes["effective_date"] = day
    changes |= {party: contact for party in _CONTACTS if (contact := _contact(party, fields, claim)) is not None}
    if form.products:
        changes["products"] = _products(form.products, claim, catalogue)
    return changes


def _contact(party: str, fields: Mapping[str, str], claim: Claim) -> Contact | None:
    given = {key: fields[f"{party}.{key}"] for key in _CONTACT_FIELDS if f"{party}.{key}" in fields}
    if not given:
        return None
    if "country" in given:
        given["country"] = given["country"].strip().upper()
    before: Contact = getattr(claim, party) or Contact()
    return replace(before, **given)


def _products(lines: tuple[ProductLine, ...], claim: Claim, catalogue: Catalogue) -> tuple[Product, ...]:
    kept = {p.code: p for p in claim.products}
    for line in lines:
        known = catalogue.find(line.code)
        code = known.code if known else line.code
        ends = _day(line.ends) if isinstance(line.ends, str) else line.ends
        kept[code] = Product(code=code, subscription_id=line.subscription_id or "", ends=ends)
    return tuple(kept.values())


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
