"""`mailbot try --live`: the same reading, and what the engine would make of it. Reads the database, writes nothing.

The reader processes and rooms are those of the service; a batch that is never finished leaves no trace.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime
from typing import Any

from mailbot.app import Rooms, close_rooms, open_rooms
from mailbot.config import Config
from mailbot.engine.entries import kind_of
from mailbot.engine.intake import read_letter
from mailbot.engine.letters import Verdict, ignored
from mailbot.engine.lookup import look_up
from mailbot.engine.workspace import Workspace
from mailbot.inbound.interpretation import Envelope, Interpretation
from mailbot.inbound.reader_pool import ReaderFailure
from mailbot.inbound.shown import as_object, failed_object
from mailbot.inbound.trial import Form, asked
from mailbot.store.inbox import Item

_SPECIAL = ("claims", "postmaster", "abuse")
_DISPOSITION = {"applied": "would_apply"}


async def live_trials(
    config: Config, files: Iterable[tuple[str, bytes]], form: Form, rcpt: str, *, seconds: Callable[[], float]
) -> AsyncIterator[dict[str, Any]]:
    """One object a file. Raises StoreUnready, KeyFileError, and OSError for a file that cannot be read."""
    rooms = await open_rooms(config, lock=False, create=False)
    try:
        await rooms.readers.start()
        for path, raw in files:
            began, now = seconds(), rooms.desk.clock.now()
            mail, envelope = asked(raw, form, rcpt or f"claims@{config.domain}", now)
            reading = await rooms.readers.read(mail, envelope, now)
            shown = await _shown(rooms, path, mail, envelope, reading, now)
            yield shown | {"seconds": round(seconds() - began, 4)}
    finally:
        await close_rooms(rooms)


async def _shown(
    rooms: Rooms, path: str, mail: bytes, envelope: Envelope, reading: Interpretation | ReaderFailure, now: datetime
) -> dict[str, Any]:
    if isinstance(reading, ReaderFailure):
        return failed_object(path, reading)
    item = _item(rooms, mail, envelope, reading, now)
    async with rooms.desk.batch(now) as batch:
        found = await look_up(batch.workspace, rooms.tokens, [(item, reading)])
        drafting = rooms.desk.drafting()
        again = found.is_duplicate(item, reading)
        verdict = (
            ignored("duplicate")
            if again
            else read_letter(found.letter(item, reading), found.known(item, reading), drafting)
        )
        decided = await _decided(batch.workspace, verdict)
    return as_object(path, reading) | decided


async def _decided(space: Workspace, verdict: Verdict) -> dict[str, Any]:
    """What the lifecycle says to the verdict's events, in memory only."""
    disposition, reason = _DISPOSITION.get(verdict.disposition, verdict.disposition), verdict.reason
    decisions = [(event, await space.apply(claim_id, event)) for claim_id, event in verdict.events]
    refusals = [decision.refusal for _, decision in decisions if decision.refusal is not None]
    if refusals and len(refusals) == len(decisions):
        disposition, reason = "ignored", refusals[-1].code
    return {
        "disposition": disposition,
        "reason": reason,
        "claim": verdict.events[0][0] if verdict.events else None,
        "event": ", ".join(kind_of(event) for event, _ in decisions) or verdict.asks or None,
        "answers": [
            {"question": number, "text": text}
            for event, _ in decisions
            for number, text in sorted(getattr(event, "answers", {}).items())
        ],
    }


def _item(rooms: Rooms, mail: bytes, envelope: Envelope, reading: Interpretation, now: datetime) -> Item:
    """The inbox item that the listener would have made."""
    local = envelope.rcpt.partition("@")[0].lower()
    texts = (local, *reading.tokens)
    token = next((address for text in texts if (address := rooms.tokens.read(text)) is not None), None)
    return Item(
        id=rooms.desk.ids.row(),
        received_at=now,
        mail_from=envelope.mail_from,
        rcpt=envelope.rcpt,
        role=local if local in _SPECIAL and token is None else "token",
        purpose=token.purpose if token else "",
        handle=token.handle if token else None,
        sha256=hashlib.sha256(mail).hexdigest(),
        size=len(mail),
    )
