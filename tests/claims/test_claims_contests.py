"""Several partners, one key (domain §4.3): played with claims that tell each other."""

from dataclasses import replace
from typing import Any

import pytest
from claims_desk import CORA, FACTS, JANA, MONDAY, PETR, PRAGUE, RITA, ROLF, Desk, Town, new_claim, paper, rival

from mailbot.claims import events as e
from mailbot.claims.model import Association, ClockKind, Consent, Contact, Product, Status

WINDOW = ClockKind.CONSENT_WINDOW
ONE, TWO, THREE = "CLM-ONE", "CLM-TWO", "CLM-THREE"


def desk_of(name: str, firm: str, **fields: Any) -> Desk:
    """A firm's draft on the same tenant."""
    where = replace(PRAGUE, organisation_id=firm)
    claim = new_claim(
        id=name,
        organisation_id=firm,
        organisation_name=firm.title(),
        partner=Contact(name="P", email=f"p@{firm}.example"),
        **fields,
    )
    desk = Desk(replace(claim, version=1), facts=replace(FACTS, location=where))
    desk.do(e.Drafted, admin(firm), claim=claim)
    return desk


def admin(firm: str) -> e.Actor:
    """Its incentives admin."""
    return replace(PETR, organisation_id=firm, email=f"p@{firm}.example")


def town(*, submitted: bool = True) -> Town:
    """Fabrikam and Contoso, both claiming Teams."""
    played = Town(desk_of(ONE, "fabrikam"), desk_of(TWO, "contoso"))
    if submitted:
        played.do(ONE, e.Submitted, admin("fabrikam"))
        played.do(TWO, e.Submitted, admin("contoso"))
    return played


def incumbent() -> Town:
    """Fabrikam holds it, Contoso wants it."""
    played = town(submitted=False)
    one = played.desks[ONE]
    played.do(ONE, e.Submitted, admin("fabrikam"))
    played.do(ONE, e.Approved, RITA, contact_verified=True)
    one.deliver()
    one.ring(WINDOW)
    assert one.claim.association is Association.ACTIVE
    played.do(TWO, e.Submitted, admin("contoso"))
    return played


def close_window(played: Town, name: str) -> None:
    """Silence until the end, with what follows for the others."""
    desk = played.desks[name]
    desk.deliver()
    due = desk.due(WINDOW)
    played.do(name, e.ClockRang, at=due, kind=WINDOW, due=due)


def test_both_partners_learn_of_the_contest_but_not_of_each_other() -> None:
    played = town()
    one, two = played.desks[ONE], played.desks[TWO]
    assert one.claim.contested
    assert two.claim.contested
    assert (one.claim.rivals, two.claim.rivals) == ((TWO,), (ONE,))
    for desk, rival_name in ((one, "Contoso"), (two, "Fabrikam")):
        notices = [m for m in desk.sent if m.code == "arbitration_notice"]
        assert len(notices) == 1
        assert not any(rival_name in str(m.context) for m in desk.sent)


def test_the_same_firms_other_claim_is_no_rival() -> None:
    desk = Desk(facts=replace(FACTS, rivals=(rival(organisation_id="fabrikam"),))).submitted()
    assert not desk.claim.contested


@pytest.mark.parametrize(
    ("status", "fields", "contested"),
    [
        (Status.DRAFT, {}, False),
        (Status.SUBMITTED, {}, True),
        (Status.UNDER_REVIEW, {}, True),
        (Status.ACTION_REQUIRED, {}, True),
        (Status.DISPUTED, {}, True),
        (Status.APPROVED, {}, True),
        (Status.APPROVED, {"active": True}, True),
        (Status.APPROVED, {"ended": True}, False),
        (Status.REJECTED, {"ended": True}, False),
        (Status.REJECTED_FINAL, {}, False),
        (Status.CANCELLED, {}, False),
        (Status.SUBMITTED, {"keys": frozenset({("other", "teams", "")})}, False),
    ],
)
def test_what_contests_a_claim(status: Status, fields: dict[str, Any], contested: bool) -> None:
    desk = Desk(facts=replace(FACTS, rivals=(rival(status=status, **fields),))).submitted()
    assert desk.claim.contested is contested


def test_a_contested_claim_is_not_simply_approved() -> None:
    played = town()
    assert played.desks[ONE].refused(e.Approved, RITA, contact_verified=True) == "contested"


def test_the_winner_is_approved_and_the_newcomer_loses_disputably() -> None:
    played = town()
    played.do(ONE, e.Arbitrated, RITA, winner=ONE, text="newer", contact_verified=True, contact_source="p2")
    one, two = played.desks[ONE], played.desks[TWO]
    assert (one.claim.status, one.claim.consent) == (Status.APPROVED, Consent.PENDING)
    assert not one.claim.contested
    assert (two.claim.status, two.claim.reason) == (Status.REJECTED, "lost_arbitration")
    assert two.claim.clock(ClockKind.DISPUTE) is not None
    assert two.claim.decided_by == RITA.email
    assert [m.context["arbitrated"] for m in one.sent if m.code == "claim_approved"] == [True]


