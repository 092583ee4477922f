"""What a claim needs before it can be submitted, every defect named with its field (domain §3, §8).

Pure: what cannot be looked up here comes in the Facts. Codes are stable; the English sentences are message ids, what
was read stands beside them. Values that are wrong and values that are missing are told apart, so that a draft may
wait for the latter.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime

from mailbot.claims.addresses import domain_of, fits, is_address, is_domain, within
from mailbot.claims.catalogue import Catalogue
from mailbot.claims.deadlines import before
from mailbot.claims.events import Defect, Facts
from mailbot.claims.model import Claim, Contact, Product
from mailbot.claims.policy import Policy
from mailbot.claims.windows import partner_place

_GUID = re.compile(r"\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?", re.IGNORECASE | re.ASCII)
_COUNTRY = re.compile(r"[A-Za-z]{2}", re.ASCII)


def defects(claim: Claim, facts: Facts, policy: Policy, catalogue: Catalogue, now: datetime) -> tuple[Defect, ...]:
    """Everything that keeps the claim from being submitted, in the order of the form; empty if nothing does."""
    wrong = draft_defects(claim, facts, policy, catalogue, now)
    named = {d.field for d in wrong}
    missing = (d for d in _missing(claim, catalogue) if d.field not in named)
    return (*wrong, *missing)


def draft_defects(
    claim: Claim, facts: Facts, policy: Policy, catalogue: Catalogue, now: datetime
) -> tuple[Defect, ...]:
    """What is there but wrong; a draft may lack things, it should not say wrong ones."""
    today = partner_place(claim, facts).day_of(now)
    return (
        *_location(claim, facts),
        *_tenant(claim),
        *_kind_of_work(claim, catalogue),
        *(d for number, p in enumerate(claim.products) for d in _product(claim, p, number, catalogue, today)),
        *_contacts(claim, facts),
        *_evidence(claim, facts, policy, now),
    )


def _missing(claim: Claim, catalogue: Catalogue) -> Iterator[Defect]:
    for field, value, what in _required(claim):
        if not value:
            yield Defect(field=field, code="missing", text=f"{what} is missing.")
    yield from _domain_reason(claim)
    for number, product in enumerate(claim.products):
        if not product.subscription_id and _bound(product, catalogue):
            yield Defect(
                field=f"products[{number}].subscription_id",
                code="subscription_missing",
                text="This product is claimed for one subscription; its id is missing.",
                read=product.code,
            )


def _domain_reason(claim: Claim) -> Iterator[Defect]:
    email = claim.customer.email
    if claim.tenant_domain and is_address(email) and not (claim.domain_reason or fits(email, claim.tenant_domain)):
        text = "The customer's address is not in the tenant's domain; say why, or name another contact."
        yield Defect(field="domain_reason", code="domain_mismatch", text=text, read=email)


def _required(claim: Claim) -> Iterator[tuple[str, object, str]]:
    yield "name", claim.name.strip(), "The name of the claim"
    yield "location_id", claim.location_id, "The partner location"
    yield "tenant_id", claim.tenant_id, "The tenant id"
    yield "solution_area", claim.solution_area, "The solution area"
    yield "activity", claim.activity, "The activity"
    yield "products", claim.products, "At least one product"
    yield "customer.name", claim.customer.name.strip(), "The name of the customer contact"
    yield "customer.title", claim.customer.title.strip(), "The title of the customer contact"
    yield "customer.email", claim.customer.email, "The address of the customer contact"
    yield "customer.country", claim.customer.country, "The country of the customer contact"
    yield "partner.name", claim.partner.name.strip(), "The name of the partner contact"
    yield "partner.email", claim.partner.email, "The address of the partner contact"
    if claim.activity == "revenue_association":
        yield "seller", claim.seller.strip(), "The name of the seller"
        yield "solution", claim.solution.strip(), "The name of your solution"
    yield "evidence", claim.evidence, "Evidence of the work (at least one file that can be read)"


def _location(claim: Claim, facts: Facts) -> Iterator[Defect]:
    read, known = claim.location_id, facts.location
    if not read:
        return
    if known is None or known.id != read or known.organisation_id != claim.organisation_id:
        yield Defect(
            field="location_id",
            code="unknown_location",
            text="This is no location of your firm; the claims office can add one.",
            read=read,
        )
    elif claim.program and claim.program not in known.enrolled:
        yield Defect(
            field="location_id",
            code="not_enrolled",
            text=f"The location is not enrolled in {claim.program}; the claims office can enrol it.",
            read=read,
        )


def _tenant(claim: Claim) -> Iterator[Defect]:
    if claim.tenant_id and not is_guid(claim.tenant_id):
        yield _not_guid("tenant_id", "tenant id", claim.tenant_id)
    if claim.tenant_domain and not is_domain(claim.tenant_domain):
        text = "The tenant domain is no domain name."
        yield Defect(field="tenant_domain", code="malformed_domain", text=text, read=claim.tenant_domain)


def _kind_of_work(claim: Claim, catalogue: Catalogue) -> Iterator[Defect]:
    area, activity = claim.solution_area, claim.activity
    if area and area not in catalogue.solution_areas:
        allowed = ", ".join(catalogue.solution_areas)
        yield Defect(field="solution_area", code="unknown_area", text=f"Choose one of: {allowed}.", read=area)
    elif activity and activity not in (catalogue.activities_of(area) if area else catalogue.activities):
        allowed = ", ".join(catalogue.activities_of(area) if area else catalogue.activities)
        yield Defect(field="activity", code="unknown_activity", text=f"Choose one of: {allowed}.", read=activity)


def _product(claim: Claim, product: Product, number: int, catalogue: Catalogue, today: date) -> Iterator[Defect]:
    field, entry = f"products[{number}]", catalogue.products.get(product.code)
    if entry is None:
        text = "The catalogue has no such product."
        yield Defect(field=field, code="unknown_product", text=text, read=product.code)
        return
    if claim.solution_area and entry.solution_area != claim.solution_area:
        text = f"{entry.name} belongs to another solution area."
        yield Defect(field=field, code="other_area", text=text, read=product.code)
    elif not entry.claimable_on(today):
        yield Defect(field=field, code="not_claimable", text=f"{entry.name} cannot be claimed.", read=product.code)
    if product in claim.products[:number]:
        yield Defect(field=field, code="twice", text=f"{entry.name} is listed twice.", read=product.code)
    if product.ends is not None and product.ends < today:
        text = "The subscription has already ended."
        yield Defect(field=f"{field}.ends", code="ended", text=text, read=product.ends.isoformat())
    yield from _subscription(claim, product, f"{field}.subscription_id")


def _subscription(claim: Claim, product: Product, field: str) -> Iterator[Defect]:
    read = product.subscription_id
    if read and not is_guid(read):
        yield _not_guid(field, "subscription id", read)
    elif read and _same_guid(read, claim.tenant_id):
        text = "This is the tenant id; the subscription has an id of its own."
        yield Defect(field=field, code="tenant_as_subscription", text=text, read=read)


def _contacts(claim: Claim, facts: Facts) -> Iterator[Defect]:
    people = (("customer", claim.customer), ("second", claim.second), ("tenant_admin", claim.tenant_admin))
    for role, contact in people:
        if contact is not None:
            yield from _contact(role, contact)
            yield from _partners_own(role, contact, facts)
            yield from _forgotten(role, contact, facts)
    yield from _contact("partner", claim.partner)


def _contact(role: str, contact: Contact) -> Iterator[Defect]:
    if contact.email and not is_address(contact.email):
        text = "This is no mail address."
        yield Defect(field=f"{role}.email", code="malformed_address", text=text, read=contact.email)
    if contact.country and not _COUNTRY.fullmatch(contact.country):
        text = 'Write the country as two letters, like "CZ".'
        yield Defect(field=f"{role}.country", code="malformed_country", text=text, read=contact.country)


def _partners_own(role: str, contact: Contact, facts: Facts) -> Iterator[Defect]:
    """Nobody consents to their own claim: the customer's address is not in a domain of the partner."""
    domain = domain_of(contact.email)
    if domain and any(within(domain, own) for own in facts.organisation_domains):
        text = "This address belongs to your own firm; name a person of the customer."
        yield Defect(field=f"{role}.email", code="partner_domain", text=text, read=contact.email)


