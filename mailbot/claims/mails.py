"""Every mail the process sends (domain §7): to whom, how it leaves, and which extras its template gets.

Pure data. `context` maps each extra's name to an example value, so that its type is plain and a template can be tried
without a claim. A template gets the claim too; what the claim already says is not repeated here. Instants are UTC
datetimes and printed in the reader's time zone; `exact` says whether to print the instant or only its day. Where the
policy runs no such clock a `due` is None.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import MappingProxyType

from mailbot.claims.model import ClockKind, Party


@dataclass(frozen=True, slots=True, kw_only=True)
class MailKind:
    """One code of domain §7.

    `joins`: waits up to clock `join` for others to the same contact. `answer`: auto-replied when a mail caused it.
    `sets_clock`: the deadline this mail tells of, which may not run out before the mail was delivered (domain §4.4).
    `by_engine`: sent outside `decide`, because it belongs to no step of one claim.
    """

    code: str
    to: tuple[Party, ...]
    context: Mapping[str, object] = field(default_factory=dict)
    joins: bool = False
    answer: bool = False
    sets_clock: ClockKind | None = None
    by_engine: bool = False


_PARTNER = (Party.PARTNER,)
_CUSTOMER = (Party.CUSTOMER,)
_OFFICE = (Party.OFFICE,)
_PERSON = (Party.PERSON,)
_BOTH = (Party.PARTNER, Party.CUSTOMER)
_CUSTOMERS = (Party.CUSTOMER, Party.SECOND, Party.TENANT_ADMIN)

_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_DUE = datetime(2026, 3, 9, 22, 59, 59, tzinfo=UTC)
_LATER = datetime(2026, 3, 16, 22, 59, 59, tzinfo=UTC)
_OPEN = [{"number": 1, "reason": "missing_customer_ack", "text": "The signature page is missing."}]
_ANSWERED = [{"number": 1, "reason": "missing_customer_ack", "text": "Signature?", "answer": "On page 4."}]
_FILES = [{"name": "proof.pdf", "size": 48_213, "sha256": "0" * 64, "verdict": "accepted"}]
_DEFECTS = [{"field": "tenant_id", "code": "malformed_guid", "text": "The tenant id is not a GUID.", "read": "123"}]
_ITEMS = [
    {
        "kind": "question",
        "claim": "CLM-7K3QF2",
        "name": "Teams roll-out",
        "text": "What is this?",
        "since": _AT,
        "due": _DUE,
    }
]
_OPEN_CLAIMS = [{"id": "CLM-7K3QF2", "name": "Teams roll-out", "status": "action_required", "due": _DUE}]
_LINES = [{"code": "action_reminder", "claim": "CLM-7K3QF2", "name": "Teams roll-out", "due": _DUE, "text": "1 open"}]
_ACTS = [{"act": "submit", "claim": "CLM-7K3QF2", "name": "Teams roll-out", "received_at": _AT, "text": ""}]

_KINDS = (
    # --- the partner -------------------------------------------------------------------------------------------------
    MailKind(
        code="claim_received", to=_PARTNER, answer=True, context={"defects": _DEFECTS, "files": _FILES, "changed": []}
    ),
    MailKind(
        code="claim_submitted",
        to=_PARTNER,
        context={"due": _DUE, "again": False, "editable": ["location", "products", "contacts", "evidence"]},
    ),
    MailKind(code="review_started", to=_PARTNER, context={"due": _DUE}),
    MailKind(
        code="info_request",
        to=_PARTNER,
        sets_clock=ClockKind.PARTNER_ACTION,
        # `again`: the rest after a partial answer, same due date. `in_dispute`: silence makes the rejection final.
        context={"items": _OPEN, "due": _DUE, "exact": False, "again": False, "in_dispute": False},
    ),
    MailKind(
        code="evidence_receipt",
        to=_PARTNER,
        answer=True,
        # `due` is None unless the partner's deadline runs.
        context={"files": _FILES, "items": _OPEN, "defects": _DEFECTS, "due": _DUE, "exact": False},
    ),
    MailKind(
        code="action_reminder",
        to=_PARTNER,
        # `clock`: what runs out (partner_action, dispute); `items` is empty for a dispute window.
        context={"clock": "partner_action", "items": _OPEN, "due": _DUE, "exact": False, "in_dispute": False},
    ),
    MailKind(code="arbitration_notice", to=_PARTNER, context={"incumbent": False}),
    MailKind(
        code="claim_approved",
        to=_PARTNER,
        # `contact_verified` False: silence is not enough, the customer has to accept explicitly.
        context={"last_day": _DUE, "exact": False, "contact_verified": True, "arbitrated": False},
    ),
    MailKind(
        code="claim_rejected",
        to=_PARTNER,
        sets_clock=ClockKind.DISPUTE,
        # `dispute_until` is None when a new claim is the only way forward; `final`: status rejected_final.
        context={
            "reason": "insufficient_poe",
            "text": "The work is not shown.",
            "at": _AT,
            "dispute_until": _LATER,
            "exact": False,
            "final": False,
        },
    ),
    MailKind(
        code="customer_declined",
        to=_PARTNER,
        # `undone`: the customer took the no back; then `status` is where the claim stands again.
        context={"at": _AT, "ended": False, "active_since": _AT, "undone": False, "status": "rejected"},
    ),
    MailKind(code="dispute_received", to=_PARTNER, context={"due": _DUE}),
    MailKind(code="dispute_decided", to=_PARTNER, context={"result": "upheld", "text": "The work is not shown."}),
    MailKind(
        code="subscription_expiring",
        to=_PARTNER,
        context={"product": "business_central", "subscription_id": "b2a1…", "ends": date(2026, 4, 1), "days": 30},
    ),
    # --- the customer ------------------------------------------------------------------------------------------------
    MailKind(
        code="customer_heads_up",
        to=_CUSTOMER,
        joins=True,
        context={"given_by_name": "Petr Dvořák", "given_by_email": "petr@fabrikam.example", "retention_months": 24},
    ),
    MailKind(
        code="consent_prompt",
        to=_CUSTOMERS,
        joins=True,
        sets_clock=ClockKind.CONSENT_WINDOW,
        # `replaces`: firms whose association this claim would end. `again`: an earlier notice was sent before.
        # `contact_verified` False: without an explicit yes nothing starts. `away`: the first contact is out of office.
        context={
            "last_day": _DUE,
            "exact": False,
            "replaces": ["Contoso Consulting"],
            "again": False,
            "contact_verified": True,
            "away": False,
        },
    ),
    MailKind(
        code="consent_reminder",
        to=_CUSTOMERS,
        joins=True,
        context={"last_day": _DUE, "exact": False, "replaces": ["Contoso Consulting"], "contact_verified": True},
    ),
    MailKind(
        code="decline_confirmed",
        to=_CUSTOMER,
        # `ended`: an association was active. `undo_until` None: too late to undo. `how`: phone or letter, else empty.
        context={
            "at": _AT,
            "by": "jana@customer.example",
            "how": "",
            "ended": False,
            "active_since": _AT,
            "undo_until": _LATER,
        },
    ),
    MailKind(
        code="question_answered",
        to=_CUSTOMERS,
        # `last_day` is None when no window waits for this answer.
        context={
            "questions": ["What is this?"],
            "answer": "Fabrikam helps you with Teams.",
            "last_day": _DUE,
            "exact": False,
        },
    ),
    MailKind(code="claim_ended", to=_CUSTOMER, context={"reason": "insufficient_poe", "at": _AT, "disputable": True}),
    # --- several parties ---------------------------------------------------------------------------------------------
    MailKind(code="association_active", to=_BOTH, context={"since": _AT, "accepted": False}),
    # `reason`: of domain §6, or bounced, wrong_person, unclear … when the silence turns out to have been none.
    MailKind(
        code="association_ended",
        to=_BOTH,
        context={"reason": "partner_request", "text": "", "at": _AT, "active_since": _AT},
    ),
    MailKind(
        code="delivery_problem",
        to=(Party.PARTNER, Party.OFFICE),
        # `cause`: bounced, wrong_person or delayed (office only). `ended`: the window had closed, all is taken back.
        context={
            "email": "jana@customer.example",
            "status": "5.1.1",
            "permanent": True,
            "cause": "bounced",
            "suspended": True,
            "ended": False,
        },
    ),
    MailKind(
        code="deadline_moved",
        to=(*_BOTH, Party.SECOND, Party.TENANT_ADMIN),
        # `why`: unread, held, outage, undelivered, away.
        context={"clock": "consent_window", "old": _DUE, "new": _LATER, "exact": False, "why": "away"},
    ),
    # --- the office --------------------------------------------------------------------------------------------------
    MailKind(
        code="review_assigned",
        to=(Party.REVIEWER, Party.OFFICE),
        # To the office if no reviewer can be named. `round`: submit, resubmit, dispute, reassigned.
        # `case`: the partner's words in a dispute.
        context={"round": "submit", "due": _DUE, "contested": False, "case": "", "answers": _ANSWERED},
    ),
    MailKind(code="review_overdue", to=(Party.OFFICE, Party.PARTNER), context={"clock": "review", "since": _DUE}),
    # Sent at once with one item for a customer's question, and daily by the engine with all.
    MailKind(code="office_attention", to=_OFFICE, context={"items": _ITEMS}),
    # --- sent by the engine, outside any step of one claim ------------------------------------------------------------
    MailKind(
        code="not_understood",
        to=_PERSON,
        answer=True,
        by_engine=True,
        context={"read": "hello", "reason": "no_command", "possible": ["submit", "cancel"]},
    ),
    MailKind(
        code="not_authorised",
        to=_PERSON,
        answer=True,
        by_engine=True,
        context={"act": "submit", "may": ["incentives_admin"], "text": "Only an incentives admin may submit."},
    ),
    MailKind(
        code="claim_closed",
        to=_PERSON,
        answer=True,
        by_engine=True,
        context={
            "act": "dispute",
            "reason": "too_late",
            "text": "The time to dispute has passed.",
            "possible": ["comment"],
        },
    ),
    MailKind(code="wrong_process", to=_PERSON, answer=True, by_engine=True, context={"read": "co-op claim"}),
    MailKind(code="confirm_act", to=_PERSON, by_engine=True, context={"acts": _ACTS, "until": _DUE}),
    MailKind(code="sign_in", to=_PERSON, by_engine=True, context={"link": "https://m.example/login/x", "until": _DUE}),
    MailKind(code="help", to=_PERSON, answer=True, by_engine=True, context={"role": "partner"}),
    MailKind(code="status", to=_PERSON, answer=True, by_engine=True, context={"claims": _OPEN_CLAIMS}),
    MailKind(code="daily_digest", to=_PERSON, by_engine=True, context={"items": _LINES, "day": date(2026, 3, 2)}),
)

MAILS: Mapping[str, MailKind] = MappingProxyType({kind.code: kind for kind in _KINDS})
