"""Faults planted into a service of the harness, to prove that the harness would find them (security §5.4).

Each changes one promise of the code from outside; the program itself has no such switch.
"""

import asyncio
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from mailbot.engine.acceptance import Acceptance
from mailbot.inbound.envelope import Accepted
from mailbot.outbound.smarthost import SmarthostTransport
from mailbot.outbound.transport import Message, Sent
from mailbot.store import inbox

FAULTS = ("early_250", "no_dedupe", "fresh_message_id")

_LATE = 0.25
_background: set[asyncio.Task[Any]] = set()


def plant(name: str) -> None:
    """Plants the fault of that name; none for an empty one."""
    if name == "early_250":
        _answer_early()
    elif name == "no_dedupe":
        _forget_what_was_applied()
    elif name == "fresh_message_id":
        _rename_each_attempt()


def _answer_early() -> None:
    """250 first, the commit some time later."""
    keep = Acceptance.keep

    async def later(self: Acceptance, accepted: Accepted) -> None:
        await asyncio.sleep(_LATE)
        await keep(self, accepted)

    async def early(self: Acceptance, accepted: Accepted) -> int:
        task = asyncio.create_task(later(self, accepted))
        _background.add(task)
        task.add_done_callback(_background.discard)
        return 1

    Acceptance.keep = early  # type: ignore[method-assign]


def _forget_what_was_applied() -> None:
    """Nobody knows a message again; the harness has dropped the index that would."""

    async def none(_conn: object, _marks: Iterable[object]) -> frozenset[Any]:
        return frozenset()

    inbox.duplicates = none  # type: ignore[assignment]
    from mailbot.engine.lookup import Lookup

    Lookup.is_duplicate = lambda *_: False  # type: ignore[method-assign, assignment]


def _rename_each_attempt() -> None:
    """Every attempt is another mail."""
    send = SmarthostTransport.send

    async def fresh(self: SmarthostTransport, message: Message) -> Sent:
        name = b"Message-ID: <%s@mail.test>" % secrets.token_hex(16).encode("ascii")
        raw = re.sub(rb"(?im)^message-id:[^\r\n]*(\r?\n[ \t][^\r\n]*)*", lambda _: name, message.raw, count=1)
        return await send(self, replace(message, raw=raw))

    SmarthostTransport.send = fresh  # type: ignore[method-assign]


def index_to_drop(name: str) -> Sequence[str]:
    """Statements the harness runs on the database before a run with that fault."""
    return ("DROP INDEX uq_inbox_handle_digest",) if name == "no_dedupe" else ()
