"""A claim as the world outside sees it: the JSON of the API and of webhooks (contract, HTTP).

Pure. Names are fixed by the contract: they may grow, never change.
"""

from collections.abc import Iterable
from typing import Any

from mailbot.claims.events import Defect
from mailbot.claims.model import Claim, Clock, ClockKind, Contact, Evidence, Product, Question

_TEXTS = (
    "id",
    "version",
    "name",
    "location_id",
    "tenant_id",
    "tenant_domain",
    "domain_reason",
    "solution_area",
    "activity",
    "program",
    "seller",
    "solution",
    "policy",
    "contested",
    "reason",
    "assigned_to",
)


def claim_view(claim: Claim, missing: Iterable[Defect] = ()) -> dict[str, Any]:
    """JSON values only. `missing` are the defects that keep a draft from being submitted."""
    return {name: getattr(claim, name) for name in _TEXTS} | {
        "organisation": claim.organisation_name,
        "status": claim.status.value,
        "consent": claim.consent.value,
        "suspended_by": claim.suspended_by.value if claim.suspended_by else None,
        "association": claim.association.value,
        "effective_date": claim.effective_date.isoformat() if claim.effective_date else None,
        "created_at": claim.created_at.isoformat(),
        "submitted_at": claim.submitted_at.isoformat() if claim.submitted_at else None,
        "due": [{"kind": c.kind.value, "at": c.due.isoformat()} for c in claim.clocks if _told(c)],
        "missing": [{"field": d.field, "code": d.code, "text": d.text} for d in missing],
        "products": [_product(p) for p in claim.products],
        "customer": _contact(claim.customer),
        "second": _contact(claim.second) if claim.second else None,
        "tenant_admin": _contact(claim.tenant_admin) if claim.tenant_admin else None,
        "partner": _contact(claim.partner),
        "evidence": [_evidence(e) for e in claim.evidence],
        "questions": [_question(q) for q in claim.questions],
    }


def _told(clock: Clock) -> bool:
    """Whether the deadline is for others to know: a decision that can still be taken back is the office's alone."""
    return clock.paused_at is None and clock.kind is not ClockKind.TAKE_BACK


def _product(product: Product) -> dict[str, Any]:
    ends = product.ends.isoformat() if product.ends else None
    return {"code": product.code, "subscription_id": product.subscription_id or None, "ends": ends}


def _contact(contact: Contact) -> dict[str, Any]:
    return {
        "name": contact.name,
        "title": contact.title,
        "email": contact.email,
        "country": contact.country,
        "language": contact.language,
        "time_zone": contact.time_zone,
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "sha256": evidence.sha256,
        "name": evidence.name,
        "type": evidence.media_type,
        "size": evidence.size,
        "verdict": evidence.verdict,
        "by": evidence.by,
        "at": evidence.at.isoformat(),
    }


def _question(question: Question) -> dict[str, Any]:
    answer = question.answer if question.answered_at else None
    return {"number": question.number, "reason": question.reason, "text": question.text, "answer": answer}
