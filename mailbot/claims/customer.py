"""What the customer says, or what their machine says for them (domain §4.2).

Handlers for the table of `claims.lifecycle`: each answers a Refusal or None when it did its work. A decline is never
refused once a customer mail exists, and beats whatever happened in the same instant (domain §4.4).
"""

from dataclasses import replace
from datetime import datetime

from mailbot.claims import clocks, consent, endings, grants, reviewing, rivalry, windows
from mailbot.claims.deadlines import due
from mailbot.claims.events import (
    Accepted,
    CustomerAway,
    CustomerWrote,
    Declined,
    DeclineRecorded,
    DeclineUndone,
    Refusal,
    RemindersStopped,
)
from mailbot.claims.fitting import disputable, standing, waiting
from mailbot.claims.model import Association, Cause, ClockKind, Consent, Decline, Party, Role, Status
from mailbot.claims.step import Step

_KEPT = frozenset({Status.REJECTED_FINAL, Status.CANCELLED})
_OTHERS = frozenset({Role.SECOND_CONTACT, Role.TENANT_ADMIN_CONTACT})


def decline(step: Step, event: Declined) -> Refusal | None:
    """The customer says no. A leaked key only stops the window: anybody may have written that."""
    if event.leaked_key and step.claim.consent is not Consent.DECLINED:
        if waiting(step.claim):
            consent.suspend(step, Cause.LEAKED_KEY)
        consent.inquire(step, Cause.LEAKED_KEY, event.text)
        return None
    return _decline(step, "", event.text)


def record_decline(step: Step, event: DeclineRecorded) -> Refusal | None:
    """The office writes down a no that came by phone or letter."""
    return _decline(step, event.how, event.text)


def _decline(step: Step, how: str, text: str) -> Refusal | None:
    claim = step.claim
    if claim.consent is Consent.DECLINED:
        step.note = "already_declined"
        return None
    if not claim.customer_told:
        return Refusal(code="no_customer_mail", text="The customer was not yet written to about this claim.")
    ended = claim.association is Association.ACTIVE
    keeps = claim.status in _KEPT or (ended and not _in_time(step))
    _write_decline(step, how, text)
    if keeps:
        _stop(step)
    else:
        endings.close(step)
        step.change(consent=Consent.DECLINED)
        step.move(Status.REJECTED, reason="customer_declined", reason_text=text)
    if ended:
        step.drop("association_active")
        step.change(association=Association.ENDED, ended_at=step.at)
        step.publish("association.ended")
    _confirm(step, ended=ended, how=how)
    return None


def _in_time(step: Step) -> bool:
    """Whether the no was there by the instant the association began: it wins the race (domain §4.4)."""
    since = step.claim.active_since
    return since is not None and step.at <= since


def _write_decline(step: Step, how: str, text: str) -> None:
    claim = step.claim
    note = Decline(
        at=step.at,
        by=step.actor.email,
        channel=step.event.channel,
        how=how,
        text=text,
        from_status=claim.status,
        from_reason=claim.reason,
        from_reason_text=claim.reason_text,
        from_consent=claim.consent,
        from_association=claim.association,
        from_suspended_by=claim.suspended_by,
    )
    step.change(decline=note)


def _stop(step: Step) -> None:
    """A claim whose status stays: after activation it ends, after its end nothing moves."""
    if step.claim.status is Status.APPROVED:
        endings.close(step)
    step.change(consent=Consent.DECLINED, suspended_by=None, notice=None)


def _confirm(step: Step, *, ended: bool, how: str) -> None:
    claim = step.claim
    undo = clocks.start(step, ClockKind.UNDO, windows.customer_place(claim, step.facts))
    since = claim.active_since
    step.mail(
        "decline_confirmed",
        Party.CUSTOMER,
        at=step.at,
        by=step.actor.email,
        how=how,
        ended=ended,
        active_since=since,
        undo_until=undo,
    )
    _tell_partner(step, ended=ended, undone=False)


def _tell_partner(step: Step, *, ended: bool, undone: bool) -> None:
    claim = step.claim
    step.mail(
        "customer_declined",
        Party.PARTNER,
        at=step.at,
        ended=ended,
        active_since=claim.active_since,
        undone=undone,
        status=str(claim.status),
    )


def undo(step: Step, event: DeclineUndone) -> Refusal | None:
    """The address of record takes the no back: the status returns, an approved claim asks anew (domain §4.2)."""
    claim, note = step.claim, step.claim.decline
    if claim.consent is not Consent.DECLINED or note is None:
        return Refusal(code="not_declined", text="There is no decline to take back.")
    if not step.actor.of_record:
        return Refusal(code="not_of_record", text="Only the address of record can take a decline back.")
    clock = claim.clock(ClockKind.UNDO)
    if clock is None or step.at > clock.due:
        return Refusal(code="too_late", text="The time to take the decline back is over; the partner can claim anew.")
    if step.facts.duplicate_of:
        other = step.facts.duplicate_of
        return Refusal(code="duplicate", text=f"The partner claimed this anew: {other}.", other_claim=other)
    if any(rivalry.holds(r) for r in rivalry.of(step)):
        return Refusal(code="held_by_other", text="Another partner holds this by now.")
    _restore(step, note)
    _tell_partner(step, ended=False, undone=True)
    return None


