"""Routes that answer a repeated POST with the first answer: the Idempotency-Key of the API (contract, HTTP).

Answers below 500 are kept for 24 hours per key. The same Idempotency-Key with another request is 422. Two of the same
call at once both run, and the event's id lets only one of them change anything.
"""

import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse, Response

from mailbot.store import idempotency
from mailbot.store.faults import Refused
from mailbot.store.idempotency import Answer
from mailbot.web.access import key_of
from mailbot.web.callers import once_key
from mailbot.web.problems import PROBLEM_TYPE, Problem
from mailbot.web.site import Site, site_of

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_BOUNDARY = re.compile(r'boundary="?([^";]{1,70})')


class OnceRoute(APIRoute):
    """A route that honours Idempotency-Key."""

    def get_route_handler(self) -> Handler:
        """The route's handler, wrapped."""
        handler = super().get_route_handler()

        async def answer(request: Request) -> Response:
            name = once_key(request)
            site = site_of(request)
            key = await key_of(site, request) if name else None
            if key is None:
                return await handler(request)
            fingerprint = await _fingerprint(request)
            earlier = await _earlier(site, key.id, name, fingerprint)
            if earlier is not None:
                kind = PROBLEM_TYPE if earlier.status >= 400 else "application/json"
                return Response(earlier.body, earlier.status, media_type=kind)
            response = await _settled(handler, request)
            if response.status_code < 500 and isinstance(response, JSONResponse):
                await _keep(site, key.id, name, fingerprint, response)
            return response

        return answer


async def _settled(handler: Handler, request: Request) -> Response:
    """The answer, problems included: a refusal is an answer that is worth repeating."""
    try:
        return await handler(request)
    except Problem as problem:
        if problem.status in (401, 429):
            raise
        return problem.response()


async def _fingerprint(request: Request) -> bytes:
    """Method, address and body. A multipart boundary is made up anew by every client and does not count."""
    body = await request.body()
    boundary = _BOUNDARY.search(request.headers.get("content-type", ""))
    if boundary:
        body = body.replace(boundary[1].encode("latin-1", "replace"), b"")
    return b"\n".join((request.method.encode(), str(request.url.path).encode(), request.url.query.encode(), body))


async def _earlier(site: Site, key_id: int, name: str, fingerprint: bytes) -> Answer | None:
    try:
        async with site.store.read() as conn:
            return await idempotency.find(conn, key_id, name, fingerprint, site.now())
    except Refused as refused:
        raise Problem(422, refused.code, str(refused)) from None


async def _keep(site: Site, key_id: int, name: str, fingerprint: bytes, response: JSONResponse) -> None:
    answer, now = Answer(response.status_code, bytes(response.body).decode("utf-8")), site.now()

    async def write(conn: AsyncConnection) -> None:
        await idempotency.keep(conn, key_id, name, fingerprint, answer, now)

    await site.store.write(write)