def test_the_winner_may_be_named_from_the_losers_page() -> None:
    played = town()
    played.do(ONE, e.Arbitrated, RITA, winner=TWO, text="newer", contact_verified=True)
    assert played.desks[ONE].claim.reason == "lost_arbitration"
    assert played.desks[TWO].claim.status is Status.APPROVED
    assert not played.desks[TWO].claim.contested


def test_the_winner_may_still_have_open_questions() -> None:
    played = town()
    played.do(TWO, e.InfoRequested, RITA, items=(("missing_products", "?"),))
    played.do(ONE, e.Arbitrated, RITA, winner=TWO, contact_verified=True)
    assert played.desks[TWO].claim.status is Status.APPROVED
    assert played.desks[TWO].claim.open_questions() == ()


def test_the_incumbent_keeps_its_association_until_the_winners_becomes_active() -> None:
    played = incumbent()
    one, two = played.desks[ONE], played.desks[TWO]
    assert one.claim.contested
    assert [m.context["incumbent"] for m in one.sent if m.code == "arbitration_notice"] == [True]
    played.do(TWO, e.Arbitrated, RITA, winner=TWO, contact_verified=True)
    assert two.claim.replaces == (ONE,)
    assert one.claim.association is Association.ACTIVE
    (prompt,) = [m for m in two.sent if m.code == "consent_prompt"]
    assert prompt.context["replaces"] == ["Fabrikam"]
    close_window(played, TWO)
    assert two.claim.association is Association.ACTIVE
    assert (one.claim.association, one.claim.status) == (Association.ENDED, Status.REJECTED)
    assert one.claim.reason == "lost_arbitration"
    assert one.claim.clock(ClockKind.DISPUTE) is not None
    assert one.codes() == ["association_ended>customer", "association_ended>partner", "claim_rejected>partner"]


def test_the_incumbent_stays_if_the_customer_declines_the_winner() -> None:
    played = incumbent()
    played.do(TWO, e.Arbitrated, RITA, winner=TWO, contact_verified=True)
    played.do(TWO, e.Declined, JANA)
    one = played.desks[ONE]
    assert one.claim.association is Association.ACTIVE
    assert not one.claim.contested


def test_the_incumbent_may_win() -> None:
    played = incumbent()
    played.do(TWO, e.Arbitrated, RITA, winner=ONE)
    one, two = played.desks[ONE], played.desks[TWO]
    assert (one.claim.status, one.claim.association) == (Status.APPROVED, Association.ACTIVE)
    assert one.last.note == "won_arbitration"
    assert two.claim.reason == "lost_arbitration"
    assert not one.claim.contested


def test_an_incumbent_still_in_its_window_is_rejected_when_replaced() -> None:
    played = town(submitted=False)
    played.do(ONE, e.Submitted, admin("fabrikam"))
    played.do(ONE, e.Approved, RITA, contact_verified=True)
    played.do(TWO, e.Submitted, admin("contoso"))
    played.do(TWO, e.Arbitrated, RITA, winner=TWO, contact_verified=True)
    close_window(played, TWO)
    one = played.desks[ONE].claim
    assert (one.status, one.reason, one.consent) == (Status.REJECTED, "lost_arbitration", Consent.NONE)


def test_an_incumbent_that_ended_meanwhile_is_left_alone() -> None:
    desk = Desk().active()
    desk.do(e.Declined, JANA, at=desk.now.replace(year=2027))
    before = desk.claim
    desk.do(e.Replaced, winner=TWO)
    assert desk.claim is before


def test_a_loser_may_dispute_and_contests_the_winner_again() -> None:
    played = town()
    played.do(ONE, e.Arbitrated, RITA, winner=ONE, contact_verified=True)
    played.do(TWO, e.Disputed, admin("contoso"), text="ours is newer")
    assert played.desks[TWO].claim.contested
    assert played.desks[ONE].claim.contested
    assert played.desks[TWO].refused(e.Arbitrated, RITA, winner=TWO, facts=played.facts(TWO)) == "own_decision"
    played.do(TWO, e.Arbitrated, ROLF, winner=TWO, contact_verified=True)
    assert played.desks[TWO].claim.replaces == (ONE,)


def test_a_third_claim_that_only_met_the_loser_is_not_decided_with_it() -> None:
    both = (Product(code="teams"), Product(code="intune"))
    played = Town(
        desk_of(ONE, "fabrikam", products=both),
        desk_of(TWO, "contoso"),
        desk_of(THREE, "northwind", products=(Product(code="intune"),)),
    )
    for name, firm in ((ONE, "fabrikam"), (TWO, "contoso"), (THREE, "northwind")):
        played.do(name, e.Submitted, admin(firm))
    assert played.desks[ONE].claim.rivals == (TWO, THREE)
    played.do(ONE, e.Arbitrated, RITA, winner=TWO, contact_verified=True)
    three = played.desks[THREE].claim
    assert (three.status, three.contested) == (Status.SUBMITTED, False)