def _forgotten(role: str, contact: Contact, facts: Facts) -> Iterator[Defect]:
    """Who asked to be forgotten is written to no more (domain §8)."""
    if contact.email in facts.forgotten:
        text = "This person asked us to forget the address; name another contact."
        yield Defect(field=f"{role}.email", code="forgotten_address", text=text, read=contact.email)


def _evidence(claim: Claim, facts: Facts, policy: Policy, now: datetime) -> Iterator[Defect]:
    oldest = before(now, policy.duration("evidence_age"), partner_place(claim, facts))
    if claim.evidence and all(e.at < oldest for e in claim.evidence):
        newest = max(e.at for e in claim.evidence)
        text = "All evidence is too old for a claim made now; add a newer acknowledgement."
        yield Defect(field="evidence", code="evidence_too_old", text=text, read=f"{newest:%Y-%m-%d}")


def is_guid(text: str) -> bool:
    """Whether that is a GUID, with or without braces."""
    return bool(_GUID.fullmatch(text))


def _same_guid(one: str, other: str) -> bool:
    return one.strip("{}").replace("-", "").lower() == other.strip("{}").replace("-", "").lower()


def _bound(product: Product, catalogue: Catalogue) -> bool:
    entry = catalogue.products.get(product.code)
    return entry is not None and entry.subscription_bound


def _not_guid(field: str, what: str, read: str) -> Defect:
    text = f"The {what} is not a GUID like 9f1c2d3e-4a5b-6c7d-8e9f-0a1b2c3d4e5f."
    return Defect(field=field, code="malformed_guid", text=text, read=read)
