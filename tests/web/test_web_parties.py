"""Several parties at once: joined notices, second contacts, rivals, reviewers' links, proxies in between."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from engine_house import ADA, JANA, PETR, RITA, House, pdf
from web_visitors import BODY, CONTOSO, PETR_ACTS, RITA_ACTS, Browser, Client, noticed, page_of, submitted

from mailbot.claims import events
from mailbot.claims.model import Association, Channel, Claim, Consent, Product, Status
from mailbot.store.people_import import organisation_id

SignIn = Callable[[str], Awaitable[Browser]]
Make = Callable[..., Awaitable[Client]]


async def two_joined(home: House) -> tuple[str, str]:
    """Two claims of one firm whose notices left as one mail."""
    first = await submitted(home)
    other = replace(await home.claim(first), id=home.ids.claim(), version=0, products=(Product(code="intune"),))
    base: dict[str, Any] = {"at": home.clock.now(), "actor": PETR_ACTS, "channel": Channel.WEB}
    fresh = Claim(
        **{name: getattr(other, name) for name in ("id", "version", "policy", "created_at", "organisation_id",
           "organisation_name", "name", "location_id", "tenant_id", "tenant_domain", "solution_area", "activity",
           "products", "customer", "partner")}
    )  # fmt: skip
    await home.engine.create(events.Drafted(id="draft2", claim=fresh, **base))
    await home.engine.add_files(fresh.id, PETR_ACTS, Channel.WEB, [("b.pdf", pdf("b"))])
    outcome = await home.engine.act(fresh.id, events.Submitted(id="submit2", **base))
    assert outcome.refusal is None, outcome.refusal
    for number, claim_id in enumerate((first, fresh.id)):
        approved = events.Approved(
            id=f"approve{number}", at=home.clock.now(), actor=RITA_ACTS, contact_verified=True, contact_source="p. 4"
        )
        assert (await home.engine.act(claim_id, approved)).refusal is None
    await home.settle()
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    return first, fresh.id


async def test_a_joined_notice_has_a_button_for_each_claim_and_one_for_all(home: House, browser: Browser) -> None:
    first, second = await two_joined(home)
    page = page_of(home, JANA, "c")
    text = await browser.open(page)
    assert first in text
    assert second in text
    form = browser.form(f"{page}/decline")
    home.clock.advance(timedelta(seconds=3))
    await browser.http.post(f"{page}/decline", data=form | {"claim": second})
    assert (await home.claim(second)).consent is Consent.DECLINED
    assert (await home.claim(first)).consent is Consent.PENDING
    await browser.http.post(f"{page}/decline", data=form | {"claim": "CLM-222222"})
    assert (await home.claim(first)).consent is Consent.PENDING
    await browser.http.post(f"{page}/decline", data={"nonce": form["nonce"]})
    assert (await home.claim(first)).consent is Consent.DECLINED


async def test_a_no_to_all_declines_all_and_each_can_be_undone(home: House, browser: Browser) -> None:
    first, second = await two_joined(home)
    page = page_of(home, JANA, "c")
    await browser.open(page)
    assert "No to all" in browser.text
    home.clock.advance(timedelta(seconds=3))
    browser.page = await browser.http.post(f"{page}/decline", data={"nonce": browser.form(f"{page}/decline")["nonce"]})
    assert {(await home.claim(i)).consent for i in (first, second)} == {Consent.DECLINED}
    await browser.press(f"{page}/undo")
    await browser.press(f"{page}/undo")
    assert (await home.claim(first)).consent is not Consent.DECLINED
    assert (await home.claim(second)).consent is Consent.DECLINED


async def test_a_customer_whose_contact_was_checked_sees_everything_on_the_tenant(
    home: House, browser: Browser, client: Make
) -> None:
    first, second = await two_joined(home)
    page = page_of(home, JANA, "c")
    partner = await client("partner")
    stranger = await partner.made(products=[{"code": "exchange_online"}])
    text = await browser.open(page)
    assert second in text
    assert stranger["id"] not in text
    assert first in text


async def test_a_customers_page_names_whom_the_claim_would_replace_and_no_partner_sees_it(
    home: House, browser: Browser, signed_in: SignIn, client: Make
) -> None:
    incumbent = await noticed(home)
    await home.passes(timedelta(days=12))
    assert (await home.claim(incumbent)).association is Association.ACTIVE
    rival = await client("partner", CONTOSO)
    location = {"location_id": "7654321", "partner": {"name": "Carla Klein", "email": "carla@contoso.example"}}
    made = await rival.made(**location)
    await rival.http.post(f"/claims/{made['id']}/evidence", files=[("file", ("c.pdf", pdf("c"), "application/pdf"))])
    answer = (await rival("POST", f"/claims/{made['id']}/submit")).json()
    assert answer["contested"] is True
    assert "Fabrikam" not in str(answer)
    carla = await signed_in("carla@contoso.example")
    assert "Fabrikam" not in await carla.open(f"/claims/{made['id']}")
    assert "Another partner claims the same" in carla.text
    ada = await signed_in(ADA)
    await ada.open(f"/claims/{made['id']}")
    assert incumbent in ada.text
    assert not ada.has(f"/claims/{made['id']}/approve")
    await ada.press(
        f"/claims/{made['id']}/arbitrate",
        winner=made["id"],
        text="Newer evidence.",
        contact_verified="true",
        contact_source="page 1",
    )
    await home.passes(timedelta(minutes=11))
    assert (await home.claim(made["id"])).status is Status.APPROVED
    await home.settle()
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    text = await browser.open(page_of(home, JANA, "c"))
    assert "Would replace" in text
    assert "Fabrikam" in text


async def test_a_page_token_of_a_reviewer_opens_the_review_without_signing_in(home: House, browser: Browser) -> None:
    claim_id = await submitted(home)
    read = home.tokens.read(home.mails((await home.claim(claim_id)).assigned_to)[-1].reply_to.partition("@")[0])
    assert read is not None
    page = f"/p/{home.tokens.address('p', read.handle, None)}"
    await browser.open(page)
    await browser.press(f"{page}/start-review")
    assert (await home.claim(claim_id)).status is Status.UNDER_REVIEW


async def test_a_reviewers_link_leads_through_the_sign_in_to_the_claim(home: House, browser: Browser) -> None:
    claim_id = await submitted(home)
    reviewer = (await home.claim(claim_id)).assigned_to
    assert f"https://mail.test/claims/{claim_id}" in home.mails(reviewer)[-1].text
    await browser.open(f"/claims/{claim_id}")
    await browser.press("/login", email=reviewer)
    await home.settle()
    link = re.findall(r"https://mail\.test(/login/\S+)", home.mails(reviewer)[-1].text)[0]
    await browser.open(link)
    await browser.press(link)
    assert str(browser.page.url).endswith(f"/claims/{claim_id}")


async def test_a_link_in_web_mail_finds_the_session_again(home: House, signed_in: SignIn) -> None:
    claim_id = await submitted(home)
    petr = await signed_in(PETR)
    kept = dict(petr.http.cookies)
    petr.http.cookies.clear()
    first = await petr.http.get(f"/claims/{claim_id}", headers={"sec-fetch-site": "cross-site"})
    assert f'content="0; url=/claims/{claim_id}"' in first.text
    petr.http.cookies.update(kept)
    again = await petr.http.get(f"/claims/{claim_id}", headers={"sec-fetch-site": "same-origin"})
    assert claim_id in again.text


async def test_signing_in_leads_to_our_own_pages_only(home: House, browser: Browser) -> None:
    for to in ("//evil.test/", "https://evil.test/", "/\\evil.test", "javascript:alert(1)"):
        await browser.open("/login")
        form = browser.form("/login")
        await browser.http.post("/login", data=form | {"email": PETR, "to": to})
        await browser.http.get("/login", params={"to": to})
        home.clock.advance(timedelta(minutes=20))
    await home.settle()
    for mail in home.mails(PETR):
        link = re.findall(r"https://mail\.test(/login/\S+)", mail.text)
        if link:
            payload = home.tokens.loads("sign_in", link[0].removeprefix("/login/"), timedelta(days=1), home.clock.now())
            assert payload is not None
            assert payload["to"] == ""


async def test_a_second_contact_declines_and_may_not_undo_what_is_not_theirs(
    home: House, browser: Browser, client: Make
) -> None:
    partner, reviewer = await client("partner"), await client("reviewer")
    second = {"name": "Karel Druhý", "email": "karel@customer.example", "country": "CZ", "language": "cs"}
    claim = await partner.made(second=second)
    await partner.http.post(f"/claims/{claim['id']}/evidence", files=[("file", ("s.pdf", pdf(), "application/pdf"))])
    await partner("POST", f"/claims/{claim['id']}/submit")
    await reviewer("POST", f"/claims/{claim['id']}/approve", {"contact_verified": True, "contact_source": "p. 1"})
    await home.settle()
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    away = events.CustomerAway(id="away", at=home.clock.now(), until=None)
    await home.engine.act(claim["id"], away)
    await home.settle()
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    page = page_of(home, "karel@customer.example", "c")
    await browser.open(page)
    assert '<html lang="cs">' in browser.page.text
    await browser.press(f"{page}/decline")
    assert (await home.claim(claim["id"])).consent is Consent.DECLINED


async def test_a_held_act_of_a_customer_is_confirmed_by_its_page(home: House, browser: Browser) -> None:
    claim_id = await noticed(home)
    mail = next(m for m in reversed(home.mails(JANA)) if m.reply_to)
    await home.writes("assistant@customer.example", mail.reply_to, "Yes, we agree.", subject="Re: notice")
    await home.settle()
    assert "confirm_act" in await home.codes(JANA)
    page = page_of(home, JANA, "c")
    await browser.open(page)
    assert browser.has(f"{page}/confirm")
    await browser.press(f"{page}/confirm")
    assert "Thank you" in browser.text
    await home.settle()
    assert (await home.claim(claim_id)).consent is Consent.ACCEPTED


async def test_only_a_trusted_proxy_says_where_a_visitor_comes_from(home: House, site: Any) -> None:
    from starlette.requests import Request

    from mailbot.config import load_config
    from mailbot.web.access import peer_of

    def request(peer: str, *forwarded: str) -> Request:
        headers = [(b"x-forwarded-for", field.encode()) for field in forwarded]
        return Request({"type": "http", "headers": headers, "client": (peer, 1234)})

    env = {"MAILBOT_HTTP__TRUSTED_PROXIES": '["10.0.0.0/8"]'}
    trusting = replace(site.state.site, config=load_config(None, env))
    assert peer_of(site.state.site, request("10.0.0.1", "203.0.113.9")) == "10.0.0.1"
    assert peer_of(trusting, request("10.0.0.1", "203.0.113.9")) == "203.0.113.9"
    assert peer_of(trusting, request("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2")) == "203.0.113.9"
    assert peer_of(trusting, request("198.51.100.7", "203.0.113.9")) == "198.51.100.7"
    assert peer_of(trusting, request("10.0.0.1", "")) == peer_of(trusting, request("10.0.0.1")) == "10.0.0.1"
    assert peer_of(trusting, request("10.0.0.1", "1.1.1.1", "203.0.113.9")) == "203.0.113.9"
    assert peer_of(trusting, request("10.0.0.1", "10.0.0.9, 203.0.113.9, nonsense")) == "nonsense"


async def test_a_copied_claim_starts_from_what_the_other_says(home: House, signed_in: SignIn) -> None:
    claim_id = await submitted(home)
    petr, carla = await signed_in(PETR), await signed_in("carla@contoso.example")
    await petr.open(f"/claims/new?copy={claim_id}")
    assert BODY["tenant_id"] in petr.page.text
    await carla.open(f"/claims/new?copy={claim_id}")
    assert BODY["tenant_id"] not in carla.page.text


async def test_the_whole_history_pages_and_knows_what_is_not_the_readers_to_know(
    home: House, signed_in: SignIn
) -> None:
    claim_id = await noticed(home)
    petr, rita = await signed_in(PETR), await signed_in(RITA)
    assert "Approved" in await petr.open(f"/claims/{claim_id}/history")
    assert RITA not in petr.text
    assert RITA in await rita.open(f"/claims/{claim_id}/history")
    assert organisation_id("Fabrikam").startswith("org-")
