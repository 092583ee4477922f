"""The process's codes as words: statuses, reasons, verdicts, roles, deadlines. English source; catalogues translate.

Pure data. A code nobody knows is shown as it stands: better a strange word than no mail.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

_INDEX = re.compile(r"\[\d+\]")


def mark(message: str) -> str:
    """Marks a message for extraction into the catalogues; returns it unchanged."""
    return message


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

# What is wrong with a field (claims/validation.py); English mails show the sentence that comes with the defect.
_DEFECT = {
    "missing": mark("This is missing."),
    "subscription_missing": mark("This product is claimed for one subscription; its id is missing."),
    "domain_mismatch": mark("The customer's address is not in the tenant's domain; say why, or name another contact."),
    "unknown_location": mark("This is no location of your firm; the claims office can add one."),
    "not_enrolled": mark("The location is not enrolled in this programme; the claims office can enrol it."),
    "malformed_guid": mark("This is no GUID."),
    "malformed_domain": mark("The tenant domain is no domain name."),
    "unknown_area": mark("There is no such solution area."),
    "unknown_activity": mark("There is no such activity in this solution area."),
    "unknown_product": mark("The catalogue has no such product."),
    "other_area": mark("This product belongs to another solution area."),
    "not_claimable": mark("This product cannot be claimed."),
    "twice": mark("This product is listed twice."),
    "ended": mark("The subscription has already ended."),
    "tenant_as_subscription": mark("This is the tenant id; the subscription has an id of its own."),
    "malformed_address": mark("This is no mail address."),
    "malformed_country": mark("Write the country as two letters, like “CZ”."),
    "partner_domain": mark("This address belongs to your own firm; name a person of the customer."),
    "evidence_too_old": mark("All evidence is too old for a claim made now; add a newer acknowledgement."),
}

# Why an act changed nothing (claims/, Refusal.code); English mails show the sentence that comes with it.
_REFUSAL = {
    "wrong_state": mark("The claim is not in a state that takes this."),
    "too_late": mark("The time for this is over."),
    "duplicate": mark("There is already a claim of yours for the same."),
    "incomplete": mark("The claim is not complete."),
    "nothing_answered": mark("No open question was answered."),
    "association_active": mark("The association is active; it can be ended, not withdrawn."),
    "no_association": mark("No association is active."),
    "ended": mark("The association has already ended."),
    "text_required": mark("A few words of explanation are needed."),
    "not_editable": mark("This cannot be changed now."),
    "question_open": mark("The contact has asked something; the office answers first."),
    "evidence_closed": mark("The claim takes no evidence now."),
    "comment_closed": mark("The claim takes no comments now."),
    "invalid": mark("The change would spoil the claim."),
    "declined": mark("The customer has declined."),
    "max_disputes": mark("It was disputed before; a second dispute is not possible."),
    "contested": mark("Other partners claim the same; decide all of them together."),
    "not_contested": mark("Nobody contests this claim."),
    "unknown_reason": mark("There is no such reason."),
    "own_decision": mark("A dispute goes to another reviewer than the one who decided."),
    "own_firm": mark("Nobody decides on a claim of their own firm."),
}

# Why a mail was not understood.
_WHY = {
    "no_command": mark("there was no word in it that we know as a command"),
    "nothing_new": mark("there was no new text in it"),
    "no_claim": mark("it belongs to no claim that we know"),
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
        "verdict": _VERDICT,
        "area": _AREA,
        "activity": _ACTIVITY,
        "role": _ROLE,
        "clock": _CLOCK,
        "act": _ACT,
        "field": _FIELD,
        "defect": _DEFECT,
        "refusal": _REFUSAL,
        "why": _WHY,
        "item": _ITEM,
        "moved": _HELD_BY,
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

    A field may be a path as `products[0].subscription_id` or `customer.email`.
    """
    known = WORDS.get(kind, {})
    plain = _INDEX.sub("", code)
    return known.get(plain) or known.get(plain.partition(".")[0]) or plain.replace("_", " ")
