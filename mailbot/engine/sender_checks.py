"""The sender checks of a batch of mails, made before they are read, side by side.

What was proved when a mail came stays proved when it is read again: signatures expire and keys are replaced. Anything
less is checked anew. The port never raises; without one nothing is checked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from mailbot.engine.readout import authentication_of
from mailbot.inbound.interpretation import Authentication, Envelope
from mailbot.store.inbox import Item

Verify = Callable[[bytes, Envelope], Awaitable[Authentication]]
"""Says whether a mail comes from the domain in its From; keeps its own deadline."""


async def sender_checks(
    mails: Sequence[tuple[Item, bytes, Envelope]], verify: Verify | None
) -> list[Authentication | None]:
    """What is known of each mail's From domain, in order."""
    return list(await asyncio.gather(*(_check(item, raw, envelope, verify) for item, raw, envelope in mails)))


async def _check(item: Item, raw: bytes, envelope: Envelope, verify: Verify | None) -> Authentication | None:
    if verify is None:
        return None
    before = authentication_of(item.reading)
    if before is not None and before.result == "pass":
        return before
    return await verify(raw, envelope)
