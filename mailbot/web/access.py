"""Who is at the door: sessions in a cookie, API keys, and the token of a page; and what each of them may see.

Nobody has a password. An unknown, ended or forged proof is simply nobody (None): pages then offer the way in, the API
answers 401. What a visitor may not see does not exist for them (404).
"""

import re
from datetime import timedelta
from urllib.parse import urlencode

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mailbot.claims.events import Actor
from mailbot.claims.model import Claim, Role
from mailbot.endpoints import within
from mailbot.engine.letters import actor_of
from mailbot.store import api_keys, nonces, people
from mailbot.store.api_keys import ApiKey
from mailbot.store.claim_lists import ClaimFilter
from mailbot.store.people import Person
from mailbot.web.site import OFFICE, Site, Visitor

SESSION_LIFE = timedelta(hours=12)
NOBODY = "-"
"""An organisation id that none has: the scope of who belongs to no firm."""

_LONGEST_PEER = 64
_LOCAL_PATH = re.compile(r"/(?!/)[A-Za-z0-9/_.=&?%+-]{0,300}", re.ASCII)
_SESSION = "session"
_KEY_ROLES = {"partner": Role.INCENTIVES_ADMIN, "reviewer": Role.REVIEWER, "admin": Role.OFFICE_ADMIN}


async def visitor_of(site: Site, request: Request) -> Visitor | None:
    """The person behind the session cookie, with the rights they have now."""
    payload = site.tokens.loads(_SESSION, request.cookies.get(cookie_name(site), ""), SESSION_LIFE, site.now())
    match payload:
        case {"email": str(email), "sid": str(sid)}:
            async with site.store.read() as conn:
                if await nonces.used(conn, f"session:{sid}"):
                    return None
                person = (await people.find_people(conn, [email])).get(email)
            return visitor_for(person, f"session:{sid}") if person else None
    return None


def visitor_for(person: Person, binding: str, *, signed_in: bool = True) -> Visitor:
    """A known person as a visitor."""
    return Visitor(
        actor=actor_of(person, of_record=True),
        binding=binding,
        language=person.language or "en",
        signed_in=signed_in,
    )


def open_session(site: Site, response: Response, email: str) -> None:
    """Signs that person in: from now on this browser is them, for twelve hours or until they leave."""
    value = site.tokens.dumps(_SESSION, {"email": email, "sid": str(site.engine.ids.row())}, site.now())
    response.set_cookie(
        cookie_name(site),
        value,
        max_age=int(SESSION_LIFE.total_seconds()),
        path="/",
        secure=site.secure,
        httponly=True,
        samesite="strict",
    )


async def end_session(site: Site, visitor: Visitor, response: Response) -> None:
    """The session is void everywhere, also where its cookie was copied to."""
    expires = site.now() + SESSION_LIFE

    async def write(conn: AsyncConnection) -> None:
        await nonces.use(conn, visitor.binding, expires)

    await site.store.write(write)
    response.delete_cookie(cookie_name(site), path="/", secure=site.secure, httponly=True, samesite="strict")


def cookie_name(site: Site) -> str:
    """The `__Host-` prefix makes browsers refuse the cookie from anybody but this very host over https."""
    return "__Host-mailbot" if site.secure else "mailbot"


async def key_of(site: Site, request: Request) -> ApiKey | None:
    """The live API key of the Authorization header."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        return None
    async with site.store.read() as conn:
        return await api_keys.find(conn, secret.strip(), site.now())


def key_actor(key: ApiKey) -> Actor:
    """A key acts as its role; its name stands where a person's address would."""
    return Actor(
        email=f"key:{key.id}",
        name=key.label or f"API key {key.id}",
        roles=frozenset({_KEY_ROLES[key.role]}),
        organisation_id=key.organisation_id or "",
        of_record=True,
    )


def may_see(actor: Actor, claim: Claim) -> bool:
    """The office sees every claim, a partner those of its firm and, if limited, of its locations (domain §2)."""
    if OFFICE & actor.roles:
        return True
    if not actor.organisation_id or actor.organisation_id != claim.organisation_id:
        return False
    return not actor.locations or claim.location_id in actor.locations or not claim.location_id


def scope_of(actor: Actor) -> ClaimFilter:
    """The filter under which every list for this actor stands: the same rule as `may_see`."""
    if OFFICE & actor.roles:
        return ClaimFilter()
    return ClaimFilter(organisation_id=actor.organisation_id or NOBODY, locations=actor.locations)


async def please_sign_in(site: Site, request: Request) -> Response:
    """The way in for who is not signed in, and back to this page.

    A browser that comes from another site (a link in web mail) keeps a strict cookie to itself: it is sent here once
    more by a page of ours, and only then asked to sign in.
    """
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method == "GET" and request.headers.get("sec-fetch-site") == "cross-site":
        return await site.page(request, "onward", None, {"to": here})
    back = here if request.method == "GET" and local_path(here) else ""
    return RedirectResponse(f"/login?{urlencode({'to': back})}" if back else "/login", status_code=303)


def local_path(text: str) -> bool:
    """Whether this is a plain address on our own site: what one may be sent on to after signing in."""
    return _LOCAL_PATH.fullmatch(text) is not None


def peer_of(site: Site, request: Request) -> str:
    """The address a request came from; what a proxy says of it counts only if the proxy is trusted (security 4.1.3)."""
    peer = request.client.host if request.client else ""
    trusted = site.config.http.trusted_proxies
    # A proxy may add a field of its own below the one its visitor sent: all of them are one list (RFC 9110 §5.3).
    hops = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    for hop in reversed(hops):
        if not hop.strip() or not within(peer, trusted):
            break
        peer = hop.strip()[:_LONGEST_PEER]
    return peer


def same_origin(site: Site, request: Request) -> bool:
    """Whether a browser sent this form from a page of ours (security item 33).

    Pages say `no-referrer`, so a browser's Origin is "null" even for our own forms; Sec-Fetch-Site tells them apart.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin", "null")
    ours = (f"//{request.headers.get('host', '')}", site.config.public_url.partition(":")[2])
    return origin == "null" or origin.partition(":")[2] in ours
