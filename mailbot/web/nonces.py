"""Form nonces: proof that a form was on a page of ours, for whom, and since when (security items 31, 33).

A nonce is signed, not stored. Its id becomes the id of the event the form causes, so that the same form sent twice
changes nothing the second time. Reading never raises: what is not ours, for someone else or too old is None.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mailbot.tokens import Tokens

HUMAN = timedelta(seconds=2)
"""Nobody reads a page and presses a button faster (contract, HTTP)."""

_PURPOSE = "form"
_LIFE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Nonce:
    """A form that was served: `id` names it, `step` is what it was served for."""

    id: str
    made_at: datetime
    step: str

    def too_fast(self, now: datetime) -> bool:
        """Whether less time went by since the page was served than a person needs."""
        return now - self.made_at < HUMAN


def new_nonce(tokens: Tokens, binding: str, row: int, now: datetime, step: str = "") -> str:
    """A nonce for the holder of `binding` (a session or a page's token); `row` is a fresh id."""
    payload = [binding, str(row), int(now.timestamp() * 1000), step]
    return tokens.dumps(_PURPOSE, payload, now)


def read_nonce(tokens: Tokens, text: str, binding: str, now: datetime) -> Nonce | None:
    """The nonce, if it was made for that binding within the last 24 hours."""
    payload = tokens.loads(_PURPOSE, text, _LIFE, now)
    match payload:
        case [str(bound), str(row), int(millis), str(step)] if bound == binding:
            return Nonce(row, datetime.fromtimestamp(millis / 1000, UTC), step)
    return None
