"""The office's lists: customers who wait for an answer, and unplaced mail with the claims it may mean."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from engine_house import ADA, DOMAIN, JANA, PETR, RITA, ROLF, House
from web_visitors import Browser, noticed, submitted

from mailbot.claims.model import Association, Claim, ClockKind, Contact, Product, Status
from mailbot.store import settings
from mailbot.web.figures import associations, due_days, outcomes, took
from mailbot.web.guesses import Clues, ranked
from mailbot.web.office import Due

SignIn = Callable[[str], Awaitable[Browser]]
DAY = datetime(2026, 3, 2, tzinfo=UTC)
CLAIM = Claim(
    id="CLM-AAAAAA",
    version=1,
    policy="2021",
    created_at=DAY,
    organisation_id="1",
    organisation_name="Fabrikam",
    name="Teams roll-out",
    tenant_id="3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    tenant_domain="customer.example",
    customer=Contact(name="Jana Nováková", email=JANA),
    partner=Contact(name="Petr", email=PETR),
)
OTHER = replace(CLAIM, id="CLM-BBBBBB", organisation_name="Contoso", name="Mail", tenant_domain="other.example",
    customer=Contact(name="Otto Other", email="otto@other.example"))  # fmt: skip


def reasons(clues: Clues) -> list[tuple[str, tuple[str, ...]]]:
    return [(guess.claim.id, guess.reasons) for guess in ranked(clues, [OTHER, CLAIM])]


def test_each_clue_is_a_reason() -> None:
    clues = Clues(
        sender=JANA,
        subject="Re: clm-aaaaaa",
        text="The Teams roll-out of Fabrikam on 3F2504E0-4F89-41D3-9A0C-0305E82C3301\n-- \nJana Nováková",
        threads=frozenset({"CLM-AAAAAA"}),
    )
    expected = ("thread", "id_in_subject", "customer", "tenant", "domain", "customer_name", "firm_name", "claim_name")
    assert reasons(clues)[0] == ("CLM-AAAAAA", expected)


def test_a_number_in_the_subject_weighs_more_than_a_name_in_the_text() -> None:
    clues = Clues(sender="x@else.example", subject="CLM-BBBBBB", text="Fabrikam, Jana Nováková")
    assert [claim_id for claim_id, _ in reasons(clues)] == ["CLM-BBBBBB", "CLM-AAAAAA"]


def test_a_claim_for_which_nothing_speaks_is_no_guess() -> None:
    assert reasons(Clues(sender="x@else.example", subject="Mailing", text="Teams")) == []


async def test_a_held_mail_is_attached_to_a_guessed_claim_with_one_click(home: House, signed_in: SignIn) -> None:
    claim_id = await noticed(home)
    item = await home.writes("boss@customer.example", f"claims@{DOMAIN}", "We agree.", subject=f"About {claim_id}")
    await home.settle()
    assert (await home.item(item)).disposition == "held"
    ada = await signed_in(ADA)
    text = await ada.open(f"/office/mail/{item}")
    assert "What was read Meaning agrees" in text
    assert "the claim's number is in the subject; the sender writes from the customer's domain" in text
    await ada.press(f"/office/mail/{item}/attach")
    assert (await home.item(item)).claim_id == claim_id


async def test_a_stranger_who_answers_a_mail_of_ours_is_guessed_by_it(home: House, signed_in: SignIn) -> None:
    await noticed(home)
    notice = next(mail for mail in reversed(home.mails(JANA)) if mail.reply_to)
    item = await home.writes("x@else.example", notice.reply_to, "Yes, we agree.", subject="Hm")
    await home.settle()
    assert (await home.item(item)).disposition == "held"
    ada = await signed_in(ADA)
    assert "it answers a mail of this claim" in await ada.open(f"/office/mail/{item}")


async def test_a_customers_question_is_answered_from_the_list(home: House, signed_in: SignIn) -> None:
    claim_id = await noticed(home)
    notice = next(mail for mail in reversed(home.mails(JANA)) if mail.reply_to)
    await home.replies(notice, "What exactly would they see?")
    await home.settle()
    ada = await signed_in(ADA)
    assert "1 claim whose customer waits for an answer" in await ada.open("/office")
    assert "What exactly would they see?" in await ada.open("/office/questions")
    await ada.press(f"/claims/{claim_id}/answer-customer", text="Only how many people use it.")
    await home.settle()
    answer = home.mails(JANA, code="question_answered")[-1]
    assert "Only how many people use it." in answer.text
    assert answer.parsed["In-Reply-To"]
    assert "No customer waits for an answer." in await ada.open("/office/questions")


async def test_an_absence_is_noted_on_the_page_by_oneself_or_an_admin(home: House, signed_in: SignIn) -> None:
    rita, ada = await signed_in(RITA), await signed_in(ADA)
    await rita.open("/office/people")
    assert rita.page.text.count('action="/office/people/absence"') == 1
    await rita.press("/office/people/absence", until="2026-03-20")
    assert "away until" in rita.text
    nonce = rita.form("/office/people/absence")["nonce"]
    answer = await rita.http.post("/office/people/absence", data={"nonce": nonce, "email": ROLF, "until": "2026-03-20"})
    assert answer.status_code == 403
    claim_id = await submitted(home)
    assert (await home.claim(claim_id)).assigned_to == ROLF
    await ada.open("/office/people")
    assert ada.page.text.count('action="/office/people/absence"') == 3
    await ada.press("/office/people/absence", email=RITA, until="")
    assert "away until" not in ada.text


def test_steps_are_measured_over_the_claims_that_finished_them() -> None:
    quick = replace(CLAIM, submitted_at=DAY, decided_at=DAY + timedelta(days=2))
    slow = replace(CLAIM, submitted_at=DAY, decided_at=DAY + timedelta(days=6))
    found = {one.step: (one.claims, one.middle, round(one.slow, 1)) for one in took([quick, slow, CLAIM])}
    assert found == {"draft": (2, 0, 0), "review": (2, 4, 5.6)}


def test_outcomes_leave_out_what_is_undecided() -> None:
    rejected = replace(CLAIM, status=Status.REJECTED, reason="insufficient_poe")
    assert outcomes([CLAIM, rejected, rejected]) == [(Status.REJECTED, "insufficient_poe", 2)]


def test_deadlines_are_counted_by_the_day_in_the_offices_zone() -> None:
    late = Due(CLAIM, ClockKind.REVIEW, DAY - timedelta(hours=1), True)
    tonight = Due(CLAIM, ClockKind.REVIEW, DAY + timedelta(hours=23, minutes=30), False)
    far = Due(CLAIM, ClockKind.REVIEW, DAY + timedelta(days=30), False)
    counted = due_days([late, tonight, far], DAY, "Europe/Prague")
    assert [(load.day, load.items) for load in counted[:3]] == [(None, 1), (date(2026, 3, 2), 0), (date(2026, 3, 3), 1)]
    assert sum(load.items for load in counted) == 2


def test_associations_are_found_by_tenant_or_subscription() -> None:
    bought = Product(code="business_central", subscription_id="5D0DE0B7-0C5B-4C5A-9D57-3E0F0F4A0001")
    active = replace(CLAIM, association=Association.ACTIVE, products=(bought, Product(code="teams")))
    assert len(associations([active, CLAIM])) == 2
    assert [line.product for line in associations([active], bought.subscription_id.lower())] == ["business_central"]
    assert len(associations([active], CLAIM.tenant_id)) == 2
    assert associations([active], "else") == []


async def test_the_reports_say_in_a_table_what_the_charts_show(home: House, signed_in: SignIn) -> None:
    claim_id = await submitted(home)
    assigned = (await home.claim(claim_id)).assigned_to
    ada = await signed_in(ADA)
    await ada.open("/office/reports")
    assert f"{assigned}: 1" in ada.page.text
    assert f'<th scope="row">{assigned}</th><td>1</td>' in ada.page.text
    assert "Of 1 claim made in the last 180 days." in ada.text


@pytest.mark.parametrize("what", ["sending", "timers"])
async def test_every_page_of_the_office_says_what_is_paused(home: House, signed_in: SignIn, what: Any) -> None:
    claim_id = await submitted(home)
    ada = await signed_in(ADA)
    await home.store.write(lambda conn: settings.pause(conn, what, paused=True))
    lists = ("", "/mail", "/mail?disposition=bounced", "/questions", "/reports", "/people")
    for path in (*(f"/office{one}" for one in lists), "/claims", f"/claims/{claim_id}"):
        assert "Something is paused" in await ada.open(path), path


async def test_the_offices_lists_are_not_there_for_a_partner(home: House, signed_in: SignIn) -> None:
    await submitted(home)
    petr = await signed_in(PETR)
    for path in ("/office/questions", "/office/mail", "/office/reports", "/office/people"):
        assert (await petr.http.get(path)).status_code == 404
