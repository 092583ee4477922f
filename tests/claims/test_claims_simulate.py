"""The simulation, the invariants it checks, the state page and the list of mails."""

from dataclasses import replace
from pathlib import Path

import pytest
from claims_desk import JANA, MONDAY, PETR, RITA, Desk

from mailbot.claims import diagram
from mailbot.claims import events as e
from mailbot.claims.events import Decision, Refusal
from mailbot.claims.invariants import broken
from mailbot.claims.mails import MAILS
from mailbot.claims.model import Association, Cause, Clock, ClockKind, Consent, Question, Status
from mailbot.claims.policy import load_policy
from mailbot.simulate import simulate

CODES = (
    "claim_received claim_submitted customer_heads_up review_assigned review_started info_request evidence_receipt "
    "action_reminder arbitration_notice claim_approved consent_prompt consent_reminder claim_rejected "
    "decline_confirmed customer_declined association_active association_ended claim_ended dispute_received "
    "dispute_decided subscription_expiring delivery_problem deadline_moved question_answered review_overdue "
    "not_understood not_authorised claim_closed wrong_process confirm_act sign_in help status daily_digest "
    "office_attention"
)
"""Every code of domain §7."""


@pytest.mark.parametrize("policy", ["2021", "2023"])
def test_random_claims_break_no_rule(policy: str) -> None:
    report = simulate(150, 7, load_policy(policy))
    assert not report.broken
    assert report.checks > report.events > 4000
    assert sum(report.outcomes.values()) == report.claims == 150
    assert report.rate == 0.0


def test_the_same_seed_gives_the_same_report_and_another_seed_another() -> None:
    policy = load_policy("2021")
    first = simulate(40, 3, policy)
    assert first == simulate(40, 3, policy)
    assert first != simulate(40, 4, policy)


def test_the_stopwatch_is_read_around_every_decision() -> None:
    ticks = iter(range(10**9))
    report = simulate(5, 1, load_policy("2021"), lambda: float(next(ticks)))
    assert report.seconds == report.events
    assert report.rate == 1.0


def test_the_state_page_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "states.md"
    hint = "stale: write it with python -m mailbot.claims.diagram > docs/states.md"
    assert page.read_text(encoding="utf-8") == diagram.page(), hint


def test_every_mail_of_the_process_is_listed_once() -> None:
    assert set(MAILS) == set(CODES.split())
    assert all(kind.code == code for code, kind in MAILS.items())
    joined = {code for code, kind in MAILS.items() if kind.joins}
    assert joined == {"customer_heads_up", "consent_prompt", "consent_reminder"}
    assert {kind.sets_clock for kind in MAILS.values()} == {
        None, ClockKind.PARTNER_ACTION, ClockKind.DISPUTE, ClockKind.CONSENT_WINDOW,
    }  # fmt: skip


# --- the invariants find what they are for ---------------------------------------------------------------------------


def tampered(desk: Desk, **fields: object) -> tuple[str, ...]:
    """What the invariants say of the last step if its outcome had been otherwise."""
    before = replace(desk.claim, version=desk.claim.version - 1)
    event = e.CommentAdded(id="x", at=MONDAY, actor=PETR, text="x")
    return broken(before, event, Decision(claim=replace(desk.claim, **fields)))  # type: ignore[arg-type]


