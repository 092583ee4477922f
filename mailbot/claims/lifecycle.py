"""What a claim does with an event: `decide`, and the table of states × events it reads (domain §4).

Pure and total: whatever the event and whatever the state, the answer is a Decision. What does not fit or is not
allowed gives a Refusal and the claim as it was, never an exception. The same input has the same answer.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from mailbot.claims import contests, customer, office, papers, partner, post, ringing, takeback
from mailbot.claims import events as e
from mailbot.claims.events import Decision, Event, Refusal
from mailbot.claims.fitting import FITS
from mailbot.claims.model import Claim, ClockKind, Status
from mailbot.claims.policy import Policy
from mailbot.claims.rights import ANYONE, INTERNAL, forbidden
from mailbot.claims.step import Step

Handler = Callable[[Step, Any], Refusal | None]

D, S, U, A, P, R, X, F, C = Status  # draft … cancelled, in the order of domain §4.1
PENDING, ALL = (S, U, A, X), tuple(Status)


@dataclass(frozen=True, slots=True)
class Row:
    """An event, the acts of which one gives the right to it, the statuses in which it fits, and who handles it.

    Acts are the policy's; ANYONE needs none, INTERNAL the rights of the system.
    """

    event: type[Event]
    acts: tuple[str, ...]
    statuses: tuple[Status, ...]
    handler: Handler


def _decide_on_page(step: Step, event: e.DecisionMade) -> Refusal | None:
    """Put the decision off for its time to take back; what cannot be decided now is refused now."""
    decision = replace(event.decision, actor=event.actor, facts=event.facts)
    if step.claim.pending is None:
        tried = decide(step.claim, decision, step.now, step.policy)
        if tried.refusal is not None:
            return tried.refusal
        if step.policy.clocks.get(ClockKind.TAKE_BACK) is None:
            return _carry_out(step, decision)
    return takeback.put_off(step, event)


def _rang(step: Step, event: e.ClockRang) -> Refusal | None:
    """A due time came; that of a pending decision makes it count, if it still can."""
    decision = takeback.ripe(step, event)
    if decision is None:
        return ringing.rang(step, event)
    step.forget_pending()
    if _carry_out(step, decision) is not None:
        step.note = "decision_void"
    return None


def _carry_out(step: Step, decision: Event) -> Refusal | None:
    row = TABLE[step.claim.status].get(type(decision))
    if row is None:
        return _misfit(step.claim, decision)
    step.event = decision
    return forbidden(step, row.acts) or row.handler(step, decision)


ROWS = (
    # the partner
    Row(e.Drafted, ("draft",), (), partner.draft),
    Row(e.Edited, ("edit", "draft"), (D,), papers.edit),
    Row(e.Edited, ("edit",), (S, U, A, P), papers.edit),
    Row(e.EvidenceAdded, ("add_evidence",), ALL, papers.add_evidence),
    Row(e.CommentAdded, ("comment",), ALL, papers.comment),
    Row(e.Submitted, ("submit",), (D, A), partner.submit),
    Row(e.Cancelled, ("cancel",), (D,), partner.cancel),
    Row(e.QuestionsAnswered, ("answer",), (A,), partner.answer),
    Row(e.Disputed, ("dispute",), (R,), partner.dispute),
    Row(e.Withdrawn, ("withdraw",), (S, U, A, P, X), partner.withdraw),
    Row(e.Disassociated, ("disassociate",), (P,), partner.disassociate),
    # the office
    Row(e.ReviewStarted, ("start_review",), (S,), office.start),
    Row(e.InfoRequested, ("request_info",), (S, U, X), office.ask),
    Row(e.Approved, ("approve",), (S, U, X), office.approve),
    Row(e.Rejected, ("reject",), (S, U), office.reject),
    Row(e.Arbitrated, ("arbitrate",), (S, U, X), contests.arbitrate),
    Row(e.Upheld, ("uphold",), (X,), office.uphold),
    Row(e.DecisionMade, ("start_review",), (S, U, X), _decide_on_page),
    Row(e.DecisionTakenBack, ("start_review",), (S, U, X), takeback.take_back),
    Row(e.Assigned, ("start_review",), PENDING, office.assign),
    Row(e.ReviewerAway, INTERNAL, (S, U, X), office.stand_in),
    Row(e.CustomerAnswered, ("answer_customer",), ALL, office.answer_customer),
    Row(e.NoticeResent, ("resend_notice",), (P,), office.resend_notice),
    Row(e.DeclineRecorded, ("record_decline",), ALL, customer.record_decline),
    # the customer
    Row(e.Declined, ("decline",), ALL, customer.decline),
    Row(e.DeclineUndone, ("undo",), ALL, customer.undo),
    Row(e.Accepted, ("accept",), ALL, customer.accept),
    Row(e.CustomerWrote, ("ask",), ALL, customer.wrote),
    Row(e.CustomerAway, ANYONE, ALL, customer.away),
    Row(e.RemindersStopped, ANYONE, ALL, customer.stop_reminders),
    # the post and the clock
    Row(e.MailSent, INTERNAL, ALL, post.sent),
    Row(e.MailDelivered, INTERNAL, ALL, post.delivered),
    Row(e.MailDelayed, INTERNAL, ALL, post.delayed),
    Row(e.MailFailed, INTERNAL, ALL, post.failed),
    Row(e.ClockRang, INTERNAL, ALL, _rang),
    Row(e.ReminderDue, INTERNAL, ALL, ringing.remind),
    # other claims
    Row(e.ContestRaised, INTERNAL, (*PENDING, P), contests.raised),
    Row(e.ContestCleared, INTERNAL, ALL, contests.cleared),
    Row(e.ArbitrationWon, INTERNAL, (*PENDING, P), contests.won),
    Row(e.ArbitrationLost, INTERNAL, PENDING, contests.lost),
    Row(e.Replaced, INTERNAL, (P,), contests.replaced),
)

TABLE: Mapping[Status, Mapping[type[Event], Row]] = {
    status: {row.event: row for row in ROWS if status in row.statuses} for status in Status
}
_DRAFTED = ROWS[0]
_BY_EVENT: Mapping[type[Event], Row] = {row.event: row for row in reversed(ROWS)}
_NEVER = datetime.min.replace(tzinfo=UTC)
_NOBODY = Claim(id="", version=0, policy="", created_at=_NEVER, organisation_id="", organisation_name="")


def decide(claim: Claim | None, event: Event, now: datetime, policy: Policy) -> Decision:
    """The claim after the event, and what follows; or the claim as it is, and why (domain §4).

    `claim` is None for a Drafted event only. `now` is when it is decided, `event.at` when it was received; being late
    is measured by the latter. The version grows by one if anything changed, else the same claim comes back.
    """
    if isinstance(event, e.Drafted):
        return _draft(claim, event, now, policy)
    if claim is None:
        return Decision(claim=_NOBODY, refusal=Refusal(code="no_claim", text="There is no such claim."))
    row = TABLE[claim.status].get(type(event))
    step = Step(claim, event, now, policy)
    acts = row.acts if row else _acts(event)
    refusal = forbidden(step, acts) or (row.handler(step, event) if row else _misfit(claim, event))
    if refusal is not None:
        refusal = replace(refusal, possible=possible(claim, event.actor.roles, policy))
    return step.decision(refusal)


def possible(claim: Claim, actor_roles: Iterable[str], policy: Policy) -> tuple[str, ...]:
    """The verbs of contract.md that fit the claim now and that one of the roles may use."""
    roles = frozenset(actor_roles)
    rows = (row for row in TABLE[claim.status].values() if row.acts not in (ANYONE, INTERNAL))
    able = {
        row.acts[0] for row in rows if any(policy.may(roles, act) for act in row.acts) and _fits(row, claim, policy)
    }
    return tuple(sorted(map(_verb, able)))


def expected(claim: Claim, policy: Policy) -> tuple[type[Event], ...]:
    """The events of people and machines outside that fit the claim now, whoever sends them."""
    return tuple(row.event for row in TABLE[claim.status].values() if row.acts == ANYONE or _fits(row, claim, policy))


def _fits(row: Row, claim: Claim, policy: Policy) -> bool:
    if row.acts in (ANYONE, INTERNAL):
        return False
    condition = FITS.get(row.event)
    return condition is None or condition(claim, policy)


def _draft(claim: Claim | None, event: e.Drafted, now: datetime, policy: Policy) -> Decision:
    if claim is not None:
        return Decision(claim=claim, refusal=Refusal(code="wrong_state", text="There is a claim of that id already."))
    step = Step(replace(event.claim, version=0), event, now, policy)
    return step.decision(forbidden(step, _DRAFTED.acts) or _DRAFTED.handler(step, event))


def _acts(event: Event) -> tuple[str, ...]:
    row = _BY_EVENT.get(type(event))
    return row.acts if row else INTERNAL


def _misfit(claim: Claim, event: Event) -> Refusal:
    acts = _acts(event)
    what = type(event).__name__ if acts in (ANYONE, INTERNAL) else _verb(acts[0])
    return Refusal(code="wrong_state", text=f"A claim that is {claim.status} does not take {what}.")


def _verb(act: str) -> str:
    return "evidence" if act == "add_evidence" else act.replace("_", "-")
