"""What happens when a deadline runs out or a reminder is due (domain §4.4, §5).

Handlers for the table of `claims.lifecycle`; none refuses. A ring that names a due time the clock no longer has is
old and changes nothing. No verdict falls in the dark: what rejects, lapses or closes waits while mail is unread.
"""

from collections.abc import Callable
from datetime import datetime

from mailbot.claims import clocks, consent, endings, grants, reviewing, windows
from mailbot.claims.deadlines import Duration, Place, due
from mailbot.claims.events import ClockRang, Refusal, ReminderDue
from mailbot.claims.model import Association, Clock, ClockKind, Consent, Party
from mailbot.claims.step import Step

_VERDICTS = frozenset({ClockKind.PARTNER_ACTION, ClockKind.CONSENT_WINDOW, ClockKind.DISPUTE})
_ONE_DAY = Duration.parse("1 business day")


def rang(step: Step, event: ClockRang) -> Refusal | None:
    """A due time came."""
    clock = step.claim.clock(event.kind, event.subject)
    if clock is None or clock.due != event.due or clock.paused_at is not None:
        step.note = "old_ring"
        return None
    if event.kind in _VERDICTS and (wait := _in_the_dark(step, event, clock)) is not None:
        _postpone(step, clock, *wait)
        return None
    clocks.stop(step, clock.kind, subject=clock.subject)
    if (follow := _WHEN_OUT.get(clock.kind)) is not None:
        follow(step, clock)
    return None


def remind(step: Step, event: ReminderDue) -> Refusal | None:
    """A reminder instant came; of several that were missed only one is sent, of a deadline that passed none."""
    clock = step.claim.clock(event.kind, event.subject)
    if clock is None or event.due not in clock.reminders or clock.paused_at is not None:
        step.note = "old_ring"
        return None
    clocks.remember(step, clock, (at for at in clock.reminders if at > max(event.due, step.start)))
    if (send := _REMINDERS.get(clock.kind)) is not None and step.start <= clock.due:
        send(step, clock)
    return None


# --- running out -----------------------------------------------------------------------------------------------------


def _no_answer(step: Step, clock: Clock) -> None:
    endings.reject(step, "no_partner_response", final=step.claim.in_dispute)


def _silence(step: Step, clock: Clock) -> None:
    """The window closed. Without the contact check silence says nothing: an explicit yes is still awaited."""
    if step.claim.contact_verified:
        consent.activate(step, Consent.LAPSED)
    else:
        step.note = "awaiting_acceptance"


def _slack_over(step: Step, clock: Clock) -> None:
    consent.open_window(step, clock.due, assumed=True)


def _overdue(step: Step, clock: Clock) -> None:
    parties = (Party.OFFICE,) if clock.kind in clocks.INQUIRIES else (Party.OFFICE, Party.PARTNER)
    for party in parties:
        step.mail("review_overdue", party, clock=str(clock.kind), since=clock.due)


_WHEN_OUT: dict[ClockKind, Callable[[Step, Clock], None]] = {
    ClockKind.PARTNER_ACTION: _no_answer,
    ClockKind.CONSENT_WINDOW: _silence,
    ClockKind.DELIVERY_SLACK: _slack_over,
    ClockKind.START_REVIEW: _overdue,
    ClockKind.REVIEW: _overdue,
    ClockKind.DECISION: _overdue,
    ClockKind.DISPUTE_REVIEW: _overdue,
    ClockKind.CUSTOMER_QUESTION: _overdue,
    ClockKind.DATA_REQUEST: _overdue,
}


# --- no verdict in the dark ------------------------------------------------------------------------------------------


def _in_the_dark(step: Step, event: ClockRang, clock: Clock) -> tuple[datetime, str] | None:
    """Until when the verdict waits and why, if it has to (domain §4.4 a, b, c); the longest wait counts."""
    dark, place, length = event.darkness, _place(step, clock.kind), step.policy.duration(clock.kind)
    waits: list[tuple[datetime, str]] = []
    if dark.wait_until is not None and dark.wait_until > step.start:
        waits.append((dark.wait_until, "outage"))
    if dark.unread:
        waits.append((due(step.start, length if length.exact else _ONE_DAY, place), "unread"))
    if dark.undelivered:
        waits.append((due(step.start, length, place), "undelivered"))
    if dark.held_since is not None:
        limit = due(clock.stated or clock.due, step.policy.duration("held_delay"), place)
        waits.append((limit, "held"))
    open_waits = [wait for wait in waits if wait[0] > step.start]
    return max(open_waits) if open_waits else None


def _postpone(step: Step, clock: Clock, end: datetime, why: str) -> None:
    clocks.postpone(step, clock, end, _place(step, clock.kind))
    step.note = "postponed"
    consenting = clock.kind is ClockKind.CONSENT_WINDOW
    exact = step.policy.duration(clock.kind).exact
    for party in (Party.CUSTOMER, Party.PARTNER) if consenting else (Party.PARTNER,):
        step.mail("deadline_moved", party, clock=str(clock.kind), old=clock.due, new=end, exact=exact, why=why)


def _place(step: Step, kind: ClockKind) -> Place:
    where = windows.customer_place if kind is ClockKind.CONSENT_WINDOW else windows.partner_place
    return where(step.claim, step.facts)


# --- reminders -------------------------------------------------------------------------------------------------------


def _remind_partner(step: Step, clock: Clock) -> None:
    step.mail(
        "action_reminder",
        Party.PARTNER,
        clock=str(clock.kind),
        items=reviewing.items(step.claim.open_questions()),
        due=clock.due,
        exact=step.policy.duration(clock.kind).exact,
        in_dispute=step.claim.in_dispute,
    )


def _remind_customer(step: Step, clock: Clock) -> None:
    if step.claim.reminders_stopped or step.claim.consent is not Consent.PENDING:
        return
    step.mail(
        "consent_reminder",
        Party.CUSTOMER,
        last_day=clock.due,
        exact=consent.shorter_than_a_day(step),
        replaces=consent.replaced_names(step),
        contact_verified=step.claim.contact_verified,
    )


def _warn_of_end(step: Step, clock: Clock) -> None:
    claim = step.claim
    product = next((p for p in claim.products if grants.subject(p) == clock.subject), None)
    if product is None or product.ends is None or claim.association is Association.ENDED:
        return
    today = windows.partner_place(claim, step.facts).day_of(step.start)
    step.mail(
        "subscription_expiring",
        Party.PARTNER,
        product=product.code,
        subscription_id=product.subscription_id,
        ends=product.ends,
        days=(product.ends - today).days,
    )


_REMINDERS: dict[ClockKind, Callable[[Step, Clock], None]] = {
    ClockKind.PARTNER_ACTION: _remind_partner,
    ClockKind.DISPUTE: _remind_partner,
    ClockKind.CONSENT_WINDOW: _remind_customer,
    ClockKind.SUBSCRIPTION: _warn_of_end,
}
