"""The pages of many claims at once: the template, the sheet as checked, the claims as made; and drafts as a sheet."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from mailbot.claims.model import Status
from mailbot.web.access import please_sign_in, same_origin, visitor_of
from mailbot.web.downloads import table_file
from mailbot.web.draft_sheet import MOST_DRAFTS, pack, table_of_drafts, unpack
from mailbot.web.exports import MOST_ROWS
from mailbot.web.forms import BadForm, FieldError, uploads
from mailbot.web.listing import Query, all_claims
from mailbot.web.sheets import Checked, Made, check, make, read_sheet
from mailbot.web.site import Site, Visitor, site_of
from mailbot.wording.marking import mark

router = APIRouter(include_in_schema=False)

_MOST_FILES = 200


@router.get("/claims/sheet")
async def start(request: Request) -> Response:
    """Where a sheet is handed in."""
    site = site_of(request)
    visitor = await visitor_of(site, request)
    return await _page(site, request, visitor) if visitor else await please_sign_in(site, request)


@router.get("/claims/sheet.{kind}")
async def template(request: Request, kind: str) -> Response:
    """The empty sheet, its head in the visitor's language."""
    return await _table(request, kind, "claims-template", drafts=False)


@router.get("/claims/drafts.{kind}")
async def drafts(request: Request, kind: str) -> Response:
    """The visitor's drafts as a sheet that can be handed in again."""
    return await _table(request, kind, "drafts", drafts=True)


@router.post("/claims/sheet")
async def hand_in(request: Request) -> Response:
    """Checks the sheet and shows what it says; a sheet that was shown and is right is carried out."""
    site = site_of(request)
    visitor = await visitor_of(site, request)
    if visitor is None:
        return await please_sign_in(site, request)
    async with request.form(max_files=_MOST_FILES, max_fields=10) as form:
        nonce = site.read_nonce(str(form.get("nonce", "")), visitor.binding)
        if nonce is None or not same_origin(site, request):
            title = mark("Please load the form again")
            return await site.message(request, title, status=403, visitor=visitor, link="/claims/sheet")
        files = uploads(form)
        shown = unpack(str(form.get("rows", ""))) if form.get("rows") else None
        try:
            checked = await check(site, visitor, shown or await read_sheet(files[0] if files else None))
        except BadForm as bad:
            return await _page(site, request, visitor, errors=bad.errors)
        if shown is None or checked.wrong:
            return await _page(site, request, visitor, checked)
        made = await make(site, visitor, checked, nonce, files)
    return await _page(site, request, visitor, made=made)


async def _page(
    site: Site,
    request: Request,
    visitor: Visitor,
    checked: Checked | None = None,
    *,
    made: list[Made] | None = None,
    errors: tuple[FieldError, ...] = (),
) -> Response:
    wrong = bool(errors or (checked and checked.wrong))
    context = {
        "nonce": site.nonce(visitor.binding),
        "errors": errors,
        "checked": checked,
        "made": made or (),
        "rows": pack(checked.sheet) if checked and not wrong else "",
        "most": MOST_DRAFTS,
        "refusal": None,
        "receipts": (),
        "said": "",
    }
    return await site.page(request, "sheet", visitor, context, here="new", status=422 if wrong else 200)


async def _table(request: Request, kind: str, name: str, *, drafts: bool) -> Response:
    site = site_of(request)
    visitor = await visitor_of(site, request)
    if visitor is None:
        return await please_sign_in(site, request)
    if kind not in ("csv", "xlsx"):
        return await site.message(request, mark("This page does not exist"), status=404, visitor=visitor)
    found = []
    if drafts:
        async with site.store.read() as conn:
            query = Query(filters={"status": Status.DRAFT})
            found = await all_claims(conn, visitor.actor, query, MOST_ROWS)
    rows = table_of_drafts(found, lambda text: site.templates.translate(text, visitor.language))
    return table_file(rows, name, kind)
