"""What operators and programs ask: alive, ready, metrics, the interface's description; and the site's own files.

`/readyz` says 503 when the database cannot be read or its disk has lied; nothing here shows names or addresses.
"""

import json
import re
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from mailbot.store import inbox, outbox_office, settings
from mailbot.store.faults import StoreError
from mailbot.web.access import visitor_of
from mailbot.web.site import PAUSABLE, Site, site_of

router = APIRouter(include_in_schema=False)

_FILES = {"site.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}
# Counted when there are none, too: a series that comes and goes sets off no alert.
_WAITING = ("accepted", "held", "quarantined")
_LEAVING = ("queued", "deferred", "bounced", "expired")
_LINE = 90
_QUOTED_NAME = re.compile(r'"([\w$]+)": ')
_NOTHING = {"type": "null"}
_METHODS = ("get", "post", "put", "patch", "delete")


@router.get("/")
async def front(request: Request) -> Response:
    """To where the visitor belongs."""
    site = site_of(request)
    visitor = await visitor_of(site, request)
    target = "/login" if visitor is None else "/office" if visitor.office else "/claims"
    return RedirectResponse(target, status_code=303)


@router.get("/healthz")
async def alive() -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
async def ready(request: Request) -> Response:
    """The process can work: the database reads and has not failed."""
    site = site_of(request)
    try:
        async with site.store.read() as conn:
            paused = [what for what in PAUSABLE if await settings.paused(conn, what)]
            jumped = await settings.clock_jumped(conn)
    except StoreError:
        return JSONResponse({"ready": False, "why": "the database cannot be read"}, 503)
    if site.store.broken.is_set():
        return JSONResponse({"ready": False, "why": "the disk of the database has failed"}, 503)
    return JSONResponse({"ready": True, "paused": paused, "clock_jumped": jumped, "store": dict(site.store.facts)})


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Counts for Prometheus, read from the database now."""
    site = site_of(request)
    registry = CollectorRegistry()
    waiting = Gauge("mailbot_inbox_items", "Mail by disposition", ["disposition"], registry=registry)
    leaving = Gauge("mailbot_outbox_items", "Outgoing mail and calls by state", ["state"], registry=registry)
    stopped = Gauge("mailbot_paused", "1 while an operator has paused it", ["what"], registry=registry)
    async with site.store.read() as conn:
        received, sending = await inbox.waiting_counts(conn), await outbox_office.waiting_counts(conn)
        for disposition in _WAITING:
            waiting.labels(disposition).set(received.get(disposition, 0))
        for state in _LEAVING:
            leaving.labels(state).set(sending.get(state, 0))
        for what in PAUSABLE:
            stopped.labels(what).set(await settings.paused(conn, what))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/site.css")
async def stylesheet() -> Response:
    """The one style sheet."""
    return _file("site.css")


@router.get("/icon.svg")
async def icon() -> Response:
    """The icon."""
    return _file("icon.svg")


@router.get("/robots.txt")
async def robots() -> Response:
    """Nothing here is for search engines."""
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


@router.get("/docs")
async def docs(request: Request) -> Response:
    """The REST interface for people, from the same description as /openapi.json."""
    site = site_of(request)
    schema = request.app.openapi()
    context = {"info": schema["info"], "groups": _groups(schema)}
    return await _page(site, request, context)


async def _page(site: Site, request: Request, context: dict[str, Any]) -> Response:
    return await site.page(request, "api_docs", None, context, language="en")


def _file(name: str) -> Response:
    content = files("mailbot.web").joinpath(name).read_bytes()
    return Response(content, media_type=_FILES[name], headers={"Cache-Control": "public, max-age=3600"})


def _groups(schema: dict[str, Any]) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, item in schema["paths"].items():
        for method in _METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["other"])[0]
                groups.setdefault(tag, []).append(_operation(schema, path, method, item[method]))
    return [{"name": name, "operations": operations} for name, operations in groups.items()]


def _operation(schema: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    body = next((kind.get("schema") for kind in content.values()), None)
    return {
        "method": method.upper(),
        "path": path,
        "text": operation.get("description") or operation.get("summary", ""),
        "parameters": [
            {"name": p["name"], "place": p["in"], "required": p.get("required", False)}
            for p in operation.get("parameters", [])
        ],
        "body": _written(_resolved(schema, body)) if body else "",
        "answers": [{"status": s, "text": a.get("description", "")} for s, a in operation["responses"].items()],
    }


def _resolved(schema: dict[str, Any], node: Any, depth: int = 6) -> Any:
    """The schema with its references written out, as far as a reader follows."""
    if isinstance(node, list):
        return [_resolved(schema, item, depth) for item in node]
    if not isinstance(node, dict):
        return node
    given = [option for option in node.get("anyOf", ()) if option != _NOTHING]
    if len(given) == 1:
        return _resolved(schema, given[0], depth)
    reference = node.get("$ref")
    if reference and depth:
        name = reference.rpartition("/")[2]
        return _resolved(schema, schema["components"]["schemas"][name], depth - 1)
    return {key: _resolved(schema, value, depth) for key, value in node.items() if key != "title"}


def _written(node: Any, margin: str = "") -> str:
    """JSON for eyes, and half as heavy: what is short stays on one line, and names have no quotes."""
    flat = _QUOTED_NAME.sub(r"\1: ", json.dumps(node, ensure_ascii=False))
    if len(flat) <= _LINE or not isinstance(node, dict):
        return flat
    inside = (f"{margin} {key}: {_written(value, margin + ' ')}" for key, value in node.items())
    return "{\n" + ",\n".join(inside) + f"\n{margin}}}"
