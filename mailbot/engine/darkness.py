"""No verdict in the dark: what forbids a clock to reject or lapse now (domain §4.4).

Mail that came in time and is unread or held, an outage of the listener, a notice that has not arrived. Reads the
database, with a handful of queries for a whole batch; decides nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailbot.claims.events import Darkness
from mailbot.claims.model import ClockKind
from mailbot.engine.workspace import Workspace
from mailbot.store import inbox, outbox, settings
from mailbot.store.settings import Uptime

_VERDICTS = frozenset({ClockKind.PARTNER_ACTION, ClockKind.CONSENT_WINDOW})
_AT_LEAST = timedelta(hours=24)
_AT_MOST = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Moment:
    """A due time of one clock of one claim."""

    claim_id: str
    kind: ClockKind
    subject: str
    due: datetime


async def darkness_of(space: Workspace, moments: Sequence[Moment], now: datetime) -> Mapping[Moment, Darkness]:
    """For each moment that may end in a verdict, what forbids it; their claims are at hand."""
    verdicts = [m for m in moments if m.kind in _VERDICTS]
    if not verdicts:
        return {}
    pairs = [(m.claim_id, m.due) for m in verdicts]
    unread = await inbox.unread_before(space.conn, pairs)
    held = await inbox.held_before(space.conn, pairs)
    keys = {m: _notice_of(space, m) for m in verdicts}
    arrived = await outbox.delivered(space.conn, [(m.claim_id, keys[m]) for m in verdicts])
    wait_until = dark_until(await settings.uptime(space.conn, now))
    return {
        m: Darkness(
            unread=(m.claim_id, m.due) in unread,
            held_since=held.get((m.claim_id, m.due)),
            wait_until=wait_until if wait_until and wait_until > now else None,
            undelivered=bool(keys[m]) and (m.claim_id, keys[m]) not in arrived,
        )
        for m in verdicts
    }


def dark_until(uptime: Uptime) -> datetime | None:
    """Until when no clock may reject or lapse: the listener has to be up for as long as it was down.

    At least a day and at most five (domain §4.4 b); None when there was no outage of late.
    """
    ends = (outage.up_at + min(max(outage.lasted, _AT_LEAST), _AT_MOST) for outage in uptime.outages)
    return max(ends, default=None)


def _notice_of(space: Workspace, moment: Moment) -> str:
    clock = space.current[moment.claim_id].clock(moment.kind, moment.subject)
    return clock.notice if clock else ""
