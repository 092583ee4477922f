"""Who may connect: counts of open sessions, in all and per peer, and the register of all of them for the end.

Single-threaded like the loop that calls it; nothing here waits. Wall-clock POSIX seconds are handed in for the rate of
new connections. A refused connection costs one line and no session.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Protocol

from mailbot.inbound import replies
from mailbot.inbound.flood import Tally
from mailbot.inbound.replies import Reply
from mailbot.limits import Limits

_MINUTE = 60
_IPV6_SITE_BITS = 64


class Visitor(Protocol):
    """What the gate must know of a session."""

    host: str

    def idle_seconds(self) -> float:
        """For how long it has waited for a command; 0 while it works."""

    def dismiss(self, reply: Reply) -> None:
        """End it now if it waits for a command, else after what it has in hand."""

    def abort(self) -> None:
        """Cut it off."""


class Gate:
    """The open sessions and whether one more fits."""

    def __init__(self, limits: Limits, upstream: Iterable[str]) -> None:
        self._limits = limits
        self._upstream: tuple[IPv4Network | IPv6Network, ...] = tuple(ip_network(net) for net in upstream)
        self._sessions: set[Visitor] = set()
        self._per_source: Counter[str] = Counter()
        self._arrivals = Tally(_MINUTE)
        self._refusals = Tally(_MINUTE)
        self._empty = asyncio.Event()
        self._empty.set()
        self.closed = False

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def crowded(self) -> bool:
        """Whether the stricter limits of overload rule (security §8)."""
        return len(self._sessions) * 100 > self._limits.connections * self._limits.overload_percent

    def is_upstream(self, host: str) -> bool:
        """Whether `host` is a configured peer whose word about others is believed."""
        try:
            address = ip_address(host)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._upstream)

    def admit(self, visitor: Visitor, now: float) -> Reply | None:
        """Count `visitor` in, or the reply to send it away with. Whoever was let in must `leave` once."""
        refusal = self._refusal(visitor.host, now)
        if refusal is None:
            self._sessions.add(visitor)
            self._per_source[source_of(visitor.host)] += 1
            self._empty.clear()
        return refusal

    def is_first_refusal(self, host: str, now: float) -> bool:
        """Whether a refused connection of `host` is the first this minute: a storm is noted once, not each drop."""
        return self._refusals.add(source_of(host), 1, now) == 1

    def leave(self, visitor: Visitor) -> None:
        """Count `visitor` out."""
        self._sessions.discard(visitor)
        source = source_of(visitor.host)
        self._per_source[source] -= 1
        if not self._per_source[source]:
            del self._per_source[source]
        if not self._sessions:
            self._empty.set()

    async def close(self, grace_seconds: float) -> None:
        """Let nobody in any more, end every session after what it has in hand, cut off the rest after the grace."""
        self.closed = True
        for session in tuple(self._sessions):
            session.dismiss(replies.SHUTTING_DOWN)
        try:
            await asyncio.wait_for(self._empty.wait(), grace_seconds)
        except TimeoutError:
            for session in tuple(self._sessions):
                session.abort()

    def _refusal(self, host: str, now: float) -> Reply | None:
        if self.closed:
            return replies.SHUTTING_DOWN
        if not self.is_upstream(host):
            source = source_of(host)
            if self._arrivals.add(source, 1, now) > self._limits.new_connections_per_ip_minute:
                return replies.TOO_FAST
            if self._per_source[source] >= self._limits.connections_per_ip:
                return replies.FULL_FOR_PEER
        if len(self._sessions) >= self._limits.connections and not self._make_room():
            return replies.FULL
        return None

    def _make_room(self) -> bool:
        """Send away the session idle longest: idle sockets must not keep mail out (security §4.2 item 15)."""
        longest = max(self._sessions, key=lambda session: session.idle_seconds(), default=None)
        if longest is None or longest.idle_seconds() < self._limits.idle_evicted_seconds:
            return False
        longest.dismiss(replies.MADE_ROOM)
        return True


def source_of(host: str) -> str:
    """Who counts as one peer: an IPv4 address, or the /64 that one IPv6 customer owns."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), _IPV6_SITE_BITS), strict=False))
