"""Loops and storms: two robots soon fall silent, forged senders are never written to, notices are never dropped."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from attack_fabric import busiest_day, carry, two_bots
from engine_house import CLAIM_FORM, DOMAIN, JANA, PETR, START, House, house

from mailbot.engine.caps import ANSWERS_A_DAY
from mailbot.store import outbox_office


@pytest.mark.parametrize("first", ["Hello, who is there?", "help"])
@pytest.mark.parametrize("role", ["incentives_admin", "reviewer"])
async def test_two_mailbots_stop_at_once_when_only_the_headers_are_stripped(
    tmp_path: Path, role: str, first: str
) -> None:
    async with two_bots(tmp_path, role) as bots:
        await bots[0].house.writes("claims@two.test", "claims@one.test", first)
        await carry(bots, START + timedelta(days=2), timedelta(minutes=3), words_too=False)
        assert len(bots[0].sent) == 1
        assert bots[1].sent == []


@pytest.mark.parametrize("role", ["incentives_user"])
async def test_two_mailbots_that_take_each_other_for_people_send_five_mails_a_day_for_thirty_days_at_most(
    tmp_path: Path, role: str
) -> None:
    async with two_bots(tmp_path, role) as bots:
        one, two = bots
        await one.house.writes("claims@two.test", "claims@one.test", "help")
        await carry(bots, START + timedelta(days=30), timedelta(minutes=3), words_too=True)
        assert busiest_day(one.sent) == busiest_day(two.sent) == ANSWERS_A_DAY
        # After twenty answers that changed nothing only the day's summary is left.
        assert len(one.sent) + len(two.sent) <= 30 * ANSWERS_A_DAY
        assert busiest_day([at for bot in bots for at in bot.sent if at > START + timedelta(days=6)]) <= ANSWERS_A_DAY
        assert [m.code for m in one.house.mails()].count("not_understood") <= 20


async def test_answers_over_the_cap_come_as_one_mail_the_next_day_and_none_is_lost(home: House) -> None:
    for number in range(9):
        await home.writes(PETR, f"claims@{DOMAIN}", f"Where is thing number {number}?")
    await home.settle()
    assert (await home.codes(PETR)).count("not_understood") == 5
    await home.passes(timedelta(hours=23), timedelta(hours=23))
    assert "daily_digest" not in await home.codes(PETR)
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    summaries = home.mails(PETR, code="daily_digest")
    assert len(summaries) == 1
    assert "you wrote more often than we answer in a day" in summaries[0].text.replace("\n", " ").lower()
    assert "4 mails" in summaries[0].text
    await home.passes(timedelta(days=2), timedelta(hours=12))
    assert len(home.mails(PETR, code="daily_digest")) == 1


async def test_the_configured_number_of_answers_counts(home: House) -> None:
    object.__setattr__(home.desk, "dispatcher", replace(home.desk.dispatcher, answers_a_day=2))
    for number in range(4):
        await home.writes(PETR, f"claims@{DOMAIN}", f"Where is thing number {number}?")
    await home.settle()
    assert (await home.codes(PETR)).count("not_understood") == 2


async def test_joined_answers_of_a_claim_keep_their_reply_address(home: House) -> None:
    claim_id = await home.submitted()
    submitted = home.mails(PETR)[-1]
    for number in range(7):
        await home.replies(submitted, f"dispute: number {number}")
    await home.settle()
    await home.passes(timedelta(hours=25), timedelta(hours=5))
    summary = home.mails(PETR, code="daily_digest")[-1]
    assert claim_id in summary.text
    token = next(word for word in summary.text.split() if word.endswith(f"@{DOMAIN}") and word.startswith("r"))
    await home.writes(PETR, token, "withdraw: it was a mistake")
    await home.settle()
    assert (await home.claim(claim_id)).reason == "partner_request"


async def test_notices_are_never_counted_and_never_dropped(home: House) -> None:
    claim_id = await home.submitted()
    submitted = home.mails(PETR)[-1]
    for number in range(8):
        await home.replies(submitted, f"dispute: number {number}")
    await home.settle()
    reviewer = (await home.claim(claim_id)).assigned_to
    await home.replies(home.mails(reviewer)[-1], "ask missing_customer_ack: Who signed?")
    await home.settle()
    assert "info_request" in await home.codes(PETR)


async def test_after_twenty_answers_about_a_claim_that_nobody_changes_there_is_one_mail_a_day(home: House) -> None:
    await home.submitted()
    submitted = home.mails(PETR)[-1]
    for day in range(6):
        for number in range(6):
            await home.replies(submitted, f"dispute: number {number} of day {day}")
        await home.settle()
        await home.passes(timedelta(hours=25), timedelta(hours=25))
    codes = await home.codes(PETR)
    # The receipt for the claim's file was the first of the twenty.
    assert codes.count("not_understood") == 19


async def test_ten_thousand_forged_senders_get_no_mail_at_all(tmp_path: Path) -> None:
    async with house(tmp_path, trust="authserv-id:mx.mail.test") as home:
        texts = ("status", CLAIM_FORM, "Please remove me!", "approve contact: page 1")

        async def forge(number: int) -> None:
            sender = PETR if number % 10 == 0 else f"victim{number}@bystander{number % 97}.example"
            words = texts[number // 10 % 4] if number % 10 < 2 else "help"
            raw = f"From: {sender}\r\nTo: claims@{DOMAIN}\r\nSubject: {number}\r\n\r\n{words}\r\n"
            await home.arrives(raw.encode(), f"claims@{DOMAIN}", mail_from=sender)

        await asyncio.gather(*(forge(number) for number in range(10_000)))
        while await home.mailroom.step():
            pass
        assert await home.delivery.step(home.clock.now()) == 0
        async with home.store.read() as conn:
            assert await outbox_office.list_items(conn) == ()
        await home.passes(timedelta(days=1), timedelta(hours=12))
        assert {m.to for m in home.mails(code="office_attention")} == {"ada@office.example"}
        assert {m.to for m in home.mails()} == {"ada@office.example"}


async def test_whoever_writes_to_a_customers_address_the_answer_goes_to_parties_only(home: House) -> None:
    await home.approved()
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    prompt = home.mails(JANA, code="consent_prompt")[-1]
    known = {PETR, JANA, "rita@office.example", "rolf@office.example", "ada@office.example"}
    for number, words in enumerate(("Yes, I agree.", "What is this?", "No, we decline.", "submit", "help", "")):
        await home.replies(prompt, words, sender=f"stranger{number}@elsewhere.example")
    await home.settle()
    assert {m.to for m in home.mails()} <= known
