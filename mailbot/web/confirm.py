"""The page behind `confirm_act`: one button says that all the held mail in one's name was one's own (step-up).

GET shows what waits; POST has it read again with the time of receipt it had. Below two seconds, after the link's last
day or with a foreign nonce nothing happens. Also the one answer to every link that was never ours.
"""

from fastapi import APIRouter, Request
from starlette.responses import Response

from mailbot.engine.readout import why_unproved
from mailbot.store import inbox
from mailbot.tokens import Purpose
from mailbot.web.access import same_origin
from mailbot.web.page_tokens import Opened, open_token
from mailbot.web.site import Site, site_of
from mailbot.wording.marking import mark

router = APIRouter(include_in_schema=False)

STEP_UP = "confirm_act"
"""The mail whose page this is (domain §7)."""


@router.post("/p/{token}/confirm")
async def confirm_as_person(request: Request, token: str) -> Response:
    """Yes, it was me: a partner's or reviewer's person."""
    return await _confirm(request, token, "p")


@router.post("/c/{token}/confirm")
async def confirm_as_customer(request: Request, token: str) -> Response:
    """Yes, it was me: a contact of the customer."""
    return await _confirm(request, token, "c")


async def confirm_page(site: Site, request: Request, opened: Opened, *, again: bool = False) -> Response:
    """What waits for this address, and the button."""
    async with site.store.read() as conn:
        waiting = await inbox.held_for(conn, opened.row.email)
    context = {
        "items": [(item, why_unproved(item.trace)) for item in waiting],
        "action": f"/{opened.address.purpose}/{opened.token}/confirm",
        "nonce": site.nonce(opened.token),
        "again": again,
        "expired": opened.expired,
    }
    return await site.page(request, "confirm_act", None, context, language=opened.language)


async def unknown(site: Site, request: Request) -> Response:
    """The one answer to every token that is not ours."""
    text = mark("The link is not complete, or it was never ours. You can always answer any of our mails instead.")
    return await site.message(request, mark("This page does not exist"), text, status=404)


async def _confirm(request: Request, token: str, purpose: Purpose) -> Response:
    site = site_of(request)
    opened = await open_token(site, token, purpose)
    if opened is None or opened.row.code != STEP_UP:
        return await unknown(site, request)
    form = await request.form(max_files=0)
    nonce = site.read_nonce(str(form.get("nonce", "")), opened.token)
    if nonce is None or nonce.too_fast(site.now()) or not same_origin(site, request) or opened.expired:
        return await confirm_page(site, request, opened, again=True)
    count = await site.engine.confirm(opened.row.email)
    text = mark("What you wrote is now read as yours.") if count else mark("Nothing was waiting any more.")
    return await site.message(request, mark("Thank you"), text)
