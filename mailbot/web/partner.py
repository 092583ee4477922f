"""A claim's page by its two doors: /claims/<id> for who is signed in, /p/<token> for the person a mail went to.

A `p` token acts as that person, with the rights they have now, in the claims the mail was about. Expired and revoked
ones show the way to the sign-in page. The page behind `confirm_act` confirms held acts.
"""

from fastapi import APIRouter, Request
from starlette.responses import Response

from mailbot.claims.model import Claim
from mailbot.ids import CLAIM_ID
from mailbot.store import claims, people
from mailbot.web.access import may_see, please_sign_in, visitor_for, visitor_of
from mailbot.web.claim_page import Entrance, claim_page
from mailbot.web.claim_routes import claim_routes
from mailbot.web.confirm import STEP_UP, confirm_page, unknown
from mailbot.web.page_tokens import Opened, open_token
from mailbot.web.site import Site, Visitor, site_of
from mailbot.wording.marking import mark

router = APIRouter(include_in_schema=False)


async def enter_signed_in(site: Site, request: Request, key: str) -> Entrance | Response:
    """The signed-in visitor at the claim of that id."""
    visitor = await visitor_of(site, request)
    if visitor is None:
        return await please_sign_in(site, request)
    claim = await _claim(site, key)
    if claim is None or not may_see(visitor.actor, claim):
        return await site.message(request, mark("This page does not exist"), status=404, visitor=visitor)
    return Entrance(visitor=visitor, claim=claim, base=f"/claims/{claim.id}")


async def enter_by_token(site: Site, request: Request, key: str) -> Entrance | Response:
    """The person a mail went to, at the claim it was about."""
    found = await _person_behind(site, request, key)
    if isinstance(found, Response):
        return found
    opened, visitor = found
    claim = next((c for c in opened.claims if may_see(visitor.actor, c)), None)
    if claim is None or len(opened.claims) != 1:
        return await _overview(site, request, opened, visitor)
    return Entrance(visitor=visitor, claim=claim, base=f"/p/{opened.token}")


@router.get("/claims/{key}")
async def show(request: Request, key: str) -> Response:
    """The claim's page for who is signed in."""
    site = site_of(request)
    at = await enter_signed_in(site, request, key)
    return at if isinstance(at, Response) else await claim_page(site, request, at)


@router.get("/p/{key}")
async def show_by_token(request: Request, key: str) -> Response:
    """The claim's page for who holds the mail."""
    site = site_of(request)
    opened = await open_token(site, key, "p")
    if opened is not None and opened.row.code == STEP_UP:
        return await confirm_page(site, request, opened)
    at = await enter_by_token(site, request, key)
    return at if isinstance(at, Response) else await claim_page(site, request, at)


router.include_router(claim_routes("/claims/{key}", enter_signed_in))
router.include_router(claim_routes("/p/{key}", enter_by_token))


async def _claim(site: Site, claim_id: str) -> Claim | None:
    if not CLAIM_ID.fullmatch(claim_id):
        return None
    async with site.store.read() as conn:
        return (await claims.load(conn, [claim_id.upper()])).get(claim_id.upper())


async def _person_behind(site: Site, request: Request, token: str) -> tuple[Opened, Visitor] | Response:
    opened = await open_token(site, token, "p")
    if opened is None:
        return await unknown(site, request)
    async with site.store.read() as conn:
        person = (await people.find_people(conn, [opened.row.email])).get(opened.row.email)
    revoked = bool(opened.claims) and all(claim.id in opened.row.revoked for claim in opened.claims)
    if opened.expired or revoked or person is None:
        text = mark("This link is too old or was replaced. Sign in instead, or answer any of our mails.")
        return await site.message(request, mark("The link does not work any more"), text, status=403, link="/login")
    return opened, visitor_for(person, opened.token, signed_in=False)


async def _overview(site: Site, request: Request, opened: Opened, visitor: Visitor) -> Response:
    """A mail about none or several claims (a digest): the way to each, by signing in."""
    seen = [c for c in opened.claims if may_see(visitor.actor, c)]
    lines = [f"{claim.id} {claim.name}" for claim in seen]
    text = (
        mark("This mail was about several claims. Sign in to see them.")
        if seen
        else mark("Sign in to see your claims.")
    )
    return await site.message(request, mark("Your claims"), text, *lines, visitor=visitor, link="/login")
