"""Every status × every event: what `decide` answers, from a table written by hand from domain §4.

A status letter: the event leads there. `=`: it fits, the status stays. `-`: refused. Statuses in the order of §4.1:
draft, submitted, under review, action required, approved (window running), rejected, disputed, final, cancelled.
"""

from typing import Any

import pytest
from claims_desk import ADA, FACTS, JANA, MONDAY, PETR, RITA, ROLF, Desk, paper, rival

from mailbot.claims import events as e
from mailbot.claims.lifecycle import ROWS, TABLE, decide, expected, possible
from mailbot.claims.model import Cause, ClockKind, Contact, Role, Status

LETTERS = dict(zip("DSUAPRXFC", Status, strict=True))
EXPECTED = {
    #                       D S U A P R X F C
    e.Drafted:             "- - - - - - - - -",
    e.Edited:              "= = - = - - - - -",
    e.EvidenceAdded:       "= = - = = = = - -",
    e.CommentAdded:        "= = = = = = = - -",
    e.Submitted:           "S - - S - - - - -",
    e.Cancelled:           "C - - - - - - - -",
    e.QuestionsAnswered:   "- - - S - - - - -",
    e.Disputed:            "- - - - - X - - -",
    e.Withdrawn:           "- R R R R - R - -",
    e.Disassociated:       "- - - - - - - - -",
    e.ReviewStarted:       "- U - - - - - - -",
    e.InfoRequested:       "- A A - - - A - -",
    e.Approved:            "- P P - - - P - -",
    e.Rejected:            "- R R - - - - - -",
    e.Arbitrated:          "- P P - - - P - -",
    e.Upheld:              "- - - - - - F - -",
    e.DecisionMade:        "- = = - - - = - -",
    e.DecisionTakenBack:   "- - - - - - - - -",
    e.Assigned:            "- = = = - - = - -",
    e.ReviewerAway:        "- = = - - - = - -",
    e.CustomerAnswered:    "- - - - - - - - -",
    e.NoticeResent:        "- - - - = - - - -",
    e.DeclineRecorded:     "- R R R R = R = -",
    e.Declined:            "- R R R R = R = -",
    e.DeclineUndone:       "- - - - - - - - -",
    e.Accepted:            "- - - - = - - - -",
    e.CustomerWrote:       "= = = = = = = = =",
    e.CustomerAway:        "= = = = = = = = =",
    e.RemindersStopped:    "= = = = = = = = =",
    e.MailSent:            "= = = = = = = = =",
    e.MailDelivered:       "= = = = = = = = =",
    e.MailDelayed:         "= = = = = = = = =",
    e.MailFailed:          "= = = = = = = = =",
    e.ClockRang:           "= = = R = = = = =",
    e.ReminderDue:         "= = = = = = = = =",
    e.ContestRaised:       "- = = = = - = - -",
    e.ContestCleared:      "= = = = = = = = =",
    e.ArbitrationWon:      "- P P P = - P - -",
    e.ArbitrationLost:     "- R R R - - R - -",
    e.Replaced:            "- - - - R - - - -",
    e.Event:               "- - - - - - - - -",
}  # fmt: skip

APPROVAL = e.Approved(id="page", at=MONDAY, contact_verified=True)
EVA = Contact(name="Eva", email="eva@customer.example", title="CIO", country="CZ")
CASES = [
    pytest.param(event, status, word, id=f"{event.__name__}-{status}")
    for event, words in EXPECTED.items()
    for status, word in zip(Status, words.split(), strict=True)
]


def desk_in(status: Status) -> Desk:
    """A claim in that status, on the shortest way there."""
    desk = Desk()
    ways = {
        Status.DRAFT: lambda: desk,
        Status.SUBMITTED: desk.submitted,
        Status.UNDER_REVIEW: lambda: desk.submitted().do(e.ReviewStarted, RITA),
        Status.ACTION_REQUIRED: desk.asked,
        Status.APPROVED: desk.window,
        Status.REJECTED: desk.rejected,
        Status.DISPUTED: desk.disputed,
        Status.REJECTED_FINAL: lambda: desk.disputed().do(e.Upheld, ROLF),
        Status.CANCELLED: lambda: desk.do(e.Cancelled, PETR),
    }
    ways[status]()
    assert desk.claim.status is status
    return desk


