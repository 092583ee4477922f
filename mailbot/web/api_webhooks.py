"""Webhook endpoints over REST: who is told what happens to claims (contract, webhooks).

The secret is shown once. Private and loopback targets are refused unless `[webhooks] allow_private`; a name that cannot
be resolved now is judged when it is called. A partner's key manages its own firm's endpoints, an admin's all.
"""

import json
from base64 import b64encode
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter
from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse, Response

from mailbot.outbound.targets import TargetRefused, checked_address
from mailbot.store import outbox, outbox_office, people, webhooks
from mailbot.store.outbox import NewWebhook
from mailbot.store.webhooks import Endpoint
from mailbot.web.callers import AnyCaller, Caller
from mailbot.web.forms import BadForm, FieldError
from mailbot.web.once import OnceRoute
from mailbot.web.problems import Problem, not_found
from mailbot.web.schemas import Body, Line, Name

router = APIRouter(tags=["webhooks"], route_class=OnceRoute)

TYPES = (
    *(
        f"claim.{status}"
        for status in (
            "draft", "submitted", "under_review", "action_required", "approved", "rejected", "disputed",
            "rejected_final", "cancelled",
        )
    ),
    "association.active",
    "association.ended",
    "evaluation.ready",
)  # fmt: skip
_SECRET_PARTS = 6


class WebhookBody(Body):
    """An endpoint; without `types` it hears everything. `organisation` (admin only) narrows it to one firm's claims."""

    url: Name
    types: Annotated[list[Name], Field(max_length=len(TYPES), default_factory=list)]
    organisation: Line = ""


class ReplayBody(Body):
    """From `since` until before `until` (now); without `types` every type."""

    since: AwareDatetime
    until: AwareDatetime | None = None
    types: Annotated[list[Name], Field(max_length=len(TYPES), default_factory=list)]


@router.post("/webhooks", status_code=201)
async def add(who: AnyCaller, body: WebhookBody) -> Response:
    """Adds an endpoint; the answer is the only place where its secret is ever shown."""
    _may_manage(who)
    await _check(who, body)
    endpoint = Endpoint(
        id=who.site.engine.ids.row(),
        url=body.url,
        secret=_secret(who),
        types=tuple(body.types),
        organisation_id=await _firm(who, body.organisation),
        created_at=who.site.now(),
    )

    async def write(conn: AsyncConnection) -> None:
        await webhooks.add(conn, endpoint)

    await who.site.store.write(write)
    return JSONResponse(_shown(endpoint) | {"secret": endpoint.secret}, 201)


@router.get("/webhooks", response_model=None)
async def index(who: AnyCaller) -> dict[str, Any]:
    """The endpoints, without their secrets."""
    _may_manage(who)
    async with who.site.store.read() as conn:
        found = await webhooks.endpoints(conn, None if who.admin else who.actor.organisation_id)
    return {"items": [_shown(endpoint) for endpoint in found], "next": None}


@router.delete("/webhooks/{endpoint_id}", status_code=204)
async def remove(who: AnyCaller, endpoint_id: int) -> Response:
    """Ends an endpoint."""
    await _endpoint(who, endpoint_id)
    now = who.site.now()

    async def write(conn: AsyncConnection) -> bool:
        return await webhooks.remove(conn, endpoint_id, now)

    if not await who.site.store.write(write):
        raise not_found()
    return Response(status_code=204)


@router.post("/webhooks/{endpoint_id}/test", status_code=202)
async def test(who: AnyCaller, endpoint_id: int) -> Response:
    """Sends a call of the type `webhook.test`, signed like every other."""
    endpoint = await _endpoint(who, endpoint_id)
    row, now = who.site.engine.ids.row(), who.site.now()
    name = f"msg_{row}"
    body = {"id": name, "type": "webhook.test", "at": now.isoformat(), "data": {"claim": None}}
    call = NewWebhook(
        id=row,
        claim_id=None,
        key=f"webhook.test:{row}",
        code="webhook.test",
        target=str(endpoint.id),
        message_id=name,
        body=json.dumps(body, separators=(",", ":")).encode(),
        created_at=now,
    )

    async def write(conn: AsyncConnection) -> None:
        await outbox.put_webhooks(conn, [call])

    await who.site.store.write(write)
    return JSONResponse({"id": name}, 202)


@router.post("/webhooks/{endpoint_id}/replay", status_code=202)
async def replay(who: AnyCaller, endpoint_id: int, body: ReplayBody) -> Response:
    """Makes the calls of a time again, with their ids and bytes; for a receiver that lost them."""
    endpoint, now = await _endpoint(who, endpoint_id), who.site.now()
    until = body.until or now
    if until <= body.since:
        raise BadForm([FieldError("until", "not_allowed", "the end of a time lies after its start")])

    async def write(conn: AsyncConnection) -> int:
        return await outbox_office.replay(conn, endpoint.id, body.since, until, body.types, now)

    return JSONResponse({"queued": await who.site.store.write(write)}, 202)


def _may_manage(who: Caller) -> None:
    if who.office and not who.admin:
        raise Problem(403, "not_allowed", "This takes a key of the role admin or partner.")


async def _endpoint(who: Caller, endpoint_id: int) -> Endpoint:
    _may_manage(who)
    async with who.site.store.read() as conn:
        found = await webhooks.get(conn, endpoint_id)
    if found is None or not (who.admin or found.organisation_id == who.actor.organisation_id):
        raise not_found()
    return found


async def _check(who: Caller, body: WebhookBody) -> None:
    errors = [FieldError("types", "not_allowed", f"unknown type {name}") for name in body.types if name not in TYPES]
    try:
        url = urlsplit(body.url)
        port = url.port or (443 if url.scheme == "https" else 80)
    except ValueError:
        raise BadForm([*errors, FieldError("url", "not_allowed", "this is no URL")]) from None
    if url.scheme not in ("https", "http") or not url.hostname or url.username or url.fragment:
        errors.append(FieldError("url", "not_allowed", "an http or https URL without user and fragment"))
    else:
        errors += await _reach(who, url.hostname, port)
    if errors:
        raise BadForm(errors)


async def _reach(who: Caller, host: str, port: int) -> list[FieldError]:
    try:
        await checked_address(host, port, allow_private=who.site.config.webhooks.allow_private)
    except TargetRefused as refused:
        return [FieldError("url", "private_target", str(refused))]
    except (OSError, UnicodeError):
        return []
    return []


async def _firm(who: Caller, name: str) -> str | None:
    if not who.admin:
        return who.actor.organisation_id
    if not name:
        return None
    async with who.site.store.read() as conn:
        firm = await people.organisation_named(conn, name)
    if firm is None:
        raise BadForm([FieldError("organisation", "unknown", f"There is no organisation {name}.")])
    return firm.id


def _secret(who: Caller) -> str:
    """288 random bits in the form that Standard Webhooks libraries take."""
    parts = [who.site.engine.ids.handle().to_bytes(6, "big") for _ in range(_SECRET_PARTS)]
    return "whsec_" + b64encode(b"".join(parts)).decode("ascii")


def _shown(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": str(endpoint.id),
        "url": endpoint.url,
        "types": list(endpoint.types),
        "organisation": endpoint.organisation_id,
        "created_at": endpoint.created_at.isoformat(),
    }
