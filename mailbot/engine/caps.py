"""How many answers to mail are enough, whatever the headers of that mail say (security item 35).

Two machines that talk to each other are stopped by counting, because everything else about them can look human. Only
answers count; notices of state, deadline or consent never do, and nothing is dropped: what is over a cap is joined
into one mail the next day. Reads the database; failures are the store's.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store import history, inbox, outbox
from mailbot.store.outbox import NewMail

ANSWERS_A_DAY = 5
"""Answers to mail from one address about one claim, or about none, in 24 hours, unless configured (security §8)."""

ANSWERS_TO_ONE = 20
"""Answers to one address in 24 hours about whatever: each mail of a machine may be read as a new claim."""

ANSWERS_UNHEARD = 20
"""Answers about one claim, or to one address about none, since somebody last changed anything by writing."""

_DAY = timedelta(days=1)


async def enough(
    conn: AsyncConnection, written: Sequence[NewMail], email: str, claim_id: str | None, now: datetime, a_day: int
) -> bool:
    """Whether this address got all the answers it gets now, `a_day` about one claim; `written` is not stored yet."""
    own = [m for m in written if m.answer and m.email == email]
    about = sum(m.claim_id == (claim_id or "") for m in own)
    if await outbox.answers_to(conn, email, claim_id, now - _DAY) + about >= a_day:
        return True
    if await outbox.answers_to_one(conn, email, now - _DAY) + len(own) >= ANSWERS_TO_ONE:
        return True
    return await _unheard(conn, email, claim_id) + about >= ANSWERS_UNHEARD


async def _unheard(conn: AsyncConnection, email: str, claim_id: str | None) -> int:
    if claim_id:
        return await outbox.answers_about(conn, claim_id, await history.last_act(conn, claim_id))
    return await outbox.answers_to(conn, email, None, await inbox.last_act(conn, email))
