"""Development pages under /lab/: every mail that was written, as a mail program shows it and as it is.

They exist only with `lab = true`: whoever opens them can follow every link. Mails are shown escaped or in a frame in
which nothing can run.
"""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from mailbot.store import outbox_office
from mailbot.store.outbox_office import OutboxItem
from mailbot.web.headers import FRAME_POLICY, SANDBOX_POLICY
from mailbot.web.site import site_of
from mailbot.wording.marking import mark

router = APIRouter(prefix="/lab", include_in_schema=False)

_PAGE = 100
_LINK = re.compile(r"https?://[^\s<>\"']+")
_HEADERS = (
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted",
    "X-Auto-Response-Suppress", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id",
)  # fmt: skip


@router.get("/")
async def mails(request: Request, before: int | None = None) -> Response:
    """All mails, newest first."""
    site = site_of(request)
    async with site.store.read() as conn:
        found = await outbox_office.list_items(conn, None, _PAGE, before)
    items = [_line(item) for item in found if item.kind == "mail"]
    more = f"/lab/?before={found[-1].id}" if len(found) == _PAGE else ""
    return await site.page(request, "lab", None, {"items": items, "next": more}, language="en")


@router.get("/{item_id}")
async def mail(request: Request, item_id: int) -> Response:
    """One mail."""
    site = site_of(request)
    message, item = await _load(request, item_id)
    if message is None or item is None:
        return await site.message(request, mark("This page does not exist"), status=404)
    text = _part(message, "plain")
    context: dict[str, Any] = {
        "item": _line(item),
        "headers": [(name, str(value)) for name in _HEADERS if (value := message.get(name)) is not None],
        "text": text,
        "links": list(dict.fromkeys(_LINK.findall(text))),
        "has_html": bool(_part(message, "html")),
        "source": (item.body or b"").decode("utf-8", "replace"),
    }
    response = await site.page(request, "lab_mail", None, context, language="en")
    response.headers["Content-Security-Policy"] = FRAME_POLICY
    return response


@router.get("/{item_id}/html")
async def html(request: Request, item_id: int) -> Response:
    """The HTML part, in a sandbox without scripts, forms or the site's origin."""
    message, _ = await _load(request, item_id)
    content = _part(message, "html") if message else ""
    return HTMLResponse(content, headers={"Content-Security-Policy": SANDBOX_POLICY})


async def _load(request: Request, item_id: int) -> tuple[EmailMessage | None, OutboxItem | None]:
    site = site_of(request)
    async with site.store.read() as conn:
        item = await outbox_office.get(conn, item_id)
    if item is None or item.kind != "mail" or item.body is None:
        return None, None
    return message_from_bytes(item.body, policy=policy.default), item


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return str(body.get_content()) if body is not None else ""


def _line(item: OutboxItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "at": item.created_at,
        "subject": item.subject,
        "code": item.code,
        "email": item.email,
        "party": item.party,
        "state": item.state,
        "claim_id": item.claim_id or "",
    }
