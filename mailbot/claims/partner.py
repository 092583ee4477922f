"""What the partner does with its claim: draft, submit, answer, dispute, withdraw (domain §4.1).

Handlers for the table of `claims.lifecycle`: each answers a Refusal or None when it did its work. Evidence, fields and
remarks are `claims.papers`. Being late is measured by the time of receipt.
"""

from dataclasses import replace
from datetime import datetime

from mailbot.claims import clocks, endings, papers, reviewing, rivalry, windows
from mailbot.claims.catalogue import shipped_catalogue
from mailbot.claims.events import (
    Cancelled,
    Defect,
    Disassociated,
    Disputed,
    Drafted,
    QuestionsAnswered,
    Refusal,
    Submitted,
    Withdrawn,
)
from mailbot.claims.fitting import active, disputable, withdrawable
from mailbot.claims.model import Association, Channel, Claim, ClockKind, Consent, Party, Question, Status
from mailbot.claims.reasons import may_dispute
from mailbot.claims.step import Step
from mailbot.claims.validation import defects


def draft(step: Step, event: Drafted) -> Refusal | None:
    """Write a claim down, complete or not; a mail is answered with what was read and what is missing."""
    papers.settle_place(step)
    files = step.claim.evidence
    step.change(evidence=(), status=Status.DRAFT, consent=Consent.NONE, association=Association.NONE)
    papers.file_evidence(step, files)
    if event.channel is Channel.MAIL:
        missing = papers.defect_list(_defects(step))
        step.mail("claim_received", Party.PARTNER, defects=missing, files=papers.file_list(files), changed=[])
    return None


def submit(step: Step, event: Submitted) -> Refusal | None:
    """Ask for review: of a complete draft, or again after questions."""
    if step.claim.status is Status.ACTION_REQUIRED and (late := _late(step, ClockKind.PARTNER_ACTION)) is not None:
        return late
    if step.facts.duplicate_of:
        other = step.facts.duplicate_of
        return Refusal(code="duplicate", text=f"You already claim this: {other}.", other_claim=other)
    if found := _defects(step):
        return Refusal(code="incomplete", text="The claim is not complete.", defects=found)
    if step.claim.status is Status.DRAFT:
        _submit_first(step)
    else:
        reviewing.close_questions(step)
        resubmit(step)
    return None


def answer(step: Step, event: QuestionsAnswered) -> Refusal | None:
    """Answer questions, by text or file; when none is left the claim goes back to the reviewer."""
    if (late := _late(step, ClockKind.PARTNER_ACTION)) is not None:
        return late
    accepted = papers.file_evidence(step, event.files)
    answered = _answered(step.claim.open_questions(), event, accepted)
    if not answered and not event.files:
        numbers = ", ".join(str(q.number) for q in step.claim.open_questions())
        return Refusal(code="nothing_answered", text=f"No open question was answered; open are {numbers}.")
    _write_answers(step, answered, accepted)
    if event.files:
        papers.receipt(step, event.files)
    if step.claim.open_questions():
        reviewing.remind_of_questions(step, again=True)
        step.note = "partial_answer"
    else:
        resubmit(step)
    return None


def resubmit(step: Step) -> None:
    """The partner did its part: back to review, or to the dispute it was asked in."""
    clocks.stop(step, ClockKind.PARTNER_ACTION)
    step.drop("info_request", "action_reminder", "review_assigned")
    if not step.claim.in_dispute:
        reviewing.queue(step, "resubmit")
        return
    due = reviewing.queue_dispute(step, "resubmit")
    step.mail("claim_submitted", Party.PARTNER, due=due, again=True, editable=[])


def cancel(step: Step, event: Cancelled) -> Refusal | None:
    """Give up a draft."""
    endings.close(step)
    step.move(Status.CANCELLED)
    return None


def dispute(step: Step, event: Disputed) -> Refusal | None:
    """Ask for a second look, with a business case or new evidence, in time and not too often."""
    if (refusal := _indisputable(step, event)) is not None:
        return refusal
    papers.file_evidence(step, event.files)
    if event.text.strip():
        papers.remark(step, event.text)
    clocks.stop(step, ClockKind.DISPUTE, ClockKind.RETENTION)
    reviewing.close_questions(step)
    step.change(disputes=step.claim.disputes + 1, ended_at=None)
    due = reviewing.queue_dispute(step, "dispute", event.text)
    rivalry.enter(step)
    step.mail("dispute_received", Party.PARTNER, due=due)
    if event.files:
        papers.receipt(step, event.files)
    return None


