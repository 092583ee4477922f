"""The office's reports: who has how many claims, what is due when, how long steps take, how claims end, what is active.

Charts are pictures made here, each with a table that says the same (WCAG 1.1.1). Reads only.
"""

from datetime import timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from mailbot.store import absences, claim_lists, people
from mailbot.store.claim_lists import ClaimFilter
from mailbot.web.figures import associations, bars, due_days, outcomes, took
from mailbot.web.office import due_items, office_visitor, waiting_claims
from mailbot.web.site import site_of
from mailbot.wording import catalogues, dates
from mailbot.wording.marking import mark

router = APIRouter(prefix="/office/reports", include_in_schema=False)

PERIOD = timedelta(days=180)
_MOST_CLAIMS = 1000
_MOST_LINES = 60
"""Associations on the page, for its weight; who looks for one names its tenant or subscription."""


@router.get("")
async def reports(request: Request, q: str = "") -> Response:
    """All of them on one page; `q` is a tenant or subscription id among the associations."""
    site = site_of(request)
    visitor = await office_visitor(site, request)
    if isinstance(visitor, Response):
        return visitor
    now, zone, language = site.now(), site.config.office_time_zone, visitor.language
    async with site.store.read() as conn:
        desk = await people.review_desk(conn, now)
        away = await absences.present(conn, now)
        owed = due_items(await waiting_claims(conn, now), now)
        recent = await claim_lists.page(conn, ClaimFilter(since=now - PERIOD), limit=_MOST_CLAIMS)
        approved = await claim_lists.page(conn, ClaimFilter(status=("approved",)), limit=_MOST_CLAIMS)
    passed = site.templates.translate(mark("passed"), language)
    days = due_days(owed, now, zone)
    names = [dates.day(load.day, catalogues.language(language), zone) if load.day else passed for load in days]
    lines = associations(approved.items, q)
    context = {
        "workload": bars({one.email: one.load for one in desk}),
        "away": away,
        "days": bars(dict(zip(names, (load.items for load in days), strict=True))),
        "took": took(recent.items),
        "outcomes": outcomes(recent.items),
        "counted": len(recent.items),
        "lines": lines[:_MOST_LINES],
        "more": max(0, len(lines) - _MOST_LINES),
        "q": q[:100],
    }
    return await site.page(request, "office_reports", visitor, context, here="reports")
