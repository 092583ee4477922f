"""How much mail may come: from one source, for one address, and at the same time for all.

Counts live in memory and in fixed windows (at a window's edge up to twice the limit may pass; a restart forgets). Time
is handed in as POSIX seconds. Nothing here fails.
"""

from collections import defaultdict

from mailbot.inbound import replies
from mailbot.inbound.replies import Reply
from mailbot.limits import Limits

_MINUTE = 60
_DAY = 24 * 60 * 60


class Tally:
    """Amounts per key within the current window of `span` seconds."""

    def __init__(self, span: int) -> None:
        self._span = span
        self._window = 0
        self._amounts: defaultdict[object, int] = defaultdict(int)

    def count(self, key: object, now: float) -> int:
        """How much `key` has in the window that holds `now`."""
        self._turn(now)
        return self._amounts.get(key, 0)

    def add(self, key: object, amount: int, now: float) -> int:
        """Add `amount` and return the new count."""
        self._turn(now)
        self._amounts[key] += amount
        return self._amounts[key]

    def _turn(self, now: float) -> None:
        window = int(now // self._span)
        if window != self._window:
            self._window = window
            self._amounts.clear()


class Budget:
    """Bytes that all sessions hold together."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.held = 0

    @property
    def exhausted(self) -> bool:
        """Whether not one more message should begin."""
        return self.held >= self._limit

    def take(self, size: int) -> bool:
        """Reserve `size` bytes, or say no and reserve nothing."""
        if self.held + size > self._limit:
            return False
        self.held += size
        return True

    def give_back(self, size: int) -> None:
        """Release bytes that were taken."""
        self.held -= size


class Flood:
    """The caps of security §4.5 item 39."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._sources = Tally(_MINUTE)
        self._domains = Tally(_MINUTE)
        self._handle_messages = Tally(_DAY)
        self._handle_bytes = Tally(_DAY)

    def message_begins(self, source: str | None, mail_from: str, now: float) -> Reply | None:
        """Count one MAIL of `source` (None: exempt) and of the sender's domain; the refusal when either has too many.

        The null sender has no domain: bounces of the whole world are not one sender.
        """
        if source is not None and self._sources.add(source, 1, now) > self._limits.messages_per_ip_minute:
            return replies.FLOOD_SOURCE
        domain = mail_from.rpartition("@")[2].lower()
        if domain and self._domains.add(domain, 1, now) > self._limits.messages_per_domain_minute:
            return replies.FLOOD_SOURCE
        return None

    def recipient(self, handle: int, now: float) -> Reply | None:
        """The refusal when this signed address has had enough today."""
        many = self._handle_messages.count(handle, now) >= self._limits.messages_per_handle_day
        much = self._handle_bytes.count(handle, now) >= self._limits.bytes_per_handle_day
        return replies.FLOOD_ADDRESS if many or much else None

    def stored(self, handle: int, size: int, now: float) -> None:
        """Count a stored message of `size` bytes."""
        self._handle_messages.add(handle, 1, now)
        self._handle_bytes.add(handle, size, now)
