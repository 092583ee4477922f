"""Deadlines, reminders, races and the dark (domain §4.4, §5)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from claims_desk import FACTS, JANA, MONDAY, PETR, RITA, ROLF, Desk, new_claim

from mailbot.claims import events as e
from mailbot.claims.model import Association, Cause, ClockKind, Consent, Product, Status
from mailbot.claims.wake import Ringing, ringings

ACTION, WINDOW = ClockKind.PARTNER_ACTION, ClockKind.CONSENT_WINDOW


@pytest.mark.parametrize("kind", [ClockKind.START_REVIEW, ClockKind.DECISION])
def test_an_overdue_review_is_escalated_and_the_partner_told(kind: ClockKind) -> None:
    desk = Desk().submitted()
    due = desk.due(kind)
    desk.ring(kind)
    assert desk.codes() == ["review_overdue>office", "review_overdue>partner"]
    assert desk.mails()[0].context == {"clock": str(kind), "since": due}
    assert desk.claim.status is Status.SUBMITTED


def test_review_and_dispute_review_escalate_too() -> None:
    desk = Desk().submitted()
    desk.do(e.ReviewStarted, RITA)
    assert desk.due(ClockKind.REVIEW) == datetime(2026, 3, 9, 23, 59, 59, tzinfo=UTC)
    desk.ring(ClockKind.REVIEW)
    assert desk.codes() == ["review_overdue>office", "review_overdue>partner"]
    desk = Desk().disputed()
    desk.ring(ClockKind.DISPUTE_REVIEW)
    assert desk.codes() == ["review_overdue>office", "review_overdue>partner"]


@pytest.mark.parametrize(
    ("cause", "kind"),
    [(Cause.QUESTION, ClockKind.CUSTOMER_QUESTION), (Cause.DATA_REQUEST, ClockKind.DATA_REQUEST)],
)
def test_an_unanswered_customer_is_escalated_to_the_office_alone(cause: Cause, kind: ClockKind) -> None:
    desk = Desk().window()
    desk.do(e.CustomerWrote, JANA, cause=cause, text="?")
    desk.ring(kind, "1")
    assert desk.codes() == ["review_overdue>office"]


def test_partner_clocks_count_in_the_locations_country_and_office_clocks_in_the_offices() -> None:
    taiwan = replace(FACTS.location, country="TW", time_zone="Asia/Taipei") if FACTS.location else None
    desk = Desk(facts=replace(FACTS, location=taiwan, office_country="DE", office_time_zone="Europe/Berlin")).asked()
    # Five working days in Taipei end at 15:59:59 UTC.
    assert desk.due(ACTION) == datetime(2026, 3, 9, 15, 59, 59, tzinfo=UTC)
    assert desk.due(ClockKind.DECISION) == datetime(2026, 3, 16, 22, 59, 59, tzinfo=UTC)


def test_a_place_that_cannot_be_one_falls_back_instead_of_failing() -> None:
    desk = Desk(new_claim(location_id=""), facts=replace(FACTS, office_country="??", office_time_zone="Mars"))
    desk.claim = replace(desk.claim, location_id="4567890", location_country="x", location_time_zone="y")
    desk.claim = replace(desk.claim, customer=replace(desk.claim.customer, time_zone="Moon/Base"))
    desk.submitted()
    desk.do(e.Approved, RITA, contact_verified=True)
    desk.deliver()
    assert desk.due(WINDOW).hour == 23


def test_reminders_come_half_way_and_one_business_day_before() -> None:
    desk = Desk().asked()
    clock = desk.claim.clock(ACTION)
    assert clock is not None
    assert len(clock.reminders) == 2
    assert clock.reminders[1] == datetime(2026, 3, 6, 22, 59, 59, tzinfo=UTC)
    desk.remind(ACTION)
    assert desk.codes() == ["action_reminder>partner"]
    assert len(desk.mails()[0].context["items"]) == 1  # type: ignore[arg-type]
    desk.remind(ACTION)
    left = desk.claim.clock(ACTION)
    assert left is not None
    assert left.reminders == ()


def test_a_reminder_is_sent_once() -> None:
    desk = Desk().asked()
    clock = desk.claim.clock(ACTION)
    assert clock is not None
    at = clock.reminders[0]
    desk.remind(ACTION)
    desk.do(e.ReminderDue, at=at, kind=ACTION, due=at)
    assert desk.last.note == "old_ring"
    desk.do(e.ReminderDue, at=at, kind=WINDOW, due=at)
    assert desk.last.note == "old_ring"


def test_of_missed_reminders_one_is_sent_and_none_after_the_end() -> None:
    desk = Desk().asked()
    clock = desk.claim.clock(ACTION)
    assert clock is not None
    late = clock.reminders[1] + timedelta(minutes=1)
    desk.do(e.ReminderDue, at=late, kind=ACTION, due=clock.reminders[0])
    assert desk.codes() == ["action_reminder>partner"]
    after = desk.claim.clock(ACTION)
    assert after is not None
    assert after.reminders == ()
    desk = Desk().asked()
    desk.do(e.ReminderDue, at=clock.due + timedelta(hours=1), kind=ACTION, due=clock.reminders[0])
    assert desk.codes() == []


def test_the_customer_is_reminded_mid_window_while_silence_counts() -> None:
    desk = Desk().window()
    desk.remind(WINDOW)
    assert desk.codes() == ["consent_reminder>customer"]
    assert desk.mails()[0].context["last_day"] == desk.due(WINDOW)
    assert desk.mails()[0].joins


def test_an_ending_subscription_is_announced_thirty_and_seven_days_before() -> None:
    ends = date(2026, 6, 1)
    desk = Desk(new_claim(products=(Product(code="teams", ends=ends),))).active()
    for days in (30, 7):
        desk.remind(ClockKind.SUBSCRIPTION, "teams")
        (warning,) = desk.mails("subscription_expiring")
        assert (warning.context["ends"], warning.context["days"]) == (ends, days)
    desk.ring(ClockKind.SUBSCRIPTION, "teams")
    assert desk.codes() == []
    assert desk.claim.association is Association.ACTIVE


def test_a_subscription_that_no_longer_matters_is_not_announced() -> None:
    desk = Desk(new_claim(products=(Product(code="teams", ends=date(2026, 6, 1)),))).active()
    desk.claim = replace(desk.claim, products=(Product(code="intune"),))
    desk.remind(ClockKind.SUBSCRIPTION, "teams")
    assert desk.codes() == []
    desk = Desk(new_claim(products=(Product(code="teams", ends=date(2026, 3, 2)),))).approved()
    assert desk.claim.clock(ClockKind.SUBSCRIPTION, "teams") is not None


def test_originals_are_kept_for_24_months_after_the_end() -> None:
    desk = Desk().rejected()
    assert desk.due(ClockKind.RETENTION) == datetime(2028, 3, 2, 23, 59, 59, tzinfo=UTC)
    desk.ring(ClockKind.RETENTION)
    assert desk.claim.clocks == tuple(c for c in desk.claim.clocks if c.kind is not ClockKind.RETENTION)


def test_an_old_ring_changes_nothing() -> None:
    desk = Desk().asked()
    before = desk.claim
    desk.do(e.ClockRang, kind=ACTION, due=MONDAY)
    assert desk.claim is before
    assert desk.last.note == "old_ring"
    paused = desk.due(ClockKind.DECISION)
    desk.do(e.ClockRang, at=paused, kind=ClockKind.DECISION, due=paused)
    assert desk.last.note == "old_ring"


# --- races -----------------------------------------------------------------------------------------------------------


def test_an_answer_received_before_the_deadline_counts_even_if_read_after_it() -> None:
    desk = Desk().asked()
    due = desk.due(ACTION)
    desk.now = due + timedelta(hours=5)
    desk.do(e.QuestionsAnswered, PETR, at=due, answers={1: "page 4"})
    assert desk.claim.status is Status.SUBMITTED


def test_an_answer_received_after_the_deadline_is_late() -> None:
    desk = Desk().asked()
    late = desk.due(ACTION) + timedelta(seconds=1)
    assert desk.refused(e.QuestionsAnswered, PETR, at=late, answers={1: "x"}) == "too_late"
    assert desk.refused(e.Submitted, PETR, at=late) == "too_late"


def test_deadlines_run_from_when_a_party_was_told_not_from_when_the_act_was_received() -> None:
    desk = Desk().submitted()
    received = desk.now
    desk.now = received + timedelta(days=7)
    desk.do(e.InfoRequested, RITA, at=received, items=(("missing_products", "?"),))
    assert desk.due(ACTION) == datetime(2026, 3, 16, 22, 59, 59, tzinfo=UTC)


def test_a_decline_of_the_closing_instant_beats_the_closing() -> None:
    desk = Desk().window()
    due = desk.due(WINDOW)
    desk.ring(WINDOW)
    assert desk.claim.association is Association.ACTIVE
    desk.do(e.Declined, JANA, at=due)
    assert (desk.claim.status, desk.claim.reason) == (Status.REJECTED, "customer_declined")
    assert desk.claim.association is Association.ENDED
    assert desk.published() == ["claim.rejected", "association.ended"]


def reference(order: list[str]) -> tuple[Status, Consent]:
    """Twenty lines that say how a race in an open window ends, whatever the order of reading."""
    if "decline" in order:
        return Status.REJECTED, Consent.DECLINED
    if "withdraw" in order and order[0] == "withdraw":
        return Status.REJECTED, Consent.NONE
    if "accept" in order:
        return Status.APPROVED, Consent.ACCEPTED
    return Status.APPROVED, Consent.LAPSED


@pytest.mark.parametrize(
    "order",
    [
        ["decline", "accept"],
        ["accept", "decline"],
        ["decline", "close"],
        ["close", "decline"],
        ["decline", "withdraw"],
        ["withdraw", "decline"],
        ["withdraw", "accept"],
        ["accept", "withdraw"],
        ["withdraw", "close"],
        ["close", "accept"],
        ["accept", "close"],
    ],
)
def test_races_of_one_instant_end_as_the_reference_says(order: list[str]) -> None:
    desk = Desk().window()
    due = desk.due(WINDOW)
    for name in order:
        if name == "decline":
            desk.do(e.Declined, JANA, at=due)
        elif name == "accept":
            desk.do(e.Accepted, JANA, at=due)
        elif name == "withdraw":
            desk.do(e.Withdrawn, PETR, at=due)
        else:
            desk.do(e.ClockRang, at=due, kind=WINDOW, due=due)
    assert (desk.claim.status, desk.claim.consent) == reference(order)
    active = desk.claim.association is Association.ACTIVE
    assert active == (desk.claim.status is Status.APPROVED)


# --- no verdict in the dark ------------------------------------------------------------------------------------------


def test_unread_mail_moves_the_verdict_to_the_next_business_day() -> None:
    desk = Desk().asked()
    old = desk.due(ACTION)
    desk.ring(ACTION, unread=True)
    assert desk.claim.status is Status.ACTION_REQUIRED
    assert desk.last.note == "postponed"
    assert desk.due(ACTION) == old + timedelta(days=1)
    (moved,) = desk.mails()
    assert moved.code == "deadline_moved"
    assert (moved.context["old"], moved.context["new"], moved.context["why"]) == (old, desk.due(ACTION), "unread")
    clock = desk.claim.clock(ACTION)
    assert clock is not None
    assert (clock.moved, clock.stated) == (1, old)


def test_held_mail_delays_a_verdict_by_at_most_five_business_days() -> None:
    desk = Desk().asked()
    old = desk.due(ACTION)
    desk.ring(ACTION, held_since=MONDAY)
    assert desk.due(ACTION) == old + timedelta(days=7)
    desk.ring(ACTION, held_since=MONDAY)
    assert desk.claim.status is Status.REJECTED


def test_after_an_outage_the_verdict_waits_until_the_listener_was_up_long_enough() -> None:
    desk = Desk().window()
    until = desk.due(WINDOW) + timedelta(days=2)
    desk.ring(WINDOW, wait_until=until)
    assert desk.due(WINDOW) == until
    assert desk.codes() == ["deadline_moved>customer", "deadline_moved>partner"]
    assert desk.claim.consent is Consent.PENDING
    desk.ring(WINDOW, wait_until=until)
    assert desk.claim.consent is Consent.LAPSED


def test_a_deadline_whose_mail_was_not_delivered_starts_again() -> None:
    desk = Desk().asked()
    old = desk.due(ACTION)
    desk.ring(ACTION, undelivered=True)
    assert desk.due(ACTION) == old + timedelta(days=7)
    assert desk.mails()[0].context["why"] == "undelivered"


def test_the_longest_reason_to_wait_counts() -> None:
    desk = Desk().asked()
    old = desk.due(ACTION)
    desk.ring(ACTION, unread=True, wait_until=old + timedelta(days=3), held_since=MONDAY)
    assert desk.mails()[0].context["why"] == "held"


def test_the_time_to_dispute_does_not_end_in_the_dark_either() -> None:
    desk = Desk().rejected()
    desk.ring(ClockKind.DISPUTE, unread=True)
    assert desk.claim.clock(ClockKind.DISPUTE) is not None
    assert desk.codes() == ["deadline_moved>partner"]


def test_escalations_do_not_wait_for_light() -> None:
    desk = Desk().submitted()
    desk.ring(ClockKind.START_REVIEW, unread=True)
    assert desk.codes() == ["review_overdue>office", "review_overdue>partner"]


def test_a_moved_deadline_keeps_the_reminders_that_were_still_to_come() -> None:
    desk = Desk().asked()
    desk.remind(ACTION)
    desk.remind(ACTION)
    desk.ring(ACTION, held_since=MONDAY)
    clock = desk.claim.clock(ACTION)
    assert clock is not None
    assert clock.reminders == ()
    desk = Desk().window()
    desk.do(e.CustomerAway, until=date(2026, 3, 20))
    moved = desk.claim.clock(WINDOW)
    assert moved is not None
    assert len(moved.reminders) == 1


# --- timers ----------------------------------------------------------------------------------------------------------


def test_ringings_are_the_clocks_that_run_in_order_of_time() -> None:
    desk = Desk().asked()
    rows = ringings(desk.claim)
    assert [(r.kind, r.what) for r in rows] == [(ACTION, "reminder"), (ACTION, "reminder"), (ACTION, "due")]
    assert rows[-1] == Ringing(kind=ACTION, subject="", what="due", at=desk.due(ACTION), due=desk.due(ACTION))
    assert rows[0].at == rows[0].due < rows[1].at
    desk.do(e.QuestionsAnswered, PETR, answers={1: "x"})
    assert {r.kind for r in ringings(desk.claim)} == {ClockKind.START_REVIEW, ClockKind.DECISION}


def test_a_switched_off_clock_is_not_set() -> None:
    from mailbot.claims.policy import load_policy

    desk = Desk()
    desk.policy = load_policy(
        'name = "calm"\nextends = "2021"\n[clocks]\nstart_review = "none"\nreview = "none"\ndecision = "none"\n'
        'dispute_review = "none"\n[reminders]\ndispute = ["half"]\n'
    )
    desk.submitted()
    assert desk.claim.clocks == ()
    desk.do(e.ReviewStarted, RITA)
    assert desk.mails("review_started")[0].context["due"] is None
    desk.do(e.Rejected, RITA, reason="insufficient_poe")
    desk.remind(ClockKind.DISPUTE)
    assert desk.codes() == ["action_reminder>partner"]
    desk.do(e.Disputed, PETR, text="x")
    assert desk.mails("dispute_received")[0].context["due"] is None
    desk.do(e.Upheld, ROLF)
    assert desk.claim.status is Status.REJECTED_FINAL
