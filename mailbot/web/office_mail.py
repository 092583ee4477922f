"""Mail that waits for a person: held and quarantined items with their reason, their bytes as text, replay and attach.

Nothing inbound is ever rendered, only shown as text. Acts on an item that was settled meanwhile change nothing.
"""

from typing import Any, cast

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from mailbot.engine.engine import NotFound
from mailbot.engine.readout import why_unproved
from mailbot.store import inbox, outbox_office
from mailbot.store.blobs import BlobLost
from mailbot.store.inbox import Disposition, Item
from mailbot.web.access import same_origin
from mailbot.web.guesses import guesses
from mailbot.web.headers import SANDBOX_POLICY
from mailbot.web.office import office_visitor
from mailbot.web.site import Site, Visitor, site_of
from mailbot.wording.marking import mark

router = APIRouter(prefix="/office/mail", include_in_schema=False)

_PAGE = 50
_KINDS = (
    ("held", mark("Held")),
    ("quarantined", mark("Quarantined")),
    ("ignored", mark("Ignored")),
    ("applied", mark("Applied")),
    ("bounced", mark("Undelivered")),
)
_SHOWN_BYTES = 512 * 1024
_REOPENABLE = frozenset({"held", "quarantined", "ignored"})


@router.get("")
async def mails(request: Request, disposition: str = "held", before: int | None = None) -> Response:
    """Items of one disposition, newest first; `bounced` lists our own undelivered mail."""
    site = site_of(request)
    visitor = await office_visitor(site, request)
    if isinstance(visitor, Response):
        return visitor
    kinds = [(code, site.templates.translate(text, visitor.language)) for code, text in _KINDS]
    if disposition not in dict(kinds):
        return await site.message(request, mark("This page does not exist"), status=404, visitor=visitor)
    async with site.store.read() as conn:
        if disposition == "bounced":
            items: Any = [_out(item) for item in await outbox_office.list_items(conn, "bounced", _PAGE, before)]
        else:
            items = [_in(item) for item in await inbox.list_items(conn, cast(Disposition, disposition), _PAGE, before)]
    more = f"/office/mail?disposition={disposition}&before={items[-1]['id']}" if len(items) == _PAGE else ""
    context = {"items": items, "kinds": kinds, "disposition": disposition, "next": more}
    return await site.page(request, "office_mail", visitor, context, here="mail")


@router.get("/{item_id}")
async def mail(request: Request, item_id: int, said: str = "") -> Response:
    """One item: why it is here, what was read in it, and what can be done."""
    site = site_of(request)
    visitor = await office_visitor(site, request)
    if isinstance(visitor, Response):
        return visitor
    async with site.store.read() as conn:
        item = await inbox.get(conn, item_id)
        likely = await guesses(conn, item) if item is not None and item.disposition in _REOPENABLE else []
    if item is None:
        return await site.message(request, mark("This page does not exist"), status=404, visitor=visitor)
    context = _item(site, visitor, item) | {"said": "accepted" if said == "accepted" else "", "guesses": likely}
    return await site.page(request, "office_mail_item", visitor, context, here="mail")


@router.get("/{item_id}/raw")
async def raw(request: Request, item_id: int) -> Response:
    """The bytes as they came, shown as text in a sandbox."""
    site = site_of(request)
    visitor = await office_visitor(site, request)
    if isinstance(visitor, Response):
        return visitor
    async with site.store.read() as conn:
        item = await inbox.get(conn, item_id)
        if item is None:
            return await site.message(request, mark("This page does not exist"), status=404, visitor=visitor)
        try:
            content = await inbox.raw(conn, item, site.store.blobs)
        except BlobLost:
            return await site.message(request, mark("The bytes of this mail were erased"), status=404, visitor=visitor)
    return raw_text(content)


@router.post("/{item_id}/{act}")
async def act(request: Request, item_id: int, act: str) -> Response:
    """Replay, or attach to a claim and replay."""
    site = site_of(request)
    visitor = await office_visitor(site, request)
    if isinstance(visitor, Response):
        return visitor
    form = await request.form(max_files=0)
    genuine = site.read_nonce(str(form.get("nonce", "")), visitor.binding) is not None and same_origin(site, request)
    allowed = site.engine.default_policy.may(visitor.actor.roles, "manage_mail")
    if not genuine or not allowed or act not in ("replay", "attach"):
        why = mark("Only an office admin does this.") if not allowed else mark("Please load the page again.")
        return await site.message(request, mark("Nothing was changed"), why, status=403, visitor=visitor)
    try:
        if act == "attach":
            await site.engine.attach(item_id, str(form.get("claim", "")).strip().upper())
        else:
            await site.engine.replay(item_id)
    except NotFound:
        text = mark("There is no such mail or claim, or it was settled already.")
        return await site.message(request, mark("Nothing was changed"), text, status=404, visitor=visitor)
    return RedirectResponse(f"/office/mail/{item_id}?said=accepted", status_code=303)


def raw_text(content: bytes) -> Response:
    """Wire bytes as text that no browser interprets."""
    shown = content[:_SHOWN_BYTES].decode("utf-8", "replace")
    cut = "" if len(content) <= _SHOWN_BYTES else f"\n… {len(content) - _SHOWN_BYTES} more bytes\n"
    return PlainTextResponse(shown + cut, headers={"Content-Security-Policy": SANDBOX_POLICY})


def _item(site: Site, visitor: Visitor, item: Item) -> dict[str, Any]:
    reading: dict[str, Any] = item.reading if isinstance(item.reading, dict) else {}
    may = site.engine.default_policy.may(visitor.actor.roles, "manage_mail")
    return {
        "item": _in(item)
        | {
            "disposition": item.disposition,
            "verdict": (reading.get("sender") or {}).get("verdict") or "",
            "why": why_unproved(item.trace),
            "role": item.role,
            "size": item.size,
            "text": reading.get("reply_text") or "",
            "can_act": may and item.disposition in _REOPENABLE,
        },
        "trace": _trace(item),
        "nonce": site.nonce(visitor.binding),
        "reading": _reading(reading),
    }


def _reading(reading: dict[str, Any]) -> dict[str, Any]:
    """What was understood, for people: the meaning and the words it rests on, the files, the robot."""
    intent = reading.get("intent") or {}
    return {
        "meaning": intent.get("meaning") or "",
        "evidence": intent.get("evidence") or "",
        "automatic": reading.get("automatic") or "",
        "files": [(str(file["name"]), str(file["verdict"])) for file in reading.get("attachments") or ()],
    }


def _in(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "at": item.received_at,
        "sender": item.sender,
        "subject": item.subject,
        "reason": item.reason,
        "claim_id": item.claim_id or "",
    }


def _out(item: outbox_office.OutboxItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "at": item.created_at,
        "email": item.email,
        "subject": item.subject,
        "state": item.state,
        "last_error": item.last_error,
        "claim_id": item.claim_id or "",
    }


def _trace(item: Item) -> list[dict[str, str]]:
    trace = item.trace
    if isinstance(trace, dict):
        return [{"name": str(name), "value": str(value)} for name, value in trace.items()]
    steps = trace if isinstance(trace, list) else []
    return [{"name": str(number), "value": str(step)} for number, step in enumerate(steps, start=1)]
