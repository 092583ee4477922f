"""Claims over REST: make, list, read, change, upload, download, history and mail (contract, HTTP).

What a key may not see is 404, what it may not do 403, what does not fit the state 409 with what would.
"""

from typing import Annotated, Any

from fastapi import APIRouter, File, Request, UploadFile
from starlette.responses import JSONResponse, Response

from mailbot.claims.model import Channel, Claim
from mailbot.engine.engine import Outcome
from mailbot.store import history, inbox, outbox_office
from mailbot.web.api_models import CLAIM_ANSWER, ClaimModel
from mailbot.web.api_shapes import (
    ClaimPage,
    FileReceipts,
    Items,
    claim_json,
    history_entry,
    receipt,
    received_mail,
    sent_mail,
)
from mailbot.web.callers import AnyCaller, Caller, Version
from mailbot.web.downloads import evidence_file
from mailbot.web.drafts import create_draft, draft_of
from mailbot.web.forms import BadForm, FieldError
from mailbot.web.listing import list_claims, query_of
from mailbot.web.missing import missing_of
from mailbot.web.once import OnceRoute
from mailbot.web.problems import Problem, not_found, refused
from mailbot.web.schemas import ClaimBody, ClaimPatch

router = APIRouter(tags=["claims"], route_class=OnceRoute)

_MOST_FILES = 50


@router.post("/claims", status_code=201, responses={201: {"model": ClaimModel, "description": "The draft."}})
async def make(who: AnyCaller, body: ClaimBody) -> Response:
    """Makes a draft. `missing` in the answer says what it still needs before it can be submitted."""
    if who.office:
        raise Problem(403, "not_allowed", "Claims are made with a partner's key.")
    async with who.site.store.read() as conn:
        claim = await draft_of(who.site, conn, who.actor, body)
    outcome = await create_draft(who.site, claim, who.stamp("draft"))
    return await claim_answer(who, outcome, status=201)


@router.get("/claims", response_model=ClaimPage)
async def index(
    who: AnyCaller,
    request: Request,
    status: str = "",
    area: str = "",
    activity: str = "",
    partner: str = "",
    customer: str = "",
    q: str = "",
    sort: str = "",
    limit: str = "",
    cursor: str = "",
) -> dict[str, Any]:
    """Claims, a page at a time. `from` and `to` bound the day of creation; `q` matches the beginning of id, name,
    tenant domain or e-mail; `status` may list several with commas."""
    query = query_of(dict(request.query_params))
    async with who.site.store.read() as conn:
        page = await list_claims(conn, who.actor, query)
        missing = await missing_of(who.site, conn, page.items)
    return {"items": [claim_json(c, missing.get(c.id, ()), office=who.office) for c in page.items], "next": page.next}


@router.get("/claims/{claim_id}", responses=CLAIM_ANSWER)
async def read(who: AnyCaller, claim_id: str) -> Response:
    """One claim."""
    return await _shown(who, await who.claim(claim_id))


@router.patch("/claims/{claim_id}", responses=CLAIM_ANSWER)
async def change(who: AnyCaller, claim_id: str, body: ClaimPatch, version: Version) -> Response:
    """Changes fields that can be changed now (domain §4.5)."""
    if not body.model_fields_set:
        raise BadForm([FieldError("body", "missing", "name at least one field to change")])
    claim = await who.claim(claim_id)
    outcome = await who.site.engine.act(claim.id, body.event(who.stamp("edit")), if_match=version)
    return await claim_answer(who, outcome)


@router.post("/claims/{claim_id}/evidence", response_model=FileReceipts)
async def upload(who: AnyCaller, claim_id: str, file: Annotated[list[UploadFile], File()]) -> Response:
    """Adds files; each gets a verdict, accepted or why not."""
    claim = await who.claim(claim_id)
    if len(file) > _MOST_FILES:
        raise BadForm([FieldError("file", "too_many", f"at most {_MOST_FILES} files at once")])
    contents = [(part.filename or "file", await part.read()) for part in file]
    outcome = await who.site.engine.add_files(claim.id, who.actor, Channel.API, contents)
    if outcome.refusal is not None:
        raise refused(outcome.refusal, outcome.claim)
    return JSONResponse({"items": [receipt(file).model_dump() for file in outcome.receipts]})


@router.get("/claims/{claim_id}/evidence/{sha256}")
async def download(who: AnyCaller, claim_id: str, sha256: str) -> Response:
    """The bytes of an accepted file."""
    claim = await who.claim(claim_id)
    response = await evidence_file(who.site, claim, sha256)
    if response.status_code == 404:
        raise not_found()
    return response


@router.get("/claims/{claim_id}/history", response_model=Items)
async def what_happened(who: AnyCaller, claim_id: str, limit: str = "", cursor: str = "") -> dict[str, Any]:
    """What happened, oldest first."""
    claim, most = await who.claim(claim_id), page_size(limit)
    async with who.site.store.read() as conn:
        entries = await history.of_claim(conn, claim.id, after_seq=row_cursor(cursor) or 0, limit=most)
    more = str(entries[-1].seq) if len(entries) == most else None
    return {"items": [history_entry(entry, office=who.office) for entry in entries], "next": more}


@router.get("/claims/{claim_id}/mail", response_model=Items)
async def mail(who: AnyCaller, claim_id: str, limit: str = "", cursor: str = "") -> dict[str, Any]:
    """The mail about the claim, newest first: a partner sees what went to the partner, the office everything."""
    claim, most, before = await who.claim(claim_id), page_size(limit), row_cursor(cursor)
    async with who.site.store.read() as conn:
        sent = await outbox_office.of_claim(conn, claim.id, most, before)
        came = await inbox.of_claim(conn, claim.id, most, before) if who.office else ()
    shown = [sent_mail(item) for item in sent if item.kind == "mail"] + [received_mail(item) for item in came]
    newest = sorted(shown, key=lambda item: int(item["id"]), reverse=True)[:most]
    full = len(sent) == most or len(came) == most
    last = newest[-1]["id"] if newest and full else None
    visible = [item for item in newest if who.office or item["party"] == "partner"]
    return {"items": visible, "next": last}


async def claim_answer(who: Caller, outcome: Outcome, status: int = 200) -> Response:
    """The claim after an act. Raises Problem when the act was refused."""
    if outcome.refusal is not None:
        raise refused(outcome.refusal, outcome.claim)
    return await _shown(who, outcome.claim, status)


def page_size(limit: str) -> int:
    """How many rows were asked for; 50 unless said. Raises BadForm."""
    return query_of({"limit": limit}).limit


def row_cursor(cursor: str) -> int | None:
    """The row id in a cursor; raises BadForm for one that is not ours."""
    if not cursor:
        return None
    if not cursor.isdecimal() or len(cursor) > 19:
        raise BadForm([FieldError("cursor", "bad_cursor", "this cursor was not made here")])
    return int(cursor)


async def _shown(who: Caller, claim: Claim, status: int = 200) -> Response:
    async with who.site.store.read() as conn:
        missing = await missing_of(who.site, conn, [claim])
    headers = {"ETag": f'"{claim.version}"'}
    if status == 201:
        headers["Location"] = f"/api/v1/claims/{claim.id}"
    return JSONResponse(claim_json(claim, missing.get(claim.id, ()), office=who.office), status, headers=headers)
