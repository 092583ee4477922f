"""What a partner's reply means: a command, missing claim lines, answers, files, or a remark.

Pure and total. Anybody else than a known person of the claim's firm is held here, and the address of record is asked
to confirm; how well the rest is proved is asked afterwards (proof.py).
"""

from collections.abc import Mapping
from dataclasses import replace

from mailbot.claims.catalogue import Catalogue
from mailbot.claims.events import (
    Cancelled,
    CommentAdded,
    Disassociated,
    Disputed,
    Edited,
    Event,
    EvidenceAdded,
    QuestionsAnswered,
    Submitted,
    Withdrawn,
)
from mailbot.claims.model import Channel, Claim, Evidence, Status
from mailbot.engine.forms import Change, changes_of
from mailbot.engine.letters import Base, Known, Letter, Verdict, actor_of, applied, asked, held, ignored, trace_of
from mailbot.inbound.answers import read_answers
from mailbot.inbound.commands import Command, read_command
from mailbot.inbound.interpretation import Attachment
from mailbot.inbound.removal import confirmed_removals

_REMOVE = "remove_products"


def read_partner(letter: Letter, known: Known, catalogue: Catalogue) -> Verdict:
    """The events of a human partner's reply, or why it is held."""
    record = letter.address.email if letter.address else ""
    if not known.claims:
        return held("no_claim")
    claim = known.claims[0]
    if known.writer is None or known.writer.organisation_id != claim.organisation_id:
        return held("unknown_writer", step_up=record if letter.live else "")
    return _acts(letter, known, claim, catalogue)


def evidence_of(letter: Letter, by: str, claim: Claim | None = None) -> tuple[Evidence, ...]:
    """The mail's files with their verdicts, inline pictures left out; a file the claim has already is a duplicate."""
    had = {e.sha256 for e in claim.evidence if e.verdict == "accepted"} if claim else set()
    return tuple(_evidence(a, letter, by, had) for a in letter.reading.attachments if a.verdict != "inline")


def _evidence(file: Attachment, letter: Letter, by: str, had: set[str]) -> Evidence:
    again = file.verdict == "accepted" and file.sha256 in had
    return Evidence(
        sha256=file.sha256,
        name=file.name,
        media_type=file.media_type,
        size=file.size,
        verdict="duplicate" if again else file.verdict,
        by=by,
        at=letter.received_at,
    )


def _acts(letter: Letter, known: Known, claim: Claim, catalogue: Catalogue) -> Verdict:
    reading = letter.reading
    files = evidence_of(letter, known.writer.email if known.writer else "", claim)
    command = read_command(reading.reply_text, "partner")
    if command is not None and command.verb in ("help", "status"):
        return asked(command.verb)
    if command is not None:
        return applied(*_numbered(claim, _commanded(command, files, _base(letter, known, claim))))
    form = next((f for f in reading.forms if f.fields or f.products), None)
    if form is not None:
        changes = changes_of(form, claim, catalogue)
        submit = claim.status is Status.DRAFT and not form.draft
        return applied(*_numbered(claim, _completed(changes, submit, files, _base(letter, known, claim))))
    events = _dialogue(letter, claim, files, _base(letter, known, claim), catalogue)
    return applied(*_numbered(claim, events)) if events else ignored("courtesy")


def _commanded(command: Command, files: tuple[Evidence, ...], base: Base) -> list[Event]:
    made = _command_event(command, files, base)
    if files and not isinstance(made, Disputed):
        return [EvidenceAdded(files=files, **base), made]
    return [made]


def _command_event(command: Command, files: tuple[Evidence, ...], base: Base) -> Event:
    text = command.argument
    match command.verb:
        case "submit":
            return Submitted(**base)
        case "cancel":
            return Cancelled(**base)
        case "dispute":
            return Disputed(text=text, files=files, **base)
        case "withdraw":
            return Withdrawn(text=text, **base)
        case "disassociate":
            return Disassociated(text=text, **base)
        case _:
            return CommentAdded(text=text, **base)


def _completed(changes: Mapping[str, Change], submit: bool, files: tuple[Evidence, ...], base: Base) -> list[Event]:
    events: list[Event] = [Edited(changes=changes, **base)]
    if files:
        events.append(EvidenceAdded(files=files, **base))
    if submit:
        events.append(Submitted(**base))
    return events


def _dialogue(
    letter: Letter, claim: Claim, files: tuple[Evidence, ...], base: Base, catalogue: Catalogue
) -> list[Event]:
    answers = _answers(letter, claim, files) if claim.status is Status.ACTION_REQUIRED else {}
    if answers:
        # Products go before the answer does: with the last answer the claim is the reviewer's again.
        edits = _removals(claim, answers, base, catalogue)
        return [*edits, QuestionsAnswered(answers=answers, files=files, **base)]
    events: list[Event] = []
    if files:
        events.append(EvidenceAdded(files=files, **base))
    text = letter.reading.reply_text.strip()
    if text and letter.reading.intent.meaning != "none":
        events.append(CommentAdded(text=text, **base))
    return events


def _removals(claim: Claim, answers: Mapping[int, str], base: Base, catalogue: Catalogue) -> list[Event]:
    """The edit that a clear yes to "please remove these products" asks for; doubtful answers stay words."""
    asked = [q for q in claim.open_questions() if q.reason == _REMOVE and q.number in answers]
    gone = {
        product
        for question in asked
        for product in confirmed_removals(question.text, answers[question.number], claim.products, catalogue)
    }
    kept = tuple(product for product in claim.products if product not in gone)
    return [Edited(changes={"products": kept}, **base)] if gone and kept else []


def _answers(letter: Letter, claim: Claim, files: tuple[Evidence, ...]) -> dict[int, str]:
    questions = {q.number: q.text for q in claim.open_questions()}
    answers = {a.question: a.text for a in read_answers(letter.reading.parts, questions)}
    accepted = [f.name for f in files if f.verdict == "accepted"]
    if not answers and accepted and len(questions) == 1:
        return {next(iter(questions)): ", ".join(accepted)}
    return answers


def _base(letter: Letter, known: Known, claim: Claim) -> Base:
    assert known.writer is not None
    of_record = known.writer.email == claim.partner.email.lower()
    return Base(
        id=f"mail:{letter.item_id}",
        at=letter.received_at,
        actor=actor_of(known.writer, of_record=of_record, via_colleague=not of_record),
        channel=Channel.MAIL,
        trace=trace_of(letter),
    )


def _numbered(claim: Claim, events: list[Event]) -> list[tuple[str, Event]]:
    """Event ids stay unique when one mail causes several."""
    return [(claim.id, replace(event, id=f"{event.id}:{n}")) for n, event in enumerate(events)]
