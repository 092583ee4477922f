"""What is true of every claim after every step, whatever happened: checked by the simulation and by the tests.

Written from domain §4, not from the code that obeys it. Answers the broken ones as sentences; an empty answer is good.
"""

from collections.abc import Iterator

from mailbot.claims import events as e
from mailbot.claims.events import Decision, Event, Mail
from mailbot.claims.mails import MAILS
from mailbot.claims.model import Association, Claim, ClockKind, Consent, Status

D, S, U, A, P, R, X, F, C = Status

MOVES = frozenset(
    {
        (D, S), (D, C),
        (S, U), (S, A), (S, P), (S, R),
        (U, A), (U, P), (U, R),
        (A, S), (A, X), (A, R), (A, F), (A, P),
        (P, R), (P, F),
        (R, X),
        (X, P), (X, F), (X, A), (X, R),
    }
)  # fmt: skip
"""Every move between statuses domain §4.1 and §4.3 know. An undone decline goes back where it came from."""

BACK = frozenset({(R, S), (R, U), (R, A), (R, P), (R, X)})

_ENDS = frozenset({R, F, C})
# Statuses in which a clock may run; those not listed run wherever the customer is owed something.
_CLOCKS = {
    ClockKind.START_REVIEW: {S},
    ClockKind.REVIEW: {U},
    ClockKind.DECISION: {S, U, A},
    ClockKind.PARTNER_ACTION: {A},
    ClockKind.CONSENT_WINDOW: {P},
    ClockKind.DELIVERY_SLACK: {P},
    ClockKind.DISPUTE: {R},
    ClockKind.DISPUTE_REVIEW: {X},
    ClockKind.TAKE_BACK: {S, U, X},
    ClockKind.SUBSCRIPTION: {P},
    ClockKind.RETENTION: {R, F, C, P},
}


def broken(before: Claim | None, event: Event, decision: Decision) -> tuple[str, ...]:
    """What this step broke."""
    after = decision.claim
    if decision.refusal is not None:
        return tuple(_refused(before, decision))
    return tuple(
        sentence
        for rule in (_version, _moves, _consent, _association, _clocks, _contest, _questions, _decline, _mails)
        for sentence in rule(before, event, decision, after)
    )


def _refused(before: Claim | None, decision: Decision) -> Iterator[str]:
    if decision.actions:
        yield "a refusal has consequences"
    if before is not None and decision.claim is not before:
        yield "a refusal changes the claim"


def _version(before: Claim | None, event: Event, decision: Decision, after: Claim) -> Iterator[str]:
    old = before.version if before else 0
    changed = before is None or after is not before or bool(decision.actions)
    if after.version != old + changed:
        yield f"version went from {old} to {after.version}"


def _moves(before: Claim | None, event: Event, decision: Decision, after: Claim) -> Iterator[str]:
    if before is None or before.status is after.status:
        return
    move = (before.status, after.status)
    undone = isinstance(event, e.DeclineUndone) and move in BACK
    if move not in MOVES and not undone:
        yield f"moved from {before.status} to {after.status}"
    if e.Publish(type=f"claim.{after.status}") not in decision.actions:
        yield f"nobody was told of {after.status}"


def _consent(before: Claim | None, event: Event, decision: Decision, after: Claim) -> Iterator[str]:
    waiting = after.consent in (Consent.PENDING, Consent.SUSPENDED)
    if waiting and after.status is not P:
        yield f"consent is {after.consent} while {after.status}"
    if (after.consent is Consent.SUSPENDED) != (after.suspended_by is not None):
        yield "suspended without a cause, or a cause without suspension"
    was = before.consent if before else Consent.NONE
    undone = isinstance(event, e.DeclineUndone)
    if after.consent is Consent.LAPSED and was is not Consent.LAPSED and not undone:
        yield from _lapse(before, event)


