"""A page of evidence on the screen, and the pictures of it: for the office only, for others they do not exist.

The picture is drawn by the viewer's process and sent so that a browser takes it for nothing but a picture.
"""

from functools import partial
from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from mailbot.claims.model import Evidence
from mailbot.inbound.leaves import Contents, Picture, Wish
from mailbot.store.blobs import BlobLost
from mailbot.web.claim_page import Entrance
from mailbot.web.headers import SANDBOX_POLICY
from mailbot.web.leaves import bytes_of, contents_of
from mailbot.web.partner import enter_signed_in
from mailbot.web.site import Site, site_of
from mailbot.wording.marking import mark

router = APIRouter(prefix="/claims/{key}/files/{sha256}/{page}", include_in_schema=False)

_WIDTHS = {"small": 240, "large": 1200}
_MISSING = mark("This page does not exist")


@router.get("")
async def leaf(request: Request, key: str, sha256: str, page: int) -> Response:
    """One page of a file, large, with its words and the way to the pages beside it."""
    site = site_of(request)
    at = await enter_signed_in(site, request, key)
    if isinstance(at, Response):
        return at
    file = _file(site, at, sha256)
    contents = await _contents(site, file) if file else Contents()
    if file is None or not 1 <= page <= contents.pages:
        return await site.message(request, _MISSING, status=404, visitor=at.visitor, link=at.base)
    context = {
        "claim": at.claim,
        "base": at.base,
        "file": file,
        "page": page,
        "pages": contents.pages,
        "text": contents.texts[page - 1] if page <= len(contents.texts) else "",
    }
    return await site.page(request, "leaf", at.visitor, context, here="claims")


@router.get("/{size}.png")
async def picture(request: Request, key: str, sha256: str, page: int, size: Literal["small", "large"]) -> Response:
    """The picture of a page."""
    site = site_of(request)
    at = await enter_signed_in(site, request, key)
    if isinstance(at, Response):
        return at
    file = _file(site, at, sha256)
    drawn = await _drawn(site, file, page, _WIDTHS[size]) if file and page > 0 else Picture()
    if not drawn.png:
        return Response("Not found.\n", status_code=404, media_type="text/plain")
    headers = {"Content-Disposition": "inline", "Content-Security-Policy": SANDBOX_POLICY}
    return Response(drawn.png, media_type="image/png", headers=headers)


def _file(site: Site, at: Entrance, sha256: str) -> Evidence | None:
    if site.viewer is None or not at.visitor.office:
        return None
    return next((f for f in at.claim.evidence if f.sha256 == sha256 and f.verdict == "accepted"), None)


async def _contents(site: Site, file: Evidence) -> Contents:
    try:
        return await contents_of(site, file)
    except BlobLost:
        return Contents()


async def _drawn(site: Site, file: Evidence, page: int, width: int) -> Picture:
    assert site.viewer is not None
    wish = Wish(media_type=file.media_type, page=page, width=width)
    try:
        return await site.viewer.picture(file.sha256, wish, partial(bytes_of, site, file.sha256))
    except BlobLost:
        return Picture()
