"""From draft to verdict and dispute, rule by rule (domain §4.1, §4.5)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from claims_desk import ADA, BILL, CORA, FACTS, JANA, MONDAY, PETR, RITA, ROLF, UTE, Desk, new_claim, paper, rival

from mailbot.claims import events as e
from mailbot.claims.model import Association, Channel, ClockKind, Consent, Contact, Party, Product, Question, Status

EVA = Contact(name="Eva", email="eva@customer.example", title="CIO", country="CZ")
ACTION = ClockKind.PARTNER_ACTION


# --- draft and submit ------------------------------------------------------------------------------------------------


def test_a_draft_by_mail_is_answered_with_what_is_missing() -> None:
    desk = Desk(new_claim(tenant_id="", evidence=(paper("bad", "unreadable"),)))
    (received,) = desk.mails("claim_received")
    assert received.answer
    assert [d["field"] for d in received.context["defects"]] == ["tenant_id", "evidence"]  # type: ignore[attr-defined]
    assert received.context["files"] == [{"name": "bad.pdf", "size": 9, "sha256": "bad", "verdict": "unreadable"}]
    assert desk.claim.version == 1
    assert desk.claim.program == "osu_microsoft_365"
    assert (desk.claim.location_country, desk.claim.location_time_zone) == ("CZ", "Europe/Prague")


def test_a_draft_by_the_interface_is_not_mailed_about() -> None:
    desk = Desk(new_claim(version=1))
    desk.do(e.Drafted, PETR, claim=new_claim(), channel=Channel.API)
    assert desk.claim.version == 1
    assert desk.codes() == []


def test_a_draft_is_not_written_over_a_claim() -> None:
    from mailbot.claims.lifecycle import decide

    desk = Desk()
    event = e.Drafted(id="x", at=MONDAY, actor=PETR, claim=new_claim())
    decision = decide(desk.claim, event, MONDAY, desk.policy)
    assert decision.refusal is not None
    assert decision.refusal.code == "wrong_state"


def test_submit_queues_the_claim_and_tells_everybody() -> None:
    desk = Desk().submitted()
    assert desk.codes() == ["claim_submitted>partner", "customer_heads_up>customer", "review_assigned>reviewer"]
    assert desk.claim.assigned_to == RITA.email
    assert desk.due(ClockKind.START_REVIEW) == datetime(2026, 3, 9, 23, 59, 59, tzinfo=UTC)
    assert desk.due(ClockKind.DECISION) == datetime(2026, 3, 16, 23, 59, 59, tzinfo=UTC)
    assert desk.claim.effective_date == date(2026, 3, 2)
    assert desk.claim.submitted_at == MONDAY
    assert desk.claim.customer_told
    assert desk.mails("claim_submitted")[0].context["editable"] == ["location", "products", "contacts", "evidence"]
    assert desk.mails("customer_heads_up")[0].joins


def test_policy_2023_has_no_decision_clock_and_closes_editing_after_submit() -> None:
    desk = Desk(policy="2023").submitted()
    assert desk.claim.clock(ClockKind.DECISION) is None
    assert desk.mails("claim_submitted")[0].context["editable"] == []
    assert desk.refused(e.Edited, PETR, changes={"name": "x"}) == "not_editable"
    assert desk.refused(e.EvidenceAdded, PETR, files=(paper("x"),)) == "evidence_closed"
    desk.do(e.ReviewStarted, RITA)
    assert desk.mails("review_started")[0].context["due"] == desk.due(ClockKind.REVIEW)


def test_an_incomplete_claim_stays_a_draft_and_names_every_defect() -> None:
    desk = Desk(new_claim(name="", tenant_id="123"))
    assert desk.refused(e.Submitted, PETR) == "incomplete"
    assert desk.last.refusal is not None
    assert [(d.field, d.code) for d in desk.last.refusal.defects] == [
        ("tenant_id", "malformed_guid"),
        ("name", "missing"),
    ]


def test_an_own_duplicate_is_refused_with_the_other_claims_id() -> None:
    desk = Desk(facts=replace(FACTS, duplicate_of="CLM-FIRST"))
    assert desk.refused(e.Submitted, PETR) == "duplicate"
    assert desk.last.refusal is not None
    assert desk.last.refusal.other_claim == "CLM-FIRST"


def test_a_contact_outside_the_tenants_domain_is_told_at_review_start_only() -> None:
    away = Contact(name="Jana", email="jana@holding.example", title="CIO", country="CZ")
    desk = Desk(new_claim(customer=away, domain_reason="the holding's address")).submitted()
    assert not desk.claim.customer_told
    desk.do(e.ReviewStarted, RITA)
    assert desk.codes() == ["customer_heads_up>customer", "review_started>partner"]


def test_without_reviewers_the_office_gets_the_claim() -> None:
    desk = Desk(facts=replace(FACTS, reviewers=())).submitted()
    assert desk.mails("review_assigned")[0].to is Party.OFFICE


def test_a_cancelled_draft_is_over() -> None:
    desk = Desk()
    desk.do(e.Cancelled, PETR)
    assert desk.claim.status is Status.CANCELLED
    assert [c.kind for c in desk.claim.clocks] == [ClockKind.RETENTION]
    assert desk.published() == ["claim.cancelled"]


# --- rights ----------------------------------------------------------------------------------------------------------


def test_who_may_not_is_told_who_may() -> None:
    desk = Desk()
    assert desk.refused(e.Submitted, UTE) == "not_allowed"
    assert desk.last.refusal is not None
    assert desk.last.refusal.text == "This may be done by: incentives_admin."
    assert desk.refused(e.Submitted, RITA) == "not_allowed"
    assert desk.refused(e.ClockRang, PETR, kind=ACTION, due=MONDAY) == "not_allowed"


def test_a_billing_admin_edits_and_withdraws_under_2021_but_only_comments_under_2023() -> None:
    desk = Desk()
    desk.do(e.Edited, BILL, changes={"name": "Another"})
    desk.submitted().do(e.Withdrawn, BILL)
    assert desk.claim.reason == "partner_request"
    desk = Desk(policy="2023")
    assert desk.refused(e.Edited, BILL, changes={"name": "Another"}) == "not_allowed"
    desk.do(e.CommentAdded, BILL, text="hello")
    assert desk.claim.comments[-1].text == "hello"


def test_another_firms_admin_may_nothing() -> None:
    assert Desk().refused(e.Submitted, CORA) == "not_yours"


def test_a_person_limited_to_locations_acts_for_those_only() -> None:
    desk = Desk()
    assert desk.refused(e.Submitted, replace(PETR, locations=frozenset({"999"}))) == "other_location"
    desk.do(e.Submitted, replace(PETR, locations=frozenset({"999", "4567890"})))
    assert desk.claim.status is Status.SUBMITTED


def test_nobody_in_the_office_decides_a_claim_of_their_own_firm() -> None:
    desk = Desk().submitted()
    own = replace(RITA, organisation_id="fabrikam")
    assert desk.refused(e.Approved, own, contact_verified=True) == "own_firm"
    assert desk.refused(e.ReviewStarted, own) == "own_firm"


def test_a_person_with_two_hats_acts_for_the_own_firm_as_a_partner() -> None:
    both = replace(PETR, roles=PETR.roles | RITA.roles)
    desk = Desk()
    desk.do(e.CommentAdded, both, text="as partner")
    desk.submitted()
    assert desk.refused(e.ReviewStarted, both) == "own_firm"


# --- questions -------------------------------------------------------------------------------------------------------


def test_questions_are_numbered_have_a_date_and_pause_the_decision() -> None:
    desk = Desk().asked("missing_customer_ack", "missing_or_old_dates")
    (request,) = desk.mails("info_request")
    assert [i["number"] for i in request.context["items"]] == [1, 2]  # type: ignore[attr-defined]
    assert request.context["due"] == datetime(2026, 3, 9, 22, 59, 59, tzinfo=UTC)
    clock = desk.claim.clock(ACTION)
    assert clock is not None
    assert clock.notice == request.key
    decision = desk.claim.clock(ClockKind.DECISION)
    assert decision is not None
    assert decision.paused_at == desk.now


def test_asking_at_once_starts_the_review() -> None:
    desk = Desk().asked()
    assert "review_started>partner" in desk.codes()
    assert desk.claim.clock(ClockKind.REVIEW) is None


def test_a_question_needs_items_of_known_reasons() -> None:
    desk = Desk().submitted()
    assert desk.refused(e.InfoRequested, RITA, items=()) == "nothing_asked"
    assert desk.refused(e.InfoRequested, RITA, items=(("because", ""),)) == "unknown_reason"


def test_numbers_go_on_in_a_second_round() -> None:
    desk = Desk().asked()
    desk.do(e.QuestionsAnswered, PETR, answers={1: "page 4"})
    desk.do(e.InfoRequested, RITA, items=(("missing_products", "which?"),))
    assert [q.number for q in desk.claim.questions] == [1, 2]
    assert [q.number for q in desk.claim.open_questions()] == [2]


def test_a_partial_answer_stays_and_does_not_move_the_date() -> None:
    desk = Desk().asked("missing_customer_ack", "missing_or_old_dates")
    due = desk.due(ACTION)
    desk.wait(days=2).do(e.QuestionsAnswered, PETR, answers={1: "page 4", 7: "what?"})
    assert desk.claim.status is Status.ACTION_REQUIRED
    assert desk.due(ACTION) == due
    (again,) = desk.mails("info_request")
    assert again.context["again"] is True
    assert [i["number"] for i in again.context["items"]] == [2]  # type: ignore[attr-defined]
    assert desk.last.note == "partial_answer"


def test_the_last_answer_goes_back_to_the_same_reviewer() -> None:
    desk = Desk().asked()
    desk.wait(days=2).do(e.QuestionsAnswered, PETR, answers={1: "page 4"})
    assert desk.claim.status is Status.SUBMITTED
    assert desk.codes() == ["claim_submitted>partner", "review_assigned>reviewer"]
    assert desk.mails("review_assigned")[0].context["round"] == "resubmit"
    assert desk.mails("review_assigned")[0].context["answers"] == [
        {"number": 1, "reason": "missing_customer_ack", "text": "please", "answer": "page 4"}
    ]
    assert desk.claim.assigned_to == RITA.email


def test_the_decision_clock_is_paused_while_the_partner_acts_and_not_restarted() -> None:
    desk = Desk().asked()
    before = desk.due(ClockKind.DECISION)
    desk.wait(days=2).do(e.QuestionsAnswered, PETR, answers={1: "page 4"})
    decision = desk.claim.clock(ClockKind.DECISION)
    assert decision is not None
    assert decision.paused_at is None
    assert decision.due == before + timedelta(days=2)
    desk.ring(ClockKind.DECISION)
    desk.do(e.InfoRequested, RITA, items=(("missing_products", "?"),))
    desk.do(e.QuestionsAnswered, PETR, answers={2: "all"})
    assert desk.claim.clock(ClockKind.DECISION) is None


def test_a_file_alone_answers_the_only_open_question() -> None:
    desk = Desk().asked()
    desk.do(e.QuestionsAnswered, PETR, answers={}, files=(paper("signed"),))
    assert desk.claim.status is Status.SUBMITTED
    assert desk.claim.questions[0].files == ("signed",)
    assert "evidence_receipt>partner" in desk.codes()


def test_a_file_alone_does_not_say_which_of_two_questions_it_answers() -> None:
    desk = Desk().asked("missing_customer_ack", "missing_or_old_dates")
    desk.do(e.QuestionsAnswered, PETR, answers={}, files=(paper("signed"),))
    assert len(desk.claim.open_questions()) == 2
    assert [f.name for f in desk.claim.evidence] == ["proof.pdf", "signed.pdf"]
    desk.do(e.QuestionsAnswered, PETR, answers={1: "", 2: "today"}, files=(paper("page4"),))
    assert desk.claim.status is Status.SUBMITTED


def test_a_file_that_cannot_be_read_answers_nothing() -> None:
    desk = Desk().asked()
    desk.do(e.QuestionsAnswered, PETR, answers={}, files=(paper("bad", "unreadable"),))
    assert desk.claim.status is Status.ACTION_REQUIRED
    assert desk.codes() == ["evidence_receipt>partner", "info_request>partner"]


def test_no_answer_at_all_is_refused() -> None:
    desk = Desk().asked()
    assert desk.refused(e.QuestionsAnswered, PETR, answers={1: "  ", 9: "x"}) == "nothing_answered"


def test_an_explicit_resubmit_leaves_nothing_open() -> None:
    desk = Desk().asked("missing_customer_ack", "missing_or_old_dates")
    desk.do(e.Submitted, PETR)
    assert desk.claim.status is Status.SUBMITTED
    assert desk.claim.open_questions() == ()


def test_a_resubmit_has_to_be_complete() -> None:
    desk = Desk().asked()
    desk.claim = replace(desk.claim, products=())
    assert desk.refused(e.Submitted, PETR) == "incomplete"


def test_silence_rejects_for_no_partner_response_and_may_be_disputed() -> None:
    desk = Desk().asked()
    desk.ring(ACTION)
    assert (desk.claim.status, desk.claim.reason) == (Status.REJECTED, "no_partner_response")
    assert desk.claim.clock(ClockKind.DISPUTE) is not None
    desk.do(e.Disputed, PETR, text="here it is")
    assert desk.claim.open_questions() == ()


# --- verdicts --------------------------------------------------------------------------------------------------------


def test_approval_starts_consent_and_says_it_is_not_pay() -> None:
    desk = Desk().approved()
    assert desk.codes() == ["claim_approved>partner", "consent_prompt>customer"]
    assert desk.claim.decided_by == RITA.email
    assert (desk.claim.contact_verified, desk.claim.contact_source) == (True, "page 2")
    assert [c.kind for c in desk.claim.clocks] == []


def test_the_effective_date_is_kept_apart_from_the_approval() -> None:
    desk = Desk().submitted().wait(days=3)
    desk.do(e.Approved, RITA, contact_verified=True)
    assert desk.claim.effective_date == date(2026, 3, 2)
    desk = Desk().submitted()
    desk.do(e.Approved, RITA, contact_verified=True, effective_date=date(2026, 1, 1))
    assert desk.claim.effective_date == date(2026, 1, 1)


def test_a_rejection_says_why_and_until_when_to_dispute() -> None:
    desk = Desk().submitted()
    desk.do(e.MailSent, key="h", code="customer_heads_up")
    desk.do(e.Rejected, RITA, reason="insufficient_poe", text="see page 1")
    assert desk.codes() == ["claim_ended>customer", "claim_rejected>partner"]
    (rejected,) = desk.mails("claim_rejected")
    assert rejected.context["dispute_until"] == datetime(2026, 4, 1, 21, 59, 59, tzinfo=UTC)
    clock = desk.claim.clock(ClockKind.DISPUTE)
    assert clock is not None
    assert clock.notice == rejected.key


def test_a_customer_who_heard_nothing_hears_no_end() -> None:
    desk = Desk().rejected()
    assert desk.codes() == ["claim_rejected>partner"]
    drops = [a for a in desk.last.actions if isinstance(a, e.DropMails)]
    assert "customer_heads_up" in drops[0].codes
    # It was on the relay's doorstep already: then the end is told after all.
    desk.do(e.MailSent, key="h", code="customer_heads_up")
    assert desk.codes() == ["claim_ended>customer"]


def test_a_reviewer_rejects_only_for_a_reviewers_reason() -> None:
    desk = Desk().submitted()
    for reason in ("because", "partner_request", "customer_declined", "lost_arbitration"):
        assert desk.refused(e.Rejected, RITA, reason=reason) == "unknown_reason"


def test_a_claim_can_be_given_to_another_reviewer() -> None:
    desk = Desk().submitted()
    desk.do(e.Assigned, ADA, reviewer=ROLF.email)
    assert desk.claim.assigned_to == ROLF.email
    assert desk.mails("review_assigned")[0].context["due"] == desk.due(ClockKind.START_REVIEW)
    desk.do(e.Assigned, ADA, reviewer=ROLF.email)
    assert desk.last.note == "already_assigned"
    desk = Desk().disputed()
    assert desk.refused(e.Assigned, ADA, reviewer=RITA.email) == "own_decision"


# --- disputes --------------------------------------------------------------------------------------------------------


def test_a_dispute_goes_to_another_reviewer_than_the_one_who_decided() -> None:
    desk = Desk().disputed()
    assert desk.claim.assigned_to == ROLF.email
    assert desk.claim.disputes == 1
    assert desk.codes() == ["dispute_received>partner", "review_assigned>reviewer"]
    assert desk.mails("review_assigned")[0].context["case"] == "look again"
    assert desk.claim.comments[-1].text == "look again"
    for kind, extras in (
        (e.Upheld, {}),
        (e.Approved, {"contact_verified": True}),
        (e.InfoRequested, {"items": (("missing_products", "?"),)}),
    ):
        assert desk.refused(kind, RITA, **extras) == "own_decision"
    desk.do(e.Approved, ROLF, contact_verified=True)
    assert "dispute_decided>partner" in desk.codes()
    assert not desk.claim.in_dispute


def test_a_dispute_nobody_else_can_decide_goes_to_the_office() -> None:
    desk = Desk(facts=replace(FACTS, reviewers=(RITA.email,))).disputed()
    assert desk.claim.assigned_to == ""
    assert desk.mails("review_assigned")[0].to is Party.OFFICE


def test_an_upheld_dispute_is_final() -> None:
    desk = Desk().disputed()
    desk.do(e.Upheld, ROLF, text="as before")
    assert desk.claim.status is Status.REJECTED_FINAL
    assert desk.claim.reason == "insufficient_poe"
    assert desk.codes() == ["dispute_decided>partner"]


def test_a_dispute_needs_a_case_or_new_evidence() -> None:
    desk = Desk().rejected()
    assert desk.refused(e.Disputed, PETR) == "nothing_new"
    assert desk.refused(e.Disputed, PETR, files=(paper("bad", "empty"),)) == "nothing_new"
    desk.do(e.Disputed, PETR, files=(paper("new"),))
    assert desk.claim.status is Status.DISPUTED
    assert "evidence_receipt>partner" in desk.codes()


def test_evidence_for_a_dispute_may_be_uploaded_before() -> None:
    desk = Desk().rejected()
    later = desk.now + timedelta(hours=1)
    desk.do(e.EvidenceAdded, PETR, at=later, files=(paper("new", at=later),))
    desk.do(e.Disputed, PETR)
    assert desk.claim.status is Status.DISPUTED


def test_a_late_or_second_dispute_is_refused_with_the_way_forward() -> None:
    desk = Desk().rejected()
    late = desk.due(ClockKind.DISPUTE) + timedelta(seconds=1)
    assert desk.refused(e.Disputed, PETR, text="x", at=late) == "too_late"
    assert desk.last.refusal is not None
    assert "Claim anew" in desk.last.refusal.text
    desk.ring(ClockKind.DISPUTE)
    assert desk.refused(e.Disputed, PETR, text="x", at=MONDAY) == "too_late"
    desk = Desk().disputed()
    desk.do(e.ArbitrationLost, winner="CLM-RIVAL")
    assert desk.refused(e.Disputed, PETR, text="x") == "disputed_before"
    desk = Desk().rejected()
    assert desk.refused(e.Disputed, PETR, text="x", facts=replace(FACTS, duplicate_of="CLM-ANEW")) == "duplicate"


def test_questions_in_a_dispute_return_to_it_and_silence_is_final() -> None:
    desk = Desk().disputed()
    desk.do(e.InfoRequested, ROLF, items=(("missing_products", "?"),))
    assert desk.claim.in_dispute
    assert desk.mails("info_request")[0].context["in_dispute"] is True
    desk.do(e.QuestionsAnswered, PETR, answers={1: "all"})
    assert desk.claim.status is Status.DISPUTED
    assert desk.codes() == ["claim_submitted>partner", "review_assigned>reviewer"]
    desk.do(e.InfoRequested, ROLF, items=(("missing_products", "?"),))
    desk.ring(ACTION)
    assert (desk.claim.status, desk.claim.reason) == (Status.REJECTED_FINAL, "no_partner_response")
    assert desk.mails("claim_rejected")[0].context["final"] is True


# --- leaving ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["submitted", "asked", "approved", "window", "disputed"])
def test_a_partner_withdraws_until_the_association_is_active(way: str) -> None:
    desk = Desk()
    getattr(desk, way)()
    desk.do(e.MailSent, key="h", code="customer_heads_up")
    desk.do(e.Withdrawn, PETR, text="wrong location")
    assert (desk.claim.status, desk.claim.reason) == (Status.REJECTED, "partner_request")
    assert desk.claim.consent is Consent.NONE
    assert desk.mails("claim_rejected")[0].context["dispute_until"] is None
    assert "claim_ended>customer" in desk.codes()
    assert desk.refused(e.Disputed, PETR, text="x") == "not_disputable"


@pytest.mark.parametrize(("policy", "status"), [("2021", Status.REJECTED), ("2023", Status.REJECTED_FINAL)])
def test_disassociate_ends_an_active_association_as_the_policy_says(policy: str, status: Status) -> None:
    desk = Desk(policy=policy).active()
    assert desk.refused(e.Withdrawn, PETR) == "association_active"
    assert desk.refused(e.Disassociated, PETR, text=" ") == "text_required"
    desk.do(e.Disassociated, PETR, text="no longer together")
    assert (desk.claim.status, desk.claim.reason) == (status, "partner_request")
    assert desk.claim.association is Association.ENDED
    assert desk.codes() == ["association_ended>customer", "association_ended>partner"]
    assert desk.published() == ["association.ended", f"claim.{status}"]


def test_there_is_nothing_to_disassociate_in_the_window() -> None:
    assert Desk().window().refused(e.Disassociated, PETR, text="x") == "no_association"


def test_a_withdrawal_after_a_recall_does_not_claim_that_nothing_was_shared() -> None:
    desk = Desk().active()
    desk.wait(days=1).bounce()
    desk.do(e.Withdrawn, PETR)
    assert "association_ended>customer" in desk.codes()
    assert "claim_ended>customer" not in desk.codes()


# --- editing, evidence, comments -------------------------------------------------------------------------------------


def test_everything_is_editable_in_a_draft_and_nothing_is_when_reviewed() -> None:
    desk = Desk()
    desk.do(e.Edited, UTE, changes={"tenant_domain": None, "second": None, "solution": None, "name": "Other"})
    assert (desk.claim.tenant_domain, desk.claim.second, desk.claim.name) == ("", None, "Other")
    desk.do(e.Edited, PETR, changes={"solution_area": "business_applications", "activity": "presales"})
    assert desk.claim.program == "osa_sell"
    assert desk.refused(e.Edited, PETR, changes={"status": "approved"}) == "not_editable"
    desk = Desk().submitted()
    desk.do(e.ReviewStarted, RITA)
    assert desk.refused(e.Edited, PETR, changes={"products": ()}) == "not_editable"


def test_an_edit_that_changes_nothing_leaves_the_version() -> None:
    desk = Desk()
    desk.do(e.Edited, PETR, changes={"name": desk.claim.name})
    assert desk.claim.version == 1


def test_tenant_area_and_activity_are_closed_after_the_draft() -> None:
    desk = Desk().asked()
    changes = {"tenant_id": "x", "solution_area": "y", "activity": "z", "products": (Product(code="intune"),)}
    assert desk.refused(e.Edited, PETR, changes=changes) == "not_editable"
    assert desk.last.refusal is not None
    assert [d.field for d in desk.last.refusal.defects] == ["activity", "solution_area", "tenant_id"]


def test_an_edit_may_not_spoil_a_submitted_claim() -> None:
    desk = Desk().submitted()
    assert desk.refused(e.Edited, PETR, changes={"products": (Product(code="nonsense"),)}) == "invalid"
    own = replace(EVA, email="eva@fabrikam.example")
    assert desk.refused(e.Edited, PETR, changes={"customer": own}) == "invalid"
    facts = replace(FACTS, duplicate_of="CLM-FIRST")
    assert desk.refused(e.Edited, PETR, changes={"products": (Product(code="intune"),)}, facts=facts) == "duplicate"


def test_a_new_contact_in_a_submitted_claim_is_introduced() -> None:
    desk = Desk().submitted()
    desk.do(e.Edited, PETR, changes={"customer": EVA})
    assert desk.codes() == ["claim_received>partner", "customer_heads_up>customer"]
    away = replace(EVA, email="eva@holding.example")
    desk.do(e.Edited, PETR, changes={"customer": away, "domain_reason": "the holding"})
    assert desk.codes() == ["claim_received>partner", "office_attention>office"]
    assert desk.claim.customer_told


def test_a_first_address_replaces_nobody() -> None:
    desk = Desk(new_claim(customer=Contact(name="Jana")))
    desk.do(e.Edited, PETR, changes={"customer": EVA})
    assert desk.claim.former_contacts == ()
    assert desk.claim.customer == EVA


def test_a_corrected_name_of_the_contact_revokes_nothing() -> None:
    desk = Desk().submitted()
    desk.do(e.Edited, PETR, changes={"customer": replace(desk.claim.customer, name="Jana N.")})
    assert desk.claim.former_contacts == ()
    assert desk.codes() == ["claim_received>partner"]


def test_evidence_is_added_once_and_answered_for_file_by_file() -> None:
    desk = Desk()
    desk.do(e.EvidenceAdded, UTE, files=(paper("a"), paper("a"), paper("b", "infected"), paper("proof")))
    assert [f.name for f in desk.claim.evidence] == ["proof.pdf", "a.pdf"]
    (receipt,) = desk.mails("evidence_receipt")
    assert len(receipt.context["files"]) == 4  # type: ignore[arg-type]
    assert receipt.context["due"] is None
    desk.do(e.EvidenceAdded, UTE, files=())
    assert desk.codes() == []


def test_a_receipt_while_questions_are_open_repeats_them_with_their_date() -> None:
    desk = Desk().asked()
    desk.do(e.EvidenceAdded, PETR, files=(paper("a"),))
    (receipt,) = desk.mails("evidence_receipt")
    assert receipt.context["due"] == desk.due(ACTION)
    assert len(receipt.context["items"]) == 1  # type: ignore[arg-type]


def test_evidence_is_closed_under_review_unless_the_claim_is_contested() -> None:
    desk = Desk().submitted()
    desk.do(e.ReviewStarted, RITA)
    assert desk.refused(e.EvidenceAdded, PETR, files=(paper("a"),)) == "evidence_closed"
    desk.do(e.ContestRaised, rival="CLM-RIVAL")
    desk.do(e.EvidenceAdded, PETR, files=(paper("a"),))
    assert len(desk.claim.evidence) == 2


def test_comments_are_taken_as_the_policy_says() -> None:
    desk = Desk()
    assert desk.refused(e.CommentAdded, PETR, text=" ") == "text_required"
    desk.do(e.CommentAdded, PETR, text="hello")
    assert desk.claim.comments[0].role == "incentives_admin"
    desk = Desk().rejected()
    desk.do(e.CommentAdded, PETR, text="with a dispute")
    desk.ring(ClockKind.DISPUTE)
    assert desk.refused(e.CommentAdded, PETR, text="too late") == "comment_closed"
    assert desk.refused(e.EvidenceAdded, PETR, files=(paper("x"),)) == "evidence_closed"


def test_versions_grow_by_one_and_only_when_something_happened() -> None:
    desk = Desk()
    seen = [desk.claim.version]
    for kind, actor, extras in (
        (e.Submitted, PETR, {}),
        (e.MailSent, e.SYSTEM, {"key": "x", "code": "claim_submitted"}),
        (e.ReviewStarted, RITA, {}),
        (e.Declined, JANA, {}),
        (e.Declined, JANA, {}),
    ):
        desk.do(kind, actor, **extras)
        seen.append(desk.claim.version)
    assert seen == [1, 2, 2, 3, 4, 4]


def test_keys_of_mails_are_stable_and_told_apart() -> None:
    desk = Desk().submitted()
    desk.do(e.CustomerWrote, JANA, cause=e.Cause.QUESTION, text="?")
    desk.do(e.CustomerAnswered, ADA, text="Teams")
    assert desk.mails()[0].key == "question_answered:4:customer"
    closed = Question(number=1, reason="missing_products", text="?", asked_at=MONDAY)
    assert closed.answered_at is None
    assert rival().claim_id == "CLM-RIVAL"
