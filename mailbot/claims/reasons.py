"""Why claims are rejected and what reviewers ask for: stable codes with a short English sentence (domain §6).

The sentences are message ids: templates translate them. An unknown code is a KeyError from the tables and False from
the questions about it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Giver(StrEnum):
    """Who brings a reason into a claim."""

    REVIEWER = "reviewer"
    PARTNER = "partner"
    CUSTOMER = "customer"
    CLOCK = "clock"
    ARBITRATION = "arbitration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A code, its sentence, who gives it, and whether the partner may dispute it (domain §4.1)."""

    code: str
    text: str
    giver: Giver = Giver.REVIEWER
    disputable: bool = True


def _by_code(*reasons: Reason) -> Mapping[str, Reason]:
    return MappingProxyType({reason.code: reason for reason in reasons})


REJECTIONS = _by_code(
    Reason(
        code="partner_request",
        text="The partner asked for it.",
        giver=Giver.PARTNER,
        disputable=False,
    ),
    Reason(
        code="customer_declined",
        text="The customer declined the association.",
        giver=Giver.CUSTOMER,
        disputable=False,
    ),
    Reason(code="insufficient_poe", text="The evidence does not show the work that is claimed."),
    Reason(code="missing_customer_consent", text="The evidence does not show that the customer agreed to the work."),
    Reason(code="missing_products", text="The evidence does not name every claimed product."),
    Reason(
        code="no_partner_response",
        text="The questions of the review were not answered in time.",
        giver=Giver.CLOCK,
    ),
    Reason(code="poe_unavailable", text="The evidence cannot be opened or is no longer there."),
    Reason(
        code="lost_arbitration",
        text="Another partner's newer evidence for the same customer and product was stronger.",
        giver=Giver.ARBITRATION,
    ),
)
"""Reasons for a rejection."""

QUESTIONS = _by_code(
    Reason(code="missing_all_poe", text="The file is not evidence for this claim: it is wrong or unrelated."),
    Reason(code="missing_customer_ack", text="The customer's signature or other acknowledgement is missing."),
    Reason(code="missing_or_old_dates", text="Dates are missing or too old for this claim."),
    Reason(code="missing_partner_solution", text="The work that you did is not described."),
    Reason(code="missing_products", text="Some claimed products are not named in the evidence."),
    Reason(code="remove_products", text="Please confirm the removal of products that the evidence does not show."),
    Reason(code="contact_unverified", text="We could not verify that the contact works for the customer."),
)
"""Reasons for which a reviewer asks the partner to act."""


def may_dispute(code: str) -> bool:
    """Whether a rejection for that reason can be disputed at all."""
    return code in REJECTIONS and REJECTIONS[code].disputable


def may_reject_for(code: str) -> bool:
    """Whether a reviewer can choose that reason when rejecting."""
    return code in REJECTIONS and REJECTIONS[code].giver is Giver.REVIEWER


def may_ask_for(code: str) -> bool:
    """Whether a reviewer can choose that reason when asking."""
    return code in QUESTIONS


def reason_text(code: str) -> str:
    """The English sentence of a reason, a rejection's if the code is both; KeyError if unknown."""
    return (REJECTIONS.get(code) or QUESTIONS[code]).text
