"""The system that takes over after a claim: an HTTP endpoint for webhooks that believes nothing unsigned."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from mailbot.demo.transcript import StepFailed

_PATIENCE = 40.0


class Receiver:
    """Collects the calls whose signature is right."""

    def __init__(self) -> None:
        self.secret = ""
        self._events: list[dict[str, Any]] = []
        self._news = asyncio.Condition()
        self._server: asyncio.Server | None = None

    async def open(self) -> str:
        """Starts to listen on loopback; returns its URL."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/claims"

    async def close(self) -> None:
        """Stops listening."""
        if self._server is not None:
            self._server.close()

    async def expect(self, kind: str, claim_id: str) -> dict[str, Any]:
        """The call of that type about that claim; raises StepFailed when none comes."""

        def found() -> dict[str, Any] | None:
            return next((e for e in self._events if e["type"] == kind and e["data"]["claim"]["id"] == claim_id), None)

        try:
            async with asyncio.timeout(_PATIENCE), self._news:
                await self._news.wait_for(lambda: found() is not None)
        except TimeoutError:
            raise StepFailed(f"no webhook {kind} within {_PATIENCE:.0f} s") from None
        return found() or {}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head.split("\r\n"))
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        good = self._genuine(headers, body)
        writer.write(
            b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % (b"204 Taken" if good else b"401 No")
        )
        await writer.drain()
        writer.close()
        if good:
            async with self._news:
                self._events.append(json.loads(body))
                self._news.notify_all()

    def _genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        try:
            Webhook(self.secret).verify(body, dict(headers))
        except WebhookVerificationError:
            return False
        return True
