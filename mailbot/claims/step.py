"""The workbench of one decision: the claim as it becomes, and what follows, collected by the handlers.

A Step lives for one call of `decide` and is the only mutable thing in this package. It decides nothing itself.
Changes are gathered and written into a new Claim only when somebody looks, because copying is the dear part.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from mailbot.claims.events import (
    Action,
    Actor,
    Decision,
    DropMails,
    Event,
    Facts,
    Mail,
    Publish,
    Refusal,
    RevokeAddresses,
    Tell,
)
from mailbot.claims.mails import MAILS
from mailbot.claims.model import Channel, Claim, Clock, ClockKind, Party, Role, Status
from mailbot.claims.policy import Policy

_NAMES = tuple(field.name for field in fields(Claim))
_WRITERS: Mapping[str, Callable[[Claim, Any], None]] = {name: getattr(Claim, name).__set__ for name in _NAMES}
_values = attrgetter(*_NAMES)


class Step:
    """One event being applied to one claim. `at` is the instant of receipt, `start` that from which deadlines run."""

    __slots__ = ("_claim", "_pending", "actions", "at", "before", "event", "note", "now", "policy")

    def __init__(self, claim: Claim, event: Event, now: datetime, policy: Policy) -> None:
        self.before = claim
        self.event = event
        self.now = now
        self.policy = policy
        self.at = event.at
        self.actions: list[Action] = []
        self.note = ""
        self._claim = claim
        self._pending: dict[str, Any] = {}

    @property
    def claim(self) -> Claim:
        """The claim with everything changed so far; its version is still the old one."""
        if self._pending:
            self._claim = evolve(self._claim, self._pending)
            self._pending = {}
        return self._claim

    @property
    def clocks(self) -> tuple[Clock, ...]:
        """The running deadlines, without the cost of looking at the whole claim."""
        clocks: tuple[Clock, ...] = self._pending.get("clocks", self._claim.clocks)
        return clocks

    @property
    def start(self) -> datetime:
        """From when a new deadline counts: a party cannot act on what it was not yet told."""
        return max(self.at, self.now)

    @property
    def actor(self) -> Actor:
        """Who acted."""
        return self.event.actor

    @property
    def facts(self) -> Facts:
        """What was looked up for this event."""
        return self.event.facts

    def change(self, **values: Any) -> None:
        """Set fields of the claim."""
        self._pending.update(values)

    def move(self, status: Status, **values: Any) -> None:
        """Change the status and tell the world; a decision that waited does not count any more."""
        self.forget_pending()
        self.change(status=status, **values)
        self.publish(f"claim.{status}")

    def forget_pending(self) -> None:
        """Drop the decision that waits for its time to take back, if there is one."""
        if self.claim.pending is not None:
            self.change(pending=None, clocks=tuple(c for c in self.clocks if c.kind is not ClockKind.TAKE_BACK))

    def mail(self, code: str, to: Party, address: str = "", /, **context: object) -> str:
        """Order a mail of domain §7; answers its key, which is the same however often the event is decided."""
        kind = MAILS[code]
        base = f"{code}:{self.before.version + 1}:{to}"
        twins = sum(isinstance(a, Mail) and a.code == code and a.to is to for a in self.actions)
        key = f"{base}:{twins + 1}" if twins else base
        answer = kind.answer and self.event.channel is Channel.MAIL
        self.actions.append(
            Mail(code=code, to=to, key=key, context=context, email=address, joins=kind.joins, answer=answer)
        )
        return key

    def tell(self, claim_id: str, event: Event) -> None:
        """Let another claim know, in the same transaction."""
        self.actions.append(Tell(claim_id=claim_id, event=event))

    def publish(self, kind: str) -> None:
        """Tell webhooks."""
        self.actions.append(Publish(type=kind))

    def revoke(self, email: str) -> None:
        """Take the voice from a replaced contact."""
        self.actions.append(RevokeAddresses(email=email))

    def drop(self, *codes: str) -> None:
        """Keep back mails that have not left: ordered before, not in this step."""
        self.actions.append(DropMails(codes=codes))

    def internal(self) -> dict[str, Any]:
        """The base fields of an event for another claim: same cause, same instant, with the rights of the system."""
        actor = Actor(email=self.actor.email, name=self.actor.name, roles=self.actor.roles | {Role.SYSTEM})
        return {"id": f"{self.event.id}>{self.before.id}", "at": self.at, "actor": actor, "facts": self.facts}

    def decision(self, refusal: Refusal | None = None) -> Decision:
        """What came of it. The version grows by one if anything changed or follows, and stays otherwise."""
        if refusal is not None:
            return Decision(claim=self.before, refusal=refusal)
        if not self.actions and not self._changed():
            return Decision(claim=self.before, note=self.note)
        self.change(version=self.before.version + 1)
        return Decision(claim=self.claim, actions=tuple(self.actions), note=self.note)

    def _changed(self) -> bool:
        if any(getattr(self._claim, name) != value for name, value in self._pending.items()):
            return True
        return self._claim is not self.before and self._claim != self.before


def evolve(claim: Claim, values: Mapping[str, Any]) -> Claim:
    """`dataclasses.replace` for a class of fifty fields, at less than half its price."""
    # Writing the slots of an instance nobody else has seen yet leaves every Claim as frozen as before.
    twin = object.__new__(Claim)
    for write, value in zip(_WRITERS.values(), _values(claim), strict=True):
        write(twin, value)
    for name, value in values.items():
        _WRITERS[name](twin, value)
    return twin
