"""The whole story in a real browser, as partner, reviewer and customer; and once more by keyboard alone."""

import asyncio
from datetime import timedelta
from typing import Any

from engine_house import JANA, PETR, House, pdf
from web_tabs import Tab, login_link, needs_chromium
from web_visitors import BODY, page_of

from mailbot.claims.model import Association, Consent, Status

pytestmark = needs_chromium

FORM = {
    "name": "Teams roll-out",
    "tenant_id": BODY["tenant_id"],
    "tenant_domain": "customer.example",
    "customer.name": "Jana Nováková",
    "customer.email": JANA,
    "customer.title": "CIO",
    "customer.country": "GB",
}
CHOICES = {"solution_area": "modern_work_security", "activity": "usage", "products.0.code": "teams"}
FILE = {"name": "sow.pdf", "mimeType": "application/pdf", "buffer": pdf()}


async def test_a_claim_lives_from_its_draft_to_the_customers_no_and_back(home: House, tab: Any) -> None:
    partner, reviewer, customer = await tab(), await tab(), await tab()
    await partner.sign_in(PETR)
    await partner.click(partner.page.get_by_role("link", name="New claim").first)
    for name, value in FORM.items():
        await partner.page.fill(f'[name="{name}"]', value)
    for name, value in CHOICES.items():
        await partner.page.select_option(f'[name="{name}"]', value)
    await partner.press("Save the draft")
    assert "Still missing before it can be submitted" in await partner.page.inner_text("main")
    await partner.page.set_input_files("#upload", files=[FILE])
    await partner.press("Upload")
    await partner.press("Submit for review")
    claim_id = partner.page.url.split("/")[4]
    await home.settle()

    await reviews(home, reviewer, claim_id)
    await reads(home, partner, claim_id, "Approved")

    await customer.open(page_of(home, JANA, "c"))
    assert "You do not have to do anything." in await customer.page.inner_text("main")
    await customer.press("No, I decline")
    await home.settle()
    await reads(home, partner, claim_id, "Rejected")
    await customer.press("Take my no back")
    await customer.press("Yes, take my no back")
    await home.settle()
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    await customer.open(page_of(home, JANA, "c"))
    await customer.press("I agree already now")
    await customer.press("Yes, I agree")
    await home.settle()
    claim = await home.claim(claim_id)
    assert (claim.consent, claim.association) == (Consent.ACCEPTED, Association.ACTIVE)
    await reads(home, partner, claim_id, "Association: Active")
    assert partner.complaints + reviewer.complaints + customer.complaints == []


async def reviews(home: House, reviewer: Tab, claim_id: str) -> None:
    """The reviewer begins, ticks what was found, approves; the time to take it back passes, and the notice goes out."""
    await reviewer.sign_in((await home.claim(claim_id)).assigned_to)
    await reviewer.open("/office")
    await reviewer.click(reviewer.page.locator(f'a[href="/claims/{claim_id}"]').first)
    await reviewer.press("Start the review")
    for box in await reviewer.page.locator('form[action$="/request-info"] input[type="checkbox"]').all():
        await box.check()
    await reviewer.page.locator('form[action$="/request-info"] [name="contact_source"]').fill("page 1")
    await reviewer.press("Everything is ticked: approve")
    await home.passes(timedelta(minutes=11), timedelta(minutes=11))
    await home.settle()
    assert (await home.claim(claim_id)).status is Status.APPROVED
    await home.passes(timedelta(hours=2), timedelta(hours=1))


async def reads(home: House, tab: Tab, claim_id: str, words: str) -> None:
    await tab.open(f"/claims/{claim_id}")
    assert words in await tab.page.inner_text("main")


async def test_the_same_by_keyboard_alone(home: House, tab: Any) -> None:
    partner, reviewer, customer = await tab(), await tab(), await tab()
    await signs_in(home, partner, PETR)
    await presses(home, partner, 'a[href="/claims/new"]')
    for name, value in FORM.items():
        await goes_to(partner, f'[name="{name}"]')
        await partner.page.keyboard.insert_text(value)
    for name, value in CHOICES.items():
        await goes_to(partner, f'[name="{name}"]')
        label = await partner.page.locator(f'[name="{name}"] option[value="{value}"]').inner_text()
        await partner.page.keyboard.type(label)
    await presses(home, partner, 'form[action="/claims/new"] button')
    claim_id = partner.page.url.split("/")[4]
    # Listening begins well before the key: a chooser that opens before the browser knows who waits for it is lost.
    chooser: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    partner.page.once("filechooser", lambda one: chooser.set_result(one))
    await goes_to(partner, "#upload")
    await partner.page.keyboard.press("Enter")
    await (await chooser).set_files(files=[FILE])
    await presses(home, partner, 'form[action$="/evidence"] button')
    await presses(home, partner, 'form[action$="/submit"] button')
    await home.settle()
    assert (await home.claim(claim_id)).status is Status.SUBMITTED

    await signs_in(home, reviewer, (await home.claim(claim_id)).assigned_to)
    await reviewer.open(f"/claims/{claim_id}")
    await presses(home, reviewer, 'form[action$="/start-review"] button')
    boxes = 'form[action$="/request-info"] input[type="checkbox"]'
    for number in range(await reviewer.page.locator(boxes).count()):
        await goes_to(reviewer, boxes, number)
        if not await reviewer.page.locator(boxes).nth(number).is_checked():
            await reviewer.page.keyboard.press("Space")
    await goes_to(reviewer, 'form[action$="/request-info"] [name="contact_source"]')
    await reviewer.page.keyboard.insert_text("page 1")
    await presses(home, reviewer, 'button[formaction$="/approve"]')
    await home.passes(timedelta(minutes=11), timedelta(minutes=11))
    await home.passes(timedelta(hours=2), timedelta(hours=1))

    await customer.open(page_of(home, JANA, "c"))
    await presses(home, customer, 'form[action$="/decline"] button')
    assert (await home.claim(claim_id)).consent is Consent.DECLINED


async def signs_in(home: House, it: Tab, email: str) -> None:
    await it.open("/login")
    await goes_to(it, "#email")
    await it.page.keyboard.insert_text(email)
    await presses(home, it, "main form button")
    await home.settle()
    await it.open(login_link(home, email))
    await presses(home, it, "main form button")


async def presses(home: House, it: Tab, selector: str) -> None:
    await goes_to(it, selector)
    home.clock.advance(timedelta(seconds=3))
    async with it.page.expect_navigation():
        await it.page.keyboard.press("Enter")


async def goes_to(it: Tab, selector: str, number: int = 0) -> None:
    """Tab, Tab, Tab, until it has the focus; nothing on the page may swallow it."""
    wanted = it.page.locator(selector).nth(number)
    for _ in range(200):
        if await wanted.evaluate("element => element === document.activeElement"):
            return
        await it.page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")
