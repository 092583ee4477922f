"""Stories told in a real browser: pages show, nothing runs, nothing is refused by our own policy; pictures are kept.

Set MAILBOT_TEST_SCREENSHOTS to a folder to keep the pictures there.
"""

from typing import Any

from engine_house import ADA, JANA, PETR, House, pdf
from web_tabs import DESK, PHONE, needs_chromium
from web_visitors import PETR_ACTS, RITA_ACTS, noticed, page_of, submitted

from mailbot.claims import events
from mailbot.claims.model import Channel

pytestmark = needs_chromium


async def test_a_customer_reads_declines_and_takes_it_back(home: House, tab: Any) -> None:
    claim_id = await noticed(home)
    page = page_of(home, JANA, "c")
    it = await tab()
    await it.open(page)
    await it.shoot("customer")
    for name, size, scheme in (("customer-phone", PHONE, "light"), ("customer-dark", DESK, "dark")):
        other = await tab(size, scheme)
        await other.open(page)
        await other.shoot(name)
        assert await other.fits()
    await it.press("No, I decline")
    await it.shoot("customer-declined")
    assert (await home.claim(claim_id)).decline is not None
    await it.press("Take my no back")
    await it.shoot("customer-undo")
    await it.press("Yes, take my no back")
    assert (await home.claim(claim_id)).decline is None
    assert it.complaints == []


async def test_a_partner_makes_a_claim_and_answers_the_review(home: House, tab: Any) -> None:
    claim_id = await submitted(home)
    asked = events.InfoRequested(
        id="ask",
        at=home.clock.now(),
        actor=RITA_ACTS,
        items=(("missing_customer_ack", "Who signed for the customer?"), ("missing_or_old_dates", "When?")),
    )
    await home.engine.act(claim_id, asked)
    it = await tab()
    await it.open("/login")
    await it.shoot("login")
    await it.sign_in(PETR)
    await it.shoot("claims")
    await it.open("/claims/new")
    await it.shoot("claim-new")
    await it.open(f"/claims/{claim_id}")
    await it.shoot("partner-claim")
    phone = await tab(PHONE, "dark")
    await phone.sign_in(PETR)
    await phone.shoot("claims-phone-dark")
    assert await phone.fits()
    await phone.open(f"/claims/{claim_id}")
    await phone.shoot("partner-claim-phone-dark")
    assert await phone.fits()
    await it.page.fill("#answer-1", "Jana Nováková, page 4.")
    await it.page.set_input_files(
        "#file-2", files=[{"name": "dates.pdf", "mimeType": "application/pdf", "buffer": pdf("dates")}]
    )
    await it.press("Send the answers")
    await it.shoot("partner-answered")
    assert (await home.claim(claim_id)).open_questions() == ()
    assert it.complaints + phone.complaints == []


async def test_the_office_sees_its_queue_and_decides(home: House, tab: Any) -> None:
    claim_id = await submitted(home)
    note = events.CommentAdded(
        id="c", at=home.clock.now(), actor=PETR_ACTS, channel=Channel.WEB, text="<script>document.title='x'</script>"
    )
    await home.engine.act(claim_id, note)
    item_id = await home.writes("stranger@nowhere.example", "claims@mail.test", "Please call me.", subject="Question")
    await home.settle()
    it = await tab()
    await it.sign_in(ADA)
    await it.shoot("office-queue")
    await it.open(f"/claims/{claim_id}")
    assert "<script>document" in await it.page.inner_text("main")
    await it.shoot("office-review")
    await it.open("/office/mail")
    await it.shoot("office-mail")
    await it.open(f"/office/mail/{item_id}")
    await it.shoot("office-mail-item")
    await it.open("/office/people")
    await it.shoot("office-people")
    await it.open("/docs")
    await it.shoot("api")
    assert it.complaints == []


async def test_the_lab_shows_every_mail_as_a_mail_program_does(home: House, tab: Any) -> None:
    await noticed(home)
    it = await tab()
    await it.open("/lab/")
    await it.shoot("lab")
    await it.page.get_by_role("link", name="Fabrikam would like to see").first.click()
    await it.page.wait_for_load_state("networkidle")
    frame = it.page.frame_locator("iframe")
    assert "Fabrikam" in await frame.locator("body").inner_text()
    await it.page.locator("iframe").scroll_into_view_if_needed()
    await it.shoot("lab-mail")
    assert [c for c in it.complaints if "script" in c.lower()] == []
