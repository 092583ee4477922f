"""Tells one bad address from a relay that refuses us: then sending pauses, and no mail is given up (security §5.2 D6).

Pure but for its own memory: time comes in. While it is open nothing is sent but one probe after each pause; a mail
that gets through closes it.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailbot.outbound.transport import Failure, TemporaryFailure

ENOUGH = 3
"""Different recipients that meet the same refusal before it is ours and not theirs."""

FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(seconds=4000)
_PROOF_OF_LIFE = timedelta(hours=1)
_POLICY = re.compile(r"^5\.7\.\d{1,3}\b|\brelay", re.IGNORECASE)


def systemic(failure: Failure) -> str:
    """What kind of refusal of us, rather than of one mail, this may be; empty when it is about the mail alone."""
    if failure.stage in ("connect", "tls", "auth"):
        return f"{failure.stage} {failure.code or ''}".strip()
    if isinstance(failure, TemporaryFailure):
        return ""
    if failure.stage == "mail":
        return f"mail {failure.code}"
    return f"rcpt {failure.code} 5.7" if failure.stage == "rcpt" and _POLICY.search(failure.text) else ""


@dataclass(slots=True)
class Breaker:
    """Open while `open_until` is set; `why` is the refusal in the relay's words, `refused` whom it hit."""

    open_until: datetime | None = None
    why: str = ""
    pauses: int = 0
    last_success: datetime | None = None
    refused: dict[str, set[str]] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether sending is paused; a probe may be on its way."""
        return self.open_until is not None

    def allows(self, now: datetime, wanted: int) -> int:
        """How many mails may be tried now: all, none, or the probe."""
        if self.open_until is None:
            return wanted
        return 1 if self._pause_is_over(now) else 0

    def failed(self, failure: Failure, rcpt: str, now: datetime) -> None:
        """Notes a refusal; opens, or pauses longer, when it concerns us rather than the mail."""
        kind = systemic(failure)
        if not kind:
            return
        hit = self.refused.setdefault(kind, set())
        hit.add(rcpt)
        if self.is_open or len(hit) >= ENOUGH:
            # Mails tried side by side fail together: that is one pause, not several.
            if self._pause_is_over(now):
                self.open_until = now + min(FIRST_PAUSE * 2**self.pauses, LONGEST_PAUSE)
                self.pauses = min(self.pauses + 1, 10)
            self.why = str(failure)

    def succeeded(self, now: datetime) -> None:
        """A mail got through: the relay takes mail from us."""
        self.last_success = now
        self.open_until, self.why, self.pauses = None, "", 0
        self.refused.clear()

    def _pause_is_over(self, now: datetime) -> bool:
        """Time has come, or its end was reckoned by a clock that was wrong: no pause is that long."""
        until = self.open_until
        return until is None or now >= until or until - now > LONGEST_PAUSE

    def concerns_us(self, failure: Failure, attempts: int, now: datetime) -> bool:
        """Whether this refusal must not end the mail: it may be ours, and nothing shows yet that it is the mail's.

        It is the mail's when others get through while this one is refused for the third time.
        """
        if not systemic(failure):
            return False
        alive = self.last_success is not None and now - self.last_success < _PROOF_OF_LIFE
        return failure.stage in ("connect", "tls", "auth") or self.is_open or attempts < ENOUGH - 1 or not alive
