"""The site on a real house: real store, engine and lifecycle, a clock moved by hand, no sockets."""

import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "engine"))

from engine_house import House, house
from web_tabs import ARGS, CHROMIUM, DESK, Tab
from web_visitors import BASE, FABRIKAM, Browser, Client

from mailbot.claims.catalogue import shipped_catalogue
from mailbot.config import load_config
from mailbot.store import api_keys
from mailbot.store.api_keys import ApiKey
from mailbot.templates import Templates
from mailbot.web.app import create_app
from mailbot.web_server import WebServer


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as it:
        yield it


@pytest.fixture(scope="session")
def templates() -> Templates:
    return Templates({p.code: p.name for p in shipped_catalogue().products.values()})


@pytest.fixture
def site(home: House, templates: Templates) -> Any:
    env = {"MAILBOT_PUBLIC_URL": BASE, "MAILBOT_DOMAIN": "mail.test", "MAILBOT_LAB": "true"}
    return create_app(home.engine, home.store, home.tokens, templates, load_config(None, env), home.viewer)


@pytest.fixture
async def browser(site: Any, home: House) -> AsyncIterator[Browser]:
    it = Browser(site, home)
    yield it
    await it.http.aclose()


@pytest.fixture
async def signed_in(site: Any, home: House) -> AsyncIterator[Callable[[str], Awaitable[Browser]]]:
    """Signs a person in by the link that is mailed to them."""
    made: list[Browser] = []

    async def sign_in(email: str) -> Browser:
        it = Browser(site, home)
        made.append(it)
        await it.open("/login")
        await it.press("/login", email=email)
        await home.settle()
        found = re.search(r"https://mail\.test(/login/\S+)", home.mails(email)[-1].text)
        assert found
        await it.open(found[1])
        await it.press(found[1])
        return it

    yield sign_in
    for it in made:
        await it.http.aclose()


@pytest.fixture
async def client(site: Any, home: House) -> AsyncIterator[Callable[..., Awaitable[Client]]]:
    """Makes API clients by role."""
    made: list[Client] = []

    async def make(role: str, organisation: str | None = None) -> Client:
        secret = f"mbk_{home.random.getrandbits(256):064x}"
        firm = (organisation or FABRIKAM) if role == "partner" else None
        key = ApiKey(id=home.ids.row(), role=role, organisation_id=firm, label=role, created_at=home.clock.now())
        await home.store.write(lambda conn: api_keys.create(conn, key, secret))
        made.append(Client(site, secret))
        return made[-1]

    yield make
    for it in made:
        await it.http.aclose()


@pytest.fixture
async def base(home: House, templates: Templates) -> AsyncIterator[str]:
    """Where the site answers on loopback."""
    env = {"MAILBOT_PUBLIC_URL": "http://127.0.0.1:8080", "MAILBOT_DOMAIN": "mail.test", "MAILBOT_LAB": "true"}
    app = create_app(home.engine, home.store, home.tokens, templates, load_config(None, env), home.viewer)
    server = await WebServer.start(app, "127.0.0.1", 0, on_request=lambda: None)
    yield f"http://127.0.0.1:{server.address[1]}"
    await server.stop(5)


@pytest.fixture
async def chromium() -> AsyncIterator[Any]:
    playwright_api = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
    async with playwright_api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGS))
        yield browser
        await browser.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where pictures go."""
    kept = os.environ.get("MAILBOT_TEST_SCREENSHOTS", "")
    place = Path(kept) if kept else tmp_path / "screenshots"
    place.mkdir(parents=True, exist_ok=True)
    return place


@pytest.fixture
async def tab(chromium: Any, base: str, folder: Path, home: House) -> AsyncIterator[Any]:
    """Makes tabs: `await tab()`, on a phone, in the dark."""
    contexts: list[Any] = []

    async def make(size: dict[str, int] = DESK, scheme: str = "light", locale: str = "en-GB") -> Tab:
        context = await chromium.new_context(viewport=size, color_scheme=scheme, locale=locale)
        contexts.append(context)
        return Tab(await context.new_page(), base, folder, home)

    yield make
    for context in contexts:
        await context.close()
