"""Scanners with a real browser, and scripts in everybody's words: nothing is pressed and nothing runs."""

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from engine_house import ADA, JANA, PETR, House
from web_visitors import noticed, page_of

from mailbot.claims.model import Consent
from mailbot.config import load_config
from mailbot.store import refusals
from mailbot.templates import Templates
from mailbot.web.app import create_app
from mailbot.web_server import WebServer

playwright_api = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
XSS = (
    "<script>document.title='run'</script>",
    '"><img src=x onerror="document.title=\'run\'">',
    "'><svg/onload=document.title='run'>",
    "<body onload=document.title='run'>",
    "<iframe srcdoc=\"<script>parent.document.title='run'</script>\">",
    "<a href=\"javascript:document.title='run'\">click</a>",
    "<details open ontoggle=document.title='run'>",
    "</textarea></title></style><script>document.title='run'</script>",
    "{{constructor.constructor('document.title=1')()}}",
)
pytestmark = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no chromium on this machine: apt install chromium")


@pytest.fixture
async def base(home: House, templates: Templates) -> AsyncIterator[str]:
    env = {"MAILBOT_PUBLIC_URL": "http://127.0.0.1:8080", "MAILBOT_DOMAIN": "mail.test", "MAILBOT_LAB": "true"}
    app = create_app(home.engine, home.store, home.tokens, templates, load_config(None, env))
    server = await WebServer.start(app, "127.0.0.1", 0, on_request=lambda: None)
    yield f"http://127.0.0.1:{server.address[1]}"
    await server.stop(5)


@pytest.fixture
async def page(base: str) -> AsyncIterator[Any]:
    async with playwright_api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGS))
        context = await browser.new_context(user_agent="SafeLinks/1.0 (scanner)", base_url=base)
        yield await context.new_page()
        await browser.close()


async def test_a_scanner_that_runs_scripts_follows_links_and_submits_all_forms_changes_nothing(
    home: House, page: Any, base: str
) -> None:
    claim_id = await noticed(home)
    address = page_of(home, JANA, "c")
    before = await home.claim(claim_id)
    await page.goto(address)
    links = await page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
    for link in {link for link in links if link.startswith(base)} | {base + address}:
        for method in ("GET", "HEAD", "OPTIONS"):
            await page.request.fetch(link, method=method)
    count = await page.locator("form").count()
    assert count >= 3
    for number in range(count):
        await page.goto(address)
        boxes = page.locator("form").nth(number).locator("textarea")
        for box in range(await boxes.count()):
            await boxes.nth(box).fill("scanned")
        async with page.expect_navigation():
            await page.locator("form").nth(number).evaluate("form => form.submit()")
        # Whatever page came back is pressed again at once: a second step falls too, if it could.
        for _ in range(2):
            async with page.expect_navigation():
                await page.locator("form").first.evaluate("form => form.submit()")
    assert await home.claim(claim_id) == before
    async with home.store.read() as conn:
        noted = await refusals.find(conn, "127.0.0.1")
    assert len(noted) >= count
    assert {(n.helo, n.code) for n in noted} == {("SafeLinks/1.0 (scanner)", 200)}
    assert {n.reason for n in noted} >= {"FORM decline too_fast", "FORM accept too_fast", "FORM ask too_fast"}
    assert not any(address.removeprefix("/c/") in n.rcpt for n in noted)
    await page.goto(address)
    home.clock.advance(timedelta(seconds=3))
    await page.get_by_role("button", name="No, I decline").first.click()
    assert (await home.claim(claim_id)).consent is Consent.DECLINED


async def test_no_script_in_from_subject_body_file_name_or_comment_ever_runs(
    home: House, page: Any, client: Any
) -> None:
    partner = await client("partner")
    words = " ".join(XSS)
    contact = {"name": XSS[0] + XSS[1], "title": XSS[2], "email": "jana@customer.example", "country": "CZ"}
    claim = await partner.made(name=XSS[1] + XSS[2], seller=words[:200], solution=words[:200], customer=contact)
    await partner("POST", f"/claims/{claim['id']}/comment", {"text": words})
    files = [("file", (f"{XSS[4]}.pdf", b"%PDF-1.4 <script>document.title='run'</script>", "application/pdf"))]
    await partner.http.post(f"/claims/{claim['id']}/evidence", files=files)
    for name in XSS:
        raw = f'From: "{name}" <x@evil.example>\r\nTo: claims@mail.test\r\nSubject: {name}\r\n\r\n{words}\r\n'
        await home.arrives(raw.encode(), "claims@mail.test", mail_from="x@evil.example")
    html = f"From: {PETR}\r\nTo: claims@mail.test\r\nSubject: html\r\nContent-Type: text/html\r\n\r\n{words}\r\n"
    await home.arrives(html.encode(), "claims@mail.test", mail_from=PETR)
    await home.settle()
    ran: list[str] = []
    page.on("dialog", lambda dialog: ran.append(dialog.message))
    page.on("pageerror", lambda error: ran.append(str(error)))
    for email in (PETR, ADA):
        await page.context.clear_cookies()
        await sign_in(home, page, email)
        for path in (
            "/claims",
            f"/claims/{claim['id']}",
            f"/claims/{claim['id']}/edit",
            f"/claims/{claim['id']}/history",
            "/office",
            "/office/mail",
            "/lab/",
            "/claims?q=" + "%3Cscript%3Edocument.title='run'%3C/script%3E",
        ):
            await page.goto(path)
            assert "run" not in (await page.title()).split(), path
            assert await page.locator("script").count() == 0, path
            assert await page.locator("[onerror],[onload],[ontoggle],iframe,a[href^='javascript']").count() == 0, path
    assert ran == []


async def sign_in(home: House, page: Any, email: str) -> None:
    """By the mailed link, as a person does."""
    await page.goto("/login")
    await page.fill("#email", email)
    home.clock.advance(timedelta(seconds=3))
    await page.get_by_role("button", name="Send me a link").click()
    await home.settle()
    link = next(word for word in home.mails(email)[-1].text.split() if "/login/" in word)
    await page.goto(link[link.index("/login/") :])
    home.clock.advance(timedelta(seconds=3))
    await page.get_by_role("button", name="Sign in").click()