def withdraw(step: Step, event: Withdrawn) -> Refusal | None:
    """The partner asks for the rejection of its own claim, before an association is active."""
    if active(step.claim):
        return Refusal(code="association_active", text="The association is active; end it with disassociate.")
    if not withdrawable(step.claim):
        return Refusal(code="ended", text="The association has ended; there is nothing to withdraw.")
    endings.reject(step, "partner_request", event.text)
    return None


def disassociate(step: Step, event: Disassociated) -> Refusal | None:
    """The partner ends its active association; what becomes of the status is the policy's."""
    if not active(step.claim):
        return Refusal(code="no_association", text="No association is active; withdraw the claim instead.")
    if not event.text.strip():
        return Refusal(code="text_required", text="Say why the association ends.")
    endings.close(step)
    endings.end_association(step, "partner_request", event.text)
    status = Status(step.policy.disassociate)
    decided = {"decided_at": step.at, "decided_by": step.actor.email}
    step.move(status, reason="partner_request", reason_text=event.text, **decided)
    return None


def _defects(step: Step) -> tuple[Defect, ...]:
    return defects(step.claim, step.facts, step.policy, shipped_catalogue(), step.start)


def _submit_first(step: Step) -> None:
    place = windows.partner_place(step.claim, step.facts)
    first = step.claim.effective_date or place.day_of(step.at)
    step.change(submitted_at=step.at, effective_date=first)
    rivalry.enter(step)
    reviewing.queue(step, "submit")
    reviewing.heads_up_if_fitting(step)


def _late(step: Step, kind: ClockKind) -> Refusal | None:
    """Why it is too late, if it is: what was received before the due time counts, even if read after it (§4.4)."""
    clock = step.claim.clock(kind)
    if clock is None or step.at <= clock.due:
        return None
    return Refusal(code="too_late", text=f"The time for this ended at {clock.due:%Y-%m-%d %H:%M} UTC.")


def _answered(questions: tuple[Question, ...], event: QuestionsAnswered, accepted: tuple[str, ...]) -> dict[int, str]:
    """The open questions that got words or, named or alone, a file."""
    found = {}
    for question in questions:
        text = event.answers.get(question.number, "").strip()
        by_file = accepted and (question.number in event.answers or len(questions) == 1)
        if text or by_file:
            found[question.number] = text
    return found


def _write_answers(step: Step, answers: dict[int, str], files: tuple[str, ...]) -> None:
    def written(question: Question) -> Question:
        if question.number not in answers:
            return question
        text, by = answers[question.number], step.actor.email
        return replace(question, answer=text, answered_by=by, answered_at=step.at, files=files)

    if answers:
        step.change(questions=tuple(written(q) for q in step.claim.questions))


def _indisputable(step: Step, event: Disputed) -> Refusal | None:
    claim = step.claim
    if step.facts.duplicate_of:
        other = step.facts.duplicate_of
        return Refusal(code="duplicate", text=f"You claimed this anew: {other}.", other_claim=other)
    new = "Claim anew, with new evidence; copy the claim to keep the rest."
    if not disputable(claim, step.policy):
        often = may_dispute(claim.reason) and claim.disputes >= step.policy.max_disputes
        code = "disputed_before" if often else "not_disputable"
        why = "The rejection was already disputed" if often else f"A rejection for {claim.reason} cannot be disputed"
        return Refusal(code=code, text=f"{why}. {new}")
    clock = claim.clock(ClockKind.DISPUTE)
    if clock is None or step.at > clock.due:
        return Refusal(code="too_late", text=f"The time to dispute is over. {new}")
    if not event.text.strip() and not _new_evidence(claim, event, claim.decided_at):
        return Refusal(code="nothing_new", text="A dispute needs a business case in words or new evidence.")
    return None


def _new_evidence(claim: Claim, event: Disputed, since: datetime | None) -> bool:
    sent = any(f.verdict == "accepted" for f in event.files)
    return sent or any(since is not None and e.at > since for e in claim.evidence)
