"""What drafts still lack before they can be submitted, as validation names it, for pages and API.

Reads the partner's locations once for all claims asked about. Claims past their draft lack nothing by definition.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.claims.catalogue import shipped_catalogue
from mailbot.claims.events import Defect, Facts
from mailbot.claims.model import Claim, Status
from mailbot.claims.validation import defects
from mailbot.store import erasure, people
from mailbot.store.people import Organisation
from mailbot.web.site import Site


async def missing_of(site: Site, conn: AsyncConnection, claims: Iterable[Claim]) -> Mapping[str, tuple[Defect, ...]]:
    """Claim id → defects, for the drafts among the claims."""
    drafts = [claim for claim in claims if claim.status is Status.DRAFT]
    firms = await people.organisations(conn, {claim.organisation_id for claim in drafts})
    named = [c.email for claim in drafts for c in (claim.customer, claim.second, claim.tenant_admin) if c is not None]
    forgotten = await erasure.forgotten(conn, named)
    return {claim.id: _missing(site, claim, firms.get(claim.organisation_id), forgotten) for claim in drafts}


def _missing(site: Site, claim: Claim, firm: Organisation | None, forgotten: frozenset[str]) -> tuple[Defect, ...]:
    places = firm.locations if firm else ()
    facts = Facts(
        location=next((place for place in places if place.id == claim.location_id), None),
        organisation_domains=firm.domains if firm else (),
        forgotten=forgotten,
        office_country=site.config.office_country,
        office_time_zone=site.config.office_time_zone,
    )
    return tuple(defects(claim, facts, site.engine.policy_of(claim), shipped_catalogue(), site.now()))