def _lapse(before: Claim | None, event: Event) -> Iterator[str]:
    if not isinstance(event, e.ClockRang) or event.kind is not ClockKind.CONSENT_WINDOW:
        yield "lapsed without the window's end"
    if before is None or not before.contact_verified:
        yield "lapsed without the contact check"
    elif before.notice is None or before.notice.delivered_at is None or before.notice.printed > event.at:
        yield "lapsed before a delivered notice's last day was over"


def _association(before: Claim | None, event: Event, decision: Decision, after: Claim) -> Iterator[str]:
    active = after.association is Association.ACTIVE
    if active and (after.status is not P or after.consent not in (Consent.LAPSED, Consent.ACCEPTED)):
        yield f"active while {after.status} and {after.consent}"
    was = before is not None and before.association is Association.ACTIVE
    kinds = {a.type for a in decision.actions if isinstance(a, e.Publish)}
    if active and not was and not {"association.active", "evaluation.ready"} <= kinds:
        yield "active without a hand-off"
    if was and not active and "association.ended" not in kinds:
        yield "ended without taking the hand-off back"


def _clocks(before: Claim | None, event: Event, decision: Decision, after: Claim) -> Iterator[str]:
    names = [(c.kind, c.subject) for c in after.clocks]
    if len(set(names)) != len(names):
        yield "two clocks of one name"
    for clock in after.clocks:
        if after.status not in _CLOCKS.get(clock.kind, set(Status)):
            yield f"clock {clock.kind} runs while {after.status}"
        if any(at >= clock.due for at in clock.reminders):
            yield f"clock {clock.kind} reminds after its end"
    if after.status is A and after.clock(ClockKind.PARTNER_ACTION) is None:
        yield "the partner waits for no date"
    if (after.pending is None) != (after.clock(ClockKind.TAKE_BACK) is None):
        yield "a decision waits for no time, or a time for no decision"
    if after.clock(ClockKind.CONSENT_WINDOW) and after.consent is not Consent.PENDING:
        yield f"the window runs while consent is {after.consent}"


def _contest(before: Claim | None, event: Event, decision: Decision, after: Claim) -> Iterator[str]:
    if after.contested != bool(after.rivals):
        yield "contested by nobody, or by somebody without a name"
    if after.contested and after.status in _ENDS | {D}:
        yield f"contested while {after.status}"


def _questions(before: Claim | None, event: Event, decision: Decision, after: Claim) -> Iterator[str]:
    if after.open_questions() and after.status in (D, S, U, X, P):
        yield f"open questions while {after.status}"
    numbers = [q.number for q in after.questions]
    if numbers != list(range(1, len(numbers) + 1)):
        yield "questions are not numbered through"
    if after.status in (R, F) and not after.reason:
        yield f"{after.status} without a reason"


def _decline(before: Claim | None, event: Event, decision: Decision, after: Claim) -> Iterator[str]:
    if (after.consent is Consent.DECLINED) != (after.decline is not None):
        yield "declined without a record, or a record without a decline"
    if after.consent is Consent.DECLINED and after.status not in (R, F, C, P):
        yield f"declined but {after.status}"
    if before is None:
        return
    taken_back = before.consent is Consent.DECLINED and after.consent is not Consent.DECLINED
    if taken_back and not isinstance(event, e.DeclineUndone):
        yield "a decline was undone by something else"
    said_no = isinstance(event, e.Declined) and not event.leaked_key and before.customer_told
    if said_no and after.consent is not Consent.DECLINED:
        yield "a decline had no effect"


def _mails(before: Claim | None, event: Event, decision: Decision, after: Claim) -> Iterator[str]:
    mails = [a for a in decision.actions if isinstance(a, Mail)]
    if len({m.key for m in mails}) != len(mails):
        yield "two mails of one key"
    for mail in mails:
        kind = MAILS[mail.code]
        if mail.context.keys() != kind.context.keys():
            yield f"{mail.code} has other extras than listed"
        if mail.to not in kind.to:
            yield f"{mail.code} goes to {mail.to}"
