"""Which items of the checklist the words of the evidence already show, for the reviewer to look at (domain §3).

Proposals only: they tick boxes of a form that a person sends. Nothing is written, nothing is decided.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from mailbot.claims.catalogue import shipped_catalogue
from mailbot.claims.deadlines import before
from mailbot.claims.model import Claim
from mailbot.claims.places import Place
from mailbot.inbound.findings import Finding, Sheet, Sought, findings
from mailbot.web.leaves import Leaves
from mailbot.web.site import Site

_SHORTEST_NAME = 4


async def proposals(site: Site, claim: Claim, leaves: Iterable[Leaves]) -> Mapping[str, Finding]:
    """Item of the checklist → where it was found. The search runs in a thread: contracts are long."""
    sheets = list(_sheets(leaves))
    return await asyncio.to_thread(findings, sheets, _sought(site, claim)) if sheets else {}


def _sheets(leaves: Iterable[Leaves]) -> Iterator[Sheet]:
    for one in leaves:
        for number, text in enumerate(one.texts, start=1):
            yield Sheet(file=one.file.name, page=number if one.pages else 0, text=text)


def _sought(site: Site, claim: Claim) -> Sought:
    submitted = claim.submitted_at or site.now()
    return Sought(
        partner=(claim.organisation_name,),
        customer=tuple(_customer_names(claim)),
        tenant=tuple(name for name in (claim.tenant_id, claim.tenant_domain) if name),
        products={product.code: _product_names(product.code) for product in claim.products},
        oldest=_oldest(site, claim, submitted).date(),
        today=site.now().date(),
    )


def _customer_names(claim: Claim) -> Iterator[str]:
    """The contact, the domain, and what stands before its dot: mostly the firm's name."""
    yield claim.customer.name
    for domain in (claim.tenant_domain, claim.customer.email.rpartition("@")[2]):
        yield domain
        name = domain.partition(".")[0]
        if len(name) >= _SHORTEST_NAME:
            yield name


def _product_names(code: str) -> tuple[str, ...]:
    known = shipped_catalogue().products.get(code)
    return (known.name, *known.synonyms) if known else (code,)


def _oldest(site: Site, claim: Claim, submitted: datetime) -> datetime:
    """Where the claim's location counts its days (domain §5, `evidence_age`)."""
    zone = claim.location_time_zone or site.config.office_time_zone
    place = Place(claim.location_country or site.config.office_country, zone)
    return before(submitted, site.engine.policy_of(claim).duration("evidence_age"), place)
