"""How a claim ends or falls: rejected, final, association over; what stops and who is told (domain §4.1, §7).

The handlers say why; these do it. None refuses. A claim that ended keeps the answers still owed to the customer.
"""

from mailbot.claims import clocks, rivalry, windows
from mailbot.claims.deadlines import due
from mailbot.claims.durations import Duration
from mailbot.claims.fitting import disputable
from mailbot.claims.model import Association, ClockKind, Consent, Party, Status
from mailbot.claims.step import Step

RETENTION = Duration.parse("24 months")
"""How long originals are kept after a claim's end (domain §3)."""

_UNSENT = ("customer_heads_up", "consent_prompt", "consent_reminder", "info_request", "action_reminder")


def close(step: Step) -> None:
    """Stop what runs, hold back what is no longer so, leave the contest, start the time of keeping."""
    claim = step.claim
    clocks.stop_all(step)
    step.drop(*_UNSENT)
    rivalry.leave(step)
    open_consent = claim.consent in (Consent.PENDING, Consent.SUSPENDED)
    consent = Consent.NONE if open_consent else claim.consent
    step.change(consent=consent, suspended_by=None, notice=None, ended_at=step.at)
    place = windows.office_place(step.facts)
    clocks.put(step, ClockKind.RETENTION, due(step.start, RETENTION, place), place)


def reject(step: Step, reason: str, text: str = "", *, final: bool = False) -> None:
    """The claim is rejected: the partner learns why and what is left, the customer that it is over."""
    close(step)
    status = Status.REJECTED_FINAL if final else Status.REJECTED
    decided = {"decided_at": step.at, "decided_by": step.actor.email, "in_dispute": False}
    step.move(status, reason=reason, reason_text=text, **decided)
    tell_rejection(step)
    tell_customer_of_end(step)


def tell_rejection(step: Step) -> None:
    """Mail the rejection, and let the time to dispute it run if it may be disputed."""
    claim, until = step.claim, None
    if disputable(step.claim, step.policy):
        until = clocks.start(step, ClockKind.DISPUTE, windows.partner_place(claim, step.facts))
    key = step.mail(
        "claim_rejected",
        Party.PARTNER,
        reason=claim.reason,
        text=claim.reason_text,
        at=step.at,
        dispute_until=until,
        exact=step.policy.duration("dispute").exact,
        final=claim.status is Status.REJECTED_FINAL,
    )
    clocks.told_by(step, ClockKind.DISPUTE, key)


def tell_customer_of_end(step: Step) -> None:
    """Whoever heard of the claim hears of its end; somebody who was told nothing is told nothing now."""
    claim = step.claim
    if claim.active_since is not None:
        since = claim.active_since
        step.mail("association_ended", Party.CUSTOMER, reason=claim.reason, text="", at=step.at, active_since=since)
    elif claim.customer_heard:
        again = disputable(claim, step.policy)
        step.mail("claim_ended", Party.CUSTOMER, reason=claim.reason, at=step.at, disputable=again)


def end_association(step: Step, reason: str, text: str = "") -> None:
    """The association is over: data access ends, the hand-off is withdrawn, both sides are told."""
    since = step.claim.active_since
    step.drop("association_active")
    step.change(association=Association.ENDED, ended_at=step.at)
    step.publish("association.ended")
    for party in (Party.PARTNER, Party.CUSTOMER):
        step.mail("association_ended", party, reason=reason, text=text, at=step.at, active_since=since)
