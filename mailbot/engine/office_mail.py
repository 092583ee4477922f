"""What a reviewer's mail means: a first-line command on the claim its address speaks for (contract, Mail).

Pure and total. Strangers are held here; how well the rest is proved is asked afterwards (proof.py). Words that are no
command change nothing and are answered.
"""

from mailbot.claims.events import (
    Approved,
    Arbitrated,
    CommentAdded,
    CustomerAnswered,
    Event,
    InfoRequested,
    Rejected,
    ReviewStarted,
    Upheld,
)
from mailbot.claims.model import Channel, Role
from mailbot.engine.letters import (
    Base,
    Known,
    Letter,
    Verdict,
    actor_of,
    applied,
    asked,
    held,
    ignored,
    trace_of,
    unclear,
)
from mailbot.inbound.commands import Command, read_command
from mailbot.store.people import Person

_OFFICE = frozenset({Role.REVIEWER.value, Role.OFFICE_ADMIN.value})


def is_office(writer: Person | None) -> bool:
    """Whether the writer is one of the office's people."""
    return writer is not None and bool(_OFFICE & set(writer.roles))


def read_office(letter: Letter, known: Known) -> Verdict:
    """The event of a reviewer's command, or why it is held or answered."""
    record = letter.address.email if letter.address else ""
    writer = known.writer
    if writer is None or not is_office(writer):
        return held("unknown_writer", step_up=record if letter.live else "")
    command = read_command(letter.reading.reply_text, "reviewer")
    if command is not None and command.verb in ("help", "status"):
        return asked(command.verb)
    if not known.claims:
        return held("no_claim")
    claim = known.claims[0]
    if command is None:
        return ignored("courtesy") if letter.reading.intent.meaning == "none" else unclear(letter, claim)
    event = _event(command, _base(letter, known))
    return applied((claim.id, event)) if event is not None else unclear(letter, claim)


def _event(command: Command, base: Base) -> Event | None:
    text = command.argument
    match command.verb:
        case "start":
            return ReviewStarted(**base)
        case "approve":
            return Approved(contact_verified=bool(text), contact_source=text, **base)
        case "reject":
            reason, words = command.items[0] if command.items else ("", text)
            return Rejected(reason=reason, text=words, **base)
        case "ask":
            return InfoRequested(items=command.items, **base)
        case "uphold":
            return Upheld(text=text, **base)
        case "arbitrate":
            winner, words = command.items[0] if command.items else ("", text)
            return Arbitrated(winner=winner, text=words, **base)
        case "answer":
            return CustomerAnswered(text=text, **base)
        case "comment":
            return CommentAdded(text=text, **base)
        case _:
            return None


def _base(letter: Letter, known: Known) -> Base:
    assert known.writer is not None
    asked = letter.address.email if letter.address else ""
    return Base(
        id=f"mail:{letter.item_id}:0",
        at=letter.received_at,
        actor=actor_of(known.writer, of_record=known.writer.email == asked),
        channel=Channel.MAIL,
        trace=trace_of(letter),
    )
