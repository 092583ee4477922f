"""The claim on its way to a reviewer and in their hands: queue, assignment, start, questions (domain §4.1, §5).

Shared by the handlers of partner and office; nothing here changes a claim and then refuses.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from mailbot.claims import clocks, windows
from mailbot.claims.addresses import fits
from mailbot.claims.events import Refusal
from mailbot.claims.model import ClockKind, Party, Question, Status
from mailbot.claims.step import Step

_REVIEW = (ClockKind.START_REVIEW, ClockKind.REVIEW, ClockKind.DISPUTE_REVIEW)


def queue(step: Step, occasion: str) -> None:
    """Lay the claim before a reviewer: first submission or what the partner answered."""
    place = windows.office_place(step.facts)
    due = clocks.start(step, ClockKind.START_REVIEW, place)
    if occasion == "submit":
        clocks.start(step, ClockKind.DECISION, place)
    clocks.resume(step, ClockKind.DECISION, place)
    step.move(Status.SUBMITTED)
    step.mail("claim_submitted", Party.PARTNER, due=due, again=occasion == "resubmit", editable=_editable(step))
    assign(step, occasion, due)


def queue_dispute(step: Step, occasion: str, case: str = "") -> datetime | None:
    """Lay a disputed claim before another reviewer than the one who decided; answers the result date."""
    due = clocks.start(step, ClockKind.DISPUTE_REVIEW, windows.office_place(step.facts))
    step.move(Status.DISPUTED, in_dispute=True)
    assign(step, occasion, due, case)
    return due


def assign(step: Step, occasion: str, due: datetime | None, case: str = "") -> None:
    """Give the claim to the first reviewer who may decide it, the present one if that is still so, and say so."""
    claim = step.claim
    barred = claim.decided_by if claim.status is Status.DISPUTED else ""
    able = [r for r in step.facts.reviewers if r != barred]
    keeps = claim.assigned_to and claim.assigned_to != barred and (claim.assigned_to in able or not able)
    step.change(assigned_to=claim.assigned_to if keeps else next(iter(able), ""))
    announce(step, occasion, due, case)


def announce(step: Step, occasion: str, due: datetime | None, case: str = "") -> None:
    """Tell the assigned reviewer, or the office if there is none."""
    claim = step.claim
    answers = [
        {"number": q.number, "reason": q.reason, "text": q.text, "answer": q.answer}
        for q in claim.questions
        if q.answered_at is not None
    ]
    to = Party.REVIEWER if claim.assigned_to else Party.OFFICE
    step.mail("review_assigned", to, round=occasion, due=due, contested=claim.contested, case=case, answers=answers)


def begin(step: Step) -> None:
    """A reviewer took the claim up."""
    clocks.stop(step, ClockKind.START_REVIEW)
    due = clocks.start(step, ClockKind.REVIEW, windows.office_place(step.facts))
    decision = step.claim.clock(ClockKind.DECISION)
    step.move(Status.UNDER_REVIEW, assigned_to=step.actor.email or step.claim.assigned_to)
    if decision is not None:
        due = min(due, decision.due) if due else decision.due
    step.mail("review_started", Party.PARTNER, due=due)
    heads_up(step)


def heads_up(step: Step) -> None:
    """Tell the customer who claims what, once; whoever is told may decline (domain §7, GDPR Art. 14)."""
    if not step.claim.customer_told and step.claim.customer.email:
        mail_heads_up(step)


def heads_up_if_fitting(step: Step) -> None:
    """The same, if the address belongs to the tenant's domain; else a reviewer looks first."""
    if fits(step.claim.customer.email, step.claim.tenant_domain):
        heads_up(step)


def mail_heads_up(step: Step) -> None:
    """The first notice to a customer contact."""
    step.change(customer_told=True)
    step.mail(
        "customer_heads_up",
        Party.CUSTOMER,
        given_by_name=step.claim.partner.name,
        given_by_email=step.claim.partner.email,
        retention_months=24,
    )


def ask(step: Step, items: Sequence[tuple[str, str]]) -> None:
    """Send the partner numbered questions and set the date by which they want an answer."""
    claim = step.claim
    first = max((q.number for q in claim.questions), default=0) + 1
    asked = tuple(
        Question(number=n, reason=reason, text=text, asked_at=step.at)
        for n, (reason, text) in enumerate(items, start=first)
    )
    in_dispute = claim.status is Status.DISPUTED
    clocks.stop(step, *_REVIEW)
    clocks.pause(step, ClockKind.DECISION)
    step.move(Status.ACTION_REQUIRED, questions=(*claim.questions, *asked), in_dispute=in_dispute)
    clocks.start(step, ClockKind.PARTNER_ACTION, windows.partner_place(claim, step.facts))
    clocks.told_by(step, ClockKind.PARTNER_ACTION, remind_of_questions(step, again=False))


def remind_of_questions(step: Step, *, again: bool) -> str:
    """Mail what is open, with its date; answers the mail's key."""
    claim = step.claim
    clock = claim.clock(ClockKind.PARTNER_ACTION)
    return step.mail(
        "info_request",
        Party.PARTNER,
        items=items(claim.open_questions()),
        due=clock.due if clock else None,
        exact=step.policy.duration("partner_action").exact,
        again=again,
        in_dispute=claim.in_dispute,
    )


def close_questions(step: Step) -> None:
    """Leave nothing open: the partner says it has nothing more, or nobody wants to know any longer."""
    closed = tuple(
        replace(q, answered_at=step.at, answered_by=step.actor.email) if q.answered_at is None else q
        for q in step.claim.questions
    )
    step.change(questions=closed)


def items(questions: Sequence[Question]) -> list[dict[str, object]]:
    """Questions as a mail lists them."""
    return [{"number": q.number, "reason": q.reason, "text": q.text} for q in questions]


def _editable(step: Step) -> list[str]:
    rule = step.policy.editing[step.claim.status]
    groups = {"location": "location_id", "products": "products", "contacts": "customer"}
    found = [group for group, name in groups.items() if name in rule.fields]
    return [*found, "evidence"] if rule.evidence != "no" else found


def own_decision(step: Step) -> Refusal | None:
    """Why this reviewer may not decide the dispute: it is against their own decision (domain §2)."""
    claim = step.claim
    if claim.status is Status.DISPUTED and claim.decided_by and claim.decided_by == step.actor.email:
        return Refusal(code="own_decision", text="Nobody decides a dispute against their own decision.")
    return None
