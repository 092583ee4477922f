"""What becomes of the mails that went out: sent, delivered, delayed, failed (domain §4.2, Delivered).

Handlers for the table of `claims.lifecycle`; none refuses. Only the notice the window rests on moves anything, and a
customer mail that comes back as undeliverable; everything else is noted.
"""

from dataclasses import replace

from mailbot.claims import clocks, consent, endings, windows
from mailbot.claims.events import MailDelayed, MailDelivered, MailFailed, MailSent, Refusal
from mailbot.claims.fitting import standing, waiting
from mailbot.claims.mails import MAILS
from mailbot.claims.model import Cause, ClockKind, Consent, Notice, Party, Status
from mailbot.claims.step import Step

_CUSTOMER_CODES = frozenset(code for code, kind in MAILS.items() if Party.CUSTOMER in kind.to)
_NOTICES = frozenset({"customer_heads_up", "consent_prompt"})
_ENDED = frozenset({Status.REJECTED, Status.REJECTED_FINAL, Status.CANCELLED})
# Mails about silence: when one of these finds nobody, the silence was none.
_HEARD_BY = frozenset({"consent_prompt", "consent_reminder", "question_answered", "association_active"})


def sent(step: Step, event: MailSent) -> Refusal | None:
    """The relay took a mail."""
    _heard(step, event.code)
    notice = _notice(step, event.key)
    if notice is None or notice.sent_at is not None:
        return None
    step.change(notice=replace(notice, sent_at=step.at))
    if notice.delivered_at is None:
        end = windows.slack_end(step.claim, step.facts, step.at, step.policy)
        clocks.put(step, ClockKind.DELIVERY_SLACK, end, windows.customer_place(step.claim, step.facts))
    return None


def delivered(step: Step, event: MailDelivered) -> Refusal | None:
    """A success report: the window opens now, unless it did."""
    _heard(step, event.code)
    notice = _notice(step, event.key)
    if notice is None:
        return None
    if notice.delivered_at is None:
        consent.open_window(step, step.at, assumed=False)
    elif notice.assumed:
        step.change(notice=replace(notice, assumed=False))
    return None


def delayed(step: Step, event: MailDelayed) -> Refusal | None:
    """Not there yet: what was assumed delivered was not; the window waits for a report or a person."""
    notice = _notice(step, event.key)
    known = notice is not None and notice.delivered_at is not None and not notice.assumed
    if notice is None or known or notice.delayed or not waiting(step.claim):
        return None
    clocks.stop(step, ClockKind.CONSENT_WINDOW, ClockKind.DELIVERY_SLACK)
    step.change(notice=replace(notice, delayed=True, delivered_at=None, assumed=False))
    step.mail(
        "delivery_problem",
        Party.OFFICE,
        email=notice.email,
        status="",
        permanent=False,
        cause="delayed",
        suspended=False,
        ended=False,
    )
    return None


def failed(step: Step, event: MailFailed) -> Refusal | None:
    """A mail came back or could not be sent."""
    claim = step.claim
    ours = _notice(step, event.key) is not None
    dead = event.permanent and event.code in _HEARD_BY and _same(event.email, claim.customer.email)
    if (ours or dead) and (waiting(step.claim) or standing(step.claim)):
        consent.unheard(step, Cause.BOUNCED, event.email, event.status, permanent=event.permanent)
    elif event.code == "customer_heads_up" and _same(event.email, claim.customer.email):
        _report(step, event, Party.PARTNER, Party.OFFICE)
    elif event.code in MAILS and Party.OFFICE not in MAILS[event.code].to:
        _report(step, event, Party.OFFICE)
    return None


def _report(step: Step, event: MailFailed, *parties: Party) -> None:
    for party in parties:
        step.mail(
            "delivery_problem",
            party,
            email=event.email,
            status=event.status,
            permanent=event.permanent,
            cause=str(Cause.BOUNCED),
            suspended=False,
            ended=False,
        )


def _heard(step: Step, code: str) -> None:
    """From now on the customer knows of the claim; if it ended meanwhile, also of that."""
    claim = step.claim
    if claim.customer_heard or code not in _CUSTOMER_CODES:
        return
    step.change(customer_heard=True)
    if code in _NOTICES and claim.status in _ENDED and claim.consent is not Consent.DECLINED:
        endings.tell_customer_of_end(step)


def _notice(step: Step, key: str) -> Notice | None:
    notice = step.claim.notice
    return notice if notice is not None and notice.key == key else None


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
