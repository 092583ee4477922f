"""Calls webhook endpoints from the outbox: same rows, leases and patience as mail, over HTTP, signed.

Headers follow the Standard Webhooks scheme (webhook-id, -timestamp, -signature). A 2xx answer means told; 410 means
never again; everything else is tried again with the same id and body. Redirects are not followed, private and loopback
targets are not called unless that is allowed, and no answer's body is read.
"""

import asyncio
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx
from sqlalchemy.ext.asyncio import AsyncConnection
from standardwebhooks.webhooks import Webhook

from mailbot.clock import Clock
from mailbot.failpoints import failpoint
from mailbot.outbound import retrying
from mailbot.outbound.retrying import Schedule
from mailbot.outbound.targets import Resolve, TargetRefused, checked_address, resolve
from mailbot.outbound.transport import Failure, PermanentFailure, TemporaryFailure
from mailbot.store import outbox, settings, webhooks
from mailbot.store.database import Store
from mailbot.store.outbox import Outgoing, Result
from mailbot.store.webhooks import Endpoint

LEASE = timedelta(minutes=2)
_GONE = 410
_TIMEOUT = httpx.Timeout(15, connect=5)


class WebhookDelivery:
    """The caller of one node. `client` must neither follow redirects nor use proxies; see `http_client`."""

    def __init__(
        self,
        store: Store,
        client: httpx.AsyncClient,
        clock: Clock,
        *,
        node: str,
        allow_private: bool,
        schedule: Schedule | None = None,
        at_once: int = 8,
        resolver: Resolve = resolve,
    ) -> None:
        self._store = store
        self._client = client
        self._clock = clock
        self._node = node
        self._allow_private = allow_private
        self._schedule = schedule or Schedule()
        self._at_once = at_once
        self._resolver = resolver

    async def step(self, now: datetime) -> int:
        """Tries what is due, at most `at_once` calls side by side; returns how many were tried."""
        rows, may_end = await self._store.write(lambda conn: self._lease(conn, now))
        lasts = [may_end and self._schedule.over(row, now) for row in rows]
        tries = await asyncio.gather(*map(self._try, rows, lasts), return_exceptions=True)
        for outcome in tries:
            if isinstance(outcome, BaseException):
                raise outcome
        return len(rows)

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def _lease(self, conn: AsyncConnection, now: datetime) -> tuple[tuple[Outgoing, ...], bool]:
        """What to tell, and whether it may be given up for its age: not by a clock that jumped."""
        if await settings.paused(conn, "sending"):
            return (), False
        rows = await outbox.lease(conn, now, self._at_once, self._node, LEASE, kind="webhook")
        return rows, not await settings.clock_jumped(conn)

    async def _try(self, row: Outgoing, last: bool) -> None:
        failpoint("webhook.leased")
        result = await self._result(row, last)
        failpoint("webhook.called")
        await self._store.write(lambda conn: outbox.settle(conn, [result]))

    async def _result(self, row: Outgoing, last: bool) -> Result:
        try:
            await self._call(row)
        except Failure as failure:
            return retrying.failed(row, failure, self._clock.now(), self._schedule, last=last)
        return retrying.sent(row, self._clock.now())

    async def _call(self, row: Outgoing) -> None:
        async with self._store.read() as conn:
            endpoint = await webhooks.get(conn, int(row.target))
        if endpoint is None:
            raise PermanentFailure("connect", 0, "the endpoint was removed")
        try:
            answer = await self._post(endpoint, row)
        except TargetRefused as error:
            raise PermanentFailure("connect", 0, str(error)) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise TemporaryFailure("connect", 0, f"{type(error).__name__}: {error}") from error
        _judge(answer)

    async def _post(self, endpoint: Endpoint, row: Outgoing) -> int:
        url = urlsplit(endpoint.url)
        host = url.hostname or ""
        port = url.port or (443 if url.scheme == "https" else 80)
        address = await checked_address(host, port, allow_private=self._allow_private, resolver=self._resolver)
        request = self._client.build_request(
            "POST",
            httpx.URL(endpoint.url).copy_with(host=address),
            content=row.body,
            headers=_headers(endpoint, row, self._clock.now()) | {"host": url.netloc.rpartition("@")[2]},
            # The certificate has to be the name's, not the address's.
            extensions={"sni_hostname": host},
            timeout=_TIMEOUT,
        )
        response = await self._client.send(request, stream=True, follow_redirects=False)
        await response.aclose()
        return response.status_code


def http_client() -> httpx.AsyncClient:
    """A client that does only what it is told: no proxies, no redirects, no cookies kept."""
    return httpx.AsyncClient(trust_env=False, follow_redirects=False, headers={"user-agent": "mailbot-webhooks"})


def _headers(endpoint: Endpoint, row: Outgoing, now: datetime) -> dict[str, str]:
    signature = Webhook(endpoint.secret).sign(row.message_id, now, row.body.decode())
    return {
        "content-type": "application/json",
        "webhook-id": row.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


def _judge(status: int) -> None:
    if 200 <= status < 300:
        return
    if status == _GONE:
        raise PermanentFailure("data", status, "the endpoint says that it is gone for good")
    raise TemporaryFailure("data", status, f"answered {status}")
