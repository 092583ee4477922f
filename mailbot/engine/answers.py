"""Mails that answer a mail without any event: help, status, and why an act changed nothing (domain §7).

Pure. They go to a known person's stored address only; who is nobody to us gets none (security item 38).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from mailbot.claims.events import Event, Mail, Refusal
from mailbot.claims.model import Claim, Party, Role, Status
from mailbot.engine.entries import kind_of

_ENDED = frozenset({Status.REJECTED, Status.REJECTED_FINAL, Status.CANCELLED})
_OFFICE = frozenset({Role.REVIEWER.value, Role.OFFICE_ADMIN.value})


def help_mail(item_id: int, email: str, roles: Sequence[str]) -> Mail:
    """What can be written, for the writer's kind of person."""
    role = "reviewer" if _OFFICE & set(roles) else "partner"
    return _answer("help", item_id, email, {"role": role})


def status_mail(item_id: int, email: str, claims: Sequence[Claim]) -> Mail:
    """The person's open claims with their due dates, the next one first."""
    rows = sorted(((_next_due(c), c) for c in claims), key=lambda pair: (pair[0] is None, pair[0]))
    lines = [{"id": c.id, "name": c.name, "status": c.status.value, "due": due} for due, c in rows]
    return _answer("status", item_id, email, {"claims": lines})


def refusal_mail(item_id: int, email: str, claim: Claim | None, event: Event, refusal: Refusal) -> Mail:
    """Why an act that was asked for by mail changed nothing, and what would fit."""
    act = kind_of(event)
    if refusal.code == "not_allowed":
        return _answer("not_authorised", item_id, email, {"act": act, "may": [], "text": refusal.text})
    context = {"act": act, "reason": refusal.code, "text": refusal.text, "possible": list(refusal.possible)}
    if claim is not None and claim.status in _ENDED:
        return _answer("claim_closed", item_id, email, context)
    read = {"read": refusal.text, "reason": refusal.code, "possible": list(refusal.possible)}
    return _answer("not_understood", item_id, email, read)


def _next_due(claim: Claim) -> datetime | None:
    return min((clock.due for clock in claim.clocks if clock.paused_at is None), default=None)


def _answer(code: str, item_id: int, email: str, context: Mapping[str, object]) -> Mail:
    return Mail(code=code, to=Party.PERSON, key=f"{code}:{item_id}", email=email, context=context, answer=True)
