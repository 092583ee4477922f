"""What holds on every route: headers, methods, sizes, and that nobody's text is ever run or shown to a stranger."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from engine_house import ADA, JANA, PETR, House
from fastapi.routing import APIRoute
from structlog.testing import capture_logs
from web_visitors import Browser, noticed, page_of, submitted

from mailbot.config import load_config
from mailbot.templates import Templates
from mailbot.web.app import create_app

OPERATORS = (Path(__file__).resolve().parents[2] / "docs" / "operators.md").read_text("utf-8")

SignIn = Callable[[str], Awaitable[Browser]]

EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "{% include 'x' %}",
    "{{''.__class__.__mro__}}",
    "javascript:alert(1)",
    "'><svg/onload=alert(1)>",
)


def paths_of(site: Any) -> set[str]:
    """Every address there is: the described ones of the API, and the pages by walking the included routers."""
    found = set(site.openapi()["paths"])
    waiting = list(site.routes)
    while waiting:
        route = waiting.pop()
        waiting += getattr(getattr(route, "original_router", None), "routes", [])
        if isinstance(route, APIRoute) and not route.include_in_schema:
            found.add(route.path)
    return found


def filled(path: str) -> str:
    for name in ("token", "key", "claim_id", "item_id", "endpoint_id", "sha256", "act", "verb"):
        path = path.replace(f"{{{name}}}", "1")
    return path.replace("{path:path}", "x")


async def test_every_route_carries_the_security_headers(site: Any, browser: Browser) -> None:
    paths = sorted({filled(path) for path in paths_of(site)} | {"/nowhere", "/c/x", "/openapi.json"})
    assert len(paths) > 50
    for path in paths:
        for method in ("GET", "HEAD", "POST", "OPTIONS"):
            response = await browser.http.request(method, path, follow_redirects=False)
            headers = response.headers
            assert "default-src 'none'" in headers["content-security-policy"], path
            assert "frame-ancestors" in headers["content-security-policy"], path
            assert headers["referrer-policy"] == "no-referrer", path
            assert headers["x-content-type-options"] == "nosniff", path
            assert "max-age" in headers["strict-transport-security"], path
            if path not in ("/site.css", "/icon.svg"):
                assert headers["cache-control"] == "no-store", path


async def test_head_is_get_without_a_body(browser: Browser) -> None:
    for path in ("/login", "/healthz", "/site.css"):
        got, head = await browser.http.get(path), await browser.http.head(path)
        assert (got.status_code, head.status_code) == (200, 200)
        assert head.content == b""


async def test_without_https_nothing_promises_it(home: House, templates: Templates) -> None:
    env = {"MAILBOT_PUBLIC_URL": "http://127.0.0.1:8080", "MAILBOT_LAB": "false"}
    app = create_app(home.engine, home.store, home.tokens, templates, load_config(None, env))
    plain = Browser(app, home)
    assert "strict-transport-security" not in (await plain.http.get("/login")).headers
    assert (await plain.http.get("/lab/")).status_code == 404
    await plain.http.aclose()


async def test_too_large_bodies_are_refused_before_they_are_read(browser: Browser) -> None:
    async def endless() -> Any:
        for _ in range(300):
            yield b"x" * 8192

    declared = await browser.http.post("/login", content=b"", headers={"content-length": str(10**9)})
    streamed = await browser.http.post(
        "/login", content=endless(), headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert (declared.status_code, streamed.status_code) == (413, 413)


async def test_odd_forms_are_refused_and_never_a_fault_of_ours(home: House, browser: Browser) -> None:
    for content, kind in (
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"--x", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data"),
        (b"a" * 1000, "text/plain"),
        (b"&&&===", "application/x-www-form-urlencoded"),
    ):
        for path in ("/login", "/logout", "/login/x", "/c/x/decline", "/u/x", "/p/x/comment", "/claims/new"):
            response = await browser.http.post(path, content=content, headers={"content-type": kind})
            assert response.status_code < 500, (path, kind)


async def test_text_of_partners_and_customers_is_only_ever_text(
    home: House, signed_in: SignIn, client: Any, browser: Browser
) -> None:
    partner = await client("partner")
    everything = " ".join(EVIL)[:290]
    contact = {"name": everything, "title": everything, "email": "jana@customer.example", "country": "CZ"}
    claim = await partner.made(
        name=everything, seller=everything, solution=everything, customer=contact, tenant_domain=everything
    )
    await partner("POST", f"/claims/{claim['id']}/comment", {"text": everything})
    evil_file = [("file", ('"><script>x.pdf', b"%PDF-1.4", "application/pdf"))]
    await partner.http.post(f"/claims/{claim['id']}/evidence", files=evil_file)
    await home.writes(f'"{EVIL[0]}" <x@evil.example>', "claims@mail.test", everything, subject=everything)
    await home.settle()
    petr, ada = await signed_in(PETR), await signed_in(ADA)
    pages = [
        await p.http.get(path)
        for p, path in ((petr, "/claims"), (petr, f"/claims/{claim['id']}"), (ada, "/office/mail"))
    ]
    pages.append(await petr.http.get(f"/claims/{claim['id']}/edit"))
    pages.append(await ada.http.get(f"/claims/{claim['id']}"))
    pages.append(await browser.http.get("/lab/"))
    for page in pages:
        assert page.status_code == 200
        for tag in ("<script", "<img src=x", "<svg/onload"):
            assert tag not in page.text, str(page.url)
    assert "{{7*7}}" in pages[1].text


@pytest.mark.parametrize(
    "path", ["/claims/../office", "/claims/%2e%2e", "/p/%00", "/c/" + "a" * 5000, "/claims/\u202e"]
)
async def test_odd_addresses_are_not_there(path: str, browser: Browser) -> None:
    assert (await browser.http.get(path, follow_redirects=False)).status_code in (303, 404)


class FailingEngine:
    """The house's engine, but every act fails in a way nobody foresaw."""

    def __init__(self, home: House) -> None:
        self.clock, self.ids, self.default_policy = home.clock, home.ids, home.engine.default_policy
        self.policy_of = home.engine.policy_of

    async def act(self, *_: object, **__: object) -> None:
        raise RuntimeError("secret detail")


