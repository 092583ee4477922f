"""The list of claims a visitor may see, its exports, and the form for a new one.

A filter that makes no sense shows the list without it and says so.
"""

import asyncio
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from mailbot.claims.catalogue import shipped_catalogue
from mailbot.claims.model import Claim, ClockKind, Status
from mailbot.web.access import please_sign_in, same_origin, visitor_of
from mailbot.web.claim_edit import blank_fields, create, new_form
from mailbot.web.downloads import table_file
from mailbot.web.exports import MOST_ROWS, table_of
from mailbot.web.forms import BadForm
from mailbot.web.listing import FILTERS, Query, all_claims, list_claims, query_of
from mailbot.web.site import Site, Visitor, site_of
from mailbot.wording.marking import mark

router = APIRouter(include_in_schema=False)

_SORTS = (
    ("-created", mark("Newest first")),
    ("created", mark("Oldest first")),
    ("-changed", mark("Changed last")),
    ("due", mark("Next date")),
    ("name", mark("Name")),
    ("domain", mark("Tenant domain")),
    ("customer", mark("Customer")),
)
_QUIET = frozenset(
    {ClockKind.RETENTION, ClockKind.UNDO, ClockKind.TAKE_BACK, ClockKind.SUBSCRIPTION, ClockKind.DELIVERY_SLACK}
)


@router.get("/claims")
async def index(request: Request) -> Response:
    """The list, filtered and sorted, a page at a time."""
    site = site_of(request)
    visitor = await visitor_of(site, request)
    if visitor is None:
        return await please_sign_in(site, request)
    errors: tuple[object, ...] = ()
    try:
        query = query_of(dict(request.query_params))
        found = await _page(site, visitor, query)
    except BadForm as bad:
        query, errors = Query(filters={}), bad.errors
        found = await _page(site, visitor, query)
    context = _context(site, visitor, query, found.items) | {"errors": errors}
    context["next"] = _address({**query.filters, "cursor": found.next}) if found.next else ""
    return await site.page(request, "claims", visitor, context, here="claims", status=422 if errors else 200)


@router.get("/claims.csv")
async def export_csv(request: Request) -> Response:
    """The list as filtered, as CSV."""
    return await _export(request, "csv")


@router.get("/claims.xlsx")
async def export_xlsx(request: Request) -> Response:
    """The list as filtered, as a workbook."""
    return await _export(request, "xlsx")


@router.get("/claims/new")
async def blank(request: Request, copy: str = "") -> Response:
    """The form for a new claim, perhaps with what another claim says."""
    site = site_of(request)
    visitor = await visitor_of(site, request)
    if visitor is None:
        return await please_sign_in(site, request)
    return await new_form(site, request, visitor, await blank_fields(site, visitor, copy))


@router.post("/claims/new")
async def write(request: Request) -> Response:
    """Writes the draft."""
    site = site_of(request)
    visitor = await visitor_of(site, request)
    if visitor is None:
        return await please_sign_in(site, request)
    form = await request.form(max_files=0, max_fields=200)
    nonce = site.read_nonce(str(form.get("nonce", "")), visitor.binding)
    if nonce is None or not same_origin(site, request):
        return await site.message(
            request, mark("Please load the form again"), status=403, visitor=visitor, link="/claims/new"
        )
    return await create(site, request, visitor, form, nonce)


async def _page(site: Site, visitor: Visitor, query: Query) -> Any:
    async with site.store.read() as conn:
        return await list_claims(conn, visitor.actor, query)


async def _export(request: Request, kind: str) -> Response:
    site = site_of(request)
    visitor = await visitor_of(site, request)
    if visitor is None:
        return await please_sign_in(site, request)
    try:
        query = query_of(dict(request.query_params))
        async with site.store.read() as conn:
            found = await all_claims(conn, visitor.actor, query, MOST_ROWS)
    except BadForm as bad:
        return await site.message(request, mark("This filter makes no sense"), str(bad), status=422, visitor=visitor)
    return await export_of(found, kind, site.now())


async def export_of(found: list[Claim], kind: str, now: datetime) -> Response:
    """A download of these claims; the day stands in its name."""
    return await asyncio.to_thread(lambda: table_file(table_of(found), f"claims-{now:%Y-%m-%d}", kind))


def _context(site: Site, visitor: Visitor, query: Query, items: tuple[Claim, ...]) -> dict[str, Any]:
    catalogue = shipped_catalogue()
    translate = site.templates.translate
    return {
        "claims": items,
        "dues": {claim.id: _next(site, claim, visitor.language) for claim in items},
        "filters": {name: query.text(name) for name in FILTERS} | {"sort": query.sort},
        "statuses": [status.value for status in Status],
        "areas": list(catalogue.solution_areas),
        "activities": list(catalogue.activities),
        "sorts": [(code, translate(text, visitor.language)) for code, text in _SORTS],
        "query": f"?{urlencode(query.filters)}" if query.filters else "",
        "time_zone": site.config.office_time_zone,
    }


def _next(site: Site, claim: Claim, language: str) -> dict[str, str] | None:
    running = [clock for clock in claim.clocks if clock.kind not in _QUIET and clock.paused_at is None]
    clock = min(running, key=lambda clock: clock.due, default=None)
    return {"kind": clock.kind, "text": site.due_text(claim, clock, language)} if clock else None


def _address(params: dict[str, Any]) -> str:
    return f"/claims?{urlencode(params)}"
