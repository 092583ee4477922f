"""How the customer's consent moves: asked, window opened, suspended, closed, taken back (domain §4.2).

The handlers of customer, office, post and clock say when; these say what. None refuses.
"""

from dataclasses import replace
from datetime import datetime

from mailbot.claims import clocks, windows
from mailbot.claims.events import Replaced
from mailbot.claims.fitting import standing, waiting
from mailbot.claims.model import Association, Cause, ClockKind, Consent, Inquiry, Notice, Party
from mailbot.claims.step import Step

HARD = frozenset({Cause.BOUNCED, Cause.WRONG_PERSON})
"""Causes that no answer cures: the notice reached nobody, so another has to."""

_WINDOW = (ClockKind.CONSENT_WINDOW, ClockKind.DELIVERY_SLACK)


def shorter_than_a_day(step: Step) -> bool:
    """Whether the window ends at an instant, so that mails print that instead of a day."""
    return step.policy.duration("consent_window").exact


def seek(step: Step, *, again: bool = False) -> None:
    """Send the consent notice; the window opens when it is delivered."""
    claim = step.claim
    end = windows.printed(claim, step.facts, step.start, step.policy)
    clocks.stop(step, *_WINDOW)
    key = prompt(step, Party.CUSTOMER, end, again=again)
    notice = Notice(key=key, email=claim.customer.email, printed=end)
    consent = claim.consent if claim.consent is Consent.SUSPENDED else Consent.PENDING
    step.change(notice=notice, consent=consent, customer_told=True, absence_used=False)


def prompt(step: Step, to: Party, end: datetime, *, again: bool = False, away: bool = False) -> str:
    """The consent notice itself, to one of the customer's people; answers its key."""
    return step.mail(
        "consent_prompt",
        to,
        last_day=end,
        exact=shorter_than_a_day(step),
        replaces=replaced_names(step),
        again=again,
        contact_verified=step.claim.contact_verified,
        away=away,
    )


def replaced_names(step: Step) -> list[str]:
    """The firms whose association this claim would end; only the customer may read this (domain §4.3)."""
    ids = step.claim.replaces
    return sorted(r.organisation_name for r in step.facts.rivals if r.claim_id in ids)


def open_window(step: Step, delivered: datetime, *, assumed: bool) -> None:
    """The notice arrived: the window runs in full from there."""
    claim, notice = step.claim, step.claim.notice
    if notice is None or not waiting(step.claim):
        return
    end = windows.closing(claim, step.facts, notice.printed, delivered, step.policy)
    clocks.stop(step, *_WINDOW)
    place = windows.customer_place(claim, step.facts)
    clocks.put(step, ClockKind.CONSENT_WINDOW, end, place, notice=notice.key)
    step.change(
        consent=Consent.PENDING,
        suspended_by=None,
        notice=replace(notice, delivered_at=delivered, assumed=assumed, delayed=False),
    )


def suspend(step: Step, cause: Cause) -> None:
    """The window stands still, and a notice under way no longer opens it: it was overtaken by words or by a bounce."""
    claim = step.claim
    cured = claim.notice is not None
    if claim.suspended_by in HARD and cause not in HARD and not cured:
        cause = claim.suspended_by
    clocks.stop(step, *_WINDOW)
    step.drop("consent_prompt", "consent_reminder")
    step.change(consent=Consent.SUSPENDED, suspended_by=cause, notice=None)


def activate(step: Step, consent: Consent) -> None:
    """The association is official: hand-off, and those it replaces end (domain §4.2, §4.3)."""
    clocks.stop(step, *_WINDOW)
    step.drop("consent_prompt", "consent_reminder")
    step.change(
        consent=consent,
        suspended_by=None,
        association=Association.ACTIVE,
        active_since=step.at,
        ended_at=None,
    )
    step.publish("association.active")
    step.publish("evaluation.ready")
    for party in (Party.PARTNER, Party.CUSTOMER):
        step.mail("association_active", party, since=step.at, accepted=consent is Consent.ACCEPTED)
    for loser in step.claim.replaces:
        step.tell(loser, Replaced(**step.internal(), winner=step.claim.id))
    step.change(replaces=())


def recall(step: Step, cause: Cause) -> None:
    """What counted as silence was none: the association ends and the hand-off is taken back."""
    since = step.claim.active_since
    suspend(step, cause)
    step.drop("association_active")
    step.change(association=Association.ENDED, ended_at=step.at)
    step.publish("association.ended")
    step.mail("association_ended", Party.PARTNER, reason=str(cause), text="", at=step.at, active_since=since)


def unheard(step: Step, cause: Cause, email: str, status: str = "", *, permanent: bool = True) -> None:
    """A notice reached nobody or the wrong one: stop, take back what rested on it, tell partner and office."""
    ended = standing(step.claim)
    suspended = ended or waiting(step.claim)
    if step.claim.suspended_by is cause and step.claim.notice is None:
        step.note = "already_suspended"
        return
    if ended:
        recall(step, cause)
    elif suspended:
        suspend(step, cause)
    for party in (Party.PARTNER, Party.OFFICE):
        step.mail(
            "delivery_problem",
            party,
            email=email,
            status=status,
            permanent=permanent,
            cause=str(cause),
            suspended=suspended,
            ended=ended,
        )


def inquire(step: Step, cause: Cause, text: str) -> None:
    """A person owes the customer an answer: number it, set its clock, call the office."""
    number = max((i.number for i in step.claim.inquiries), default=0) + 1
    inquiry = Inquiry(number=number, cause=cause, text=text, by=step.actor.email, at=step.at)
    step.change(inquiries=(*step.claim.inquiries, inquiry))
    kind = ClockKind.DATA_REQUEST if cause is Cause.DATA_REQUEST else ClockKind.CUSTOMER_QUESTION
    end = clocks.start(step, kind, windows.office_place(step.facts), subject=str(number))
    call_office(step, str(cause), text, end)


def call_office(step: Step, kind: str, text: str, end: datetime | None = None) -> None:
    """Lay one thing before the office at once."""
    claim = step.claim
    item = {"kind": kind, "claim": claim.id, "name": claim.name, "text": text, "since": step.at, "due": end}
    step.mail("office_attention", Party.OFFICE, items=[item])
