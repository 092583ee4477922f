"""Editing a claim and writing a new one in the browser.

A form with defects comes back as it was filled in, each defect beside its field; nothing has changed then. A claim
that was changed by someone else meanwhile is shown as it is now.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mailbot.engine.engine import VersionMismatch
from mailbot.store import claims, people
from mailbot.web.access import may_see
from mailbot.web.claim_fields import ALL_FIELDS, choices, form_of, patch_of
from mailbot.web.claim_page import Entrance, Said, claim_page, editable
from mailbot.web.drafts import create_draft, draft_of
from mailbot.web.forms import BadForm, FieldError, defect_errors, nested, parse, texts
from mailbot.web.nonces import Nonce
from mailbot.web.schemas import ClaimBody
from mailbot.web.site import Site, Visitor
from mailbot.wording.marking import mark


async def edit_form(site: Site, request: Request, at: Entrance) -> Response:
    """The form with the fields that can be changed now."""
    return await _form(site, request, at, form_of(at.claim), ())


async def save_edit(site: Site, request: Request, at: Entrance, form: FormData, nonce: Nonce) -> Response:
    """Changes the claim, or shows the form again with its defects."""
    fields = texts(form)
    try:
        patch = patch_of(fields, editable(site, at) & ALL_FIELDS, at.claim)
    except BadForm as bad:
        return await _form(site, request, at, fields, bad.errors)
    version = str(form.get("version", ""))
    expected = int(version) if version.isdecimal() and len(version) < 10 else None
    try:
        event = patch.event(site.stamp(nonce, at.visitor.actor, "edit"))
        outcome = await site.engine.act(at.claim.id, event, if_match=expected)
    except VersionMismatch:
        return await claim_page(site, request, await _now(site, at), Said(word="stale"), status=409)
    if outcome.refusal is not None and outcome.refusal.defects:
        return await _form(site, request, at, fields, defect_errors(outcome.refusal.defects))
    said = Said(word="" if outcome.refusal else "done", refusal=outcome.refusal)
    return await claim_page(site, request, await _now(site, at), said, status=409 if outcome.refusal else 200)


async def new_form(
    site: Site, request: Request, visitor: Visitor, fields: Mapping[str, str], errors: Sequence[FieldError] = ()
) -> Response:
    """The form for a new claim."""
    context = {
        "heading": site.templates.translate(mark("New claim"), visitor.language),
        "button": site.templates.translate(mark("Save the draft"), visitor.language),
        "action": "/claims/new",
        "back": "/claims",
        "fields": ALL_FIELDS,
        "version": "",
        "form": fields,
    }
    return await _render(site, request, visitor, context, errors, here="new")


async def blank_fields(site: Site, visitor: Visitor, copied: str) -> dict[str, str]:
    """What a new form starts with: the writer as partner contact, and what a claim to copy already says."""
    actor = visitor.actor
    own = {"partner.name": actor.name, "partner.email": actor.email, "partner.language": visitor.language}
    if not copied:
        return own
    async with site.store.read() as conn:
        found = (await claims.load(conn, [copied])).get(copied)
    return form_of(found) if found is not None and may_see(actor, found) else own


async def create(site: Site, request: Request, visitor: Visitor, form: FormData, nonce: Nonce) -> Response:
    """Writes the draft and goes to its page, or shows the form again with its defects."""
    fields = texts(form)
    try:
        body = parse(ClaimBody, _without_blank_rows(nested(fields)))
        async with site.store.read() as conn:
            claim = await draft_of(site, conn, visitor.actor, body)
    except BadForm as bad:
        return await new_form(site, request, visitor, fields, bad.errors)
    outcome = await create_draft(site, claim, site.stamp(nonce, visitor.actor, "draft"))
    if outcome.refusal is not None:
        return await new_form(
            site, request, visitor, fields, [FieldError("", outcome.refusal.code, outcome.refusal.text)]
        )
    return RedirectResponse(f"/claims/{outcome.claim.id}", status_code=303)


async def _form(
    site: Site, request: Request, at: Entrance, fields: Mapping[str, str], errors: Sequence[FieldError]
) -> Response:
    context = {
        "heading": f"{at.claim.id} {at.claim.name}",
        "button": site.templates.translate(mark("Save the changes"), at.visitor.language),
        "action": f"{at.base}/edit",
        "back": at.base,
        "fields": editable(site, at),
        "version": at.claim.version,
        "form": fields,
    }
    return await _render(site, request, at.visitor, context, errors, here="claims")


async def _render(
    site: Site, request: Request, visitor: Visitor, context: dict[str, Any], errors: Sequence[FieldError], *, here: str
) -> Response:
    context |= {
        "errors": errors,
        "nonce": site.nonce(visitor.binding),
        "refusal": None,
        "receipts": (),
        "said": "",
        **choices(context["form"], await _locations(site, visitor)),
    }
    return await site.page(request, "claim_form", visitor, context, here=here, status=422 if errors else 200)


async def _locations(site: Site, visitor: Visitor) -> list[str]:
    if not visitor.actor.organisation_id:
        return []
    async with site.store.read() as conn:
        firm = await people.organisation(conn, visitor.actor.organisation_id)
    places = [place.id for place in firm.locations] if firm else []
    return [place for place in places if not visitor.actor.locations or place in visitor.actor.locations]


async def _now(site: Site, at: Entrance) -> Entrance:
    async with site.store.read() as conn:
        found = (await claims.load(conn, [at.claim.id])).get(at.claim.id, at.claim)
    return Entrance(visitor=at.visitor, claim=found, base=at.base)


def _without_blank_rows(tree: dict[str, Any]) -> dict[str, Any]:
    if isinstance(tree.get("products"), list):
        tree["products"] = [row for row in tree["products"] if isinstance(row, dict) and row.get("code")]
    return tree
