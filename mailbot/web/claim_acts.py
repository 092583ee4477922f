"""What a form on a claim's page does: its fields become a verb's body, the body an event, the event an outcome.

Raises BadForm with every defect when the form does not hold what the verb needs; then nothing has happened. Files that
come along are added first, so that an answer may rest on them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.datastructures import FormData

from mailbot.claims.events import (
    Approved,
    Arbitrated,
    DecisionMade,
    Event,
    InfoRequested,
    Refusal,
    Rejected,
    Upheld,
)
from mailbot.claims.model import Channel, Evidence
from mailbot.engine.engine import Outcome
from mailbot.web import checklist
from mailbot.web.forms import BadForm, FieldError, answers, nested, parse, texts, uploads
from mailbot.web.nonces import Nonce
from mailbot.web.site import Site, Visitor
from mailbot.web.verbs import PAGE_VERBS


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a form: a refusal if nothing changed, a receipt for each file, whether it can be taken back."""

    changed: bool
    refusal: Refusal | None = None
    receipts: tuple[Evidence, ...] = ()
    waits: bool = False


async def perform(site: Site, visitor: Visitor, claim_id: str, verb: str, form: FormData, nonce: Nonce) -> Done:
    """Does what the form asks; `verb` is one of PAGE_VERBS or `evidence`. Raises BadForm and the engine's NotFound."""
    by_question = {n: uploads(form, f"file.{n}") for n in _question_numbers(form)}
    files = [*uploads(form), *(f for some in by_question.values() for f in some)]
    if verb == "evidence":
        if not files:
            raise BadForm([FieldError("file", "missing", "Choose a file first.")])
        return _done(await _add(site, visitor, claim_id, files))
    named = {n: [str(f.filename) for f in some] for n, some in by_question.items()}
    body = parse(PAGE_VERBS[verb], _fields(verb, form, named))
    added = await _add(site, visitor, claim_id, files) if files else None
    stamp = replace(site.stamp(nonce, visitor.actor, verb), trace=checklist.found(texts(form)))
    event = _put_off(body.event(stamp))
    outcome = await site.engine.act(claim_id, event)
    waits = outcome.claim.pending is not None and isinstance(event, DecisionMade)
    return Done(outcome.changed, outcome.refusal, added.receipts if added else (), waits)


async def _add(site: Site, visitor: Visitor, claim_id: str, files: list[Any]) -> Outcome:
    contents = [(str(f.filename), await f.read()) for f in files]
    return await site.engine.add_files(claim_id, visitor.actor, Channel.WEB, contents)


def _put_off(event: Event) -> Event:
    """What a reviewer decides on a page can be taken back for a while (domain §5, `take_back`)."""
    if not isinstance(event, InfoRequested | Approved | Rejected | Arbitrated | Upheld):
        return event
    return DecisionMade(
        id=event.id, at=event.at, actor=event.actor, channel=event.channel, trace=event.trace, decision=event
    )


def _done(outcome: Outcome) -> Done:
    return Done(outcome.changed, outcome.refusal, outcome.receipts)


def _fields(verb: str, form: FormData, files: Mapping[int, list[str]]) -> dict[str, Any]:
    given = texts(form)
    if verb == "answer":
        return {"answers": answers(given, files)}
    if verb == "request-info":
        return checklist.request_fields(given)
    if verb == "approve":
        if checklist.asked(given):
            text = "Not everything is ticked: ask the partner, or reject the claim."
            raise BadForm([FieldError("checklist", "not_ticked", text)])
        return {"contact_verified": False} | checklist.approval_fields(given)
    return nested(given)


def _question_numbers(form: FormData) -> list[int]:
    names = {name.removeprefix("file.") for name in form if name.startswith("file.")}
    return sorted(int(name) for name in names if name.isdecimal() and len(name) < 7)
