"""The customer's page: read, decline, undo, accept, ask, unsubscribe, and what scanners and strangers get."""

from datetime import timedelta
from typing import Any

from engine_house import JANA, PETR, House
from web_visitors import Browser, noticed, page_of

from mailbot.claims.model import Association, Consent, Status
from mailbot.store import history


async def test_the_page_says_who_claims_what_for_what_and_until_when(home: House, browser: Browser) -> None:
    claim_id = await noticed(home)
    text = await browser.open(page_of(home, JANA, "c"))
    assert browser.page.status_code == 200
    for said in (claim_id, "Fabrikam", "Teams", "customer.example", "Petr Dvořák"):
        assert said in text


async def test_reading_the_page_however_often_changes_nothing(home: House, browser: Browser) -> None:
    claim_id = await noticed(home)
    page = page_of(home, JANA, "c")
    before = await home.claim(claim_id)
    for method in ("GET", "HEAD", "GET", "OPTIONS"):
        await browser.http.request(method, page)
        await browser.http.request(method, f"{page}/decline")
    assert await home.claim(claim_id) == before


async def test_one_press_declines_and_the_page_and_a_mail_say_so(home: House, browser: Browser) -> None:
    claim_id = await noticed(home)
    page = page_of(home, JANA, "c")
    await browser.open(page)
    await browser.press(f"{page}/decline")
    claim = await home.claim(claim_id)
    assert claim.consent is Consent.DECLINED
    assert claim.status is Status.REJECTED
    await home.settle()
    assert "decline_confirmed" in await home.codes(JANA)
    assert "customer_declined" in await home.codes(PETR)


async def test_the_history_keeps_from_where_and_how_long_after_the_mail_a_no_came(
    home: House, browser: Browser, client: Any
) -> None:
    claim_id = await noticed(home)
    page = page_of(home, JANA, "c")
    browser.http.headers["user-agent"] = "Testbrowser/1.0"
    await browser.open(page)
    await browser.press(f"{page}/decline")
    async with home.store.read() as conn:
        entry = next(e for e in await history.of_claim(conn, claim_id) if e.kind == "declined")
    trace = entry.private["trace"]
    assert (trace["via"], trace["program"]) == ("link", "Testbrowser/1.0")
    assert trace["peer"]
    assert int(trace["seconds_since_mail"]) >= 3
    reviewer, partner = await client("reviewer"), await client("partner")
    assert "Testbrowser" not in (await partner("GET", f"/claims/{claim_id}/history")).text
    shown = await reviewer("GET", f"/claims/{claim_id}/history")
    assert "Testbrowser" in shown.text


async def test_a_press_within_two_seconds_shows_the_page_again_and_changes_nothing(
    home: House, browser: Browser
) -> None:
    claim_id = await noticed(home)
    page = page_of(home, JANA, "c")
    before = await home.claim(claim_id)
    await browser.open(page)
    await browser.press(f"{page}/decline", wait=1.9)
    assert browser.page.status_code == 200
    assert await home.claim(claim_id) == before
    await browser.press(f"{page}/decline", wait=2)
    assert (await home.claim(claim_id)).consent is Consent.DECLINED


async def test_the_same_form_sent_twice_is_one_decline(home: House, browser: Browser) -> None:
    claim_id = await noticed(home)
    page = page_of(home, JANA, "c")
    await browser.open(page)
    form = browser.form(f"{page}/decline")
    await browser.press(f"{page}/decline")
    after = await home.claim(claim_id)
    again = await browser.http.post(f"{page}/decline", data=form)
    assert again.status_code == 200
    assert await home.claim(claim_id) == after


async def test_undoing_takes_a_second_step(home: House, browser: Browser) -> None:
    claim_id = await noticed(home)
    page = page_of(home, JANA, "c")
    await browser.open(page)
    await browser.press(f"{page}/decline")
    await browser.open(page)
    await browser.press(f"{page}/undo")
    assert (await home.claim(claim_id)).consent is Consent.DECLINED
    await browser.press(f"{page}/undo")
    claim = await home.claim(claim_id)
    assert claim.status is Status.APPROVED
    assert claim.consent is not Consent.DECLINED


async def test_a_reload_after_undoing_does_not_decline_again(home: House, browser: Browser) -> None:
    claim_id = await noticed(home)
    page = page_of(home, JANA, "c")
    await browser.open(page)
    form = browser.form(f"{page}/decline")
    await browser.press(f"{page}/decline")
    await browser.open(page)
    await browser.press(f"{page}/undo")
    await browser.press(f"{page}/undo")
    again = await browser.http.post(f"{page}/decline", data=form)
    assert again.status_code == 200
    assert (await home.claim(claim_id)).consent is not Consent.DECLINED


async def test_accepting_takes_a_second_step_and_closes_the_window_at_once(home: House, browser: Browser) -> None:
    claim_id = await noticed(home)
    page = page_of(home, JANA, "c")
    await browser.open(page)
    await browser.press(f"{page}/accept")
    assert (await home.claim(claim_id)).association is Association.NONE
    await browser.press(f"{page}/accept", wait=1)
    assert (await home.claim(claim_id)).association is Association.NONE
    await browser.press(f"{page}/accept")
    claim = await home.claim(claim_id)
    assert claim.consent is Consent.ACCEPTED
    assert claim.association is Association.ACTIVE


