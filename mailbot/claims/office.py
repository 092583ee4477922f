"""What reviewers and office admins do with a claim (domain §4.1, §4.2).

Handlers for the table of `claims.lifecycle`: each answers a Refusal or None when it did its work. Rights were checked
before; what no table of rights can say is here: nobody decides a dispute against their own decision, nor a contested
claim by mere approval.
"""

from dataclasses import replace
from datetime import datetime

from mailbot.claims import clocks, consent, endings, grants, reviewing, rivalry, windows
from mailbot.claims.events import (
    Approved,
    Assigned,
    CustomerAnswered,
    InfoRequested,
    NoticeResent,
    Refusal,
    Rejected,
    ReviewerAway,
    ReviewStarted,
    Upheld,
)
from mailbot.claims.fitting import waiting
from mailbot.claims.model import Cause, Claim, ClockKind, Consent, Contact, Inquiry, Notice, Party, Status
from mailbot.claims.reasons import QUESTIONS, REJECTIONS, may_ask_for, may_reject_for
from mailbot.claims.step import Step

_SILENCED = frozenset({Cause.COMPLAINT, Cause.LEAKED_KEY, Cause.UNREADABLE, Cause.UNCLEAR})
"""Causes that a new notice settles; a plain question and a data request still want their answer."""


def start(step: Step, event: ReviewStarted) -> Refusal | None:
    """Take the claim up."""
    reviewing.begin(step)
    return None


def ask(step: Step, event: InfoRequested) -> Refusal | None:
    """Ask the partner, one numbered item for each thing missing."""
    unknown = [reason for reason, _ in event.items if not may_ask_for(reason)]
    if not event.items:
        return Refusal(code="nothing_asked", text="Name at least one thing the partner should do.")
    if unknown:
        return _unknown_reason(unknown[0], tuple(QUESTIONS))
    if (own := reviewing.own_decision(step)) is not None:
        return own
    if step.claim.status is Status.SUBMITTED:
        reviewing.begin(step)
    reviewing.ask(step, event.items)
    return None


def approve(step: Step, event: Approved) -> Refusal | None:
    """Accept the evidence and ask the customer."""
    if rivalry.contested(step):
        text = "Another partner claims the same; decide both together with arbitrate and the winner's id."
        return Refusal(code="contested", text=text)
    if (own := reviewing.own_decision(step)) is not None:
        return own
    grants.grant(step, verified=event.contact_verified, source=event.contact_source, effective=event.effective_date)
    return None


def reject(step: Step, event: Rejected) -> Refusal | None:
    """Refuse the claim for a reason."""
    if not may_reject_for(event.reason):
        return _unknown_reason(event.reason, tuple(r for r in REJECTIONS if may_reject_for(r)))
    endings.reject(step, event.reason, event.text)
    return None


def uphold(step: Step, event: Upheld) -> Refusal | None:
    """Confirm a disputed rejection for good."""
    if (own := reviewing.own_decision(step)) is not None:
        return own
    endings.close(step)
    decided = {"decided_at": step.at, "decided_by": step.actor.email, "in_dispute": False}
    step.move(Status.REJECTED_FINAL, reason_text=event.text, **decided)
    step.mail("dispute_decided", Party.PARTNER, result="upheld", text=event.text)
    return None


def assign(step: Step, event: Assigned) -> Refusal | None:
    """Give the claim to a named reviewer."""
    claim = step.claim
    if claim.status is Status.DISPUTED and event.reviewer == claim.decided_by:
        return Refusal(code="own_decision", text="A dispute goes to another reviewer than the one who decided.")
    if event.reviewer == claim.assigned_to:
        step.note = "already_assigned"
        return None
    step.change(assigned_to=event.reviewer)
    running = (claim.clock(k) for k in (ClockKind.DISPUTE_REVIEW, ClockKind.REVIEW, ClockKind.START_REVIEW))
    reviewing.announce(step, "reassigned", next((c.due for c in running if c), None))
    return None


def stand_in(step: Step, event: ReviewerAway) -> Refusal | None:
    """Give the claim of an absent reviewer to the next who may decide it; if there is nobody, it stays."""
    claim = step.claim
    barred = claim.decided_by if claim.status is Status.DISPUTED else ""
    if claim.assigned_to in step.facts.reviewers or not set(step.facts.reviewers) - {barred}:
        step.note = "nobody_else"
        return None
    running = (claim.clock(k) for k in (ClockKind.DISPUTE_REVIEW, ClockKind.REVIEW, ClockKind.START_REVIEW))
    reviewing.assign(step, "reassigned", next((c.due for c in running if c), None))
    return None


