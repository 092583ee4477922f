"""Reasons: the codes of domain §6, who gives them and what can be disputed."""

import pytest

from mailbot.claims.reasons import (
    QUESTIONS,
    REJECTIONS,
    may_ask_for,
    may_dispute,
    may_reject_for,
    reason_text,
)


def test_the_codes_are_those_of_the_domain():
    assert set(REJECTIONS) == {
        "partner_request", "customer_declined", "insufficient_poe", "missing_customer_consent", "missing_products",
        "no_partner_response", "poe_unavailable", "lost_arbitration",
    }  # fmt: skip
    assert set(QUESTIONS) == {
        "missing_all_poe", "missing_customer_ack", "missing_or_old_dates", "missing_partner_solution",
        "missing_products", "remove_products", "contact_unverified",
    }  # fmt: skip


def test_a_customers_no_and_a_partners_own_wish_cannot_be_disputed():
    assert {code for code in REJECTIONS if not may_dispute(code)} == {"customer_declined", "partner_request"}
    assert not may_dispute("nonsense")


def test_a_reviewer_rejects_only_for_what_a_reviewer_can_see():
    assert {code for code in REJECTIONS if may_reject_for(code)} == {
        "insufficient_poe", "missing_customer_consent", "missing_products", "poe_unavailable",
    }  # fmt: skip
    assert not may_reject_for("missing_all_poe")


def test_a_reviewer_asks_only_for_question_reasons():
    assert may_ask_for("remove_products")
    assert not may_ask_for("insufficient_poe")


def test_every_reason_is_a_sentence():
    for code in {*REJECTIONS, *QUESTIONS}:
        assert reason_text(code).endswith(".")
    assert reason_text("missing_products") == REJECTIONS["missing_products"].text
    with pytest.raises(KeyError):
        reason_text("nonsense")
