"""A claim without its people: what is left of it once somebody is to be forgotten (domain §8, security item 42).

Pure. Statuses, dates, products and codes stay, for they are nobody's; names, addresses and words of persons go.
"""

from collections.abc import Callable
from dataclasses import replace

from mailbot.claims.model import Association, Claim, Comment, Consent, Contact, Decline, Inquiry, Question, Status

GONE = "erased"
"""Stands where a name that may not be empty was."""

_ENDED = frozenset({Status.REJECTED, Status.REJECTED_FINAL, Status.CANCELLED})
_UNDECIDED = (Consent.PENDING, Consent.SUSPENDED)

Same = Callable[[str], bool]


def is_over(claim: Claim) -> bool:
    """Whether nothing runs any more that would need its people: ended, and no window open again after a bounce."""
    ended = claim.status in _ENDED or claim.association is Association.ENDED
    return ended and claim.association is not Association.ACTIVE and claim.consent not in _UNDECIDED


def needs(claim: Claim, same: Same) -> bool:
    """Whether the claim still runs and this person is its contact or its reviewer; `same` knows the address."""
    current = (claim.customer, claim.second, claim.tenant_admin, claim.partner)
    addresses = [contact.email for contact in current if contact is not None]
    return not is_over(claim) and any(same(email) for email in (*addresses, claim.assigned_to))


def without_people(claim: Claim) -> Claim:
    """The next version of an ended claim, with everybody and everything they wrote gone."""
    bare = without_person(claim, lambda _: True)
    return replace(
        bare,
        name=GONE,
        domain_reason="",
        seller="",
        solution="",
        reason_text="",
        contact_source="",
        evidence=tuple(replace(e, name=GONE) for e in claim.evidence),
        questions=tuple(replace(q, text="") for q in bare.questions),
        former_contacts=(),
        comments=(),
        inquiries=(),
        pending=None,
        clocks=(),
    )


def without_person(claim: Claim, same: Same) -> Claim:
    """The next version of the claim with one person's name, address and words gone; `same` knows the address."""

    def kept(email: str) -> str:
        return "" if same(email) else email

    # A customer's no stands as the reason in the customer's own words.
    their_reason = claim.decline is not None and claim.reason == "customer_declined" and same(claim.decline.by)
    return replace(
        claim,
        version=claim.version + 1,
        customer=_contact(claim.customer, same),
        second=_contact(claim.second, same) if claim.second else None,
        tenant_admin=_contact(claim.tenant_admin, same) if claim.tenant_admin else None,
        former_contacts=tuple(c for c in claim.former_contacts if not same(c.email)),
        partner=_contact(claim.partner, same),
        evidence=tuple(replace(e, by=kept(e.by)) for e in claim.evidence),
        questions=tuple(_question(q, same) for q in claim.questions),
        comments=tuple(_comment(c, same) for c in claim.comments),
        inquiries=tuple(_inquiry(i, same) for i in claim.inquiries),
        assigned_to=kept(claim.assigned_to),
        decided_by=kept(claim.decided_by),
        reason_text="" if their_reason else claim.reason_text,
        notice=replace(claim.notice, email=kept(claim.notice.email)) if claim.notice else None,
        decline=_decline(claim.decline, same) if claim.decline else None,
    )


def _contact(contact: Contact, same: Same) -> Contact:
    return replace(contact, name=GONE, email="", title="") if same(contact.email) else contact


def _question(question: Question, same: Same) -> Question:
    return replace(question, answer="", answered_by="") if same(question.answered_by) else question


def _comment(comment: Comment, same: Same) -> Comment:
    return replace(comment, by="", text="") if same(comment.by) else comment


def _inquiry(inquiry: Inquiry, same: Same) -> Inquiry:
    return replace(inquiry, by="", text="", answer="") if same(inquiry.by) else inquiry


def _decline(decline: Decline, same: Same) -> Decline:
    return replace(decline, by="", how="", text="", from_reason_text="") if same(decline.by) else decline
