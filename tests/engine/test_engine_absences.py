"""Reviewers who are away: noted by their own answer, and their claims go to somebody who is there."""

from datetime import datetime, timedelta

from engine_house import ADA, RITA, ROLF, House

from mailbot.store import absences

AUTO = [("Auto-Submitted", "auto-replied")]


async def away(home: House) -> dict[str, datetime]:
    async with home.store.read() as conn:
        return await absences.present(conn, home.clock.now())


async def leaves(home: House, email: str) -> None:
    await home.store.write(lambda conn: absences.put(conn, email, home.clock.now() + timedelta(days=3)))
    await home.settle()


async def test_an_out_of_office_answer_passes_the_claim_on_until_the_day_it_names(home: House) -> None:
    claim_id = await home.submitted()
    first = (await home.claim(claim_id)).assigned_to
    mail = home.mails(first)[-1]
    await home.replies(mail, "I am out of office until 13 March 2026.", headers=AUTO)
    await home.settle()
    assert {email: f"{until:%m-%d %H}" for email, until in (await away(home)).items()} == {first: "03-14 00"}
    second = (await home.claim(claim_id)).assigned_to
    assert second in {RITA, ROLF} - {first}
    assert home.mails(second, code="review_assigned")
    home.clock.advance(timedelta(days=14))
    assert await away(home) == {}


async def test_an_answer_without_a_day_counts_for_two_weeks(home: House) -> None:
    claim_id = await home.submitted()
    first = (await home.claim(claim_id)).assigned_to
    await home.replies(home.mails(first)[-1], "I am currently out of the office.", headers=AUTO)
    await home.settle()
    assert [until - home.clock.now() for until in (await away(home)).values()] == [timedelta(days=14)]


async def test_a_stranger_does_not_send_a_reviewer_away(home: House) -> None:
    claim_id = await home.submitted()
    first = (await home.claim(claim_id)).assigned_to
    mail = home.mails(first)[-1]
    text = "I am out of office until 13 March 2026."
    await home.replies(mail, text, sender="someone@else.example", headers=AUTO)
    await home.settle()
    assert await away(home) == {}
    assert (await home.claim(claim_id)).assigned_to == first


async def test_a_claim_that_nobody_else_may_take_stays(home: House) -> None:
    claim_id = await home.submitted()
    for email in (RITA, ROLF, ADA):
        await leaves(home, email)
    version = (await home.claim(claim_id)).version
    await home.settle()
    claim = await home.claim(claim_id)
    assert claim.assigned_to in (RITA, ROLF)
    assert claim.version == version


async def test_a_new_claim_goes_to_who_is_there(home: House) -> None:
    await leaves(home, RITA)
    assert (await home.claim(await home.submitted())).assigned_to == ROLF
