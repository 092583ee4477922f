"""The consent of the customer, rule by rule (domain §4.2)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from claims_desk import ADA, FACTS, JANA, MONDAY, OTA, PETR, RITA, STRANGER, Desk, new_claim, rival

from mailbot.claims import events as e
from mailbot.claims.model import Association, Cause, ClockKind, Consent, Contact, Party, Status
from mailbot.claims.policy import load_policy

EVA = Contact(name="Eva", email="eva@customer.example", title="CIO", country="CZ")
SECOND = Contact(name="Ota", email=OTA.email, country="CZ")
WINDOW, SLACK = ClockKind.CONSENT_WINDOW, ClockKind.DELIVERY_SLACK


def prague(year: int, month: int, day: int) -> datetime:
    """The last second of a winter day in Prague."""
    return datetime(year, month, day, 22, 59, 59, tzinfo=UTC)


# --- delivered -------------------------------------------------------------------------------------------------------


def test_the_printed_last_day_is_computed_with_the_delivery_slack() -> None:
    desk = Desk().approved()
    (prompt,) = desk.mails("consent_prompt")
    # Monday 2 March, slack until Tuesday, seven days from there.
    assert prompt.context["last_day"] == prague(2026, 3, 10)
    assert desk.claim.notice is not None
    assert desk.claim.notice.printed == prague(2026, 3, 10)
    assert prompt.joins
    assert desk.claim.consent is Consent.PENDING
    assert desk.claim.clock(WINDOW) is None


def test_a_success_report_opens_the_window_which_closes_no_earlier_than_printed() -> None:
    desk = Desk().approved()
    desk.deliver()
    assert desk.due(WINDOW) == prague(2026, 3, 10)


def test_a_late_delivery_closes_the_window_later_than_printed() -> None:
    desk = Desk().approved()
    desk.send()
    desk.wait(days=3).deliver()
    assert desk.claim.clock(SLACK) is None
    assert desk.due(WINDOW) == prague(2026, 3, 12)


def test_the_relays_word_and_a_quiet_slack_count_as_delivery() -> None:
    desk = Desk().approved()
    desk.send()
    assert desk.due(SLACK) == prague(2026, 3, 3)
    desk.ring(SLACK)
    assert desk.claim.notice is not None
    assert desk.claim.notice.assumed
    assert desk.claim.notice.delivered_at == prague(2026, 3, 3)
    assert desk.due(WINDOW) == prague(2026, 3, 10)


def test_a_report_after_the_slack_only_confirms_it() -> None:
    desk = Desk().approved()
    desk.send()
    desk.ring(SLACK)
    due = desk.due(WINDOW)
    desk.deliver()
    assert desk.claim.notice is not None
    assert not desk.claim.notice.assumed
    assert desk.due(WINDOW) == due


def test_a_report_before_the_relays_word_sets_no_slack() -> None:
    desk = Desk().window()
    desk.send()
    assert desk.claim.clock(SLACK) is None
    assert desk.claim.notice is not None
    assert desk.claim.notice.sent_at == desk.now


def test_a_window_shorter_than_a_day_closes_at_the_printed_instant() -> None:
    desk = Desk()
    desk.policy = load_policy(
        'name = "quick"\nextends = "2021"\n[clocks]\nconsent_window = "20 seconds"\ndelivery_slack = "5 seconds"\n'
    )
    desk.approved()
    (prompt,) = desk.mails("consent_prompt")
    assert prompt.context["exact"] is True
    assert prompt.context["last_day"] == MONDAY + timedelta(seconds=25)
    desk.deliver()
    assert desk.due(WINDOW) == MONDAY + timedelta(seconds=25)


def test_a_delay_notice_stops_the_slack_until_somebody_knows_more() -> None:
    desk = Desk().approved()
    desk.send()
    assert desk.claim.notice is not None
    key = desk.claim.notice.key
    desk.do(e.MailDelayed, key=key, code="consent_prompt")
    assert desk.claim.clock(SLACK) is None
    assert desk.codes() == ["delivery_problem>office"]
    desk.do(e.MailDelayed, key=key, code="consent_prompt")
    assert desk.codes() == []
    desk.deliver()
    assert desk.claim.clock(WINDOW) is not None


def test_a_delay_notice_after_the_slack_stops_the_window_again() -> None:
    desk = Desk().approved()
    desk.send()
    desk.ring(SLACK)
    assert desk.claim.notice is not None
    desk.do(e.MailDelayed, key=desk.claim.notice.key, code="consent_prompt")
    assert desk.claim.clock(WINDOW) is None
    assert desk.claim.notice.delivered_at is None


def test_a_delay_notice_after_a_success_report_is_old_news() -> None:
    desk = Desk().window()
    assert desk.claim.notice is not None
    desk.do(e.MailDelayed, key=desk.claim.notice.key, code="consent_prompt")
    assert desk.claim.clock(WINDOW) is not None


def test_silence_until_the_end_makes_the_association_active_and_hands_it_off() -> None:
    desk = Desk().active()
    assert desk.claim.status is Status.APPROVED
    assert (desk.claim.consent, desk.claim.association) == (Consent.LAPSED, Association.ACTIVE)
    assert desk.published() == ["association.active", "evaluation.ready"]
    assert desk.codes() == ["association_active>customer", "association_active>partner"]
    assert desk.claim.active_since == prague(2026, 3, 10)


def test_a_bounce_suspends_the_window_and_tells_partner_and_office() -> None:
    desk = Desk().approved()
    desk.send()
    desk.bounce(status="5.1.1")
    assert (desk.claim.consent, desk.claim.suspended_by) == (Consent.SUSPENDED, Cause.BOUNCED)
    assert desk.claim.clock(SLACK) is None
    assert desk.codes() == ["delivery_problem>office", "delivery_problem>partner"]
    assert desk.mails()[0].context["suspended"] is True


def test_a_notice_that_could_not_be_sent_at_all_was_not_heard_either() -> None:
    desk = Desk().approved()
    desk.bounce(permanent=False, status="4.4.1")
    assert desk.claim.suspended_by is Cause.BOUNCED


def test_a_second_bounce_of_the_same_notice_says_nothing_new() -> None:
    desk = Desk().approved()
    key = desk.claim.notice.key if desk.claim.notice else ""
    desk.bounce()
    desk.do(e.MailFailed, key=key, code="consent_prompt", email=JANA.email)
    assert desk.last.note == "already_suspended"
    assert desk.codes() == []


def test_a_bounce_after_closing_ends_the_association_and_recalls_the_hand_off() -> None:
    desk = Desk().active()
    desk.wait(days=1).bounce()
    assert (desk.claim.consent, desk.claim.suspended_by) == (Consent.SUSPENDED, Cause.BOUNCED)
    assert desk.claim.association is Association.ENDED
    assert desk.published() == ["association.ended"]
    assert desk.codes() == ["association_ended>partner", "delivery_problem>office", "delivery_problem>partner"]


def test_an_activation_mail_that_finds_nobody_is_a_bounce_after_closing() -> None:
    desk = Desk().active()
    desk.do(e.MailFailed, key="association_active:9:customer", code="association_active", email=JANA.email.upper())
    assert desk.claim.suspended_by is Cause.BOUNCED


def test_a_full_mailbox_of_a_reminder_is_no_bounce_of_the_notice() -> None:
    desk = Desk().window()
    desk.do(e.MailFailed, key="r", code="consent_reminder", email=JANA.email, permanent=False)
    assert desk.claim.consent is Consent.PENDING
    assert desk.codes() == ["delivery_problem>office"]


def test_a_bounce_after_acceptance_changes_nothing_but_the_office_hears() -> None:
    desk = Desk().window()
    desk.do(e.Accepted, JANA)
    desk.bounce()
    assert desk.claim.consent is Consent.ACCEPTED
    assert desk.codes() == ["delivery_problem>office"]


def test_a_bounced_heads_up_tells_partner_and_office_before_anything_is_lost() -> None:
    desk = Desk().submitted()
    desk.do(e.MailFailed, key="h", code="customer_heads_up", email=JANA.email)
    assert desk.codes() == ["delivery_problem>office", "delivery_problem>partner"]
    assert desk.claim.consent is Consent.NONE


def test_a_bounced_mail_to_the_partner_is_for_the_office_and_office_mail_for_nobody() -> None:
    desk = Desk().asked()
    desk.do(e.MailFailed, key="i", code="info_request", email=PETR.email)
    assert desk.codes() == ["delivery_problem>office"]
    desk.do(e.MailFailed, key="i", code="office_attention", email="office@office.example")
    desk.do(e.MailFailed, key="i", code="not_a_code", email="office@office.example")
    assert desk.codes() == []


def test_a_window_that_is_over_for_good_is_not_opened_by_an_old_report() -> None:
    desk = Desk().window()
    notice = desk.claim.notice
    desk.do(e.Declined, JANA)
    assert notice is not None
    desk.do(e.MailDelivered, key=notice.key, code="consent_prompt")
    assert desk.claim.clock(WINDOW) is None


# --- only silence is silence -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", [Cause.QUESTION, Cause.UNCLEAR, Cause.UNREADABLE])
def test_new_words_suspend_the_window_and_call_the_office(cause: Cause) -> None:
    desk = Desk().window()
    desk.do(e.CustomerWrote, JANA, cause=cause, text="What is this?")
    assert (desk.claim.consent, desk.claim.suspended_by) == (Consent.SUSPENDED, cause)
    assert desk.claim.clock(WINDOW) is None
    assert desk.due(ClockKind.CUSTOMER_QUESTION, "1") == datetime(2026, 3, 3, 23, 59, 59, tzinfo=UTC)
    assert desk.codes() == ["office_attention>office"]


def test_a_data_request_is_due_in_a_month() -> None:
    desk = Desk().window()
    desk.do(e.CustomerWrote, JANA, cause=Cause.DATA_REQUEST, text="What do you store?")
    assert desk.due(ClockKind.DATA_REQUEST, "1") == datetime(2026, 4, 2, 23, 59, 59, tzinfo=UTC)
    assert desk.claim.suspended_by is Cause.DATA_REQUEST


def test_an_answer_restarts_the_window_in_full_when_it_is_delivered() -> None:
    desk = Desk().window().wait(days=2)
    desk.do(e.CustomerWrote, JANA, cause=Cause.QUESTION, text="What is this?")
    desk.wait(days=1).do(e.CustomerAnswered, RITA, text="Fabrikam helps with Teams.")
    (answer,) = desk.mails("question_answered")
    assert answer.to is Party.CUSTOMER
    assert answer.context["last_day"] == prague(2026, 3, 13)
    assert answer.context["questions"] == ["What is this?"]
    assert desk.claim.consent is Consent.SUSPENDED
    assert desk.claim.clock(ClockKind.CUSTOMER_QUESTION, "1") is None
    desk.wait(days=1).deliver("question_answered")
    assert (desk.claim.consent, desk.claim.suspended_by) == (Consent.PENDING, None)
    assert desk.due(WINDOW) == prague(2026, 3, 13)


def test_a_question_after_the_answer_left_keeps_the_window_shut() -> None:
    desk = Desk().window()
    desk.do(e.CustomerWrote, JANA, cause=Cause.QUESTION, text="What is this?")
    desk.do(e.CustomerAnswered, RITA, text="Teams.")
    key = desk.claim.notice.key if desk.claim.notice else ""
    desk.do(e.CustomerWrote, JANA, cause=Cause.QUESTION, text="And what is Teams?")
    desk.do(e.MailDelivered, key=key, code="question_answered")
    assert desk.claim.consent is Consent.SUSPENDED
    assert [i.number for i in desk.claim.open_inquiries()] == [2]


def test_not_me_counts_as_a_bounce() -> None:
    desk = Desk().window()
    desk.do(e.CustomerWrote, JANA, cause=Cause.WRONG_PERSON, text="I left that firm")
    assert desk.claim.suspended_by is Cause.WRONG_PERSON
    assert desk.codes() == ["delivery_problem>office", "delivery_problem>partner"]
    assert desk.claim.open_inquiries() == ()


def test_not_me_after_closing_ends_the_association() -> None:
    desk = Desk().active()
    desk.do(e.CustomerWrote, JANA, cause=Cause.WRONG_PERSON, text="not me")
    assert desk.claim.association is Association.ENDED


def test_not_me_from_the_second_contact_is_a_question_not_a_bounce() -> None:
    desk = Desk(new_claim(second=SECOND)).window()
    desk.do(e.CustomerWrote, OTA, cause=Cause.WRONG_PERSON, text="not me")
    assert len(desk.claim.open_inquiries()) == 1


def test_words_received_before_the_end_but_read_after_it_take_the_silence_back() -> None:
    desk = Desk().active()
    asked = desk.now - timedelta(minutes=1)
    desk.do(e.CustomerWrote, JANA, at=asked, cause=Cause.QUESTION, text="Who?")
    assert desk.claim.association is Association.ENDED
    assert desk.claim.suspended_by is Cause.QUESTION


def test_a_question_about_an_active_association_is_answered_without_a_window() -> None:
    desk = Desk().active().wait(days=30)
    desk.do(e.CustomerWrote, JANA, cause=Cause.QUESTION, text="What do they see?")
    assert desk.claim.association is Association.ACTIVE
    desk.do(e.CustomerAnswered, ADA, text="Usage.")
    assert desk.mails("question_answered")[0].context["last_day"] is None


def test_a_question_before_approval_is_answered_too() -> None:
    desk = Desk().submitted()
    desk.do(e.CustomerWrote, JANA, cause=Cause.QUESTION, text="Who are you?")
    assert desk.claim.consent is Consent.NONE
    desk.do(e.CustomerAnswered, ADA, text="The claims office.")
    assert desk.claim.open_inquiries() == ()


def test_answers_go_to_whoever_asked_at_their_stored_address() -> None:
    desk = Desk(new_claim(second=SECOND, tenant_admin=replace(SECOND, email="it@customer.example"))).window()
    it = replace(OTA, email="it@customer.example")
    for who in (OTA, JANA, it, STRANGER, JANA):
        desk.do(e.CustomerWrote, who, cause=Cause.QUESTION, text=f"{who.email}?")
    desk.do(e.CustomerAnswered, RITA, text="Teams.")
    asked = {m.to: m.context["questions"] for m in desk.mails("question_answered")}
    assert set(asked) == {Party.SECOND, Party.CUSTOMER, Party.TENANT_ADMIN}
    assert asked[Party.CUSTOMER] == [f"{JANA.email}?", f"{STRANGER.email}?", f"{JANA.email}?"]
    assert desk.claim.notice is not None
    assert desk.claim.notice.key == desk.mails("question_answered")[0].key
    assert desk.mails("question_answered")[0].to is Party.CUSTOMER


def test_an_answer_to_a_former_contact_goes_to_that_address_and_opens_nothing_for_the_new() -> None:
    desk = Desk().approved()
    desk.bounce()
    desk.do(e.Edited, PETR, changes={"customer": EVA})
    desk.do(e.CustomerWrote, JANA, cause=Cause.QUESTION, text="Still me?")
    desk.do(e.CustomerAnswered, RITA, text="No longer.")
    assert desk.mails("question_answered")[0].email == JANA.email
    assert desk.claim.notice is None


def test_an_answer_does_not_cure_a_bounce() -> None:
    desk = Desk(new_claim(second=SECOND)).approved()
    desk.bounce()
    desk.do(e.CustomerWrote, OTA, cause=Cause.QUESTION, text="?")
    assert desk.claim.suspended_by is Cause.BOUNCED
    desk.do(e.CustomerAnswered, RITA, text="Teams.")
    assert desk.mails("question_answered")[0].context["last_day"] is None
    assert desk.claim.notice is None


def test_an_answer_needs_a_question_and_words() -> None:
    desk = Desk().window()
    assert desk.refused(e.CustomerAnswered, RITA, text="hello") == "nothing_to_answer"
    desk.do(e.CustomerWrote, JANA, cause=Cause.QUESTION, text="?")
    assert desk.refused(e.CustomerAnswered, RITA, text=" ") == "text_required"


def test_a_spam_complaint_suspends_the_window_and_a_person_looks() -> None:
    desk = Desk().window()
    desk.do(e.RemindersStopped, complaint=True)
    assert desk.claim.suspended_by is Cause.COMPLAINT
    assert desk.claim.reminders_stopped
    assert desk.codes() == ["office_attention>office"]
    desk.do(e.RemindersStopped, complaint=True)
    assert desk.codes() == []


def test_an_unsubscribe_click_only_stops_reminders() -> None:
    desk = Desk().window()
    desk.do(e.RemindersStopped)
    assert desk.claim.consent is Consent.PENDING
    desk.remind(WINDOW)
    assert desk.codes() == []
    version = desk.claim.version
    desk.do(e.RemindersStopped)
    assert desk.claim.version == version


def test_a_decline_with_a_leaked_key_only_stops_the_window() -> None:
    desk = Desk().window()
    desk.do(e.Declined, JANA, text="no", leaked_key=True)
    assert (desk.claim.consent, desk.claim.suspended_by) == (Consent.SUSPENDED, Cause.LEAKED_KEY)
    assert desk.claim.status is Status.APPROVED
    assert desk.codes() == ["office_attention>office"]


def test_a_leaked_key_does_not_touch_an_active_association() -> None:
    desk = Desk().active()
    desk.do(e.Declined, JANA, leaked_key=True)
    assert desk.claim.association is Association.ACTIVE
    assert len(desk.claim.open_inquiries()) == 1


# --- an absence is not silence ---------------------------------------------------------------------------------------


def test_an_absence_past_the_last_day_notifies_the_second_contact_once() -> None:
    desk = Desk(new_claim(second=SECOND, tenant_admin=SECOND)).window()
    desk.do(e.CustomerAway, until=date(2026, 3, 20))
    assert desk.codes() == ["consent_prompt>second", "consent_prompt>tenant_admin"]
    assert desk.mails()[0].context["away"] is True
    assert desk.due(WINDOW) == prague(2026, 3, 10)
    desk.do(e.CustomerAway, until=date(2026, 3, 30))
    assert desk.last.note == "nothing_to_move"


def test_without_another_contact_the_last_day_moves_once_to_after_the_return() -> None:
    desk = Desk().window()
    desk.do(e.CustomerAway, until=date(2026, 3, 20))
    assert desk.due(WINDOW) == prague(2026, 3, 27)
    assert desk.codes() == ["deadline_moved>customer", "deadline_moved>partner"]
    assert desk.mails()[0].context["why"] == "away"
    desk.do(e.CustomerAway, until=date(2026, 5, 1))
    assert desk.due(WINDOW) == prague(2026, 3, 27)


def test_an_absence_without_a_date_moves_the_last_day_by_ten_business_days() -> None:
    desk = Desk().window()
    desk.do(e.CustomerAway)
    assert desk.due(WINDOW) == prague(2026, 3, 16)


def test_an_absence_counts_while_a_notice_sent_again_is_on_its_way() -> None:
    desk = Desk().approved()
    desk.bounce()
    desk.do(e.NoticeResent, RITA, contact_verified=True)
    assert desk.claim.consent is Consent.SUSPENDED
    desk.do(e.CustomerAway, until=date(2026, 3, 20))
    assert desk.codes() == ["deadline_moved>customer", "deadline_moved>partner"]
    desk.deliver()
    assert desk.due(WINDOW) == prague(2026, 3, 27)


def test_an_undated_absence_never_makes_the_window_shorter() -> None:
    desk = Desk().approved()
    desk.send()
    desk.wait(days=8).deliver()
    due = desk.due(WINDOW)
    desk.do(e.CustomerAway, at=MONDAY)
    assert desk.due(WINDOW) >= due


def test_an_absence_that_would_move_the_last_day_to_an_earlier_one_moves_nothing() -> None:
    desk = Desk()
    desk.policy = load_policy('name = "short"\nextends = "2021"\n[clocks]\nabsence_undated = "1 business day"\n')
    desk.window()
    desk.do(e.CustomerAway)
    assert desk.due(WINDOW) == prague(2026, 3, 10)
    assert desk.codes() == []


def test_an_absence_that_ends_in_time_moves_nothing() -> None:
    desk = Desk().window()
    desk.do(e.CustomerAway, until=date(2026, 3, 10))
    assert desk.last.note == "back_in_time"
    assert not desk.claim.absence_used


def test_an_absence_before_the_notice_arrived_moves_the_printed_day() -> None:
    desk = Desk().approved()
    desk.do(e.CustomerAway, until=date(2026, 3, 20))
    desk.deliver()
    assert desk.due(WINDOW) == prague(2026, 3, 27)


def test_an_absence_outside_a_window_or_of_somebody_else_moves_nothing() -> None:
    desk = Desk().submitted()
    desk.do(e.CustomerAway)
    assert desk.last.note == "nothing_to_move"
    desk = Desk(new_claim(second=SECOND)).window()
    desk.do(e.CustomerAway, OTA)
    assert desk.last.note == "nothing_to_move"


# --- contact check ---------------------------------------------------------------------------------------------------


def test_without_the_contact_check_only_an_explicit_yes_makes_it_active() -> None:
    desk = Desk().window(verified=False)
    assert desk.sent[-2].context["contact_verified"] is False
    desk.ring(WINDOW)
    assert desk.last.note == "awaiting_acceptance"
    assert (desk.claim.consent, desk.claim.association) == (Consent.PENDING, Association.NONE)
    desk.wait(days=60).do(e.Accepted, JANA)
    assert (desk.claim.consent, desk.claim.association) == (Consent.ACCEPTED, Association.ACTIVE)


def test_resend_notice_brings_the_tick_and_a_new_window() -> None:
    desk = Desk().window(verified=False)
    desk.ring(WINDOW)
    desk.do(e.NoticeResent, RITA, contact_verified=True, contact_source="phone book")
    assert desk.claim.contact_source == "phone book"
    assert desk.mails("consent_prompt")[0].context["again"] is True
    desk.deliver()
    desk.ring(WINDOW)
    assert desk.claim.consent is Consent.LAPSED


def test_a_resent_notice_keeps_a_tick_that_was_not_disproved() -> None:
    desk = Desk().window()
    desk.do(e.CustomerWrote, JANA, cause=Cause.UNREADABLE, text="?")
    desk.do(e.NoticeResent, RITA)
    assert desk.claim.contact_verified
    assert desk.claim.open_inquiries() == ()


def test_a_bounce_disproves_the_tick() -> None:
    desk = Desk().approved()
    desk.bounce()
    desk.do(e.NoticeResent, RITA)
    assert not desk.claim.contact_verified


def test_a_new_notice_leaves_suspension_when_it_is_delivered_not_before() -> None:
    desk = Desk().approved()
    desk.bounce()
    desk.do(e.NoticeResent, RITA, contact=EVA, contact_verified=True)
    assert desk.claim.consent is Consent.SUSPENDED
    assert desk.claim.customer == EVA
    assert [c.email for c in desk.claim.former_contacts] == [JANA.email]
    assert e.RevokeAddresses(email=JANA.email) in desk.last.actions
    desk.deliver()
    assert desk.claim.consent is Consent.PENDING
    assert desk.claim.notice is not None
    assert desk.claim.notice.email == EVA.email


def test_a_plain_question_still_wants_its_answer_after_a_new_notice() -> None:
    desk = Desk().window()
    desk.do(e.CustomerWrote, JANA, cause=Cause.QUESTION, text="?")
    desk.do(e.NoticeResent, RITA)
    assert len(desk.claim.open_inquiries()) == 1
    desk.deliver()
    assert desk.claim.consent is Consent.PENDING


def test_a_notice_is_resent_only_while_consent_is_awaited_and_to_an_address() -> None:
    desk = Desk().window()
    assert desk.refused(e.NoticeResent, RITA, contact=Contact(name="Eva")) == "address_required"
    desk.do(e.Accepted, JANA)
    assert desk.refused(e.NoticeResent, RITA) == "not_waiting"


def test_a_bounce_of_the_resent_notice_suspends_anew() -> None:
    desk = Desk().approved()
    desk.bounce()
    desk.do(e.NoticeResent, RITA, contact=EVA, contact_verified=True)
    desk.bounce()
    assert desk.codes() == ["delivery_problem>office", "delivery_problem>partner"]
    assert desk.claim.notice is None


def test_words_about_a_notice_under_way_replace_a_cured_bounce() -> None:
    desk = Desk().approved()
    desk.bounce()
    desk.do(e.NoticeResent, RITA, contact=EVA, contact_verified=True)
    desk.do(e.CustomerWrote, replace(JANA, email=EVA.email), cause=Cause.QUESTION, text="?")
    assert desk.claim.suspended_by is Cause.QUESTION


# --- decline and undo ------------------------------------------------------------------------------------------------


def test_a_decline_in_the_window_rejects_the_claim_and_is_confirmed() -> None:
    desk = Desk().window()
    desk.do(e.Declined, STRANGER, text="ne")
    assert desk.claim.status is Status.REJECTED
    assert desk.claim.reason == "customer_declined"
    assert desk.claim.consent is Consent.DECLINED
    assert desk.codes() == ["customer_declined>partner", "decline_confirmed>customer"]
    assert desk.published() == ["claim.rejected"]
    assert desk.claim.decline is not None
    assert desk.claim.decline.by == STRANGER.email


def test_a_decline_replaces_an_earlier_reason() -> None:
    desk = Desk().rejected()
    desk.do(e.Declined, JANA)
    assert desk.claim.reason == "customer_declined"
    assert desk.claim.clock(ClockKind.DISPUTE) is None
    assert desk.refused(e.Disputed, PETR, text="but") == "not_disputable"


def test_a_decline_after_activation_ends_the_association_and_keeps_the_status() -> None:
    desk = Desk().active().wait(days=90)
    desk.do(e.Declined, JANA)
    assert desk.claim.status is Status.APPROVED
    assert (desk.claim.consent, desk.claim.association) == (Consent.DECLINED, Association.ENDED)
    assert desk.published() == ["association.ended"]
    assert desk.mails("decline_confirmed")[0].context["ended"] is True
    assert desk.refused(e.Withdrawn, PETR) == "ended"
    assert desk.refused(e.Disassociated, PETR, text="x") == "no_association"


def test_a_decline_before_any_customer_mail_has_nobody_behind_it() -> None:
    desk = Desk()
    assert desk.refused(e.Declined, JANA) == "no_customer_mail"


def test_declining_twice_changes_nothing_the_second_time() -> None:
    desk = Desk().window()
    desk.do(e.Declined, JANA)
    before = desk.claim
    desk.do(e.Declined, JANA)
    assert desk.claim is before
    assert desk.last.actions == ()
    assert desk.last.note == "already_declined"


def test_the_office_admin_records_a_decline_by_letter() -> None:
    desk = Desk().window()
    assert desk.refused(e.DeclineRecorded, RITA, how="letter") == "not_allowed"
    desk.do(e.DeclineRecorded, ADA, how="letter", text="no, thank you")
    assert desk.claim.consent is Consent.DECLINED
    assert desk.mails("decline_confirmed")[0].context["how"] == "letter"


def test_no_reviewer_and_no_dispute_undoes_a_decline() -> None:
    desk = Desk().window()
    desk.do(e.Declined, JANA)
    assert desk.refused(e.Approved, RITA, contact_verified=True) == "wrong_state"
    assert desk.refused(e.DeclineUndone, ADA) == "not_allowed"
    assert desk.refused(e.Disputed, PETR, text="please") == "not_disputable"
    assert desk.refused(e.Accepted, JANA) == "declined"


def test_undo_of_an_approved_claim_asks_anew_with_a_full_window() -> None:
    desk = Desk().window()
    desk.do(e.Declined, JANA)
    desk.wait(days=20).do(e.DeclineUndone, JANA)
    assert desk.claim.status is Status.APPROVED
    assert (desk.claim.consent, desk.claim.decline) == (Consent.PENDING, None)
    assert "consent_prompt>customer" in desk.codes()
    assert desk.mails("customer_declined")[0].context["undone"] is True
    desk.deliver()
    desk.ring(WINDOW)
    assert desk.claim.association is Association.ACTIVE


def test_undo_after_activation_also_asks_anew() -> None:
    desk = Desk().active()
    desk.do(e.Declined, JANA, at=desk.now + timedelta(days=1))
    desk.do(e.DeclineUndone, JANA)
    assert (desk.claim.consent, desk.claim.association) == (Consent.PENDING, Association.ENDED)
    desk.deliver()
    desk.ring(WINDOW)
    assert desk.claim.association is Association.ACTIVE


@pytest.mark.parametrize(
    ("way", "clock"),
    [
        ("submitted", ClockKind.START_REVIEW),
        ("started", ClockKind.REVIEW),
        ("asked", ClockKind.PARTNER_ACTION),
        ("disputed", ClockKind.DISPUTE_REVIEW),
        ("rejected", ClockKind.DISPUTE),
    ],
)
def test_undo_brings_the_status_and_its_clock_back(way: str, clock: ClockKind) -> None:
    desk = Desk()
    if way == "started":
        desk.submitted().do(e.ReviewStarted, RITA)
    else:
        getattr(desk, way)()
    before = desk.claim
    desk.do(e.Declined, JANA)
    desk.wait(days=1).do(e.DeclineUndone, JANA)
    assert desk.claim.status is before.status
    assert (desk.claim.reason, desk.claim.reason_text) == (before.reason, before.reason_text)
    assert desk.claim.consent is Consent.NONE
    assert desk.claim.clock(clock) is not None


def test_undo_keeps_what_is_left_of_the_time_to_dispute() -> None:
    desk = Desk().rejected()
    due = desk.due(ClockKind.DISPUTE)
    desk.wait(days=20).do(e.Declined, JANA)
    desk.wait(days=5).do(e.DeclineUndone, JANA)
    assert desk.due(ClockKind.DISPUTE) == due
    desk.do(e.Declined, JANA)
    desk.wait(days=20).do(e.DeclineUndone, JANA)
    assert desk.claim.clock(ClockKind.DISPUTE) is None


def test_undo_of_a_final_claim_only_takes_the_word_back() -> None:
    desk = Desk().disputed()
    desk.do(e.Upheld, replace(RITA, email="rolf@office.example"))
    desk.do(e.Declined, JANA)
    assert desk.claim.status is Status.REJECTED_FINAL
    desk.do(e.DeclineUndone, JANA)
    assert (desk.claim.status, desk.claim.consent) == (Status.REJECTED_FINAL, Consent.NONE)


def test_undo_is_for_the_address_of_record_within_thirty_days() -> None:
    desk = Desk().window()
    assert desk.refused(e.DeclineUndone, JANA) == "not_declined"
    desk.do(e.Declined, JANA)
    assert desk.refused(e.DeclineUndone, STRANGER) == "not_of_record"
    assert desk.due(ClockKind.UNDO) == datetime(2026, 4, 1, 21, 59, 59, tzinfo=UTC)
    late = desk.due(ClockKind.UNDO) + timedelta(seconds=1)
    assert desk.refused(e.DeclineUndone, JANA, at=late) == "too_late"
    desk.ring(ClockKind.UNDO)
    assert desk.refused(e.DeclineUndone, JANA, at=MONDAY) == "too_late"


def test_undo_is_refused_if_another_partner_holds_the_product_by_then() -> None:
    desk = Desk().window()
    desk.do(e.Declined, JANA)
    held = replace(FACTS, rivals=(rival(status=Status.APPROVED),))
    assert desk.refused(e.DeclineUndone, JANA, facts=held) == "held_by_other"
    own = replace(FACTS, duplicate_of="CLM-ANEW")
    assert desk.refused(e.DeclineUndone, JANA, facts=own) == "duplicate"


def test_undo_into_a_new_contest_raises_it() -> None:
    desk = Desk().submitted()
    desk.do(e.Declined, JANA)
    desk.do(e.DeclineUndone, JANA, facts=replace(FACTS, rivals=(rival(),)))
    assert desk.claim.contested
    assert [name for name, _ in desk.told()] == ["CLM-RIVAL"]


# --- acceptance ------------------------------------------------------------------------------------------------------


def test_acceptance_closes_the_window_at_once() -> None:
    desk = Desk().window()
    desk.do(e.Accepted, JANA)
    assert (desk.claim.consent, desk.claim.association) == (Consent.ACCEPTED, Association.ACTIVE)
    assert desk.claim.clock(WINDOW) is None
    assert desk.mails("association_active")[0].context["accepted"] is True
    desk.do(e.Accepted, JANA)
    assert desk.last.note == "already_accepted"


def test_acceptance_leaves_suspension() -> None:
    desk = Desk().approved()
    desk.bounce()
    desk.do(e.Accepted, JANA)
    assert desk.claim.association is Association.ACTIVE
    assert desk.claim.suspended_by is None


def test_acceptance_after_silence_only_makes_it_firmer() -> None:
    desk = Desk().active()
    desk.do(e.Accepted, JANA)
    assert desk.claim.consent is Consent.ACCEPTED
    assert desk.published() == []


def test_there_is_nothing_to_accept_before_approval() -> None:
    assert Desk().submitted().refused(e.Accepted, JANA) == "not_asked"


# --- editing while suspended -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["2021", "2023"])
def test_customer_contacts_are_editable_while_suspended_under_every_policy(policy: str) -> None:
    desk = Desk(policy=policy).approved()
    assert desk.refused(e.Edited, PETR, changes={"customer": EVA}) == "not_editable"
    desk.bounce()
    desk.do(e.Edited, PETR, changes={"customer": EVA})
    assert desk.claim.customer == EVA
    assert not desk.claim.contact_verified
    assert desk.claim.consent is Consent.SUSPENDED
    assert desk.codes() == ["claim_received>partner", "office_attention>office"]
    assert e.RevokeAddresses(email=JANA.email) in desk.last.actions


def test_a_replaced_contact_keeps_the_right_to_decline() -> None:
    desk = Desk().approved()
    desk.bounce()
    desk.do(e.Edited, PETR, changes={"customer": EVA})
    desk.do(e.Declined, replace(JANA, of_record=False))
    assert desk.claim.consent is Consent.DECLINED


def test_a_contact_whose_question_is_open_cannot_be_replaced_by_the_partner() -> None:
    desk = Desk().window()
    desk.do(e.CustomerWrote, JANA, cause=Cause.QUESTION, text="?")
    assert desk.refused(e.Edited, PETR, changes={"customer": EVA}) == "question_open"
    desk.do(e.Edited, PETR, changes={"second": SECOND})
    assert desk.claim.second == SECOND


def test_a_contact_who_asked_for_erasure_can_be_replaced() -> None:
    desk = Desk().window()
    desk.do(e.CustomerWrote, JANA, cause=Cause.DATA_REQUEST, text="erase me")
    desk.do(e.Edited, PETR, changes={"customer": EVA})
    assert desk.claim.customer == EVA


def test_a_contact_who_declined_cannot_be_replaced() -> None:
    desk = Desk().active()
    desk.do(e.Declined, JANA, at=desk.now + timedelta(days=1))
    assert desk.refused(e.Edited, PETR, changes={"customer": EVA}) == "not_editable"
