"""Every mail as a mail program shows it, in a real browser: readable by light and in the dark, on every screen, alone.

MAILBOT_TEST_SCREENSHOTS keeps pictures of a few.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from web_tabs import DESK, KEEPS, PHONE, needs_chromium, picture

from mailbot.outbound import gallery, gallery_page
from mailbot.templates import Templates
from mailbot.wording import extract

RULES: dict[str, Any] = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
CONTRAST: dict[str, Any] = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
STYLES = extract.PACKAGE / "templates" / "mail" / "style.css"
SCREENS = ((590, 450), (320, 640))
"""A desk at 200 %, and the narrowest phone (WCAG 1.4.10)."""
STICKING_OUT = """() => [...document.querySelectorAll("section")]
  .filter(section => section.scrollWidth > window.innerWidth).map(section => section.id)"""
SHOWN = {
    "mail-consent_prompt-en": ("consent_prompt-customer", "en", DESK, "light"),
    "mail-consent_prompt-joined-cs-phone-dark": ("consent_prompt-customer-joined", "cs", PHONE, "dark"),
    "mail-info_request-pl": ("info_request-partner", "pl", DESK, "light"),
    "mail-daily_digest-hu-phone": ("daily_digest-person", "hu", PHONE, "light"),
    "mail-decline_confirmed-zh_TW": ("decline_confirmed-customer", "zh_TW", DESK, "light"),
}


def written(templates: Templates, language: str, *names: str) -> dict[str, str]:
    """The HTML part of every exhibit in that language, or of those named."""
    make = gallery.composer(templates)
    shown = [e for e in gallery.exhibits(language) if not names or e.name in names]
    return {exhibit.name: make.words(exhibit.order).html for exhibit in shown}


def sheet(mails: Mapping[Any, str]) -> str:
    """All of them on one page, a section each: opening a page takes longer than laying out a hundred mails."""
    first = next(iter(mails.values()))
    bodies = {name: re.sub(r"^.*?<body[^>]*>|</body>.*", "", html, flags=re.DOTALL) for name, html in mails.items()}
    sections = "".join(f'<section id="{name}">{body}</section>' for name, body in bodies.items())
    return f"{re.sub('(<body[^>]*>).*', '', first, flags=re.DOTALL)}<body style='margin:0'>{sections}</body></html>"


async def faults_of(page: Any, rules: dict[str, Any]) -> list[str]:
    found = await Axe().run(page, options=rules)
    return [f"{v['id']} {node['html'][:200]}" for v in found.response["violations"] for node in v["nodes"]]


def test_a_mail_asks_for_one_thing(templates: Templates) -> None:
    buttons = {name: len(re.findall(r'class="button"', html)) for name, html in written(templates, "en").items()}
    assert {name: count for name, count in buttons.items() if count > 1} == {}


@needs_chromium
async def test_every_mail_fits_every_screen_and_fetches_nothing(chromium: Any, templates: Templates) -> None:
    """In the language of the longest words."""
    page = await (await chromium.new_context()).new_page()
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    await page.set_content(sheet(written(templates, "hu")))
    for width, height in SCREENS:
        await page.set_viewport_size({"width": width, "height": height})
        assert await page.evaluate(STICKING_OUT) == [], width
    assert fetched == []


@needs_chromium
async def test_mails_can_be_read_by_light_and_in_the_dark(chromium: Any, templates: Templates) -> None:
    """Enough mails to show every class of the style sheet; colours come from classes alone."""
    shown: set[str] = set()
    chosen = []
    for html in written(templates, "en").values():
        classes = set(re.findall(r'class="([^"]+)"', html))
        if classes - shown:
            shown |= classes
            chosen.append(html)
    assert shown == set(re.findall(r"^\.(\w+)", STYLES.read_text(encoding="utf-8"), re.M))
    for scheme in ("light", "dark"):
        page = await (await chromium.new_context(color_scheme=scheme, viewport=DESK)).new_page()
        await page.set_content(sheet(dict(enumerate(chosen))))
        assert await faults_of(page, CONTRAST) == [], scheme


@needs_chromium
async def test_a_mail_is_opened_beside_the_list_of_all(chromium: Any, templates: Templates, tmp_path: Path) -> None:
    names = ("consent_prompt-customer", "info_request-partner")
    (tmp_path / "index.html").write_text(gallery_page.page(dict.fromkeys(names, "subject"), ("en", "cs")))
    for language in ("en", "cs"):
        for name, html in written(templates, language, *names).items():
            (tmp_path / f"{name}.{language}.html").write_text(html, encoding="utf-8")
    page = await (await chromium.new_context(viewport=DESK)).new_page()
    await page.goto((tmp_path / "index.html").as_uri())
    await page.get_by_role("link", name="consent_prompt-customer, cs: mail", exact=True).click()
    await page.frame_locator("iframe").get_by_text("Nic nemusíte dělat").first.wait_for()
    assert await faults_of(page, RULES) == []


@needs_chromium
@pytest.mark.skipif(not KEEPS, reason="no folder for pictures: MAILBOT_TEST_SCREENSHOTS")
async def test_pictures_of_a_few_mails(chromium: Any, templates: Templates, folder: Path) -> None:
    for name, (mail, language, size, scheme) in SHOWN.items():
        context = await chromium.new_context(viewport=size, color_scheme=scheme)
        page = await context.new_page()
        await page.set_content(written(templates, language, mail)[mail])
        await picture(page, folder / f"{name}.png")
        assert (folder / f"{name}.png").stat().st_size > 5_000
        await context.close()
