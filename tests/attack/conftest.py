"""What the attacks need: the house of tests/engine, the site and visitors of tests/web."""

import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / room) for room in ("engine", "web", "inbound_smtp", "cli", "crash")]

from engine_house import House, house  # noqa: E402
from web_visitors import BASE, FABRIKAM, Browser, Client  # noqa: E402

from mailbot.claims.catalogue import shipped_catalogue  # noqa: E402
from mailbot.config import load_config  # noqa: E402
from mailbot.store import api_keys  # noqa: E402
from mailbot.store.api_keys import ApiKey  # noqa: E402
from mailbot.templates import Templates  # noqa: E402
from mailbot.web.app import create_app  # noqa: E402


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
    return create_app(home.engine, home.store, home.tokens, templates, load_config(None, env))


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
