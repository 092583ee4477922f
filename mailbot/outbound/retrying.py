"""What becomes of an outbox row after an attempt: when it is tried again, and when it is given up.

Pure. Postfix's numbers: five minutes, doubling to 4000 seconds, for five days (security §5.3).
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailbot.outbound.transport import Failure, PermanentFailure, TemporaryFailure
from mailbot.store.outbox import Outgoing, Result

_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_NO_SUCH_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_UNKNOWN_USER = frozenset({550, 551, 553})
_ABOUT_US = re.compile(r"spam|polic|block|relay|deni|reputation|auth|dmarc|spf|dkim|quota|full", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How patient delivery is."""

    first: timedelta = timedelta(minutes=5)
    most: timedelta = timedelta(seconds=4000)
    lifetime: timedelta = timedelta(days=5)

    def next_attempt(self, attempts: int, now: datetime) -> datetime:
        """When to try again after `attempts` earlier attempts and one that just failed."""
        doubled = self.first * (1 << min(attempts, 20))
        return now + min(doubled, self.most)

    def over(self, row: Outgoing, now: datetime) -> bool:
        """Whether the row has been tried long enough."""
        return now - row.created_at >= self.lifetime


def sent(row: Outgoing, now: datetime) -> Result:
    """Somebody took it."""
    return Result(id=row.id, state="sent", at=now)


def failed(
    row: Outgoing, failure: Failure, now: datetime, schedule: Schedule, *, last: bool, keep: bool = False
) -> Result:
    """It was not taken: tried again, given up at once, or, if that was the `last` attempt, for its age.

    `keep`: it may not be given up.
    """
    maybe = row.maybe_sent or (isinstance(failure, TemporaryFailure) and failure.maybe_sent)
    status = enhanced_status(failure)
    if isinstance(failure, PermanentFailure) and not keep:
        dead = address_is_dead(failure)
        return Result(
            id=row.id, state="bounced", at=now, error=str(failure), status=status, permanent=dead, maybe_sent=maybe
        )
    if last and not keep:
        return Result(id=row.id, state="expired", at=now, error=str(failure), status=status, maybe_sent=maybe)
    again = schedule.next_attempt(row.attempts, now)
    return Result(
        id=row.id,
        state="deferred",
        at=now,
        next_attempt=again,
        error=str(failure),
        status=status,
        maybe_sent=maybe,
    )


def enhanced_status(failure: Failure) -> str:
    """The enhanced code of the reply (RFC 3463), or the bare reply code, or nothing."""
    found = _ENHANCED.search(failure.text)
    return found[1] if found else str(failure.code or "")


def address_is_dead(failure: Failure) -> bool:
    """Whether the reply says that the address itself cannot receive (contract, try --json: `permanent`)."""
    if failure.stage != "rcpt":
        return False
    found = _ENHANCED.search(failure.text)
    if found:
        return found[1] in _NO_SUCH_ADDRESS
    return failure.code in _UNKNOWN_USER and not _ABOUT_US.search(failure.text)
