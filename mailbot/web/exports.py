"""The list of claims as a table for CSV and XLSX. Pure."""

from collections.abc import Iterable
from datetime import datetime

from mailbot.claims.model import Claim
from mailbot.web.tables import Row

MOST_ROWS = 50_000

_COLUMNS = (
    "id", "name", "status", "consent", "association", "reason", "contested", "organisation", "location_id",
    "tenant_id", "tenant_domain", "solution_area", "activity", "program", "products", "subscriptions",
    "customer_name", "customer_email", "partner_email", "effective_date", "created_at", "submitted_at", "decided_at",
    "active_since", "ended_at", "next_due", "policy",
)  # fmt: skip


def table_of(claims: Iterable[Claim]) -> list[Row]:
    """A head and a row for each claim."""
    return [_COLUMNS, *(_row(claim) for claim in claims)]


def _row(claim: Claim) -> Row:
    due = min((clock.due for clock in claim.clocks if clock.paused_at is None), default=None)
    return (
        claim.id, claim.name, claim.status, claim.consent, claim.association, claim.reason,
        "yes" if claim.contested else "no", claim.organisation_name, claim.location_id, claim.tenant_id,
        claim.tenant_domain, claim.solution_area, claim.activity, claim.program,
        " ".join(product.code for product in claim.products),
        " ".join(product.subscription_id for product in claim.products if product.subscription_id),
        claim.customer.name, claim.customer.email, claim.partner.email,
        claim.effective_date.isoformat() if claim.effective_date else "",
        _at(claim.created_at), _at(claim.submitted_at), _at(claim.decided_at), _at(claim.active_since),
        _at(claim.ended_at), _at(due), claim.policy,
    )  # fmt: skip


def _at(instant: datetime | None) -> str:
    return instant.isoformat(timespec="seconds") if instant else ""
