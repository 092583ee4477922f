"""Approval: what follows when the evidence is accepted, by a reviewer or by arbitration (domain §4.1, §4.2).

None of these refuses; whether approval fits is the handlers' business.
"""

from datetime import UTC, date, datetime, time

from mailbot.claims import clocks, consent, windows
from mailbot.claims.deadlines import Place
from mailbot.claims.model import Association, ClockKind, Consent, Party, Product, Status
from mailbot.claims.step import Step


def grant(step: Step, *, verified: bool, source: str, effective: date | None = None, arbitrated: bool = False) -> None:
    """The claim is approved and the customer asked; the partner learns that this is not yet access, nor pay."""
    before = step.claim
    clocks.stop_all(step)
    step.drop("customer_heads_up", "review_assigned", "info_request", "action_reminder")
    step.move(
        Status.APPROVED,
        consent=Consent.NONE,
        association=Association.NONE,
        reason="",
        reason_text="",
        decided_at=step.at,
        decided_by=step.actor.email,
        in_dispute=False,
        contact_verified=verified,
        contact_source=source,
        effective_date=effective or before.effective_date,
        active_since=None,
        ended_at=None,
    )
    watch_subscriptions(step)
    if before.status is Status.DISPUTED or before.in_dispute:
        step.mail("dispute_decided", Party.PARTNER, result="approved", text="")
    consent.seek(step)
    _tell_partner(step, arbitrated)


def subject(product: Product) -> str:
    """What tells a product's clock from another's."""
    return f"{product.code} {product.subscription_id}".strip()


def _tell_partner(step: Step, arbitrated: bool) -> None:
    claim = step.claim
    step.mail(
        "claim_approved",
        Party.PARTNER,
        last_day=claim.notice.printed if claim.notice else None,
        exact=consent.shorter_than_a_day(step),
        contact_verified=claim.contact_verified,
        arbitrated=arbitrated,
    )


def watch_subscriptions(step: Step) -> None:
    """Set a clock for every product that ends, so that the partner is reminded in time."""
    place = windows.partner_place(step.claim, step.facts)
    for product in step.claim.products:
        if product.ends is not None and (end := _end_of(product.ends, place)) > step.start:
            clocks.put(step, ClockKind.SUBSCRIPTION, end, place, subject=subject(product))


def _end_of(day: date, place: Place) -> datetime:
    """The last second of a local day, as UTC like every instant."""
    return datetime.combine(day, time(23, 59, 59), place.zone).astimezone(UTC)
