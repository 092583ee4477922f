"""A mail that was read, beside what the database knows of its address and writer: the values intake works on.

Frozen values only. A `Verdict` says how the inbox item ends and what is to be decided; it changes nothing itself.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NotRequired, TypedDict

from mailbot.addresses import canonical
from mailbot.claims.events import Actor, Event, Mail
from mailbot.claims.model import Channel, Claim, Party, Role
from mailbot.inbound.interpretation import Interpretation
from mailbot.store.inbox import Disposition
from mailbot.store.people import Person
from mailbot.store.reply_addresses import ReplyAddress


class Base(TypedDict):
    """What every event of a mail has in common."""

    id: str
    at: datetime
    actor: Actor
    channel: Channel
    trace: NotRequired[tuple[tuple[str, str], ...]]


REPLAY_AGE = timedelta(days=7)
"""A mail older than this proves nothing about who sends it now; relays give up after five days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One inbox item as read. `role` and `purpose` come from the envelope address; times are UTC.

    `live` is False once the address has expired, was revoked or its key retired; `leaked` under a compromised key.
    `confirmed`: the address of record has confirmed this act (step-up), so its proof is complete.
    """

    item_id: int
    received_at: datetime
    role: str
    purpose: str
    address: ReplyAddress | None
    live: bool
    leaked: bool
    confirmed: bool
    reading: Interpretation

    @property
    def written_by(self) -> str:
        """The address in From, empty when there is none or it is ambiguous."""
        return self.reading.sender.address or ""

    @property
    def aligned(self) -> bool:
        """Whether the sender is proved to have written this now (architecture, proof matrix)."""
        return self.confirmed or (self.reading.sender.verdict == "aligned" and not self.stale)

    @property
    def stale(self) -> bool:
        """Whether it was written so long ago that somebody may be sending a captured mail again (security item 5)."""
        written = self.reading.date
        return written is not None and self.received_at - written > REPLAY_AGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was looked up for a letter: the claims its address speaks for, in order, and the writer if known."""

    claims: tuple[Claim, ...] = ()
    writer: Person | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How an inbox item ends: `applied`, `ignored` or `held`, with a stable reason, and what is to be decided.

    `events` name their claims; a draft's claim id is the fresh one. `answers` are mails to the writer that no event
    causes. `step_up` is the address of record that is asked to confirm a held act. `asks`: the writer wants `help` or
    `status`, which the engine answers. `away_until`: the writer, of the office, is absent until then.
    """

    disposition: Disposition
    reason: str = ""
    events: tuple[tuple[str, Event], ...] = ()
    answers: tuple[tuple[Claim | None, Mail], ...] = ()
    step_up: str = ""
    asks: str = ""
    away_until: datetime | None = None


def actor_of(person: Person, *, of_record: bool = False, via_colleague: bool = False) -> Actor:
    """The person as an actor with the roles and locations the office gave them."""
    return Actor(
        email=person.email,
        name=person.name,
        roles=frozenset(Role(r) for r in person.roles),
        organisation_id=person.organisation_id or "",
        locations=frozenset(person.locations),
        of_record=of_record,
        via_colleague=via_colleague,
    )


def trace_of(letter: Letter) -> tuple[tuple[str, str], ...]:
    """What the reviewer sees beside the act: how far the sender is proved, and that somebody else used the address."""
    verdict = "confirmed" if letter.confirmed else letter.reading.sender.verdict or ""
    asked = canonical(letter.address.email) if letter.address else ""
    other = letter.written_by if asked and canonical(letter.written_by or asked) != asked else ""
    return (("sender", verdict), ("other_than_asked", other))


def held(reason: str, step_up: str = "") -> Verdict:
    """A person has to look; with `step_up` the address of record is asked first."""
    return Verdict(disposition="held", reason=reason, step_up=step_up)


def unproved(letter: Letter, *, step_up: str = "") -> Verdict:
    """Held because nothing shows that the writer wrote this, or wrote it now."""
    if letter.stale and letter.reading.sender.verdict == "aligned":
        return held("old_mail", step_up=step_up)
    return held("unproved_sender", step_up=step_up)


def ignored(reason: str) -> Verdict:
    """Nothing follows from this mail, and why."""
    return Verdict(disposition="ignored", reason=reason)


def asked(what: str) -> Verdict:
    """A known, aligned person asked for `help` or `status`; nothing changes, an answer goes out."""
    return Verdict(disposition="applied", reason=what, asks=what)


def unclear(letter: Letter, claim: Claim | None, reason: str = "no_command", possible: tuple[str, ...] = ()) -> Verdict:
    """Words of a known, aligned person that change nothing: the writer is told what was read (domain §7)."""
    mail = Mail(
        code="not_understood",
        to=Party.PERSON,
        key=f"not_understood:{letter.item_id}",
        email=letter.written_by,
        context={"read": letter.reading.reply_text[:300], "reason": reason, "possible": list(possible)},
        answer=True,
    )
    return Verdict(disposition="ignored", reason=reason, answers=((claim, mail),))


def applied(*events: tuple[str, Event], answers: tuple[tuple[Claim | None, Mail], ...] = ()) -> Verdict:
    """The mail is evidence for these events."""
    return Verdict(disposition="applied", events=events, answers=answers)


def code_of(key: str) -> str:
    """The template code a mail's key begins with; a joined mail carries a key of its own for each claim."""
    return key.partition(":")[0]
