"""When a session has taken too long, and what to tell it.

Pure: instants of a monotonic clock are handed in, in seconds. The session asks for the next deadline and sets one
timer; nothing that the peer sends can move the absolute ones (security §4.2 item 15).
"""

from math import inf
from typing import Literal

from mailbot.inbound import replies
from mailbot.inbound.replies import Reply
from mailbot.limits import Limits

Deadline = tuple[float, Reply]


class Watch:
    """The deadlines of one session."""

    __slots__ = ("_began", "_block_at", "_bytes", "_data_at", "_heard_at", "_limits", "_phase", "_session_seconds")

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        self._began = self._heard_at = self._data_at = self._block_at = now
        self._bytes = 0
        self._session_seconds = limits.session_seconds
        self._phase: Literal["command", "data", "rest"] = "command"

    @property
    def heard_at(self) -> float:
        """When the last command line came."""
        return self._heard_at

    def heard(self, now: float) -> None:
        """A command line came, or its answer is done: the peer's turn begins."""
        self._phase = "command"
        self._heard_at = now

    def data_begins(self, now: float) -> None:
        """The peer was told to send the message."""
        self._phase = "data"
        self._data_at = self._block_at = now
        self._bytes = 0
        self._session_seconds = self._limits.session_with_data_seconds

    def data_came(self, size: int, now: float) -> None:
        """A piece of the message came."""
        self._bytes += size
        self._block_at = now

    def rest(self) -> None:
        """We are at work, the peer waits: nothing can be late."""
        self._phase = "rest"

    def deadline(self, *, crowded: bool) -> Deadline:
        """The next instant at which the session ends, and the reply that says why."""
        if self._phase == "rest":
            return inf, replies.SESSION_OVER
        session = (self._began + self._session_seconds, replies.SESSION_OVER)
        own = self._data_deadline() if self._phase == "data" else self._idle_deadline(crowded)
        return min(session, own, key=lambda deadline: deadline[0])

    def _idle_deadline(self, crowded: bool) -> Deadline:
        allowed = self._limits.overload_idle_seconds if crowded else self._limits.idle_seconds
        return self._heard_at + min(allowed, self._limits.idle_seconds), replies.IDLE

    def _data_deadline(self) -> Deadline:
        limits = self._limits
        affordable = self._bytes / limits.data_min_rate
        return (
            min(
                self._data_at + limits.data_seconds,
                self._block_at + limits.data_block_seconds,
                self._data_at + max(limits.data_rate_grace_seconds, affordable),
            ),
            replies.DATA_SLOW,
        )