def test_the_winner_also_replaces_an_incumbent_the_decided_claim_never_met() -> None:
    both = (Product(code="teams"), Product(code="intune"))
    played = Town(
        desk_of(ONE, "fabrikam"),
        desk_of(TWO, "contoso", products=(Product(code="intune"),)),
        desk_of(THREE, "northwind", products=both),
    )
    played.do(ONE, e.Submitted, admin("fabrikam"))
    played.do(ONE, e.Approved, RITA, contact_verified=True)
    for name, firm in ((TWO, "contoso"), (THREE, "northwind")):
        played.do(name, e.Submitted, admin(firm))
    played.do(TWO, e.Arbitrated, RITA, winner=THREE, contact_verified=True)
    assert played.desks[THREE].claim.replaces == (ONE,)
    close_window(played, THREE)
    assert played.desks[ONE].claim.status is Status.REJECTED


def test_pending_rivals_the_decided_claim_never_met_lose_to_the_winner() -> None:
    both = (Product(code="teams"), Product(code="intune"))
    played = Town(
        desk_of(ONE, "fabrikam"),
        desk_of(TWO, "contoso", products=(Product(code="intune"),)),
        desk_of(THREE, "northwind", products=both),
    )
    for name, firm in ((ONE, "fabrikam"), (TWO, "contoso"), (THREE, "northwind")):
        played.do(name, e.Submitted, admin(firm))
    played.do(TWO, e.Arbitrated, RITA, winner=THREE, contact_verified=True)
    assert played.desks[ONE].claim.reason == "lost_arbitration"
    assert not played.desks[THREE].claim.contested


def test_all_pending_rivals_lose_together() -> None:
    played = Town(desk_of(ONE, "fabrikam"), desk_of(TWO, "contoso"), desk_of(THREE, "northwind"))
    for name, firm in ((ONE, "fabrikam"), (TWO, "contoso"), (THREE, "northwind")):
        played.do(name, e.Submitted, admin(firm))
    played.do(TWO, e.Arbitrated, RITA, winner=THREE, contact_verified=True)
    assert {n: d.claim.status for n, d in played.desks.items()} == {
        ONE: Status.REJECTED,
        TWO: Status.REJECTED,
        THREE: Status.APPROVED,
    }
    assert played.desks[THREE].claim.rivals == ()


def test_a_contest_ends_when_a_rival_withdraws() -> None:
    played = town()
    played.do(TWO, e.Withdrawn, admin("contoso"))
    assert not played.desks[ONE].claim.contested
    played.do(ONE, e.Approved, RITA, contact_verified=True)
    assert played.desks[ONE].claim.status is Status.APPROVED


def test_a_product_edit_raises_and_clears_contests() -> None:
    played = town()
    played.do(ONE, e.Edited, admin("fabrikam"), changes={"products": (Product(code="intune"),)})
    assert not played.desks[ONE].claim.contested
    assert not played.desks[TWO].claim.contested
    played.do(ONE, e.Edited, admin("fabrikam"), changes={"products": (Product(code="teams"),)})
    assert played.desks[TWO].claim.rivals == (ONE,)


def test_a_product_edit_that_keeps_the_rival_tells_it_nothing_new() -> None:
    played = town()
    both = (Product(code="teams"), Product(code="intune"))
    played.do(ONE, e.Edited, admin("fabrikam"), changes={"products": both})
    assert played.desks[ONE].told() == []
    assert played.desks[ONE].codes() == ["claim_received>partner"]


def test_a_contest_is_told_once() -> None:
    desk = Desk().submitted()
    desk.do(e.ContestRaised, rival="CLM-A")
    assert desk.codes() == ["arbitration_notice>partner"]
    desk.do(e.ContestRaised, rival="CLM-A")
    assert desk.last.note == "known_rival"
    desk.do(e.ContestRaised, rival="CLM-B")
    assert desk.codes() == []
    desk.do(e.ContestCleared, rival="CLM-A")
    assert desk.claim.contested


def test_arbitration_needs_a_contest_a_winner_and_an_outsider() -> None:
    assert Desk().submitted().refused(e.Arbitrated, RITA, winner="CLM-7K3QF2") == "not_contested"
    desk = Desk(facts=replace(FACTS, rivals=(rival(),))).submitted()
    assert desk.refused(e.Arbitrated, RITA, winner="CLM-WHO") == "unknown_winner"
    assert desk.refused(e.Arbitrated, replace(RITA, organisation_id="contoso"), winner=desk.claim.id) == "own_firm"
    assert desk.refused(e.Arbitrated, CORA, winner=desk.claim.id) == "not_allowed"


def test_newest_evidence_counts_so_both_may_add_some() -> None:
    played = incumbent()
    played.do(ONE, e.EvidenceAdded, admin("fabrikam"), files=(paper("newer", at=MONDAY),))
    assert len(played.desks[ONE].claim.evidence) == 2
