"""The partner's and the office's pages: sign in, draft, upload, submit, review, ask, answer, decide, dispute."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

from engine_house import ADA, JANA, PAVLA, PETR, RITA, ROLF, House, pdf
from web_visitors import Browser, noticed, page_of
from web_visitors import submitted as handed_in

from mailbot.claims.model import Association, Consent, Status

SignIn = Callable[[str], Awaitable[Browser]]

NEW = {
    "name": "Teams roll-out",
    "location_id": "4567890",
    "tenant_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "tenant_domain": "customer.example",
    "solution_area": "modern_work_security",
    "activity": "usage",
    "products__0__code": "teams",
    "customer__name": "Jana Nováková",
    "customer__title": "CIO",
    "customer__email": JANA,
    "customer__country": "CZ",
}


async def drafted(petr: Browser) -> str:
    await petr.open("/claims/new")
    await petr.press("/claims/new", **NEW)
    found = re.search(r"CLM-[0-9A-Z]{6}", str(petr.page.url))
    assert found, petr.text
    return found[0]


async def submitted(petr: Browser) -> str:
    claim_id = await drafted(petr)
    await petr.press(f"/claims/{claim_id}/evidence", files=[("file", ("sow.pdf", pdf(), "application/pdf"))])
    await petr.press(f"/claims/{claim_id}/submit")
    return claim_id


async def reviewer_of(home: House, claim_id: str, signed_in: SignIn) -> Browser:
    it = await signed_in((await home.claim(claim_id)).assigned_to)
    await it.open(f"/claims/{claim_id}")
    return it


async def test_a_link_signs_in_once_and_only_once(home: House, signed_in: SignIn, browser: Browser) -> None:
    petr = await signed_in(PETR)
    assert "Sign out" in petr.text
    link = re.findall(r"https://mail\.test(/login/\S+)", home.mails(PETR)[-1].text)[0]
    await browser.open(link)
    await browser.press(link)
    assert browser.page.status_code == 403


async def test_a_link_older_than_a_quarter_of_an_hour_looks_like_a_used_one(home: House, browser: Browser) -> None:
    await browser.open("/login")
    await browser.press("/login", email=PETR)
    await home.settle()
    link = re.findall(r"https://mail\.test(/login/\S+)", home.mails(PETR)[-1].text)[0]
    await browser.open(link)
    await browser.press(link, wait=16 * 60)
    stale = browser.page
    made_up = await browser.http.post("/login/made-up")
    assert (stale.status_code, stale.text) == (made_up.status_code, made_up.text)


async def test_opening_a_sign_in_link_does_not_use_it_up(home: House, browser: Browser) -> None:
    await browser.open("/login")
    await browser.press("/login", email=PETR)
    await home.settle()
    link = re.findall(r"https://mail\.test(/login/\S+)", home.mails(PETR)[-1].text)[0]
    for _ in range(5):
        await browser.http.get(link)
        await browser.http.head(link)
    await browser.open(link)
    await browser.press(link)
    assert "Sign out" in browser.text


async def test_asking_for_a_link_says_the_same_to_everybody(home: House, browser: Browser) -> None:
    pages = []
    for email in (PETR, "nobody@nowhere.example", "not an address"):
        await browser.open("/login")
        await browser.press("/login", email=email)
        pages.append((browser.page.status_code, browser.page.text))
    await home.settle()
    assert len(set(pages)) == 1
    assert home.mails("nobody@nowhere.example") == []


async def test_asking_again_and_again_sends_a_few_links_only(home: House, browser: Browser) -> None:
    for _ in range(8):
        await browser.open("/login")
        await browser.press("/login", email=PETR)
    await home.settle()
    assert (await home.codes(PETR)).count("sign_in") == 3


async def test_leaving_ends_the_session_everywhere(home: House, signed_in: SignIn, browser: Browser) -> None:
    petr = await signed_in(PETR)
    copied = dict(petr.http.cookies)
    await petr.open("/claims")
    await petr.press("/logout")
    assert "Sign in" in petr.text
    browser.http.cookies.update(copied)
    await browser.open("/claims")
    assert "There are no passwords here" in browser.text


async def test_the_session_cookie_is_strict_and_for_this_host_only(home: House, signed_in: SignIn) -> None:
    petr = await signed_in(PETR)
    cookie = next(r.headers["set-cookie"] for r in petr.page.history if "set-cookie" in r.headers).lower()
    assert cookie.startswith("__host-mailbot=")
    for flag in ("httponly", "secure", "samesite=strict", "path=/"):
        assert flag in cookie


async def test_a_removed_person_is_out_at_the_next_page(home: House, signed_in: SignIn) -> None:
    from mailbot.store import people

    petr = await signed_in(PETR)
    await home.store.write(lambda conn: people.remove(conn, PETR, home.clock.now()))
    await petr.open("/claims")
    assert "There are no passwords here" in petr.text


async def test_a_claim_is_drafted_completed_and_submitted_in_the_browser(home: House, signed_in: SignIn) -> None:
    petr = await signed_in(PETR)
    claim_id = await drafted(petr)
    assert (await home.claim(claim_id)).status is Status.DRAFT
    assert "Still missing" in petr.text
    await petr.press(f"/claims/{claim_id}/submit")
    assert petr.page.status_code == 409
    assert "Nothing was changed" in petr.text
    await petr.press(f"/claims/{claim_id}/evidence", files=[("file", ("sow.pdf", pdf(), "application/pdf"))])
    assert "sow.pdf" in petr.text
    await petr.press(f"/claims/{claim_id}/submit")
    claim = await home.claim(claim_id)
    assert claim.status is Status.SUBMITTED
    assert claim.customer.name == "Jana Nováková"
    await home.settle()
    assert "claim_submitted" in await home.codes(PETR)


async def test_every_defect_of_a_new_claim_is_shown_and_what_was_typed_stays(home: House, signed_in: SignIn) -> None:
    petr = await signed_in(PETR)
    await petr.open("/claims/new")
    await petr.press("/claims/new", name="Half a claim")
    assert petr.page.status_code == 422
    assert 'value="Half a claim"' in petr.page.text
    for field in ("Tenant", "Products", "Customer contact"):
        assert f"{field} : This is missing." in petr.text


async def test_pressing_create_twice_makes_one_claim(home: House, signed_in: SignIn) -> None:
    petr = await signed_in(PETR)
    await petr.open("/claims/new")
    form = petr.form("/claims/new") | {name.replace("__", "."): value for name, value in NEW.items()}
    first = await petr.http.post("/claims/new", data=form)
    second = await petr.http.post("/claims/new", data=form)
    assert first.url == second.url
    await petr.open("/claims")
    assert len(set(re.findall(r"CLM-[0-9A-Z]{6}", petr.page.text))) == 1


async def test_fields_are_edited_and_a_stale_form_changes_nothing(home: House, signed_in: SignIn) -> None:
    petr = await signed_in(PETR)
    claim_id = await drafted(petr)
    await petr.open(f"/claims/{claim_id}/edit")
    stale = petr.form(f"/claims/{claim_id}/edit")
    await petr.press(
        f"/claims/{claim_id}/edit", name="Another name", second__name="Karel", second__email="karel@customer.example"
    )
    claim = await home.claim(claim_id)
    assert claim.name == "Another name"
    assert claim.second is not None
    assert claim.second.email == "karel@customer.example"
    response = await petr.http.post(
        f"/claims/{claim_id}/edit", data=stale | {"name": "Third", "nonce": home_nonce(petr)}
    )
    assert response.status_code in (403, 409)
    assert (await home.claim(claim_id)).name == "Another name"


def home_nonce(browser: Browser) -> str:
    found = re.search(r'name="nonce" value="([^"]+)"', browser.page.text)
    assert found
    return found[1]


async def test_questions_are_asked_and_answered_in_the_browser(home: House, signed_in: SignIn) -> None:
    petr = await signed_in(PETR)
    claim_id = await submitted(petr)
    rita = await reviewer_of(home, claim_id, signed_in)
    await rita.press(
        f"/claims/{claim_id}/request-info",
        ask__signature="Who signed?",
        ask__date="When?",
        **{f"check.{code}": "1" for code in ("parties", "tenant", "work", "product:teams")},
    )
    await home.passes(timedelta(minutes=11))
    assert (await home.claim(claim_id)).status is Status.ACTION_REQUIRED
    await petr.open(f"/claims/{claim_id}")
    assert "Who signed?" in petr.text
    await petr.press(f"/claims/{claim_id}/answer", answer__1="Jana signed, page 4.")
    assert (await home.claim(claim_id)).status is Status.ACTION_REQUIRED
    await petr.press(f"/claims/{claim_id}/answer", files=[("file.2", ("dates.pdf", pdf("dates"), "application/pdf"))])
    claim = await home.claim(claim_id)
    assert claim.status is Status.SUBMITTED
    assert [q.answer for q in claim.questions] == ["Jana signed, page 4.", "dates.pdf"]
    assert [e.name for e in claim.evidence] == ["sow.pdf", "dates.pdf"]


async def test_a_reviewer_starts_and_approves_with_the_contact_check(home: House, signed_in: SignIn) -> None:
    petr = await signed_in(PETR)
    claim_id = await submitted(petr)
    rita = await reviewer_of(home, claim_id, signed_in)
    await rita.press(f"/claims/{claim_id}/start-review")
    assert (await home.claim(claim_id)).status is Status.UNDER_REVIEW
    some = {"check.parties": "1", "check.tenant": "1", "contact_verified": "true", "contact_source": "page 4"}
    await rita.press(f"/claims/{claim_id}/approve", **some)
    assert "Not everything is ticked" in rita.text
    rest = {f"check.{code}": "1" for code in ("signature", "date", "work", "product:teams")}
    await rita.press(f"/claims/{claim_id}/approve", **some, **rest, page__signature="4")
    assert "signature p. 4" in rita.text
    assert "signature p. 4" not in await petr.open(f"/claims/{claim_id}")
    await home.passes(timedelta(minutes=11))
    claim = await home.claim(claim_id)
    assert claim.status is Status.APPROVED
    assert claim.contact_verified
    assert claim.contact_source == "page 4"


async def test_a_rejection_is_disputed_and_upheld_by_another_reviewer(home: House, signed_in: SignIn) -> None:
    petr = await signed_in(PETR)
    claim_id = await submitted(petr)
    rita = await reviewer_of(home, claim_id, signed_in)
    await rita.press(f"/claims/{claim_id}/reject", reason="insufficient_poe", text="Page 2 is missing.")
    await home.passes(timedelta(minutes=11))
    assert (await home.claim(claim_id)).status is Status.REJECTED
    await petr.open(f"/claims/{claim_id}")
    assert "Page 2 is missing." in petr.text
    await petr.press(
        f"/claims/{claim_id}/dispute", text="It is here.", files=[("file", ("p2.pdf", pdf("p2"), "application/pdf"))]
    )
    assert (await home.claim(claim_id)).status is Status.DISPUTED
    await rita.open(f"/claims/{claim_id}")
    second = await reviewer_of(home, claim_id, signed_in)
    await second.press(f"/claims/{claim_id}/uphold", text="Still not shown.")
    await home.passes(timedelta(minutes=11))
    assert (await home.claim(claim_id)).status is Status.REJECTED_FINAL


async def test_comments_withdrawal_and_only_the_buttons_that_work(home: House, signed_in: SignIn) -> None:
    petr = await signed_in(PETR)
    claim_id = await submitted(petr)
    await petr.press(f"/claims/{claim_id}/comment", text="<b>Hello</b>")
    assert "<b>Hello</b>" not in petr.page.text
    assert "<b>Hello</b>" in petr.text or "Hello" in petr.text
    assert not petr.has(f"/claims/{claim_id}/submit")
    assert not petr.has(f"/claims/{claim_id}/approve")
    await petr.press(f"/claims/{claim_id}/withdraw", text="Wrong location.")
    claim = await home.claim(claim_id)
    assert (claim.status, claim.reason) == (Status.REJECTED, "partner_request")


async def test_an_active_association_is_ended_by_its_partner(home: House, signed_in: SignIn) -> None:
    claim_id = await noticed(home)
    await home.passes(timedelta(days=12))
    petr = await signed_in(PETR)
    await petr.open(f"/claims/{claim_id}")
    await petr.press(f"/claims/{claim_id}/disassociate", text="The contract ended.")
    assert (await home.claim(claim_id)).association is Association.ENDED


async def test_a_partner_link_acts_as_the_person_it_was_mailed_to(home: House, browser: Browser) -> None:
    claim_id = await handed_in(home)
    page = page_of(home, PETR, "p")
    await browser.open(page)
    assert claim_id in browser.text
    await browser.press(f"{page}/comment", text="By the link.")
    comment = (await home.claim(claim_id)).comments[-1]
    assert comment.text == "By the link."
    assert "petr" in comment.by.lower()
    await browser.open("/claims")
    assert "There are no passwords here" in browser.text


async def test_a_partner_link_that_expired_shows_the_way_to_sign_in(home: House, browser: Browser) -> None:
    await handed_in(home)
    read = home.tokens.read(page_of(home, PETR, "p").removeprefix("/p/"))
    assert read is not None
    stale = home.tokens.address("p", read.handle, (home.clock.now() - timedelta(days=9)).date())
    response = await browser.http.get(f"/p/{stale}")
    assert response.status_code == 403
    assert "Sign in" in response.text


async def test_a_user_without_the_right_sees_no_button_and_gets_no_further(home: House, signed_in: SignIn) -> None:
    petr = await signed_in(PETR)
    claim_id = await drafted(petr)
    pavla = await signed_in(PAVLA)
    await pavla.open(f"/claims/{claim_id}")
    assert not pavla.has(f"/claims/{claim_id}/submit")
    response = await pavla.http.post(f"/claims/{claim_id}/submit", data={"nonce": home_nonce(pavla)})
    assert response.status_code == 409
    assert (await home.claim(claim_id)).status is Status.DRAFT


async def test_another_firm_sees_nothing_at_all(home: House, signed_in: SignIn) -> None:
    claim_id = await handed_in(home)
    carla = await signed_in("carla@contoso.example")
    for path in ("", "/edit", "/history", f"/files/{'0' * 64}"):
        response = await carla.http.get(f"/claims/{claim_id}{path}")
        missing = await carla.http.get(f"/claims/CLM-222222{path}")
        assert response.status_code == missing.status_code == 404
        assert strip(response.text) == strip(missing.text)
    response = await carla.http.post(f"/claims/{claim_id}/comment", data={"text": "x"})
    assert response.status_code == 404
    await carla.open("/claims")
    assert claim_id not in carla.text
    for office in ("/office", "/office/mail", "/office/people", "/office/mail/1", "/office/mail/1/raw"):
        assert (await carla.http.get(office)).status_code == 404


def strip(text: str) -> str:
    return re.sub(r'value="[^"]+"', "", text)


async def test_evidence_comes_back_as_an_attachment_that_nothing_runs(home: House, signed_in: SignIn) -> None:
    petr = await signed_in(PETR)
    claim_id = await submitted(petr)
    sha256 = (await home.claim(claim_id)).evidence[0].sha256
    response = await petr.http.get(f"/claims/{claim_id}/files/{sha256}")
    assert response.content == pdf()
    assert response.headers["content-disposition"].startswith("attachment;")
    assert response.headers["content-security-policy"].startswith("sandbox")
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_the_list_searches_filters_sorts_and_pages(home: House, signed_in: SignIn) -> None:
    petr = await signed_in(PETR)
    claim_id = await submitted(petr)
    for query, found in (
        ("q=teams", True),
        (f"q={claim_id[:6]}", True),
        ("q=zzz", False),
        ("status=submitted", True),
        ("status=draft", False),
        ("area=business_applications", False),
        (f"customer={JANA}", True),
        ("partner=Fabrikam", True),
        ("partner=Contoso Consulting", False),
        (f"partner={PETR}", True),
        ("from=2026-03-01&to=2026-03-03", True),
        ("from=2030-01-01", False),
        ("sort=due", True),
        ("sort=name", True),
    ):
        await petr.open(f"/claims?{query}")
        assert petr.page.status_code == 200, query
        assert (claim_id in petr.text) is found, query
    for nonsense in ("sort=drop table", "cursor=x", "from=yesterday", "limit=9999", "status=odd"):
        assert (await petr.http.get(f"/claims?{nonsense}")).status_code == 422, nonsense


async def test_exports_hold_the_list_and_run_no_formula(home: House, signed_in: SignIn) -> None:
    petr = await signed_in(PETR)
    await petr.open("/claims/new")
    await petr.press("/claims/new", **(NEW | {"name": "=HYPERLINK(1)"}))
    csv = await petr.http.get("/claims.csv?status=draft")
    assert csv.content.startswith(b"\xef\xbb\xbf")
    assert "'=HYPERLINK(1)" in csv.content.decode("utf-8-sig")
    xlsx = await petr.http.get("/claims.xlsx")
    assert xlsx.content.startswith(b"PK")


async def test_the_queue_shows_what_is_due_first_and_what_is_late(home: House, signed_in: SignIn) -> None:
    petr = await signed_in(PETR)
    claim_id = await submitted(petr)
    rita = await signed_in(RITA)
    await rita.open("/office")
    assert claim_id in rita.text
    assert "late" not in rita.text
    home.clock.advance(timedelta(days=20))
    rita = await signed_in(RITA)
    await rita.open("/office")
    assert "late" in rita.text


async def test_held_mail_is_shown_with_its_reason_and_attached_by_an_admin(home: House, signed_in: SignIn) -> None:
    claim_id = await handed_in(home)
    item_id = await home.writes(
        "stranger@nowhere.example", "claims@mail.test", "<script>x</script> hello", subject="Hi <b>"
    )
    await home.settle()
    ada = await signed_in(ADA)
    await ada.open("/office/mail")
    assert "Hi <b>" in ada.text or "Hi" in ada.text
    assert "unknown sender" in ada.text
    await ada.open(f"/office/mail/{item_id}")
    assert "<script>" not in ada.page.text
    raw = await ada.http.get(f"/office/mail/{item_id}/raw")
    assert raw.headers["content-type"].startswith("text/plain")
    rolf = await signed_in(ROLF)
    await rolf.open(f"/office/mail/{item_id}")
    assert not rolf.has(f"/office/mail/{item_id}/attach")
    await ada.press(f"/office/mail/{item_id}/attach", claim=claim_id)
    assert (await home.item(item_id)).claim_id == claim_id
    assert (await home.item(item_id)).disposition == "accepted"


async def test_the_office_answers_a_customer_and_resends_the_notice(
    home: House, signed_in: SignIn, browser: Browser
) -> None:
    claim_id = await noticed(home)
    page = page_of(home, JANA, "c")
    await browser.open(page)
    await browser.press(f"{page}/ask", text="What is seen?")
    ada = await signed_in(ADA)
    await ada.open(f"/claims/{claim_id}")
    assert "What is seen?" in ada.text
    await ada.press(f"/claims/{claim_id}/answer-customer", text="Only numbers.")
    await home.settle()
    assert "question_answered" in await home.codes(JANA)
    await ada.open(f"/claims/{claim_id}")
    await ada.press(f"/claims/{claim_id}/resend-notice", contact_verified="true", contact_source="page 4")
    assert ada.page.status_code == 200


async def test_an_admin_records_a_decline_made_by_phone(home: House, signed_in: SignIn) -> None:
    claim_id = await noticed(home)
    ada = await signed_in(ADA)
    await ada.open(f"/claims/{claim_id}")
    await ada.press(f"/claims/{claim_id}/record-decline", how="phone", text="She called at nine.")
    assert (await home.claim(claim_id)).consent is Consent.DECLINED
    rita = await signed_in(RITA)
    await rita.open(f"/claims/{claim_id}")
    assert not rita.has(f"/claims/{claim_id}/record-decline")


async def test_a_pause_is_shown_on_every_office_page(home: House, signed_in: SignIn) -> None:
    from mailbot.store import settings

    await home.store.write(lambda conn: settings.pause(conn, "timers", paused=True))
    ada = await signed_in(ADA)
    for path in ("/office", "/office/mail", "/office/people", "/claims"):
        await ada.open(path)
        assert "No deadline runs out" in ada.text, path


async def test_the_people_page_lists_firms_locations_and_roles(home: House, signed_in: SignIn) -> None:
    ada = await signed_in(ADA)
    text = await ada.open("/office/people")
    for said in ("Fabrikam", "4567890", PETR, "incentives admin", RITA):
        assert said in text


async def test_a_held_act_is_confirmed_on_the_page_that_was_mailed(home: House, browser: Browser) -> None:
    await handed_in(home)
    mail = home.mails(PETR)[-1]
    await home.writes("someone@else.example", mail.reply_to, "withdraw: I am Petr, honestly.", subject="Re: claim")
    await home.settle()
    assert "confirm_act" in await home.codes(PETR)
    page = page_of(home, PETR, "p")
    await browser.open(page)
    assert browser.has(f"{page}/confirm")
    await browser.press(f"{page}/confirm", wait=1)
    assert "once more" in browser.text
    await browser.press(f"{page}/confirm")
    assert "Thank you" in browser.text


async def test_a_decision_on_the_page_waits_and_can_be_taken_back(home: House, signed_in: SignIn) -> None:
    petr = await signed_in(PETR)
    claim_id = await submitted(petr)
    rita = await reviewer_of(home, claim_id, signed_in)
    await rita.press(f"/claims/{claim_id}/reject", reason="insufficient_poe", text="Page 2 is missing.")
    assert "Decided, not yet in effect" in rita.text
    assert "Page 2 is missing." not in await petr.open(f"/claims/{claim_id}")
    await rita.press(f"/claims/{claim_id}/take-back")
    await home.passes(timedelta(minutes=11))
    assert (await home.claim(claim_id)).status is Status.SUBMITTED
    await rita.press(f"/claims/{claim_id}/reject", reason="insufficient_poe", text="Page 3 is missing.")
    await home.passes(timedelta(minutes=11))
    claim = await home.claim(claim_id)
    assert (claim.status, claim.reason_text, claim.pending) == (Status.REJECTED, "Page 3 is missing.", None)


async def test_a_reviewer_gives_the_claim_to_another(home: House, signed_in: SignIn) -> None:
    petr = await signed_in(PETR)
    claim_id = await submitted(petr)
    rita = await reviewer_of(home, claim_id, signed_in)
    others = set(re.findall(r'<option value="([^"]+@office\.example)"', rita.page.text))
    other = min(others - {(await home.claim(claim_id)).assigned_to})
    await rita.press(f"/claims/{claim_id}/assign", reviewer=other)
    assert (await home.claim(claim_id)).assigned_to == other
