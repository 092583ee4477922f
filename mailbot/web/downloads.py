"""Sends files people uploaded back out so that no browser ever runs them (security item 25).

Always as an attachment, never sniffed, in a sandbox; the name is cleaned. Bytes that are gone answer 404.
"""

import re
from collections.abc import Sequence
from urllib.parse import quote

from starlette.responses import Response

from mailbot.claims.model import Claim
from mailbot.store.blobs import BlobLost
from mailbot.web.headers import SANDBOX_POLICY
from mailbot.web.site import Site
from mailbot.web.tables import CSV_TYPE, XLSX_TYPE, Row, as_csv, as_xlsx

_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069"\\/;:*?<>|]')


async def evidence_file(site: Site, claim: Claim, sha256: str) -> Response:
    """An accepted file of the claim, by its SHA-256; 404 when the claim has none of that name."""
    found = next((e for e in claim.evidence if e.sha256 == sha256 and e.verdict == "accepted"), None)
    if found is None:
        return Response("Not found.\n", status_code=404, media_type="text/plain")
    try:
        async with site.store.read() as conn:
            content = await site.store.blobs.get(conn, sha256)
    except BlobLost:
        return Response("This file was erased.\n", status_code=404, media_type="text/plain")
    return attachment(content, found.name, found.media_type)


def table_file(rows: Sequence[Row], name: str, kind: str) -> Response:
    """The rows as a download; `kind` is csv or xlsx."""
    content, media_type = (as_csv(rows), CSV_TYPE) if kind == "csv" else (as_xlsx(rows), XLSX_TYPE)
    return attachment(content, f"{name}.{kind}", media_type)


def attachment(content: bytes, name: str, media_type: str) -> Response:
    """A download that no browser opens by itself (RFC 6266, RFC 8187)."""
    plain = _UNSAFE.sub("_", name)[:150] or "file"
    fallback = plain.encode("ascii", "replace").decode("ascii").replace("?", "_")
    headers = {
        "Content-Disposition": f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(plain, safe='')}",
        "Content-Security-Policy": SANDBOX_POLICY,
    }
    return Response(content, media_type=media_type or "application/octet-stream", headers=headers)
