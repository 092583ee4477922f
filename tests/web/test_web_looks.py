"""The pages in a real browser: they show, nothing runs, nothing is refused by our own policy; screenshots are kept.

Set MAILBOT_TEST_SCREENSHOTS to a folder to keep the pictures there.
"""

import os
import re
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from engine_house import ADA, JANA, PETR, House, pdf
from web_visitors import PETR_ACTS, RITA_ACTS, noticed, page_of, submitted

from mailbot.claims import events
from mailbot.claims.model import Channel
from mailbot.config import load_config
from mailbot.templates import Templates
from mailbot.web.app import create_app
from mailbot.web_server import WebServer

playwright_api = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
DESK = {"width": 1180, "height": 900}
PHONE = {"width": 390, "height": 844}

pytestmark = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no chromium on this machine: apt install chromium")


class Tab:
    """A browser tab on our site that notes whatever the page complains about."""

    def __init__(self, page: Any, base: str, folder: Path, home: House) -> None:
        self.page, self.base, self.folder, self.home = page, base, folder, home
        self.complaints: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))

    async def open(self, path: str) -> None:
        await self.page.goto(self.base + path)

    async def shoot(self, name: str) -> None:
        await self.page.screenshot(path=self.folder / f"{name}.png", full_page=True)

    async def press(self, name: str) -> None:
        self.home.clock.advance(timedelta(seconds=3))
        await self.page.get_by_role("button", name=name).first.click()

    async def fits(self) -> bool:
        """Whether nothing sticks out of the window sideways."""
        wide: bool = await self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        return wide


@pytest.fixture
async def base(home: House, templates: Templates) -> AsyncIterator[str]:
    env = {"MAILBOT_PUBLIC_URL": "http://127.0.0.1:8080", "MAILBOT_DOMAIN": "mail.test", "MAILBOT_LAB": "true"}
    app = create_app(home.engine, home.store, home.tokens, templates, load_config(None, env))
    server = await WebServer.start(app, "127.0.0.1", 0, on_request=lambda: None)
    yield f"http://127.0.0.1:{server.address[1]}"
    await server.stop(5)


@pytest.fixture
async def chromium() -> AsyncIterator[Any]:
    async with playwright_api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGS))
        yield browser
        await browser.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    kept = os.environ.get("MAILBOT_TEST_SCREENSHOTS", "")
    place = Path(kept) if kept else tmp_path / "screenshots"
    place.mkdir(parents=True, exist_ok=True)
    return place


@pytest.fixture
async def tab(chromium: Any, base: str, folder: Path, home: House) -> AsyncIterator[Any]:
    """Makes tabs: `await tab()`, on a phone, in the dark."""
    contexts: list[Any] = []

    async def make(size: dict[str, int] = DESK, scheme: str = "light") -> Tab:
        context = await chromium.new_context(viewport=size, color_scheme=scheme, locale="en-GB")
        contexts.append(context)
        return Tab(await context.new_page(), base, folder, home)

    yield make
    for context in contexts:
        await context.close()


async def sign_in(home: House, it: Tab, email: str, folder_name: str = "") -> None:
    await it.open("/login")
    if folder_name:
        await it.shoot(folder_name)
    await it.page.fill("#email", email)
    await it.press("Send me a link")
    await home.settle()
    link = re.findall(r"(/login/[^\s/]+)", home.mails(email)[-1].text)[0]
    await it.open(link)
    await it.press("Sign in")


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
    await sign_in(home, it, PETR, "login")
    await it.shoot("claims")
    await it.open("/claims/new")
    await it.shoot("claim-new")
    await it.open(f"/claims/{claim_id}")
    await it.shoot("partner-claim")
    phone = await tab(PHONE, "dark")
    await sign_in(home, phone, PETR)
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
    await sign_in(home, it, ADA)
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
