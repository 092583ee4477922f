"""Arbitration, and what a claim does when another one contests it, wins, loses or goes (domain §4.3).

Handlers for the table of `claims.lifecycle`: each answers a Refusal or None when it did its work.
"""

from mailbot.claims import endings, grants, reviewing, rivalry
from mailbot.claims.events import (
    Arbitrated,
    ArbitrationLost,
    ArbitrationWon,
    ContestCleared,
    ContestRaised,
    Refusal,
    Replaced,
    Rival,
)
from mailbot.claims.fitting import active, waiting
from mailbot.claims.model import Party, Status
from mailbot.claims.step import Step


def arbitrate(step: Step, event: Arbitrated) -> Refusal | None:
    """All pending rivals are decided together: one winner, named by its id."""
    rivals = rivalry.of(step)
    winner = next((r for r in rivals if r.claim_id == event.winner), None)
    if not rivals:
        return Refusal(code="not_contested", text="Nobody contests this claim; approve or reject it.")
    if any(step.actor.organisation_id and r.organisation_id == step.actor.organisation_id for r in rivals):
        return Refusal(code="own_firm", text="Nobody decides between a claim of their own firm and another.")
    if (own := reviewing.own_decision(step)) is not None:
        return own
    if winner is None and event.winner != step.claim.id:
        ids = ", ".join((step.claim.id, *(r.claim_id for r in rivals)))
        return Refusal(code="unknown_winner", text=f'"{event.winner}" is none of the contested claims: {ids}.')
    if winner is None:
        _win(step, event)
    else:
        endings.reject(step, "lost_arbitration", event.text)
        step.tell(winner.claim_id, _victory(step, event, rivals))
    return None


def won(step: Step, event: ArbitrationWon) -> Refusal | None:
    """Chosen in another claim's arbitration: approved now, unless it was; its other rivals lose too."""
    if step.claim.status is Status.APPROVED:
        _tell_losers(step, event.text)
        step.note = "won_arbitration"
        return None
    reviewing.close_questions(step)
    _win(step, event, event.replaces)
    return None


def _victory(step: Step, event: Arbitrated, rivals: tuple[Rival, ...]) -> ArbitrationWon:
    """What the winner is told. It may have rivals this claim never met: those it decides itself."""
    return ArbitrationWon(
        **step.internal(),
        text=event.text,
        contact_verified=event.contact_verified,
        contact_source=event.contact_source,
        replaces=tuple(r.claim_id for r in rivals if rivalry.holds(r) and _meet(event.winner, r, rivals)),
    )


def _meet(winner: str, other: Rival, rivals: tuple[Rival, ...]) -> bool:
    keys = next(r.keys for r in rivals if r.claim_id == winner)
    return other.claim_id != winner and not keys.isdisjoint(other.keys)


def _win(step: Step, event: Arbitrated | ArbitrationWon, replaces: tuple[str, ...] = ()) -> None:
    _tell_losers(step, event.text)
    incumbents = (r.claim_id for r in rivalry.of(step) if rivalry.holds(r))
    step.change(contested=False, rivals=(), replaces=tuple(dict.fromkeys((*replaces, *incumbents))))
    grants.grant(step, verified=event.contact_verified, source=event.contact_source, arbitrated=True)


def _tell_losers(step: Step, text: str) -> None:
    for rival in rivalry.of(step):
        if not rivalry.holds(rival):
            step.tell(rival.claim_id, ArbitrationLost(**step.internal(), winner=step.claim.id, text=text))


def lost(step: Step, event: ArbitrationLost) -> Refusal | None:
    """Another claim was chosen: rejected, which may be disputed."""
    endings.reject(step, "lost_arbitration", event.text)
    return None


def replaced(step: Step, event: Replaced) -> Refusal | None:
    """The winner's association became active: this incumbent's is over (domain §4.3)."""
    if not active(step.claim):
        if waiting(step.claim):
            endings.reject(step, "lost_arbitration")
        return None
    endings.close(step)
    endings.end_association(step, "lost_arbitration")
    step.move(Status.REJECTED, reason="lost_arbitration", reason_text="", decided_at=step.at, decided_by="")
    endings.tell_rejection(step)
    return None


def raised(step: Step, event: ContestRaised) -> Refusal | None:
    """Another partner's claim on the same key was submitted."""
    if event.rival in step.claim.rivals:
        step.note = "known_rival"
        return None
    first = not step.claim.contested
    step.change(contested=True, rivals=(*step.claim.rivals, event.rival))
    if first:
        step.mail("arbitration_notice", Party.PARTNER, incumbent=step.claim.status is Status.APPROVED)
    return None


def cleared(step: Step, event: ContestCleared) -> Refusal | None:
    """A rival went away."""
    rivals = tuple(r for r in step.claim.rivals if r != event.rival)
    replaces = tuple(r for r in step.claim.replaces if r != event.rival)
    step.change(rivals=rivals, replaces=replaces, contested=bool(rivals))
    return None
