"""The office's lists: customers who wait for an answer, and unplaced mail with the claims it may mean."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

from engine_house import ADA, DOMAIN, JANA, PETR, House
from web_visitors import Browser, noticed, submitted

from mailbot.claims.model import Claim, Contact
from mailbot.web.guesses import Clues, ranked

SignIn = Callable[[str], Awaitable[Browser]]
CLAIM = Claim(
    id="CLM-AAAAAA",
    version=1,
    policy="2021",
    created_at=datetime(2026, 3, 2, tzinfo=UTC),
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


async def test_a_mail_that_answers_one_of_ours_is_guessed_by_it(home: House, signed_in: SignIn) -> None:
    await noticed(home)
    notice = next(mail for mail in reversed(home.mails(JANA)) if mail.reply_to)
    headers = [("In-Reply-To", str(notice.parsed["Message-ID"]))]
    item = await home.writes("x@else.example", f"claims@{DOMAIN}", "Who are you?", subject="Hm", headers=headers)
    await home.settle()
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


async def test_the_offices_lists_are_not_there_for_a_partner(home: House, signed_in: SignIn) -> None:
    await submitted(home)
    petr = await signed_in(PETR)
    for path in ("/office/questions", "/office/mail"):
        assert (await petr.http.get(path)).status_code == 404
