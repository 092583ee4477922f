"""Which claims stand in each other's way, and telling them when that begins or ends (domain §4.3).

Changes the Step's claim and tells the others; refuses nothing. A rival's name is never put into a partner's mail.
"""

from mailbot.claims.events import ContestCleared, ContestRaised, Rival
from mailbot.claims.model import Claim, Party, Status
from mailbot.claims.step import Step

PENDING = frozenset({Status.SUBMITTED, Status.UNDER_REVIEW, Status.ACTION_REQUIRED, Status.DISPUTED})
"""Statuses of a claim that waits for a decision."""


def stands(rival: Rival) -> bool:
    """Whether a rival's claim contests others: pending, or approved and not ended."""
    return rival.status in PENDING or holds(rival)


def holds(rival: Rival) -> bool:
    """Whether a rival is the incumbent: approved and not ended."""
    return rival.active or (rival.status is Status.APPROVED and not rival.ended)


def of(step: Step) -> tuple[Rival, ...]:
    """The claims of other partners that contest this one now."""
    claim, keys = step.claim, step.claim.keys()
    return tuple(r for r in step.facts.rivals if _other(claim, r) and stands(r) and not keys.isdisjoint(r.keys))


def contested(step: Step) -> bool:
    """Whether only an arbitration can decide the claim."""
    return step.claim.contested or bool(of(step))


def enter(step: Step) -> None:
    """See who contests the claim now; tell those newly met and those left alone."""
    known = step.claim.rivals
    found = tuple(r.claim_id for r in of(step))
    step.change(contested=bool(found), rivals=found)
    for rival in found:
        if rival not in known:
            step.tell(rival, ContestRaised(**step.internal(), rival=step.claim.id))
    _clear(step, tuple(r for r in known if r not in found))
    if found and not known:
        step.mail("arbitration_notice", Party.PARTNER, incumbent=False)


def leave(step: Step) -> None:
    """The claim contests nobody any longer."""
    claim = step.claim
    _clear(step, tuple(dict.fromkeys((*claim.rivals, *claim.replaces))))
    step.change(contested=False, rivals=(), replaces=())


def _clear(step: Step, rivals: tuple[str, ...]) -> None:
    for rival in rivals:
        step.tell(rival, ContestCleared(**step.internal(), rival=step.claim.id))


def _other(claim: Claim, rival: Rival) -> bool:
    return rival.claim_id != claim.id and rival.organisation_id != claim.organisation_id
