"""The process's codes as words: statuses, reasons, verdicts, roles, deadlines. English source; catalogues translate.

Pure data. A code nobody knows is shown as it stands: better a strange word than no mail.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from mailbot.wording.marking import mark
from mailbot.wording.sentences import DEFECTS, FORMS, REFUSALS, REMEDIES, WHY_UNREAD

_INDEX = re.compile(r"\[\d+\]|\.\d+(?![^.])")


_STATUS = {
    "draft": mark("Draft"),
    "submitted": mark("Submitted"),
    "under_review": mark("Under review"),
    "action_required": mark("Partner action required"),
    "approved": mark("Approved"),
    "rejected": mark("Rejected"),
    "disputed": mark("Disputed"),
    "rejected_final": mark("Rejected, final"),
    "cancelled": mark("Cancelled"),
}

_CONSENT = {
    "none": mark("Customer not asked yet"),
    "pending": mark("Waiting for the customer"),
    "suspended": mark("Consent window suspended"),
    "lapsed": mark("No objection"),
    "accepted": mark("Customer agreed"),
    "declined": mark("Customer declined"),
}

_ASSOCIATION = {"none": mark("Not active yet"), "active": mark("Active"), "ended": mark("Ended")}

_CAUSE = {
    "bounced": mark("the notice could not be delivered"),
    "question": mark("the customer asked a question"),
    "wrong_person": mark("the address belongs to somebody else"),
    "unclear": mark("the customer's answer was not clear"),
    "data_request": mark("the customer asked about personal data"),
    "unreadable": mark("the customer's answer could not be read"),
    "complaint": mark("the notice was reported as spam"),
    "leaked_key": mark("an answer came through an address that is no longer safe"),
}

# Domain §6. What a reader sees in place of the code, in a mail's list or after "Reason:".
_REASON = {
    "partner_request": mark("at the partner's request"),
    "customer_declined": mark("the customer declined"),
    "insufficient_poe": mark("the evidence does not prove the work"),
    "missing_customer_consent": mark("the customer's agreement is missing"),
    "missing_products": mark("the evidence does not show every claimed product"),
    "no_partner_response": mark("no answer came from the partner in time"),
    "poe_unavailable": mark("the evidence cannot be opened"),
    "lost_arbitration": mark("another partner's newer evidence was stronger"),
    "missing_all_poe": mark("the evidence is a wrong or unrelated file"),
    "missing_customer_ack": mark("the customer's signature is missing"),
    "missing_or_old_dates": mark("dates are missing or too old"),
    "missing_partner_solution": mark("the work done is not described"),
    "remove_products": mark("please remove products that the evidence does not show"),
    "contact_unverified": mark("we cannot tell that the contact works for the customer"),
}

# Verdicts on files: contract.md, `try --json`.
_VERDICT = {
    "accepted": mark("accepted"),
    "duplicate": mark("we already have this file"),
    "empty": mark("empty file, please send it again"),
    "unreadable": mark("cannot be opened, please send it again"),
    "password_protected": mark("protected by a password, please send it without"),
    "wrong_type": mark("this kind of file is not taken, please send a PDF, an image or an Office document"),
    "too_large": mark("too large, please send a smaller file"),
    "infected": mark("refused: a virus was found"),
    "held": mark("waiting for a check, nothing to do"),
    "inline": mark("a picture inside the mail, not taken as evidence"),
}

_AREA = {
    "business_applications": mark("Business applications"),
    "modern_work_security": mark("Microsoft 365 (modern work and security)"),
}

_ACTIVITY = {
    "presales": mark("Presales"),
    "usage": mark("Usage"),
    "revenue_association": mark("Revenue association"),
}

_ROLE = {
    "incentives_user": mark("incentives user"),
    "incentives_admin": mark("incentives admin"),
    "billing_admin": mark("billing admin"),
    "global_admin": mark("global admin"),
    "reviewer": mark("reviewer"),
    "office_admin": mark("office admin"),
    "customer": mark("customer contact"),
    "second_contact": mark("second customer contact"),
    "tenant_admin_contact": mark("tenant admin contact"),
}

_CLOCK = {
    "start_review": mark("start of the review"),
    "review": mark("review"),
    "decision": mark("decision"),
    "partner_action": mark("the partner's answer"),
    "consent_window": mark("the customer's answer"),
    "dispute": mark("time to dispute"),
    "dispute_review": mark("review of the dispute"),
    "customer_question": mark("answer to the customer's question"),
    "data_request": mark("answer about personal data"),
    "undo": mark("time to undo"),
    "take_back": mark("time to take a decision back"),
    "subscription": mark("end of the subscription"),
}

_ACT = {
    "read": mark("look at the claim"),
    "comment": mark("comment"),
    "draft": mark("draft a claim"),
    "add_evidence": mark("add evidence"),
    "answer": mark("answer questions"),
    "submit": mark("submit"),
    "cancel": mark("cancel the draft"),
    "edit": mark("change the claim"),
    "dispute": mark("dispute the decision"),
    "withdraw": mark("withdraw the claim"),
    "disassociate": mark("end the association"),
    "start_review": mark("start the review"),
    "start": mark("start the review"),
    "request_info": mark("ask the partner"),
    "ask": mark("ask a question"),
    "approve": mark("approve"),
    "reject": mark("reject"),
    "arbitrate": mark("decide between partners"),
    "uphold": mark("uphold the rejection"),
    "answer_customer": mark("answer the customer"),
    "resend_notice": mark("send the notice again"),
    "record_decline": mark("record a decline"),
    "decline": mark("decline"),
    "undo": mark("undo a decline"),
    "accept": mark("accept"),
    "new_claim": mark("make a new claim"),
    "mail": mark("your mail"),
}

# The same acts as events call them.
_ACT_OF_EVENT = {
    "accepted": "accept",
    "approved": "approve",
    "arbitrated": "arbitrate",
    "cancelled": "cancel",
    "comment_added": "comment",
    "create": "new_claim",
    "customer_answered": "answer_customer",
    "decline_recorded": "record_decline",
    "decline_undone": "undo",
    "declined": "decline",
    "disassociated": "disassociate",
    "disputed": "dispute",
    "drafted": "new_claim",
    "edited": "edit",
    "evidence_added": "add_evidence",
    "info_requested": "request_info",
    "notice_resent": "resend_notice",
    "questions_answered": "answer",
    "rejected": "reject",
    "review_started": "start_review",
    "submitted": "submit",
    "upheld": "uphold",
    "withdrawn": "withdraw",
}

# What a line of the daily digest stands for.
_LINE = {
    "action_reminder": mark("your answer is needed"),
    "review_assigned": mark("waits for your review"),
    "subscription_expiring": mark("a claimed subscription ends"),
    "answers_joined": mark("you wrote more often than we answer in a day; all of it was read and is kept"),
}

# The labels of a claim form: what a partner writes before the colon, so the reader of forms has to know each of them.
_FIELD = {
    "name": mark("Name"),
    "location": mark("Location"),
    "location_id": mark("Location"),
    "tenant_id": mark("Tenant"),
    "tenant_domain": mark("Tenant domain"),
    "domain_reason": mark("Domain reason"),
    "solution_area": mark("Solution area"),
    "activity": mark("Activity"),
    "products": mark("Products"),
    "product": mark("Product"),
    "products.subscription_id": mark("Subscription"),
    "products.ends": mark("Subscription ends"),
    "customer": mark("Customer contact"),
    "customer.name": mark("Customer name"),
    "customer.title": mark("Customer title"),
    "customer.email": mark("Customer email"),
    "customer.country": mark("Customer country"),
    "second": mark("Second contact"),
    "second.email": mark("Second contact email"),
    "second.country": mark("Second contact"),
    "tenant_admin": mark("Tenant admin"),
    "tenant_admin.email": mark("Tenant admin email"),
    "tenant_admin.country": mark("Tenant admin"),
    "partner": mark("Partner contact"),
    "partner.name": mark("Partner name"),
    "partner.email": mark("Partner email"),
    "partner.country": mark("Partner contact"),
    "contacts": mark("Contacts"),
    "seller": mark("Seller"),
    "solution": mark("Solution"),
    "evidence": mark("Evidence"),
    "effective_date": mark("Effective date"),
    "all": mark("everything"),
}

# What people write into the forms of a claim's page, and the filters of the list.
_FORM_FIELD = {
    "customer.language": mark("Language of the mails"),
    "customer.time_zone": mark("Time zone"),
    "file": mark("Files"),
    "text": mark("In your words"),
    "reason": mark("Reason"),
    "items": mark("Questions of the review"),
    "answers": mark("Answers"),
    "winner": mark("Who wins"),
    "contact_source": mark("Contact check"),
    "contact": mark("Customer contact"),
    "checklist": mark("What the evidence shows"),
    "how": mark("How"),
}
_FILTER = {
    "status": mark("Status"),
    "from": mark("From"),
    "to": mark("To"),
    "sort": mark("Order"),
    "limit": mark("More"),
    "cursor": mark("Next page"),
}

_ITEM = {
    "question": mark("a customer's question"),
    "data_request": mark("a request about personal data"),
    "wrong_person": mark("an address that belongs to somebody else"),
    "unclear": mark("an unclear answer of a customer"),
    "unreadable": mark("an answer that could not be read"),
    "complaint": mark("a notice reported as spam"),
    "leaked_key": mark("an answer through an unsafe address"),
    "held": mark("held mail"),
    "quarantined": mark("quarantined mail"),
    "bounced": mark("an undelivered notice"),
}

# What became of a mail, coming in or going out: the states of its row (store/schema.py).
_POST = {
    "accepted": mark("Waiting to be read"),
    "applied": mark("Applied"),
    "ignored": mark("Ignored"),
    "held": mark("Held"),
    "quarantined": mark("Quarantined"),
    "queued": mark("Waiting to be sent"),
    "deferred": mark("To be tried again"),
    "sent": mark("Sent"),
    "bounced": mark("Undelivered"),
    "expired": mark("Given up"),
    "cancelled": mark("Cancelled"),
}

# Why a reviewer sees no pages of a file.
_LEAF = {
    "password_protected": mark("A password protects this file, so its pages cannot be shown here."),
    "unreadable": mark("This file is damaged; it cannot be shown here."),
    "too_large": mark("This file is too large to be shown here. Download it to look at it."),
    "not_shown": mark("This kind of file cannot be shown here. Download it to look at it."),
    "later": mark("There was no time to open this file. Load the page again."),
    "gone": mark("This file was erased."),
}

_STEP = {
    "draft": mark("from the draft to its submission"),
    "review": mark("from the submission to the decision"),
    "consent": mark("from the decision to the association"),
}

# Why a mail that nobody could place may belong to a claim.
_GUESS = {
    "thread": mark("it answers a mail of this claim"),
    "id_in_subject": mark("the claim's number is in the subject"),
    "id_in_text": mark("the claim's number is in the text"),
    "customer": mark("the sender is a customer contact of this claim"),
    "partner": mark("the sender is the partner contact of this claim"),
    "tenant": mark("the text names the tenant"),
    "domain": mark("the sender writes from the customer's domain"),
    "customer_name": mark("the text names the customer contact"),
    "firm_name": mark("the text names the partner"),
    "claim_name": mark("the text names the claim"),
}

_MEANING = {
    "none": mark("nothing that decides"),
    "decline": mark("declines"),
    "accept": mark("agrees"),
    "question": mark("asks a question"),
    "wrong_person": mark("says it is not the right person"),
    "data_request": mark("asks about personal data"),
    "unclear": mark("is not clear"),
}

_HELD_BY = {
    "unread": mark("a mail about this claim that came in time has not been read yet"),
    "held": mark("a mail about this claim waits for a person to look at it"),
    "outage": mark("our mail service was interrupted"),
    "undelivered": mark("the mail that set the date could not be delivered yet"),
    "away": mark("the contact is out of office"),
}

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "status": _STATUS,
        "consent": _CONSENT,
        "association": _ASSOCIATION,
        "cause": _CAUSE,
        # An association may also end because the silence before it turns out to have been none.
        "reason": _CAUSE | _REASON,
        "remedy": REMEDIES,
        "verdict": _VERDICT,
        "area": _AREA,
        "activity": _ACTIVITY,
        "role": _ROLE,
        "clock": _CLOCK,
        "act": _ACT | {event: _ACT[act] for event, act in _ACT_OF_EVENT.items()},
        "line": _LINE,
        "field": _FIELD,
        "form_field": _FIELD | _FORM_FIELD,
        "filter": _FILTER,
        "defect": DEFECTS,
        "refusal": REFUSALS,
        "form": FORMS,
        "complaint": REFUSALS | DEFECTS,
        "why": WHY_UNREAD,
        "item": _ITEM,
        "post": _POST,
        "moved": _HELD_BY,
        "leaf": _LEAF,
        "step": _STEP,
        "guess": _GUESS,
        "meaning": _MEANING,
    }
)

MARKER = mark("--- Please write your reply above this line ---")
MARKERS = (
    MARKER,
    "--- Svou odpověď prosím napište nad tento řádek ---",
    "--- Odpowiedź prosimy wpisać powyżej tej linii ---",
    "--- Kérjük, válaszát e sor fölé írja ---",
    "--- 請在此行上方回覆 ---",
)
"""Every wording of the marker line, one for each language of `catalogues.LANGUAGES`, for the reader of replies."""


def word(kind: str, code: str) -> str:
    """The English source of a code of that kind (a key of `WORDS`), to be translated; the code itself if unknown.

    A field may be a path as `products[0].subscription_id`, `products.0.ends` or `customer.email`.
    """
    known = WORDS.get(kind, {})
    plain = _INDEX.sub("", code).replace("-", "_")
    return known.get(plain) or known.get(plain.partition(".")[0]) or plain.replace("_", " ")
