"""What a code of the process says as a sentence: defects of claims, refusals of acts. English source, pure data."""

from mailbot.wording.marking import mark

# What is wrong with a field (claims/validation.py); English mails show the sentence that comes with the defect.
DEFECTS = {
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
    "forgotten_address": mark("This person asked us to forget the address; name another contact."),
    "evidence_too_old": mark("All evidence is too old for a claim made now; add a newer acknowledgement."),
}

# What is wrong with a form (web/forms.py); `number` is the limit that was passed.
FORMS = {
    "missing": mark("This is missing."),
    "too_long": mark("This is too long: %(number)s characters at most."),
    "too_many": mark("This is too much: %(number)s at most."),
    "not_allowed": mark("We cannot read this. Please write it as the form shows it."),
    "unknown_field": mark("This form has no such field."),
    "unreadable": mark("We cannot read this."),
    "bad_cursor": mark("This page of the list is not there any more."),
    "bad_sort": mark("There is no such order."),
    "date_parsing": mark("Write the day like 2026-01-31."),
    "date_from_datetime_parsing": mark("Write the day like 2026-01-31."),
    "no_organisation": mark("Only a partner's people can make a claim."),
    "unreadable_table": mark("This is no CSV or XLSX file that we can read."),
    "no_head": mark("No column has a name that we know. Please start from the template."),
    "no_rows": mark("There is no claim below the names of the columns."),
    "unknown_column": mark("We do not know a column of this name."),
    "same_row": mark("Row %(number)s claims the same."),
    "not_ticked": mark("Not everything is ticked: ask the partner, or reject the claim."),
}

# Why an act changed nothing (claims/, Refusal.code); English mails show the sentence that comes with it.
REFUSALS = {
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
    "not_yours": mark("This claim is not one of yours."),
    "other_location": mark("This claim belongs to a location that is not yours."),
    "no_claim": mark("There is no such claim."),
    "nothing_new": mark("Nothing new was said or sent."),
    "nothing_asked": mark("No question was asked."),
    "nothing_to_answer": mark("The customer has no open question."),
    "no_customer_mail": mark("The customer was not yet written to about this claim."),
    "decision_pending": mark("A decision waits already; take it back first."),
    "nothing_pending": mark("No decision waits here; it took effect or was taken back."),
    "not_waiting": mark("No answer of the customer is being waited for."),
    "not_asked": mark("There is nothing to accept now."),
    "not_declined": mark("There is no decline to take back."),
    "not_of_record": mark("Only the address of record can take a decline back."),
    "held_by_other": mark("Another partner holds this by now."),
    "address_required": mark("An address is needed."),
    "unknown_winner": mark("The winner has to be one of the contested claims."),
}

# Why a mail was not understood.
WHY_UNREAD = {
    "no_claim_form": mark("it has no lines of a claim form"),
    "no_command": mark("there was no word in it that we know as a command"),
}

# What to do about a reason (claims/reasons.py): `ask_` for what a reviewer asks, which may share its code.
REMEDIES = {
    "partner_request": mark("The partner asked for it. If circumstances change, make a new claim."),
    "customer_declined": mark("The customer said no. Only the customer can take that back, for 30 days."),
    "insufficient_poe": mark("Dispute with evidence that shows the work itself, dated and signed."),
    "missing_customer_consent": mark("Dispute with a document in which the customer acknowledges the work."),
    "missing_products": mark(
        "Dispute with evidence that names every claimed product, or claim anew without the others."
    ),
    "no_partner_response": mark("The answers came too late. Dispute with the answers, or make a new claim."),
    "poe_unavailable": mark("Send the file again, without a password, as a PDF, and dispute."),
    "lost_arbitration": mark("Another partner's evidence was newer or stronger. Dispute with newer evidence."),
    "ask_missing_all_poe": mark("The file belongs to something else. Attach the right one."),
    "ask_missing_customer_ack": mark("Attach the page with the signature, or another acknowledgement by the customer."),
    "ask_missing_or_old_dates": mark("Attach a document with a date of the last 12 months before the submission."),
    "ask_missing_partner_solution": mark("Describe what you did for the customer, or attach a document that does."),
    "ask_missing_products": mark("Attach evidence that names the missing products."),
    "ask_remove_products": mark(
        "Reply “yes”, and the products that the question names are removed; or attach evidence for them."
    ),
    "ask_contact_unverified": mark(
        "Say where we can see that the contact works for the customer, or name another contact."
    ),
}
