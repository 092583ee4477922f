"""Identifiers: row ids that sort by time, unguessable handles, claim ids that can be spoken.

Nothing here remembers what was given out beyond the last row id, so a unique index decides; claim ids are drawn from
481 million, and whoever stores one draws again if it is taken. Clock and randomness come in.
"""

import re
from datetime import datetime
from typing import Protocol

from mailbot.clock import Clock

CLAIM_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXYZ"
"""Characters of a claim id: none that looks like another (0 O, 1 I L), no vowels, so that no words come out."""

CLAIM_ID = re.compile(rf"\bCLM-[{CLAIM_ALPHABET}]{{6}}\b", re.IGNORECASE | re.ASCII)
"""A claim id within text, however its case was changed on the way."""

_RANDOM_BITS = 21
_MILLISECONDS = 1 << 42


class Random(Protocol):
    """The part of random.Random that is needed; the service hands in random.SystemRandom."""

    def getrandbits(self, k: int, /) -> int:
        """An integer of k random bits."""
        ...

    def randrange(self, stop: int, /) -> int:
        """An integer from 0 to stop - 1."""
        ...


def first_row(at: datetime) -> int:
    """The smallest id a row made at that instant can have: what was made since then is at least this."""
    return (int(at.timestamp() * 1000) % _MILLISECONDS) << _RANDOM_BITS


class Ids:
    """A source of identifiers for one process."""

    def __init__(self, clock: Clock, random: Random) -> None:
        self._clock = clock
        self._random = random
        self._last = 0

    def row(self) -> int:
        """A positive 63-bit id, greater than every one before it from this source, even if the clock steps back.

        The upper 42 bits are milliseconds since 1970, the lower 21 random, so that inserts append to an index and two
        processes hardly ever meet.
        """
        fresh = first_row(self._clock.now()) | self._random.getrandbits(_RANDOM_BITS)
        self._last = max(fresh, self._last + 1)
        return self._last

    def handle(self) -> int:
        """48 random bits, never 0: the row a signed address points to (architecture.md, Tokens)."""
        return self._random.getrandbits(48) or 1

    def claim(self) -> str:
        """A claim id like `CLM-7K3QF2` (domain §3)."""
        size = len(CLAIM_ALPHABET)
        return "CLM-" + "".join(CLAIM_ALPHABET[self._random.randrange(size)] for _ in range(6))