def test_invariants_see_a_refusal_with_consequences() -> None:
    claim = Desk().claim
    event = e.CommentAdded(id="x", at=MONDAY, actor=PETR, text="x")
    refusal = Refusal(code="x", text="x")
    wrong = Decision(claim=replace(claim, name="x"), refusal=refusal, actions=(e.Publish(type="claim.draft"),))
    assert broken(claim, event, wrong) == ("a refusal has consequences", "a refusal changes the claim")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"version": 9}, "version went from 1 to 9"),
        ({"status": Status.DISPUTED}, "moved from submitted to disputed"),
        ({"status": Status.UNDER_REVIEW}, "nobody was told of under_review"),
        ({"consent": Consent.PENDING}, "consent is pending while submitted"),
        ({"suspended_by": Cause.QUESTION}, "suspended without a cause, or a cause without suspension"),
        ({"consent": Consent.LAPSED}, "lapsed without the window's end"),
        ({"association": Association.ACTIVE}, "active while submitted and none"),
        ({"contested": True}, "contested by nobody, or by somebody without a name"),
        ({"decline": None, "consent": Consent.DECLINED}, "declined without a record, or a record without a decline"),
        ({"status": Status.ACTION_REQUIRED}, "the partner waits for no date"),
        ({"status": Status.REJECTED}, "rejected without a reason"),
        ({"status": Status.DRAFT, "contested": True, "rivals": ("a",)}, "contested while draft"),
    ],
)
def test_invariants_see_what_is_wrong(fields: dict[str, object], sentence: str) -> None:
    assert sentence in tampered(Desk().submitted(), **fields)


def test_invariants_see_clocks_and_questions_that_do_not_fit() -> None:
    desk = Desk().submitted()
    clock = Clock(kind=ClockKind.DISPUTE, set_at=MONDAY, due=MONDAY, reminders=(MONDAY,))
    window = replace(clock, kind=ClockKind.CONSENT_WINDOW)
    seen = tampered(desk, clocks=(clock, clock, window))
    assert "two clocks of one name" in seen
    assert "clock dispute runs while submitted" in seen
    assert "clock dispute reminds after its end" in seen
    assert "the window runs while consent is none" in seen
    question = Question(number=2, reason="x", text="x", asked_at=MONDAY)
    assert set(tampered(desk, questions=(question,))) >= {
        "open questions while submitted",
        "questions are not numbered through",
    }


def test_invariants_see_a_lapse_without_check_or_notice() -> None:
    desk = Desk().window(verified=False)
    due = desk.due(ClockKind.CONSENT_WINDOW)
    event = e.ClockRang(id="x", at=due, kind=ClockKind.CONSENT_WINDOW, due=due)
    after = replace(desk.claim, consent=Consent.LAPSED, association=Association.ACTIVE)
    seen = broken(desk.claim, event, Decision(claim=after))
    assert {"lapsed without the contact check", "active without a hand-off"} <= set(seen)
    unheard = replace(desk.claim, contact_verified=True, notice=None)
    assert "lapsed before a delivered notice's last day was over" in broken(unheard, event, Decision(claim=after))


def test_invariants_see_a_decline_that_is_lost_or_taken_back() -> None:
    desk = Desk().window()
    no = e.Declined(id="x", at=MONDAY, actor=JANA)
    assert "a decline had no effect" in broken(desk.claim, no, Decision(claim=desk.claim))
    desk.do(e.Declined, JANA)
    undone = replace(desk.claim, consent=Consent.NONE, decline=None)
    other = e.CommentAdded(id="x", at=MONDAY, actor=PETR, text="x")
    assert "a decline was undone by something else" in broken(desk.claim, other, Decision(claim=undone))
    approved = replace(desk.claim, status=Status.SUBMITTED)
    assert "declined but submitted" in broken(desk.claim, other, Decision(claim=approved))


def test_invariants_see_an_association_that_ends_quietly() -> None:
    desk = Desk().active()
    event = e.CommentAdded(id="x", at=MONDAY, actor=RITA, text="x")
    after = replace(desk.claim, association=Association.ENDED)
    assert "ended without taking the hand-off back" in broken(desk.claim, event, Decision(claim=after))


def test_invariants_see_mails_that_are_not_as_listed() -> None:
    desk = Desk()
    event = e.CommentAdded(id="x", at=MONDAY, actor=RITA, text="x")
    mail = e.Mail(code="help", to=e.Party.PARTNER, key="k")
    seen = broken(desk.claim, event, Decision(claim=desk.claim, actions=(mail, mail)))
    assert {"two mails of one key", "help has other extras than listed", "help goes to partner"} <= set(seen)
