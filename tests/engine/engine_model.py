"""What may follow from what somebody did: the reference of the random lives, kept far simpler than the program.

It knows three things of domain §3 and §4: which act may move a claim from where to where, which deadline has to run in
a state, and what a decline forbids. It neither reads mails nor reckons days.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from mailbot.claims.model import Association, Claim, ClockKind, Consent, Status

SUBMITTED, UNDER_REVIEW, ACTION_REQUIRED, APPROVED, REJECTED, DISPUTED, FINAL = (
    Status.SUBMITTED, Status.UNDER_REVIEW, Status.ACTION_REQUIRED,
    Status.APPROVED, Status.REJECTED, Status.DISPUTED, Status.REJECTED_FINAL,
)  # fmt: skip
_OPEN = (SUBMITTED, UNDER_REVIEW, ACTION_REQUIRED, DISPUTED)

Moves = frozenset[tuple[Status, Status]]


def _moves(befores: tuple[Status, ...], *afters: Status) -> Moves:
    return frozenset((before, after) for before in befores for after in afters)


_IN_OFFICE = (SUBMITTED, UNDER_REVIEW, DISPUTED)
ACTS: dict[str, Moves] = {
    "start": _moves((SUBMITTED,), UNDER_REVIEW),
    "approve": _moves(_IN_OFFICE, APPROVED),
    "reject": _moves((SUBMITTED, UNDER_REVIEW), REJECTED),
    "ask": _moves(_IN_OFFICE, ACTION_REQUIRED),
    "uphold": _moves((DISPUTED,), FINAL),
    "submit": _moves((ACTION_REQUIRED,), SUBMITTED, DISPUTED),
    "answer": _moves((ACTION_REQUIRED,), SUBMITTED, DISPUTED),
    "dispute": _moves((REJECTED,), DISPUTED),
    "withdraw": _moves((*_OPEN, APPROVED), REJECTED),
    "disassociate": _moves((APPROVED,), REJECTED, FINAL),
    "decline": _moves((*_OPEN, APPROVED), REJECTED),
    "undo": _moves((REJECTED,), *_OPEN, APPROVED),
}
TIME = _moves((ACTION_REQUIRED,), REJECTED, FINAL) | _moves((SUBMITTED,), APPROVED)
"""What happens by itself: an unanswered request, and a decision nobody took back."""

_RUNS = {ACTION_REQUIRED: {ClockKind.PARTNER_ACTION}, DISPUTED: {ClockKind.DISPUTE_REVIEW}}


@dataclass
class Model:
    """The claim as it was last seen, and whether its customer said no."""

    seen: Claim | None = None
    declined: bool = False
    may: Moves = field(default_factory=frozenset)

    def expect(self, *acts: str) -> None:
        """Somebody does this; whatever else changes the claim before it is looked at is wrong."""
        self.may = frozenset().union(*(ACTS[act] for act in acts))
        self.declined = (self.declined or "decline" in acts) and "undo" not in acts

    def broken(self, claim: Claim) -> Iterator[str]:
        """What is not as it has to be, a sentence each; the claim counts as seen."""
        before, self.seen = self.seen, claim
        allowed, self.may = self.may | TIME, frozenset()
        if before is not None:
            yield from _wrong_move(before, claim, allowed)
        running = {clock.kind for clock in claim.clocks}
        if not _RUNS.get(claim.status, set()) <= running:
            yield f"{claim.status} waits for nothing: {sorted(running)}"
        yield from self._wrong_consent(claim)

    def _wrong_consent(self, claim: Claim) -> Iterator[str]:
        if claim.association is Association.ACTIVE:
            if claim.consent not in (Consent.LAPSED, Consent.ACCEPTED):
                yield f"associated, and the customer is {claim.consent}"
            if not claim.contact_verified and claim.consent is not Consent.ACCEPTED:
                yield "associated by silence, and nobody knows that the customer was asked"
        if claim.consent is Consent.DECLINED and claim.status in _OPEN:
            yield f"declined and still {claim.status}"
        if self.declined and claim.customer_told and claim.consent is not Consent.DECLINED and claim.decline is None:
            yield "the customer said no, and it is forgotten"


def _wrong_move(before: Claim, after: Claim, allowed: Moves) -> Iterator[str]:
    if after.version < before.version:
        yield f"went back from version {before.version} to {after.version}"
    if before.status is not after.status and not _reachable(before.status, after.status, allowed):
        yield f"{before.status} became {after.status}, which nobody asked for"


def _reachable(start: Status, end: Status, moves: Moves) -> bool:
    """By one move or by several: what was due is done before what somebody wrote."""
    found, before = {start}, set[Status]()
    while found != before:
        before = set(found)
        found |= {after for status, after in moves if status in found}
    return end in found