async def test_a_fault_of_ours_says_nothing_about_itself_and_keeps_the_headers(
    home: House, templates: Templates, client: Any
) -> None:
    claim_id = await noticed(home)
    partner = await client("partner")
    app = create_app(FailingEngine(home), home.store, home.tokens, templates, load_config(None, {}))  # type: ignore[arg-type]
    failing = Browser(app, home)
    page = page_of(home, JANA, "c")
    headers = {"authorization": partner.http.headers["authorization"]}
    with capture_logs() as logged:
        await failing.open(page)
        await failing.press(f"{page}/decline")
        answer = await failing.http.post(f"/api/v1/claims/{claim_id}/comment", json={"text": "x"}, headers=headers)
    assert [entry["event"] for entry in logged] == ["request_failed"] * 2
    assert page.removeprefix("/c/") not in str([entry["route"] for entry in logged])
    assert (failing.page.status_code, answer.status_code) == (500, 500)
    assert answer.json()["code"] == "our_fault"
    for response in (failing.page, answer):
        assert "secret" not in response.text
        assert "default-src 'none'" in response.headers["content-security-policy"]
    await failing.http.aclose()


async def test_a_closed_database_is_not_ready_and_answers_503(home: House, browser: Browser) -> None:
    said = (await browser.http.get("/readyz")).json()
    assert (said["ready"], said["paused"], said["clock_jumped"]) == (True, [], False)
    home.store.broken.set()
    response = await browser.http.get("/readyz")
    assert response.status_code == 503
    home.store.broken.clear()


async def test_metrics_count_what_waits(home: House, browser: Browser) -> None:
    await submitted(home)
    await home.writes("stranger@nowhere.example", "claims@mail.test", "Hello")
    await home.settle()
    text = (await browser.http.get("/metrics")).text
    assert 'mailbot_inbox_items{disposition="held"} 1.0' in text
    assert 'mailbot_inbox_items{disposition="quarantined"} 0.0' in text
    assert 'mailbot_paused{what="sending"} 0.0' in text


async def test_every_metric_is_explained_to_operators_and_no_other(browser: Browser) -> None:
    shown = set(re.findall(r"^mailbot_\w+", (await browser.http.get("/metrics")).text, re.MULTILINE))
    assert set(re.findall(r"^\| `(mailbot_\w+)`", OPERATORS, re.MULTILINE)) == shown


async def test_the_front_door_leads_where_one_belongs(signed_in: SignIn, browser: Browser) -> None:
    assert (await browser.http.get("/", follow_redirects=False)).headers["location"] == "/login"
    petr, ada = await signed_in(PETR), await signed_in(ADA)
    assert (await petr.http.get("/", follow_redirects=False)).headers["location"] == "/claims"
    assert (await ada.http.get("/", follow_redirects=False)).headers["location"] == "/office"


async def test_the_api_is_described_for_people_without_scripts(browser: Browser) -> None:
    text = await browser.open("/docs")
    assert "/api/v1/claims/{claim_id}/approve" in text
    assert "<script" not in browser.page.text
    assert (await browser.http.get("/openapi.json")).json()["info"]["title"] == "mailbot"


async def test_pages_speak_the_browsers_language_when_nobody_is_known(browser: Browser) -> None:
    for header, language in (("cs-CZ,cs;q=0.9", "cs"), ("zh-TW", "zh-TW"), ("xx", "en"), ("", "en"), ("pl", "pl")):
        response = await browser.http.get("/login", headers={"accept-language": header})
        assert f'<html lang="{language}">' in response.text
