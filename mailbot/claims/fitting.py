"""What fits a claim as it stands, beyond its status: the conditions that handlers refuse by and `possible` shows.

Questions about a claim and its policy only; who asks and what time it is do not matter here.
"""

from collections.abc import Callable, Mapping

from mailbot.claims import events as e
from mailbot.claims.model import Association, Claim, ClockKind, Consent, Status
from mailbot.claims.policy import Policy
from mailbot.claims.reasons import may_dispute


def disputable(claim: Claim, policy: Policy) -> bool:
    """Whether the rejection the claim stands at may be disputed, time aside."""
    rejected = claim.status is Status.REJECTED and claim.consent is not Consent.DECLINED
    return rejected and may_dispute(claim.reason) and claim.disputes < policy.max_disputes


def dispute_open(claim: Claim, policy: Policy) -> bool:
    """Whether it may still be disputed."""
    return disputable(claim, policy) and claim.clock(ClockKind.DISPUTE) is not None


def waiting(claim: Claim) -> bool:
    """Whether silence or an answer of the customer is being waited for."""
    return claim.status is Status.APPROVED and claim.consent in (Consent.PENDING, Consent.SUSPENDED)


def standing(claim: Claim) -> bool:
    """Whether an association rests on silence alone."""
    return claim.consent is Consent.LAPSED and claim.association is Association.ACTIVE


def withdrawable(claim: Claim) -> bool:
    """Whether the partner can still ask for the rejection of its claim: nothing is active and nobody said no."""
    return claim.status is not Status.APPROVED or waiting(claim)


def active(claim: Claim) -> bool:
    """Whether the partner may see data."""
    return claim.association is Association.ACTIVE


def suspended(claim: Claim) -> bool:
    """Whether the window stands still, which opens the customer contacts for editing (domain §4.2)."""
    return claim.status is Status.APPROVED and claim.consent is Consent.SUSPENDED


def takes_evidence(claim: Claim, policy: Policy) -> bool:
    """Whether files are taken now: by the editing table, or because the newest evidence counts (domain §4.3, §4.5)."""
    newest_counts = claim.contested and claim.status is not Status.REJECTED
    return newest_counts or _taken(policy.editing[claim.status].evidence, claim, policy)


def takes_comments(claim: Claim, policy: Policy) -> bool:
    """Whether remarks are taken now (domain §4.5)."""
    return _taken(policy.editing[claim.status].comment, claim, policy)


def _taken(rule: str, claim: Claim, policy: Policy) -> bool:
    in_dispute = claim.status is Status.DISPUTED or dispute_open(claim, policy)
    return rule in ("yes", "add_only") or (rule == "with_dispute" and in_dispute)


FITS: Mapping[type[e.Event], Callable[[Claim, Policy], bool]] = {
    e.Edited: lambda claim, policy: bool(policy.editable(claim.status, suspended=suspended(claim))),
    e.EvidenceAdded: takes_evidence,
    e.CommentAdded: takes_comments,
    e.Disputed: dispute_open,
    e.Withdrawn: lambda claim, _: withdrawable(claim),
    e.Disassociated: lambda claim, _: active(claim),
    e.Approved: lambda claim, _: not claim.contested,
    e.Arbitrated: lambda claim, _: claim.contested,
    # Giving a claim to somebody is no verb of its own: it comes with the right to start reviews.
    e.Assigned: lambda _claim, _policy: False,
    # Nor are these: they are how a page decides, not what.
    e.DecisionMade: lambda _claim, _policy: False,
    e.DecisionTakenBack: lambda _claim, _policy: False,
    e.CustomerAnswered: lambda claim, _: bool(claim.open_inquiries()),
    e.NoticeResent: lambda claim, _: waiting(claim),
    e.DeclineRecorded: lambda claim, _: claim.customer_told and claim.consent is not Consent.DECLINED,
    e.Declined: lambda claim, _: claim.customer_told and claim.consent is not Consent.DECLINED,
    e.DeclineUndone: lambda claim, _: claim.decline is not None and claim.clock(ClockKind.UNDO) is not None,
    e.Accepted: lambda claim, _: waiting(claim) or standing(claim),
    e.CustomerWrote: lambda claim, _: claim.customer_told,
}
"""Of events that do not fit every claim in a status: the condition under which they do."""
