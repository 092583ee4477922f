"""The routes below a claim's page, the same for a signed-in visitor (/claims/<id>) and a partner's link (/p/<token>).

Whoever may not see a claim gets the page of one that does not exist. A form without a fresh nonce of this visitor
changes nothing and shows the page again.
"""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from mailbot.store import claims, history
from mailbot.web.access import same_origin
from mailbot.web.claim_acts import perform
from mailbot.web.claim_edit import edit_form, save_edit
from mailbot.web.claim_page import Entrance, Said, claim_page
from mailbot.web.downloads import evidence_file
from mailbot.web.forms import BadForm
from mailbot.web.history_view import lines
from mailbot.web.nonces import Nonce
from mailbot.web.site import Site, site_of
from mailbot.web.verbs import PAGE_VERBS
from mailbot.wording.marking import mark

Enter = Callable[[Site, Request, str], Awaitable[Entrance | Response]]
"""Opens the door for the last part of the address: a visitor at a claim, or the answer to who may not enter."""

MOST_FILES = 50
MOST_FIELDS = 200
_HISTORY_PAGE = 100


def claim_routes(prefix: str, enter: Enter) -> APIRouter:
    """Routes under `prefix`, whose `{key}` is what `enter` understands."""
    router = APIRouter(prefix=prefix, include_in_schema=False)

    @router.get("/edit")
    async def edit(request: Request, key: str) -> Response:
        site = site_of(request)
        at = await enter(site, request, key)
        return at if isinstance(at, Response) else await edit_form(site, request, at)

    @router.get("/history")
    async def whole_history(request: Request, key: str, after: int = 0) -> Response:
        site = site_of(request)
        at = await enter(site, request, key)
        return at if isinstance(at, Response) else await _history(site, request, at, after)

    @router.get("/files/{sha256}")
    async def file(request: Request, key: str, sha256: str) -> Response:
        site = site_of(request)
        at = await enter(site, request, key)
        return at if isinstance(at, Response) else await evidence_file(site, at.claim, sha256)

    @router.post("/{verb}")
    async def act(request: Request, key: str, verb: str) -> Response:
        site = site_of(request)
        at = await enter(site, request, key)
        return at if isinstance(at, Response) else await _act(site, request, at, verb)

    return router


async def _act(site: Site, request: Request, at: Entrance, verb: str) -> Response:
    if verb not in PAGE_VERBS and verb not in ("evidence", "edit"):
        return await site.message(request, mark("This page does not exist"), status=404, visitor=at.visitor)
    async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS) as form:
        nonce = site.read_nonce(str(form.get("nonce", "")), at.visitor.binding)
        if nonce is None or not same_origin(site, request):
            return await claim_page(site, request, at, Said(word="stale"), status=403)
        if verb == "edit":
            return await save_edit(site, request, at, form, nonce)
        return await _perform(site, request, at, verb, form, nonce)


async def _perform(site: Site, request: Request, at: Entrance, verb: str, form: FormData, nonce: Nonce) -> Response:
    try:
        done = await perform(site, at.visitor, at.claim.id, verb, form, nonce)
    except BadForm as bad:
        return await claim_page(site, request, at, Said(errors=bad.errors), status=422)
    word = "" if done.refusal else "waits" if done.waits else "done" if done.changed or done.receipts else "unchanged"
    said = Said(word=word, refusal=done.refusal, receipts=done.receipts)
    return await claim_page(site, request, await _fresh(site, at), said, status=409 if done.refusal else 200)


async def _fresh(site: Site, at: Entrance) -> Entrance:
    async with site.store.read() as conn:
        claim = (await claims.load(conn, [at.claim.id])).get(at.claim.id, at.claim)
    return Entrance(visitor=at.visitor, claim=claim, base=at.base)


async def _history(site: Site, request: Request, at: Entrance, after: int) -> Response:
    async with site.store.read() as conn:
        entries = await history.of_claim(conn, at.claim.id, after_seq=max(after, 0), limit=_HISTORY_PAGE)
    context = {
        "claim": at.claim,
        "base": at.base,
        "time_zone": site.time_zone(at.claim, at.visitor),
        "history": lines(entries, office=at.visitor.office),
        "next": entries[-1].seq if len(entries) == _HISTORY_PAGE else None,
    }
    return await site.page(request, "claim_history", at.visitor, context, here="claims")
