"""Refuses request bodies that are too large before anybody reads them whole (security §8).

Forms with files may be as large as a mail, everything else one MiB. A declared length is believed only to refuse
early; what arrives is counted as it is read. Too much answers 413 and closes.
"""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PLAIN_LIMIT = 1024 * 1024


class BodyLimit:
    """ASGI wrapper; `upload_limit` in bytes holds for multipart bodies."""

    def __init__(self, app: ASGIApp, *, upload_limit: int) -> None:
        self._app = app
        self._upload_limit = upload_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        multipart = headers.get(b"content-type", b"").lower().startswith(b"multipart/form-data")
        limit = self._upload_limit if multipart else _PLAIN_LIMIT
        if _declared(headers) > limit:
            await _refuse(scope, receive, send)
            return
        counted = _Counted(receive, limit)
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counted, watched_send)
        except _TooLargeError:
            if not started:
                await _refuse(scope, receive, send)


class _TooLargeError(Exception):
    """The body went over its limit while it was read."""


class _Counted:
    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise _TooLargeError
        return message


def _declared(headers: dict[bytes, bytes]) -> int:
    text = headers.get(b"content-length", b"0")
    return int(text) if text.isdigit() and len(text) < 16 else 0


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    response = PlainTextResponse("The request is too large.\n", status_code=413, headers={"Connection": "close"})
    await response(scope, receive, send)
