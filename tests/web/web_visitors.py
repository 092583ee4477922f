"""Those who come to the site in tests: a person at a browser, and a client of the API."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import httpx
from engine_house import JANA, PETR, RITA, House, pdf

from mailbot.claims import events
from mailbot.claims.events import Actor
from mailbot.claims.model import Channel, Claim, Contact, Product, Role
from mailbot.store.people_import import organisation_id

BASE = "https://mail.test"
FABRIKAM = organisation_id("Fabrikam")
CONTOSO = organisation_id("Contoso Consulting")
BODY: dict[str, Any] = {
    "name": "Teams roll-out",
    "location_id": "4567890",
    "tenant_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "tenant_domain": "customer.example",
    "solution_area": "modern_work_security",
    "activity": "usage",
    "products": [{"code": "teams"}],
    "customer": {
        "name": "Jana Nováková",
        "title": "CIO",
        "email": "jana@customer.example",
        "country": "CZ",
        "language": "en",
    },
    "partner": {"name": "Petr Dvořák", "email": "petr@fabrikam.example"},
}


class Browser:
    """A person at a browser: follows redirects, fills in forms as they stand on the page, waits like a person."""

    def __init__(self, app: Any, home: House) -> None:
        self.home = home
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url=BASE, follow_redirects=True)
        self.page = httpx.Response(200, text="")

    async def open(self, address: str) -> str:
        parts = urlsplit(address)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        self.page = await self.http.get(path)
        return self.text

    @property
    def text(self) -> str:
        """The page's words, without its markup."""
        return unescape(" ".join(re.sub(r"<[^>]+>", " ", self.page.text).split()))

    def form(self, action: str) -> dict[str, str]:
        """The hidden and filled-in fields of the first form with that action."""
        # The address may also stand on one of the form's buttons.
        pattern = rf'<form((?:(?!</form>).)*?action="{re.escape(action)}".*?)</form>'
        found = re.search(pattern, self.page.text, re.S)
        assert found, f"no form {action} on the page: {self.text[:2000]}"
        tags = re.findall(r"<input[^>]*>", found[1])
        names = {t: re.search(r'name="([^"]*)"', t) for t in tags}
        fields = {
            m[1]: _value(t) for t, m in names.items() if m and 'type="checkbox"' not in t and 'type="file"' not in t
        }
        for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', found[1], re.S):
            chosen = re.search(r'<option value="([^"]*)" selected', options) or re.search(
                r'<option value="([^"]*)"', options
            )
            fields[name] = unescape(chosen[1]) if chosen else ""
        return fields

    def has(self, action: str) -> bool:
        return f'action="{action}"' in self.page.text

    async def press(self, action: str, *, wait: float = 3, files: Any = None, **fields: str) -> str:
        """Presses the button of the form with that action after `wait` seconds."""
        data = self.form(action) | {name.replace("__", "."): value for name, value in fields.items()}
        self.home.clock.advance(timedelta(seconds=wait))
        headers = {"origin": "null", "sec-fetch-site": "same-origin"}
        self.page = await self.http.post(action, data=data, files=files, headers=headers)
        return self.text


def _value(tag: str) -> str:
    found = re.search(r'value="([^"]*)"', tag)
    return unescape(found[1]) if found else ""


class Client:
    """An API client with its key."""

    def __init__(self, app: Any, key: str) -> None:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self.http = httpx.AsyncClient(transport=transport, base_url=f"{BASE}/api/v1", headers=headers)

    async def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        return await self.http.request(method, path, json=body, **more)

    async def made(self, **changes: Any) -> dict[str, Any]:
        """A claim of the usual shape."""
        response = await self("POST", "/claims", BODY | changes)
        assert response.status_code == 201, response.text
        answer: dict[str, Any] = response.json()
        return answer


PETR_ACTS = Actor(email=PETR, name="Petr Dvořák", roles=frozenset({Role.INCENTIVES_ADMIN}), organisation_id=FABRIKAM)
RITA_ACTS = Actor(email=RITA, name="Rita Office", roles=frozenset({Role.REVIEWER}))


async def submitted(home: House, language: str = "en", product: str = "teams") -> str:
    """A claim of Fabrikam with one file, handed in, whose contacts read that language; its id."""
    claim_id = home.ids.claim()
    now = home.clock.now()
    draft = Claim(
        id=claim_id,
        version=0,
        policy=home.policy.version,
        created_at=now,
        organisation_id=FABRIKAM,
        organisation_name="Fabrikam",
        name="Teams roll-out",
        location_id="4567890",
        tenant_id=BODY["tenant_id"],
        tenant_domain="customer.example",
        solution_area="modern_work_security",
        activity="usage",
        products=(Product(code=product),),
        customer=Contact(name="Jana Nováková", title="CIO", email=JANA, country="CZ", language=language),
        partner=Contact(name="Petr Dvořák", email=PETR, language=language),
    )
    base: dict[str, Any] = {"at": now, "actor": PETR_ACTS, "channel": Channel.WEB}
    await home.engine.create(events.Drafted(id=f"draft-{product}", claim=draft, **base))
    await home.engine.add_files(claim_id, PETR_ACTS, Channel.WEB, [("sow.pdf", pdf())])
    outcome = await home.engine.act(claim_id, events.Submitted(id=f"submit-{product}", **base))
    assert outcome.refusal is None, outcome.refusal
    await home.settle()
    return claim_id


async def noticed(home: House, language: str = "en") -> str:
    """An approved claim whose consent notice has gone out to the customer; its id."""
    claim_id = await submitted(home, language)
    approved = events.Approved(
        id="approve", at=home.clock.now(), actor=RITA_ACTS, contact_verified=True, contact_source="page 4"
    )
    outcome = await home.engine.act(claim_id, approved)
    assert outcome.refusal is None, outcome.refusal
    await home.settle()
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    return claim_id


def page_of(home: House, email: str, kind: str) -> str:
    """The address of the page of that kind (`c`, `p`, `u`) in the last mail to somebody that has one."""
    for mail in reversed(home.mails(email)):
        text = mail.text + str(mail.parsed["List-Unsubscribe"] or "")
        found = re.search(rf"https://mail\.test(/{kind}/[a-z2-7]{{33}})", text)
        if found:
            return found[1]
    raise AssertionError(f"no /{kind}/ page was mailed to {email}")
