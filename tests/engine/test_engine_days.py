"""What a day brings: digests, waiting reminders, joined notices, and the end of retention."""

from datetime import timedelta

import pytest
from engine_house import ADA, CLAIM_FORM, DOMAIN, JANA, PETR, House, pdf

from mailbot.claims.model import Consent, Status
from mailbot.engine.days import after_next_digest, is_digest_time
from mailbot.store import blobs


async def asked(home: House, count: int) -> list[str]:
    """That many claims whose reviewer has asked the partner something."""
    ids: list[str] = []
    for number in range(count):
        form = CLAIM_FORM.replace("3f2504e0", f"3f2504e{number}").replace("Teams roll-out", f"Roll-out {number}")
        await home.writes(PETR, f"claims@{DOMAIN}", form, files=[("sow.pdf", pdf(str(number)))])
        await home.settle()
        ids.append(home.mails(PETR)[-1].claim_id())
        assigned = home.mails(code="review_assigned")[-1]
        await home.replies(assigned, "ask missing_customer_ack: Who signed?")
        await home.settle()
    return ids


async def test_one_digest_a_day_lists_everything_open_and_no_single_reminder_is_sent_beside_it(home: House) -> None:
    await asked(home, 3)
    await home.passes(timedelta(days=4), timedelta(hours=1))
    digests = home.mails(PETR, code="daily_digest")
    assert len(digests) == 4
    assert len({m.parsed["Date"] for m in digests}) == 4
    assert home.mails(PETR, code="action_reminder") == []


async def test_a_single_reminder_of_a_single_claim_is_a_mail_of_its_own(home: House) -> None:
    await asked(home, 1)
    await home.passes(timedelta(days=6), timedelta(hours=1))
    assert len(home.mails(PETR, code="action_reminder")) == 2


async def test_each_line_of_a_digest_has_a_reply_address_of_its_own(home: House) -> None:
    first, second = await asked(home, 2)
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    digest = home.mails(PETR, code="daily_digest")[-1]
    words = digest.text[digest.text.index(second) :].split()
    address = next(word for word in words if word.endswith(f"@{DOMAIN}"))
    assert address != digest.reply_to
    await home.writes(PETR, address, "Jana Nováková signed on page 2.", subject="Re: digest")
    await home.settle()
    assert [(await home.claim(i)).status for i in (first, second)] == [Status.ACTION_REQUIRED, Status.SUBMITTED]


@pytest.mark.on_both
async def test_notices_to_one_contact_within_the_hour_leave_as_one_mail_and_one_no_declines_all(home: House) -> None:
    ids = []
    for number in range(2):
        form = CLAIM_FORM.replace("Product: teams", ("Product: teams", "Product: intune")[number])
        await home.writes(PETR, f"claims@{DOMAIN}", form, files=[("sow.pdf", pdf(str(number)))])
        await home.settle()
        ids.append(home.mails(PETR)[-1].claim_id())
        await home.replies(home.mails(code="review_assigned")[-1], "approve contact: page 1")
        await home.settle()
    await home.passes(timedelta(hours=3), timedelta(minutes=50))
    prompts = home.mails(JANA, code="consent_prompt")
    assert len(prompts) == 1
    assert all(claim_id in prompts[0].text for claim_id in ids)
    await home.replies(prompts[0], "Ne, děkujeme, nesouhlasíme.")
    await home.settle()
    assert [(await home.claim(i)).consent for i in ids] == [Consent.DECLINED, Consent.DECLINED]


async def test_the_office_learns_daily_what_waits_for_it(home: House) -> None:
    await home.writes("someone@elsewhere.example", f"abuse@{DOMAIN}", "Stop it.")
    await home.settle()
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    assert len(home.mails(ADA, code="office_attention")) == 1


@pytest.mark.on_both
async def test_originals_are_forgotten_two_years_after_a_claim_ended_and_the_history_stays(home: House) -> None:
    claim_id = await home.submitted()
    await home.replies(home.mails(PETR)[-1], "withdraw: wrong location")
    await home.settle()
    sha256 = (await home.claim(claim_id)).evidence[0].sha256
    home.clock.advance(timedelta(days=760))
    await home.beat()
    await home.settle()
    async with home.store.read() as conn:
        with pytest.raises(blobs.BlobLost):
            await home.store.blobs.get(conn, sha256)
    assert (await home.claim(claim_id)).reason == "partner_request"


def test_digest_time_is_seven_on_business_days_of_the_office() -> None:
    from datetime import UTC, datetime

    friday = datetime(2026, 3, 6, 7, 0, tzinfo=UTC)
    assert is_digest_time(friday, "US", "UTC")
    assert not is_digest_time(friday - timedelta(minutes=1), "US", "UTC")
    assert not is_digest_time(friday + timedelta(days=1), "US", "UTC")
    assert after_next_digest(friday + timedelta(hours=1), "US", "UTC") == friday + timedelta(days=3, minutes=5)
