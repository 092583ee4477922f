"""Whether a mail proves enough for what it asks: the policy's table of proof, looked up (architecture, proof matrix).

Pure and total. A role is no matter of proof here: the lifecycle answers who may and who may not.
"""

from collections.abc import Mapping

from mailbot.claims.events import (
    Accepted,
    Approved,
    Arbitrated,
    Cancelled,
    CommentAdded,
    CustomerAnswered,
    CustomerWrote,
    Declined,
    Disassociated,
    Disputed,
    Drafted,
    Edited,
    Event,
    EvidenceAdded,
    InfoRequested,
    QuestionsAnswered,
    Rejected,
    ReviewStarted,
    Submitted,
    Upheld,
    Withdrawn,
)
from mailbot.claims.model import Party
from mailbot.claims.policy import Policy
from mailbot.engine.letters import Letter, Verdict, held, unproved

ACTS: Mapping[type[Event], str] = {
    Declined: "decline",
    CustomerWrote: "ask",
    Accepted: "accept",
    QuestionsAnswered: "answer",
    EvidenceAdded: "add_evidence",
    CommentAdded: "comment",
    Edited: "edit",
    Submitted: "submit",
    Cancelled: "cancel",
    Disputed: "dispute",
    Withdrawn: "withdraw",
    Disassociated: "disassociate",
    Drafted: "draft",
    ReviewStarted: "start_review",
    InfoRequested: "request_info",
    Approved: "approve",
    Rejected: "reject",
    Arbitrated: "arbitrate",
    Upheld: "uphold",
    CustomerAnswered: "start_review",
}
"""The act each event of a mail stands for; what is missing here needs no proof (reports, absences, unsubscribing)."""

_CUSTOMERS = frozenset({Party.CUSTOMER, Party.SECOND, Party.TENANT_ADMIN})
_STEP_UP = frozenset({"step_up", "hold_and_step_up"})


def proved(verdict: Verdict, letter: Letter, policy: Policy) -> Verdict:
    """The verdict if everything it asks for is proved well enough, else why it is held and who is asked to confirm."""
    if verdict.disposition == "held" or letter.address is None:
        return verdict
    if not verdict.events:
        return verdict if letter.address.party in _CUSTOMERS else _talk(verdict, letter)
    if isinstance(verdict.events[0][1], Drafted):
        return verdict
    for _, event in verdict.events:
        act = _act(letter, event)
        rule = policy.proof.get(act)
        if rule is not None and not rule.met(have := _proofs(letter, event, act)):
            return _held(letter, act, rule.missing(have), asks=rule.otherwise in _STEP_UP)
    return verdict


def _talk(verdict: Verdict, letter: Letter) -> Verdict:
    """Words without any act: who may be answered is as well known as who may act (security item 38)."""
    missing = {"token", "aligned"} - _proofs(letter, None, "")
    return _held(letter, "", frozenset(missing), asks=True) if missing else verdict


def _act(letter: Letter, event: Event) -> str:
    """What a reviewer says without deciding is proved like the least decision."""
    party = letter.address.party if letter.address else ""
    if isinstance(event, CommentAdded) and party in (Party.REVIEWER, Party.OFFICE):
        return "start_review"
    return ACTS.get(type(event), "")


def _proofs(letter: Letter, event: Event | None, act: str) -> frozenset[str]:
    """What this mail proves. The readers of mail have seen to it that the writer is one of the party's people."""
    have = {"known_person", "role"}
    if letter.live or act == "decline":
        have.add("token")
    if letter.aligned:
        have.add("aligned")
    if letter.confirmed or (event is not None and event.actor.of_record):
        have.add("address_of_record")
    return frozenset(have)


def _held(letter: Letter, act: str, missing: frozenset[str], *, asks: bool) -> Verdict:
    """An expired or revoked address is a person's task: nobody is asked through it, nothing can confirm it."""
    if "token" in missing:
        return held("address_expired")
    record = letter.address.email if letter.address and asks else ""
    return held("acceptance_unproved", step_up=record) if act == "accept" else unproved(letter, step_up=record)