async def test_a_question_suspends_the_window_and_reaches_the_office(home: House, browser: Browser) -> None:
    claim_id = await noticed(home)
    page = page_of(home, JANA, "c")
    await browser.open(page)
    await browser.press(f"{page}/ask", text="Which figures exactly?")
    claim = await home.claim(claim_id)
    assert claim.consent is Consent.SUSPENDED
    assert [i.text for i in claim.open_inquiries()] == ["Which figures exactly?"]


async def test_on_the_page_of_an_active_association_nothing_speaks_of_a_start(home: House, browser: Browser) -> None:
    claim_id = await noticed(home)
    page = page_of(home, JANA, "c")
    before = await browser.open(page)
    assert "I agree already now" in before
    assert "Nothing starts as long as your question is open." in before
    await home.sleeps(timedelta(days=12))
    assert (await home.claim(claim_id)).association is Association.ACTIVE
    text = await browser.open(page)
    assert "No, I decline" in text
    assert "agree already" not in text
    await browser.press(f"{page}/ask", text="Which figures exactly?")
    assert "Your question is with the claims office." in browser.page.text
    assert "Nothing starts" not in text + browser.page.text


async def test_an_empty_question_is_no_question(home: House, browser: Browser) -> None:
    claim_id = await noticed(home)
    page = page_of(home, JANA, "c")
    await browser.open(page)
    await browser.press(f"{page}/ask", text="   ")
    assert (await home.claim(claim_id)).open_inquiries() == ()


async def test_a_scanner_that_submits_every_form_at_once_declines_and_accepts_nothing(
    home: House, browser: Browser
) -> None:
    claim_id = await noticed(home)
    page = page_of(home, JANA, "c")
    before = await home.claim(claim_id)
    await browser.open(page)
    for act in ("decline", "accept", "ask"):
        form = browser.form(f"{page}/{act}")
        await browser.http.post(f"{page}/{act}", data=form | {"text": "x"})
    assert await home.claim(claim_id) == before


async def test_a_form_without_a_nonce_or_with_anothers_changes_nothing(home: House, browser: Browser) -> None:
    claim_id = await noticed(home)
    page = page_of(home, JANA, "c")
    before = await home.claim(claim_id)
    for nonce in ("", "made-up", home.tokens.dumps("form", ["other", "1", 0, ""], home.clock.now())):
        response = await browser.http.post(f"{page}/decline", data={"nonce": nonce})
        assert response.status_code == 200
    assert await home.claim(claim_id) == before


async def test_a_form_from_a_foreign_page_changes_nothing(home: House, browser: Browser) -> None:
    claim_id = await noticed(home)
    page = page_of(home, JANA, "c")
    await browser.open(page)
    form = browser.form(f"{page}/decline")
    home.clock.advance(timedelta(seconds=5))
    for headers in ({"origin": "https://evil.test"}, {"origin": "null", "sec-fetch-site": "cross-site"}):
        await browser.http.post(f"{page}/decline", data=form, headers=headers)
    assert (await home.claim(claim_id)).consent is not Consent.DECLINED


async def test_every_unknown_token_gets_the_same_answer(browser: Browser, home: House) -> None:
    invented = home.tokens.address("c", 12345, None)
    wrong_kind = home.tokens.address("p", 12345, None)
    pages = []
    for token in (invented, wrong_kind, "c" + "a" * 32, "x", invented[:-1] + "b"):
        response = await browser.http.get(f"/c/{token}")
        pages.append((response.status_code, response.text))
    assert len(set(pages)) == 1
    assert pages[0][0] == 404


async def test_a_link_made_years_ago_still_declines_but_does_nothing_else(home: House, browser: Browser) -> None:
    claim_id = await noticed(home)
    page = page_of(home, JANA, "c")
    read = home.tokens.read(page.removeprefix("/c/"))
    assert read is not None
    stale = f"/c/{home.tokens.address('c', read.handle, (home.clock.now() - timedelta(days=30)).date())}"
    await browser.open(stale)
    assert browser.has(f"{stale}/decline")
    assert not browser.has(f"{stale}/accept")
    assert not browser.has(f"{stale}/ask")
    await browser.press(f"{stale}/decline")
    assert (await home.claim(claim_id)).consent is Consent.DECLINED


async def test_one_click_unsubscribe_stops_reminders_and_declines_nothing(home: House, browser: Browser) -> None:
    claim_id = await noticed(home)
    page = page_of(home, JANA, "u")
    assert (await browser.http.post(page, content=b"")).status_code == 400
    assert (await browser.http.post(page, data={"List-Unsubscribe": "yes"})).status_code == 400
    assert not (await home.claim(claim_id)).reminders_stopped
    first = await browser.http.post(page, data={"List-Unsubscribe": "One-Click"}, follow_redirects=False)
    again = await browser.http.post(page, files={"List-Unsubscribe": (None, "One-Click")}, follow_redirects=False)
    assert (first.status_code, again.status_code) == (200, 200)
    claim = await home.claim(claim_id)
    assert claim.reminders_stopped
    assert claim.consent is Consent.PENDING


async def test_the_unsubscribe_page_shows_a_button_and_changes_nothing(home: House, browser: Browser) -> None:
    claim_id = await noticed(home)
    page = page_of(home, JANA, "u")
    await browser.open(page)
    assert browser.has(page)
    assert not (await home.claim(claim_id)).reminders_stopped