def _restore(step: Step, note: Decline) -> None:
    clocks.stop(step, ClockKind.UNDO, ClockKind.RETENTION)
    approved = note.from_status is Status.APPROVED
    step.change(
        decline=None,
        consent=Consent.PENDING if approved else note.from_consent,
        reason=note.from_reason,
        reason_text=note.from_reason_text,
    )
    if step.claim.status is not note.from_status:
        step.move(note.from_status)
    if approved or note.from_status in rivalry.PENDING:
        step.change(ended_at=None)
        rivalry.enter(step)
    _set_clocks_again(step, note.from_status)


def _set_clocks_again(step: Step, status: Status) -> None:
    """What ran before the decline runs again, in full."""
    office, claim = windows.office_place(step.facts), step.claim
    if status is Status.APPROVED:
        grants.watch_subscriptions(step)
        consent.seek(step, again=True)
    elif status in (Status.SUBMITTED, Status.UNDER_REVIEW):
        clocks.start(step, ClockKind.START_REVIEW if status is Status.SUBMITTED else ClockKind.REVIEW, office)
        clocks.start(step, ClockKind.DECISION, office)
    elif status is Status.DISPUTED:
        clocks.start(step, ClockKind.DISPUTE_REVIEW, office)
    elif status is Status.ACTION_REQUIRED:
        clocks.start(step, ClockKind.PARTNER_ACTION, windows.partner_place(claim, step.facts))
        clocks.told_by(step, ClockKind.PARTNER_ACTION, reviewing.remind_of_questions(step, again=False))
    else:
        _rest_of_dispute(step)


def _rest_of_dispute(step: Step) -> None:
    """A rejection from before the decline may be disputed for what is left of its time."""
    claim = step.claim
    place = windows.office_place(step.facts)
    clocks.put(step, ClockKind.RETENTION, due(step.start, endings.RETENTION, place), place)
    if not disputable(claim, step.policy) or claim.decided_at is None:
        return
    partner = windows.partner_place(claim, step.facts)
    end = due(claim.decided_at, step.policy.duration("dispute"), partner)
    if end > step.start:
        clocks.put(step, ClockKind.DISPUTE, end, partner)


def accept(step: Step, event: Accepted) -> Refusal | None:
    """The customer agrees: the window closes at once."""
    claim = step.claim
    if claim.consent is Consent.ACCEPTED:
        step.note = "already_accepted"
    elif waiting(step.claim):
        consent.activate(step, Consent.ACCEPTED)
    elif standing(step.claim):
        step.change(consent=Consent.ACCEPTED)
    elif claim.consent is Consent.DECLINED:
        return Refusal(code="declined", text="This was declined; take the decline back first.")
    else:
        return Refusal(code="not_asked", text="There is nothing to accept now.")
    return None


def wrote(step: Step, event: CustomerWrote) -> Refusal | None:
    """Words that are neither no, yes nor courtesy: silence is over, a person answers."""
    speaks_for_all = not step.actor.roles & _OTHERS
    if event.cause is Cause.WRONG_PERSON and speaks_for_all:
        consent.unheard(step, Cause.WRONG_PERSON, step.claim.customer.email)
        return None
    if waiting(step.claim):
        consent.suspend(step, event.cause)
    elif standing(step.claim) and _in_time(step):
        consent.recall(step, event.cause)
    consent.inquire(step, event.cause, event.text)
    return None


def away(step: Step, event: CustomerAway) -> Refusal | None:
    """An absence is not silence: somebody else is told, or the last day moves, once (domain §4.2)."""
    claim, end = step.claim, _end(step)
    if end is None or claim.absence_used or step.actor.roles & _OTHERS:
        step.note = "nothing_to_move"
        return None
    if not windows.outlasts(claim, step.facts, event.until, end):
        step.note = "back_in_time"
        return None
    step.change(absence_used=True)
    others = [p for p, c in ((Party.SECOND, claim.second), (Party.TENANT_ADMIN, claim.tenant_admin)) if c is not None]
    for party in others:
        consent.prompt(step, party, end, away=True)
    if not others:
        _move(step, end, windows.moved_for(claim, step.facts, event.until, end, step.start, step.policy))
    return None


def _end(step: Step) -> datetime | None:
    """The last day as it stands, if silence is being counted or will be as soon as a notice sent again arrives."""
    claim = step.claim
    if not waiting(claim) or claim.notice is None:
        return None
    clock = claim.clock(ClockKind.CONSENT_WINDOW)
    return clock.due if clock else claim.notice.printed


def _move(step: Step, old: datetime, new: datetime) -> None:
    claim = step.claim
    if claim.notice is None or new <= old:
        return
    clock = claim.clock(ClockKind.CONSENT_WINDOW)
    if clock is not None:
        clocks.postpone(step, clock, new, windows.customer_place(claim, step.facts))
    step.change(notice=replace(claim.notice, printed=new))
    for party in (Party.CUSTOMER, Party.PARTNER):
        exact = consent.shorter_than_a_day(step)
        step.mail("deadline_moved", party, clock="consent_window", old=old, new=new, exact=exact, why="away")


def stop_reminders(step: Step, event: RemindersStopped) -> Refusal | None:
    """No more reminders; a spam complaint also stops the window, and a person looks. Neither declines."""
    if not step.claim.reminders_stopped:
        step.drop("consent_reminder")
        step.change(reminders_stopped=True)
    if event.complaint and step.claim.suspended_by is not Cause.COMPLAINT and not _complained(step):
        if waiting(step.claim):
            consent.suspend(step, Cause.COMPLAINT)
        consent.inquire(step, Cause.COMPLAINT, "")
    return None


def _complained(step: Step) -> bool:
    return any(i.cause is Cause.COMPLAINT for i in step.claim.open_inquiries())
