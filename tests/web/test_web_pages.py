"""Every page in a real browser: for everybody (WCAG 2.2 AA by axe), on every screen, light enough, in one language.

The pages are those of `web_pages.py`. MAILBOT_TEST_SCREENSHOTS keeps a picture of each in two widths.
"""

import pkgutil
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any

from axe_playwright_python.async_playwright import Axe
from engine_house import House
from web_pages import NOT_PAGES, Stop, every_page
from web_tabs import DESK, PHONE, Tab, needs_chromium

import mailbot.web
from mailbot.wording import extract

HEAVIEST = 60 * 1024
"""What a page may weigh without pictures: itself and the one style sheet, in bytes that are not compressed."""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES: dict[str, Any] = {"runOnly": TAGS, "resultTypes": ["violations"]}
CONTRAST: dict[str, Any] = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
ZOOMED, NARROW = {"width": 590, "height": 450}, {"width": 320, "height": 640}
"""A desk's 1180 pixels at 200 %, and the width that WCAG 1.4.10 asks for."""
LOADED = """() => Object.fromEntries(
  [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .filter(entry => !/icon|html$|png$/.test(entry.name)).map(entry => [entry.name, entry.decodedBodySize]))"""
PLACE = re.compile(r"%\(\w+\)s")
ENGLISH = [m.id for m in extract.collect() if isinstance(m.id, str) and len(m.id) > 12 and not PLACE.search(m.id)]


def routes(router: Any) -> Iterator[Any]:
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        yield from routes(inner) if inner else (route,)


def served() -> set[str]:
    modules = [import_module(f"mailbot.web.{m.name}") for m in pkgutil.iter_modules(mailbot.web.__path__)]
    routers = [m.router for m in modules if hasattr(m, "router") and not m.__name__.startswith("mailbot.web.api")]
    return {route.path for router in routers for route in routes(router) if "GET" in route.methods}


async def test_the_walk_knows_every_page_that_is_served(home: House) -> None:
    assert {stop.route for stop in await every_page(home) if stop.route} == served() - NOT_PAGES


@needs_chromium
async def test_every_page_is_there_for_everybody(home: House, tab: Any) -> None:
    faults = [
        f"{stop.name}: {fault}"
        async for stop, it in visits(home, tab, "en", "light")
        for fault in [*await barriers(it, RULES), *await overweight(it), *await sticks_out(it, f"{stop.name}-en")]
    ]
    assert not faults, "\n".join(faults)


@needs_chromium
async def test_every_page_is_there_in_the_dark_and_in_the_language_of_the_longest_words(home: House, tab: Any) -> None:
    faults = [
        f"{stop.name}: {fault}"
        async for stop, it in visits(home, tab, "hu", "dark")
        for fault in [*await barriers(it, CONTRAST), *await english(it, stop), *await sticks_out(it, f"{stop.name}-hu")]
    ]
    assert not faults, "\n".join(faults)


async def visits(home: House, tab: Any, language: str, scheme: str) -> AsyncIterator[tuple[Stop, Tab]]:
    """Every page of the walk, open in the browser of who may see it."""
    tabs: dict[str, Tab] = {}
    for stop in await every_page(home, language):
        if stop.who not in tabs:
            tabs[stop.who] = await tab(DESK, scheme, language)
            if stop.who:
                await tabs[stop.who].sign_in(stop.who)
        await tabs[stop.who].open(stop.path)
        if stop.press:
            home.clock.advance(timedelta(seconds=3))
            await tabs[stop.who].click(tabs[stop.who].page.locator(stop.press).first)
        yield stop, tabs[stop.who]


async def barriers(it: Tab, rules: dict[str, Any]) -> list[str]:
    """What axe finds."""
    found = await Axe().run(it.page, options=rules)
    return [
        f"{violation['id']} {node['html'][:120]} {node.get('failureSummary', '')[:300]}"
        for violation in found.response["violations"]
        for node in violation["nodes"]
    ]


async def sticks_out(it: Tab, picture: str) -> list[str]:
    """The widths at which the page has to be scrolled sideways; on the way, its pictures."""
    faults = []
    for name, size in (("desk", DESK), ("200 %", ZOOMED), ("phone", PHONE), ("320 px", NARROW)):
        await it.page.set_viewport_size(size)
        if not await it.fits():
            faults.append(f"too wide at {name}")
        if name in ("desk", "phone") and it.keeps:
            await it.shoot(f"{picture}-{name}")
    await it.page.set_viewport_size(DESK)
    return faults


async def overweight(it: Tab) -> list[str]:
    """Whether the page weighs too much, or waits for more than its style sheet."""
    loaded: dict[str, int] = await it.page.evaluate(LOADED)
    weight = sum(loaded.values())
    return [f"{weight} bytes"] * (weight > HEAVIEST) + [f"fetches {sorted(loaded)}"] * (len(loaded) > 2)


async def english(it: Tab, stop: Stop) -> list[str]:
    """English on a page of another language."""
    words = " ".join((await it.page.inner_text("body")).split())
    return [] if stop.always_english else [f"English: {message}" for message in ENGLISH if message in words]
