"""What the customer's page shows: the claims of the mail it came from, and whatever else is claimed on the tenant.

Reads only. Which button appears is the lifecycle's answer, so that no button leads to a refusal.
"""

from collections.abc import Sequence
from typing import Any

from mailbot.claims.lifecycle import possible
from mailbot.claims.model import Association, Claim, ClockKind, Consent, Status
from mailbot.store import claim_lists, claims
from mailbot.web.page_tokens import Opened
from mailbot.web.site import Site

RETENTION_MONTHS = 24
"""How long originals and addresses are kept after a claim has ended (domain §3)."""
_MAY_START = ("early", "waiting", "needs_yes", "suspended")
"""How claims stand whose association has not begun and still can."""


async def page_context(site: Site, opened: Opened) -> dict[str, Any]:
    """Everything the customer's page needs."""
    replaced = await _replaced(site, opened.claims)
    items = [_item(site, opened, claim, replaced[claim.id]) for claim in opened.claims]
    return {
        "base": f"/c/{opened.token}",
        "nonce": site.nonce(opened.token),
        "claims": items,
        "decline_all": sum(item["can_decline"] for item in items) > 1,
        "can_ask": any(item["can_ask"] for item in items),
        "may_start": any(item["state"] in _MAY_START for item in items),
        "others": [_brief(claim) for claim in await _others(site, opened)],
        "time_zone": site.customer_zone(opened.claims[0]),
        "retention_months": RETENTION_MONTHS,
        "domain": site.config.domain,
    }


def state_of(claim: Claim) -> str:
    """How a claim stands, in the customer's terms."""
    if claim.consent is Consent.DECLINED:
        return "declined"
    if claim.association is Association.ACTIVE:
        return "active"
    if claim.association is Association.ENDED:
        return "ended"
    if claim.consent is Consent.SUSPENDED:
        return "suspended"
    if claim.status is Status.APPROVED:
        return "waiting" if claim.contact_verified else "needs_yes"
    ended = (Status.REJECTED, Status.REJECTED_FINAL, Status.CANCELLED)
    return "refused" if claim.status in ended else "early"


def _item(site: Site, opened: Opened, claim: Claim, replaced: Sequence[str]) -> dict[str, Any]:
    actor = opened.customer_actor(claim)
    acts = frozenset(possible(claim, actor.roles, site.engine.policy_of(claim)))
    return _brief(claim) | {
        "until": _until(claim),
        "asked": opened.row.email,
        "replaces": replaced,
        "can_decline": "decline" in acts and claim.consent is not Consent.DECLINED,
        "can_undo": "undo" in acts and actor.of_record,
        "can_accept": "accept" in acts and opened.live_for(claim) and claim.association is not Association.ACTIVE,
        "can_ask": "ask" in acts and opened.live_for(claim),
    }


def _brief(claim: Claim) -> dict[str, Any]:
    return {
        "id": claim.id,
        "organisation_name": claim.organisation_name,
        "claim": claim,
        "state": state_of(claim),
        "since": claim.active_since,
    }


def _until(claim: Claim) -> Any:
    """The last moment to object before it starts: the running window's end, else the day that was printed."""
    if claim.consent is not Consent.PENDING:
        return None
    clock = claim.clock(ClockKind.CONSENT_WINDOW)
    if clock is not None:
        return clock.due
    return claim.notice.printed if claim.notice else None


async def _replaced(site: Site, shown: Sequence[Claim]) -> dict[str, list[str]]:
    """Claim id → the firms whose association it would end: told to the customer only (domain §4.3)."""
    ids = {other for claim in shown for other in (*claim.replaces, *claim.rivals)}
    async with site.store.read() as conn:
        found = await claims.load(conn, ids) if ids else {}
    active = {other.id: other.organisation_name for other in found.values() if other.association is Association.ACTIVE}
    return {
        claim.id: sorted({active[other] for other in (*claim.replaces, *claim.rivals) if other in active})
        for claim in shown
    }


async def _others(site: Site, opened: Opened) -> Sequence[Claim]:
    """Everything the customer was told about on the same tenant (domain §9).

    A contact nobody has checked might be an invention of the partner: it sees only what was mailed to its own address.
    """
    shown = {claim.id for claim in opened.claims}
    tenants = {claim.tenant_id.lower() for claim in opened.claims if claim.tenant_id}
    async with site.store.read() as conn:
        found = [c for tenant in sorted(tenants) for c in await claim_lists.by_tenant(conn, tenant)]
    checked = {claim.tenant_id.lower() for claim in opened.claims if claim.contact_verified}
    return [
        claim
        for claim in found
        if claim.id not in shown
        and claim.customer_told
        and (claim.tenant_id.lower() in checked or opened.row.email in _addresses(claim))
    ]


def _addresses(claim: Claim) -> set[str]:
    contacts = (claim.customer, claim.second, claim.tenant_admin)
    return {contact.email for contact in contacts if contact is not None}