def happen(desk: Desk, kind: type[e.Event]) -> e.Decision:
    """An event of that kind that means business."""
    claim, clock = desk.claim, desk.claim.clock(ClockKind.PARTNER_ACTION)
    due = clock.due if clock else desk.now
    mail = {"key": "k", "code": "consent_prompt"}
    extras: dict[type[e.Event], tuple[Any, dict[str, Any]]] = {
        e.Edited: (PETR, {"changes": {"customer": EVA}}),
        e.EvidenceAdded: (PETR, {"files": (paper("more"),)}),
        e.CommentAdded: (PETR, {"text": "a remark"}),
        e.QuestionsAnswered: (PETR, {"answers": {1: "page 4"}}),
        e.Disputed: (PETR, {"text": "look again"}),
        e.Disassociated: (PETR, {"text": "no longer together"}),
        e.InfoRequested: (ROLF, {"items": (("missing_or_old_dates", "date?"),)}),
        e.Rejected: (ROLF, {"reason": "insufficient_poe"}),
        e.Arbitrated: (ROLF, {"winner": claim.id, "facts": e.Facts(rivals=(rival(),))}),
        e.DecisionMade: (ROLF, {"decision": APPROVAL}),
        e.Assigned: (ADA, {"reviewer": "nora@office.example"}),
        e.CustomerAnswered: (ADA, {"text": "about Teams"}),
        e.DeclineRecorded: (ADA, {"how": "phone"}),
        e.CustomerWrote: (JANA, {"cause": Cause.QUESTION, "text": "what?"}),
        e.MailSent: (e.SYSTEM, mail),
        e.MailDelivered: (e.SYSTEM, mail),
        e.MailDelayed: (e.SYSTEM, mail),
        e.MailFailed: (e.SYSTEM, mail | {"email": claim.customer.email}),
        e.ClockRang: (e.SYSTEM, {"kind": ClockKind.PARTNER_ACTION, "due": due, "at": due}),
        e.ReminderDue: (e.SYSTEM, {"kind": ClockKind.PARTNER_ACTION, "due": due}),
        e.ContestRaised: (e.SYSTEM, {"rival": "CLM-RIVAL"}),
        e.ContestCleared: (e.SYSTEM, {"rival": "CLM-RIVAL"}),
        e.ArbitrationLost: (e.SYSTEM, {"winner": "CLM-RIVAL"}),
        e.Replaced: (e.SYSTEM, {"winner": "CLM-RIVAL"}),
    }
    people = {
        **dict.fromkeys((e.Submitted, e.Cancelled, e.Withdrawn), PETR),
        **dict.fromkeys((e.ReviewStarted, e.Approved, e.Upheld, e.NoticeResent), ROLF),
        **dict.fromkeys((e.Declined, e.DeclineUndone, e.Accepted, e.CustomerAway), JANA),
    }
    actor, said = extras.get(kind, (people.get(kind, e.SYSTEM), {}))
    if kind is e.Drafted:
        event = e.Drafted(id="x", at=desk.now, actor=PETR, facts=FACTS, claim=claim)
        desk.last = decide(claim, event, desk.now, desk.policy)
        return desk.last
    return desk.do(kind, actor, **said)


@pytest.mark.parametrize(("kind", "status", "word"), CASES)
def test_every_event_in_every_status_does_what_the_table_says(kind: type[e.Event], status: Status, word: str) -> None:
    desk = desk_in(status)
    before = desk.claim
    decision = happen(desk, kind)
    if word == "-":
        assert decision.refusal is not None
        assert decision.claim is before
        assert not decision.actions
    else:
        assert decision.refusal is None
        assert decision.claim.status is (status if word == "=" else LETTERS[word])


def test_the_table_knows_every_kind_of_event() -> None:
    kinds = {k for k in vars(e).values() if isinstance(k, type) and issubclass(k, e.Event)}
    assert kinds == set(EXPECTED)
    assert {row.event for row in ROWS} == kinds - {e.Event}


def test_an_event_for_no_claim_is_refused() -> None:
    desk = Desk()
    event = e.Submitted(id="x", at=MONDAY, actor=PETR)
    decision = decide(None, event, MONDAY, desk.policy)
    assert decision.refusal is not None
    assert decision.refusal.code == "no_claim"


def test_a_refusal_says_what_would_be_possible_for_this_actor() -> None:
    desk = Desk().submitted()
    desk.refused(e.Cancelled, PETR)
    assert desk.last.refusal is not None
    assert desk.last.refusal.possible == ("comment", "edit", "evidence", "withdraw")
    desk.refused(e.Upheld, RITA)
    assert desk.last.refusal.possible == ("approve", "comment", "reject", "request-info", "start-review")


POSSIBLE = {
    Status.DRAFT: ("cancel", "comment", "edit", "evidence", "submit"),
    Status.SUBMITTED: ("comment", "edit", "evidence", "withdraw"),
    Status.UNDER_REVIEW: ("comment", "withdraw"),
    Status.ACTION_REQUIRED: ("answer", "comment", "edit", "evidence", "submit", "withdraw"),
    Status.APPROVED: ("comment", "evidence", "withdraw"),
    Status.REJECTED: ("comment", "dispute", "evidence"),
    Status.DISPUTED: ("comment", "evidence", "withdraw"),
    Status.REJECTED_FINAL: (),
    Status.CANCELLED: (),
}


@pytest.mark.parametrize("status", Status)
def test_possible_lists_the_partners_verbs(status: Status) -> None:
    desk = desk_in(status)
    assert possible(desk.claim, {Role.INCENTIVES_ADMIN}, desk.policy) == POSSIBLE[status]


def test_possible_follows_consent_and_contest() -> None:
    desk = Desk().window()
    assert possible(desk.claim, {Role.CUSTOMER}, desk.policy) == ("accept", "ask", "decline")
    assert possible(desk.claim, {Role.OFFICE_ADMIN}, desk.policy) == ("comment", "record-decline", "resend-notice")
    desk.do(e.CustomerWrote, JANA, cause=Cause.QUESTION, text="what?")
    assert "answer-customer" in possible(desk.claim, {Role.REVIEWER}, desk.policy)
    desk.do(e.Declined, JANA)
    assert possible(desk.claim, {Role.CUSTOMER}, desk.policy) == ("ask", "undo")
    contested = Desk(facts=e.Facts(location=FACTS.location, rivals=(rival(),))).submitted()
    verbs = possible(contested.claim, {Role.REVIEWER}, contested.policy)
    assert "arbitrate" in verbs
    assert "approve" not in verbs


def test_expected_names_the_events_that_fit() -> None:
    desk = Desk()
    assert set(expected(desk.claim, desk.policy)) == {
        e.Edited, e.EvidenceAdded, e.CommentAdded, e.Submitted, e.Cancelled, e.CustomerAway, e.RemindersStopped,
    }  # fmt: skip


def test_the_table_is_keyed_by_status() -> None:
    assert set(TABLE) == set(Status)
    assert all(status in row.statuses for status in Status for row in TABLE[status].values())
