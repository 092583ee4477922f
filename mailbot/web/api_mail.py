"""The office's post over REST: held and quarantined mail, its bytes, replay and attach; the outbox, retry and cancel.

For a partner's key these things do not exist. Changing them takes the role admin.
"""

from typing import Any, cast

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse, Response

from mailbot.store import inbox, outbox_office
from mailbot.store.blobs import BlobLost
from mailbot.store.inbox import Disposition
from mailbot.store.outbox import State
from mailbot.web.api_claims import page_size, row_cursor
from mailbot.web.api_shapes import Items, received_mail, sent_mail
from mailbot.web.callers import AdminCaller, Caller, OfficeCaller
from mailbot.web.downloads import attachment
from mailbot.web.forms import BadForm, FieldError
from mailbot.web.once import OnceRoute
from mailbot.web.problems import Problem, not_found
from mailbot.web.schemas import Body, Name

router = APIRouter(tags=["mail"], route_class=OnceRoute)

_DISPOSITIONS = ("accepted", "applied", "ignored", "held", "quarantined")
_STATES = ("queued", "deferred", "sent", "bounced", "expired", "cancelled")


class Attach(Body):
    """The claim the mail belongs to."""

    claim: Name


@router.get("/inbox", response_model=Items)
async def inbox_index(who: OfficeCaller, disposition: str = "", limit: str = "", cursor: str = "") -> dict[str, Any]:
    """Mail that came in, newest first; `held` and `quarantined` wait for a person."""
    _one_of("disposition", disposition, _DISPOSITIONS)
    most = page_size(limit)
    async with who.site.store.read() as conn:
        items = await inbox.list_items(conn, cast(Disposition, disposition) or None, most, row_cursor(cursor))
    more = str(items[-1].id) if len(items) == most else None
    return {"items": [received_mail(item) for item in items], "next": more}


@router.get("/inbox/{item_id}")
async def inbox_item(who: OfficeCaller, item_id: int) -> dict[str, Any]:
    """One mail with what was read in it, and why."""
    async with who.site.store.read() as conn:
        item = await inbox.get(conn, item_id)
    if item is None:
        raise not_found()
    return received_mail(item) | {"reading": item.reading, "trace": item.trace}


@router.get("/inbox/{item_id}/raw")
async def inbox_raw(who: OfficeCaller, item_id: int) -> Response:
    """The bytes as they came."""
    async with who.site.store.read() as conn:
        item = await inbox.get(conn, item_id)
        if item is None:
            raise not_found()
        try:
            content = await inbox.raw(conn, item, who.site.store.blobs)
        except BlobLost:
            raise not_found("The bytes of this mail were erased.") from None
    return attachment(content, f"{item_id}.eml", "message/rfc822")


@router.post("/inbox/{item_id}/replay")
async def replay(who: AdminCaller, item_id: int) -> Response:
    """Has it read again."""
    return await _reopened(who, item_id, "")


@router.post("/inbox/{item_id}/attach")
async def attach(who: AdminCaller, item_id: int, body: Attach) -> Response:
    """Has it read again as mail about that claim."""
    claim = await who.claim(body.claim)
    return await _reopened(who, item_id, claim.id)


@router.get("/outbox", response_model=Items)
async def outbox_index(who: OfficeCaller, state: str = "", limit: str = "", cursor: str = "") -> dict[str, Any]:
    """Mail and calls of ours, newest first."""
    _one_of("state", state, _STATES)
    most = page_size(limit)
    async with who.site.store.read() as conn:
        items = await outbox_office.list_items(conn, cast(State, state) or None, most, row_cursor(cursor))
    more = str(items[-1].id) if len(items) == most else None
    return {"items": [sent_mail(item) for item in items], "next": more}


@router.post("/outbox/{item_id}/retry")
async def retry(who: AdminCaller, item_id: int) -> Response:
    """Tries a bounced, expired or deferred one again."""
    now = who.site.now()

    async def write(conn: AsyncConnection) -> bool:
        return await outbox_office.retry(conn, item_id, now)

    return await _outbox_answer(who, item_id, await who.site.store.write(write))


@router.post("/outbox/{item_id}/cancel")
async def cancel(who: AdminCaller, item_id: int) -> Response:
    """Ends one that was not sent yet."""
    now = who.site.now()

    async def write(conn: AsyncConnection) -> bool:
        return await outbox_office.cancel(conn, item_id, now)

    return await _outbox_answer(who, item_id, await who.site.store.write(write))


async def _reopened(who: Caller, item_id: int, claim_id: str) -> Response:
    async with who.site.store.read() as conn:
        item = await inbox.get(conn, item_id)
    if item is None:
        raise not_found()
    if item.disposition not in ("held", "quarantined", "ignored"):
        text = f"This mail is {item.disposition}; only held, quarantined and ignored mail is read again."
        raise Problem(409, "wrong_state", text, state=item.disposition, possible=[])
    engine = who.site.engine
    disposition = await (engine.attach(item_id, claim_id) if claim_id else engine.replay(item_id))
    return JSONResponse({"id": str(item_id), "disposition": disposition})


async def _outbox_answer(who: Caller, item_id: int, done: bool) -> Response:
    async with who.site.store.read() as conn:
        item = await outbox_office.get(conn, item_id)
    if item is None:
        raise not_found()
    if not done:
        can = ["retry"] if item.state in ("bounced", "expired") else []
        raise Problem(409, "wrong_state", f"This item is {item.state}.", state=item.state, possible=can)
    return JSONResponse(sent_mail(item))


def _one_of(field: str, value: str, allowed: tuple[str, ...]) -> None:
    if value and value not in allowed:
        raise BadForm([FieldError(field, "not_allowed", f"one of {', '.join(allowed)}")])
