"""Every page of the site, as a walk through one house: the one list for all tests that look at pages.

A page that a router serves and this list forgets fails `test_web_pages.py`.
"""

import hashlib
from dataclasses import dataclass, replace

from engine_house import ADA, JANA, PEOPLE, PETR, House, pdf
from web_visitors import RITA_ACTS, noticed, page_of, submitted

from mailbot.claims import events
from mailbot.store import outbox_office
from mailbot.store.people_import import import_people

SOW = hashlib.sha256(pdf()).hexdigest()
NOT_PAGES = frozenset(
    {
        "/", "/healthz", "/readyz", "/metrics", "/site.css", "/icon.svg", "/robots.txt", "/openapi.json",
        "/claims.csv", "/claims.xlsx", "/claims/sheet.{kind}", "/claims/drafts.{kind}",
        "/claims/{key}/files/{sha256}", "/p/{key}/files/{sha256}",
        "/office/mail/{item_id}/raw", "/claims/{key}/files/{sha256}/{page}/{size}.png", "/lab/{item_id}/html",
    }
)  # fmt: skip
"""What GET answers with something else than a page: files, programs' answers, ways on."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One page: its name, the route that serves it, its address, who has to be signed in, and what is pressed on it.

    `always_english`: a page for developers, in English whatever its reader speaks.
    """

    name: str
    route: str
    path: str
    who: str = ""
    press: str = ""
    always_english: bool = False


async def every_page(home: House, language: str = "en") -> list[Stop]:
    """A house in the middle of its work, whose people speak that language, and all its pages."""
    await _speak(home, language)
    asked = await submitted(home, language, "intune")
    items = (("missing_customer_ack", "Who signed?"), ("missing_or_old_dates", "When?"))
    await home.engine.act(asked, events.InfoRequested(id="ask", at=home.clock.now(), actor=RITA_ACTS, items=items))
    review = await submitted(home, language, "exchange_online")
    await noticed(home, language)
    customer, stop, partner = page_of(home, JANA, "c"), page_of(home, JANA, "u"), page_of(home, PETR, "p")
    notice = next(mail for mail in reversed(home.mails(JANA)) if mail.reply_to)
    held = await home.writes("assistant@customer.example", notice.reply_to, "Yes, we agree.", subject="Re: notice")
    await home.settle()
    async with home.store.read() as conn:
        mailed = (await outbox_office.list_items(conn, None, 1, None))[0].id
    return [
        Stop("login", "/login", "/login"),
        Stop("login-confirm", "/login/{token}", "/login/abc"),
        Stop("help", "/help", "/help"),
        Stop("customer", "/c/{token}", customer),
        Stop("customer-accept", "/c/{token}", customer, press='form[action$="/accept"] button'),
        Stop("confirm", "/c/{token}", page_of(home, JANA, "c")),
        Stop("unsubscribe", "/u/{token}", stop),
        Stop("claims", "/claims", "/claims", PETR),
        Stop("claim-new", "/claims/new", "/claims/new", PETR),
        Stop("claim-sheet", "/claims/sheet", "/claims/sheet", PETR),
        Stop("claim-partner", "/claims/{key}", f"/claims/{asked}", PETR),
        Stop("claim-edit", "/claims/{key}/edit", f"/claims/{asked}/edit", PETR),
        Stop("claim-history", "/claims/{key}/history", f"/claims/{asked}/history", PETR),
        Stop("claim-mail", "/p/{key}", partner),
        Stop("claim-mail-edit", "/p/{key}/edit", f"{partner}/edit"),
        Stop("claim-mail-history", "/p/{key}/history", f"{partner}/history"),
        Stop("office-queue", "/office", "/office", ADA),
        Stop("office-review", "/claims/{key}", f"/claims/{review}", ADA),
        Stop("office-leaf", "/claims/{key}/files/{sha256}/{page}", f"/claims/{review}/files/{SOW}/1", ADA),
        Stop("office-reports", "/office/reports", "/office/reports", ADA),
        Stop("office-bounced", "/office/mail", "/office/mail?disposition=bounced", ADA),
        Stop("office-questions", "/office/questions", "/office/questions", ADA),
        Stop("office-mail", "/office/mail", "/office/mail", ADA),
        Stop("office-mail-item", "/office/mail/{item_id}", f"/office/mail/{held}", ADA),
        Stop("office-people", "/office/people", "/office/people", ADA),
        Stop("missing", "", "/c/nonsense"),
        Stop("api", "/docs", "/docs", always_english=True),
        Stop("lab", "/lab/", "/lab/", always_english=True),
        Stop("lab-mail", "/lab/{item_id}", f"/lab/{mailed}", always_english=True),
    ]


async def _speak(home: House, language: str) -> None:
    firms = tuple(
        replace(firm, people=tuple(replace(person, language=language) for person in firm.people))
        for firm in PEOPLE.organisations
    )
    office = tuple(replace(person, language=language) for person in PEOPLE.reviewers)
    speaking = replace(PEOPLE, organisations=firms, reviewers=office)
    await home.store.write(lambda conn: import_people(conn, speaking, home.clock.now()))
