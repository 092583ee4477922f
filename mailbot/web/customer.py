"""The customer's page: who claims what, until when, and the four things a customer can do without any account.

GET and HEAD change nothing. A decline is honoured from every token with a valid MAC, at once and as often as it is
sent; accepting and undoing take a second step. A POST within two seconds of its page changes nothing: mail scanners
press buttons too (security §4.4).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import PlainTextResponse, Response

from mailbot.claims.events import Accepted, CustomerWrote, Declined, DeclineUndone, Event, RemindersStopped
from mailbot.claims.model import Cause, Claim
from mailbot.web.access import peer_of, same_origin
from mailbot.web.confirm import STEP_UP, confirm_page, unknown
from mailbot.web.customer_view import page_context
from mailbot.web.nonces import Nonce
from mailbot.web.page_tokens import Opened, open_token
from mailbot.web.schemas import Stamp
from mailbot.web.site import Site, site_of
from mailbot.web.suspects import note_suspect

router = APIRouter(include_in_schema=False)

_ACTS = {"decline": "declined", "undo": "undone", "accept": "accepted", "ask": "asked"}
_TWO_STEPS = frozenset({"accept", "undo"})
_MAX_TEXT = 20_000
_LONGEST_PROGRAM = 300


@router.get("/c/{token}")
async def show(request: Request, token: str) -> Response:
    """The page."""
    site = site_of(request)
    opened = await open_token(site, token, "c")
    if opened is None:
        return await unknown(site, request)
    if opened.row.code == STEP_UP:
        return await confirm_page(site, request, opened)
    return await _page(site, request, opened)


@router.post("/c/{token}/{act}")
async def do(request: Request, token: str, act: str) -> Response:
    """One of the four acts; always answers with the page as it is then."""
    site = site_of(request)
    opened = await open_token(site, token, "c")
    if opened is None or act not in _ACTS:
        return await unknown(site, request)
    form = await request.form(max_files=0)
    nonce = site.read_nonce(str(form.get("nonce", "")), opened.token)
    if nonce is None or nonce.too_fast(site.now()) or not same_origin(site, request):
        await note_suspect(site, request, opened, act, nonce)
        return await _again(site, request, opened, act, nonce, form)
    chosen = _chosen(opened, str(form.get("claim", "")))
    if act in _TWO_STEPS and nonce.step != act:
        return await _second_step(site, request, opened, act, chosen)
    if act == "ask" and not str(form.get("text", "")).strip():
        return await _page(site, request, opened, said="empty")
    return await _apply(site, request, opened, act, nonce, chosen, form)


@router.get("/u/{token}")
async def offer_stop(request: Request, token: str) -> Response:
    """The page behind an unsubscribe link: a button, nothing else."""
    site = site_of(request)
    opened = await open_token(site, token, "u")
    if opened is None:
        return await unknown(site, request)
    return await site.page(
        request, "unsubscribe", None, {"token": opened.token, "done": False}, language=opened.language
    )


@router.post("/u/{token}")
async def stop_reminders(request: Request, token: str) -> Response:
    """RFC 8058: no cookie, no redirect, idempotent; only the exact body counts."""
    site = site_of(request)
    opened = await open_token(site, token, "u")
    if opened is None:
        return await unknown(site, request)
    form = await request.form(max_files=0)
    if form.multi_items() != [("List-Unsubscribe", "One-Click")]:
        return PlainTextResponse("The body must be List-Unsubscribe=One-Click.\n", status_code=400)
    for claim in opened.claims:
        stamp = _stamp(request, opened, claim, f"web:u{opened.address.handle}:{claim.id}", "header")
        await site.engine.act(claim.id, RemindersStopped(**stamp.fields()))
    return await site.page(
        request, "unsubscribe", None, {"token": opened.token, "done": True}, language=opened.language
    )


async def _again(
    site: Site, request: Request, opened: Opened, act: str, nonce: Nonce | None, form: FormData
) -> Response:
    """The same page once more, nothing changed; in a second step that step again."""
    if nonce is not None and nonce.step == act:
        return await _second_step(site, request, opened, act, _chosen(opened, str(form.get("claim", ""))), fast=True)
    return await _page(site, request, opened, said="too_fast")


async def _second_step(
    site: Site, request: Request, opened: Opened, act: str, chosen: Sequence[Claim], *, fast: bool = False
) -> Response:
    context: dict[str, Any] = {
        "base": f"/c/{opened.token}",
        "act": act,
        "claims": [{"id": c.id, "organisation_name": c.organisation_name, "claim": c} for c in chosen],
        "claim": chosen[0].id if len(chosen) == 1 else "",
        "nonce": site.nonce(opened.token, act),
        "too_fast": fast,
    }
    return await site.page(request, "customer_step", None, context, language=opened.language)


async def _apply(
    site: Site, request: Request, opened: Opened, act: str, nonce: Nonce, chosen: Sequence[Claim], form: FormData
) -> Response:
    refused = 0
    for claim in chosen:
        stamp = _stamp(request, opened, claim, f"web:{nonce.id}:{act}:{claim.id}", "link")
        if act == "decline" or opened.live_for(claim):
            outcome = await site.engine.act(claim.id, _event(act, form, opened, stamp))
            refused += outcome.refusal is not None
        else:
            refused += 1
    fresh = await open_token(site, opened.token, "c")
    said = "not_possible" if refused == len(chosen) else _ACTS[act]
    return await _page(site, request, fresh or opened, said=said)


def _event(act: str, form: FormData, opened: Opened, stamp: Stamp) -> Event:
    text = str(form.get("text", "")).strip()[:_MAX_TEXT]
    match act:
        case "decline":
            return Declined(text=text, leaked_key=opened.address.compromised, **stamp.fields())
        case "undo":
            return DeclineUndone(**stamp.fields())
        case "accept":
            return Accepted(text=text, **stamp.fields())
        case _:
            return CustomerWrote(cause=Cause.QUESTION, text=text, **stamp.fields())


def _stamp(request: Request, opened: Opened, claim: Claim, event_id: str, via: str) -> Stamp:
    """The stamp of a customer's act, with what shows that a person did it (security item 31 d)."""
    site = site_of(request)
    since_mail = int((site.now() - opened.row.created_at).total_seconds())
    trace = (
        ("via", via),
        ("peer", peer_of(site, request)),
        ("program", request.headers.get("user-agent", "")[:_LONGEST_PROGRAM]),
        ("seconds_since_mail", str(since_mail)),
    )
    return replace(site.stamp_of(event_id, opened.customer_actor(claim)), trace=trace)


def _chosen(opened: Opened, claim_id: str) -> tuple[Claim, ...]:
    """The claim whose button was pressed; all of the mail's when none was named; none when it is another mail's."""
    return tuple(c for c in opened.claims if c.id == claim_id) if claim_id else opened.claims


async def _page(site: Site, request: Request, opened: Opened, *, said: str = "") -> Response:
    if not opened.claims:
        return await unknown(site, request)
    context = await page_context(site, opened) | {"said": said}
    return await site.page(request, "customer", None, context, language=opened.language)
