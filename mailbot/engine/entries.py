"""What the history keeps of a decided event: who, how, and every field before and after (domain §9).

Pure. Personal words and addresses go to the private part, which can be erased while the chain still verifies
(security items 41, 42); states, dates and codes go to the public part.
"""

import re
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any

from mailbot.claims.events import Mail
from mailbot.claims.model import Claim
from mailbot.engine.workspace import Step
from mailbot.store.history import Entry

_PUBLIC = frozenset(
    {
        "policy", "location_id", "location_country", "location_time_zone", "tenant_id", "solution_area", "activity",
        "program", "products", "effective_date", "status", "consent", "suspended_by", "association", "contested",
        "rivals", "replaces", "reason", "disputes", "in_dispute", "contact_verified", "customer_told",
        "reminders_stopped", "absence_used", "clocks", "submitted_at", "decided_at", "active_since", "ended_at",
        "organisation_id",
    }
)  # fmt: skip
_SKIPPED = frozenset({"id", "version", "created_at"})
_FIELDS = tuple(f.name for f in fields(Claim) if f.name not in _SKIPPED)
_AS_IT_IS = frozenset({str, int, bool})
_WORD = re.compile(r"(?<!^)(?=[A-Z])")


def entry_of(step: Step) -> Entry:
    """The history entry of an event that changed its claim; `step.decision` must not be a refusal."""
    event, before, after = step.event, step.before, step.decision.claim
    public: dict[str, Any] = {"note": step.decision.note} if step.decision.note else {}
    private: dict[str, Any] = {}
    for name in _FIELDS:
        old, new = getattr(before, name, None), getattr(after, name)
        if old is not new and old != new:
            (public if name in _PUBLIC else private)[name] = _change(old, new)
    mails = [a.code for a in step.decision.actions if isinstance(a, Mail)]
    if mails:
        public["mails"] = mails
    private["by"] = {"email": event.actor.email, "name": event.actor.name}
    if event.trace:
        private["trace"] = dict(event.trace)
    return Entry(
        claim_id=after.id,
        event_id=event.id,
        at=event.at,
        kind=kind_of(event),
        actor=",".join(sorted(event.actor.roles)),
        channel=event.channel,
        inbox_id=step.inbox_id,
        public=public,
        private=private,
    )


def kind_of(event: object) -> str:
    """The event's name as the history, the API and the docs write it: `questions_answered`."""
    return _WORD.sub("_", type(event).__name__).lower()


def _change(old: object, new: object) -> dict[str, Any]:
    """Before and after; of a growing list only what came and went."""
    if isinstance(new, tuple) and (old is None or isinstance(old, tuple)):
        had = old or ()
        came, went = [x for x in new if x not in had], [x for x in had if x not in new]
        return {"added": plain(came), "removed": plain(went)}
    return {"before": plain(old), "after": plain(new)}


def plain(value: object) -> Any:
    """A value of the model as JSON values."""
    if value is None or type(value) in _AS_IT_IS:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(v) for name in _names(type(value)) if (v := getattr(value, name)) not in (None, "", ())}
    if isinstance(value, list | tuple | frozenset):
        return [plain(v) for v in value]
    return value


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))
