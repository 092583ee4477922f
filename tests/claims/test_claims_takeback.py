"""A decision made on the office's page can be taken back for ten minutes (domain §5, `take_back`)."""

from datetime import timedelta

from claims_desk import JANA, MONDAY, PETR, RITA, ROLF, Desk

from mailbot.claims import events as e
from mailbot.claims.model import ClockKind, Consent, Product, Status

YES = e.Approved(id="page", at=MONDAY, contact_verified=True, contact_source="page 4")
NO = e.Rejected(id="page", at=MONDAY, reason="insufficient_poe", text="Page 2 is missing.")


def decided(decision: e.Approved | e.Rejected = YES) -> Desk:
    desk = Desk().submitted()
    desk.do(e.DecisionMade, RITA, decision=decision)
    return desk


def ring(desk: Desk) -> e.Decision:
    due = desk.due(ClockKind.TAKE_BACK)
    return desk.do(e.ClockRang, kind=ClockKind.TAKE_BACK, due=due, at=due)


def test_nothing_follows_from_a_decision_until_ten_minutes_are_over() -> None:
    desk = decided()
    assert desk.claim.status is Status.SUBMITTED
    assert desk.last.actions == ()
    assert desk.due(ClockKind.TAKE_BACK) == desk.now + timedelta(minutes=10)


def test_then_it_counts_as_the_reviewers_with_everything_it_said() -> None:
    desk = decided()
    ring(desk)
    assert desk.claim.status is Status.APPROVED
    assert (desk.claim.decided_by, desk.claim.contact_source) == (RITA.email, "page 4")
    assert desk.claim.pending is None
    assert "consent_prompt>customer" in desk.codes()


def test_taken_back_it_never_was() -> None:
    desk = decided(NO)
    due = desk.due(ClockKind.TAKE_BACK)
    desk.do(e.DecisionTakenBack, RITA)
    desk.do(e.ClockRang, kind=ClockKind.TAKE_BACK, due=due, at=due)
    assert desk.last.note == "old_ring"
    assert desk.claim.status is Status.SUBMITTED
    assert desk.refused(e.DecisionTakenBack, RITA) == "nothing_pending"


def test_a_decline_of_the_customer_meanwhile_beats_it() -> None:
    desk = decided()
    due = desk.due(ClockKind.TAKE_BACK)
    desk.do(e.Declined, JANA, text="no")
    desk.do(e.ClockRang, kind=ClockKind.TAKE_BACK, due=due, at=due)
    assert (desk.claim.status, desk.claim.consent) == (Status.REJECTED, Consent.DECLINED)
    assert desk.claim.pending is None


def test_a_decision_by_mail_meanwhile_counts_at_once_and_instead() -> None:
    desk = decided()
    due = desk.due(ClockKind.TAKE_BACK)
    desk.do(e.Rejected, ROLF, reason="insufficient_poe", text="No.")
    desk.do(e.ClockRang, kind=ClockKind.TAKE_BACK, due=due, at=due)
    assert (desk.claim.status, desk.claim.decided_by) == (Status.REJECTED, ROLF.email)


def test_an_edit_of_the_partner_meanwhile_ends_it_because_another_claim_was_decided() -> None:
    desk = decided()
    desk.do(e.Edited, PETR, changes={"products": (Product(code="teams"), Product(code="intune"))})
    assert desk.claim.pending is None
    assert desk.claim.clock(ClockKind.TAKE_BACK) is None
    assert desk.claim.status is Status.SUBMITTED


def test_what_became_impossible_meanwhile_is_dropped_and_noted() -> None:
    desk = decided()
    desk.do(e.ContestRaised, rival="CLM-OTHER")
    ring(desk)
    assert desk.last.note == "decision_void"
    assert (desk.claim.status, desk.claim.pending) == (Status.SUBMITTED, None)


def test_what_cannot_be_decided_now_is_refused_at_once_and_a_second_decision_waits_for_the_first() -> None:
    desk = Desk().submitted()
    upheld = e.Upheld(id="page", at=MONDAY, text="no")
    assert desk.refused(e.DecisionMade, RITA, decision=upheld) == "wrong_state"
    assert desk.refused(e.DecisionMade, PETR, decision=YES) == "not_allowed"
    desk.do(e.DecisionMade, RITA, decision=YES)
    assert desk.refused(e.DecisionMade, RITA, decision=NO) == "decision_pending"


def test_nobody_puts_off_a_decision_against_their_own() -> None:
    desk = Desk().disputed()
    upheld = e.Upheld(id="page", at=MONDAY, text="no")
    assert desk.refused(e.DecisionMade, RITA, decision=upheld) == "own_decision"
    desk.do(e.DecisionMade, ROLF, decision=upheld)
    ring(desk)
    assert (desk.claim.status, desk.claim.decided_by) == (Status.REJECTED_FINAL, ROLF.email)
