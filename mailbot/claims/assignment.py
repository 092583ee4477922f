"""Who reviews a claim: somebody who is there, speaks its language and has the least to do (domain §2, §3).

Pure; never refuses. Who may not decide, because they decided before, is left out by whoever asks.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """Somebody who may decide claims. `load` counts their open ones; `away` says that they are absent now."""

    email: str
    language: str = ""
    load: int = 0
    away: bool = False


def line_for(reviewers: Iterable[Reviewer], *, language: str, firm: Collection[str]) -> tuple[str, ...]:
    """Their addresses, the best first. `language` is the partner's; nobody with an address in one of the `firm`'s
    domains stands in the line, nor who is away."""
    able = [one for one in reviewers if not one.away and one.email.rpartition("@")[2] not in firm]
    best = sorted(able, key=lambda one: (one.language != language, one.load, one.email))
    return tuple(one.email for one in best)