def answer_customer(step: Step, event: CustomerAnswered) -> Refusal | None:
    """Answer everything the customer has open; delivered, the answer restarts the window in full."""
    claim = step.claim
    if not claim.open_inquiries():
        return Refusal(code="nothing_to_answer", text="The customer asked nothing that is still open.")
    if not event.text.strip():
        return Refusal(code="text_required", text="Write the answer that the customer gets.")
    restarts = (
        claim.status is Status.APPROVED
        and claim.consent is Consent.SUSPENDED
        and claim.suspended_by not in consent.HARD
    )
    end = windows.printed(claim, step.facts, step.start, step.policy) if restarts else None
    keys = [_send_answer(step, whom, asked, event.text, end) for whom, asked in _by_reader(step).items()]
    if end is not None:
        step.change(notice=Notice(key=keys[0], email=claim.customer.email, printed=end))
    return None


def resend_notice(step: Step, event: NoticeResent) -> Refusal | None:
    """Send the consent notice anew, perhaps to another contact, with a fresh contact check."""
    if not waiting(step.claim):
        return Refusal(code="not_waiting", text="No answer of the customer is being waited for.")
    if event.contact is not None and event.contact != step.claim.customer:
        if not event.contact.email:
            return Refusal(code="address_required", text="Name the address to which the notice goes.")
        replace_contact(step, event.contact)
    _settle(step, tuple(i for i in step.claim.open_inquiries() if i.cause in _SILENCED), "", "")
    step.drop("consent_prompt", "consent_reminder")
    _tick(step, event)
    consent.seek(step, again=True)
    return None


def _tick(step: Step, event: NoticeResent) -> None:
    """A new tick counts; the old one lasts as long as the contact does and was not shown to be dead or wrong."""
    lasting = step.claim.contact_verified and step.claim.suspended_by not in consent.HARD
    if event.contact_verified or not lasting:
        step.change(contact_verified=event.contact_verified, contact_source=event.contact_source)


def replace_contact(step: Step, contact: Contact) -> None:
    """Another person speaks for the customer; the former keeps the right to decline and nothing else."""
    former = step.claim.customer
    step.change(customer=contact)
    if former.email == contact.email:
        return
    step.change(contact_verified=False, contact_source="", reminders_stopped=False)
    if former.email:
        step.change(former_contacts=(*step.claim.former_contacts, former))
        step.revoke(former.email)


def _by_reader(step: Step) -> dict[tuple[Party, str], tuple[Inquiry, ...]]:
    """What is open, by who gets the answer; the contact of record first."""
    found: dict[tuple[Party, str], tuple[Inquiry, ...]] = {}
    for inquiry in step.claim.open_inquiries():
        reader = _reader(step.claim, inquiry.by)
        found[reader] = (*found.get(reader, ()), inquiry)
    return dict(sorted(found.items(), key=lambda entry: entry[0] != (Party.CUSTOMER, "")))


def _reader(claim: Claim, email: str) -> tuple[Party, str]:
    """Whose stored address an answer to that writer goes to: never to an address only a mail claimed."""
    if claim.second is not None and email == claim.second.email:
        return Party.SECOND, ""
    if claim.tenant_admin is not None and email == claim.tenant_admin.email:
        return Party.TENANT_ADMIN, ""
    former = next((c.email for c in claim.former_contacts if c.email == email != claim.customer.email), "")
    return Party.CUSTOMER, former


def _send_answer(
    step: Step, reader: tuple[Party, str], asked: tuple[Inquiry, ...], text: str, end: datetime | None
) -> str:
    key = step.mail(
        "question_answered",
        *reader,
        questions=[i.text for i in asked],
        answer=text,
        last_day=end,
        exact=consent.shorter_than_a_day(step),
    )
    _settle(step, asked, text, key)
    return key


def _settle(step: Step, inquiries: tuple[Inquiry, ...], answer: str, key: str) -> None:
    numbers = {i.number for i in inquiries}
    settled = tuple(
        replace(i, answer=answer, answered_at=step.at, answer_key=key) if i.number in numbers else i
        for i in step.claim.inquiries
    )
    step.change(inquiries=settled)
    for number in numbers:
        clocks.stop(step, *clocks.INQUIRIES, subject=str(number))


def _unknown_reason(read: str, allowed: tuple[str, ...]) -> Refusal:
    return Refusal(code="unknown_reason", text=f'"{read}" is not a reason here; choose {", ".join(allowed)}.')
