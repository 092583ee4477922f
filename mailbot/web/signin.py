"""Signing in by a link that was mailed, and leaving. GET shows, POST acts; a link works once.

Asking for a link always gets the same answer, whoever asks; used, expired and invented links look alike.
"""

from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import RedirectResponse, Response

from mailbot.addresses import canonical, is_address
from mailbot.store import nonces, people
from mailbot.tokens import Tokens
from mailbot.web.access import end_session, local_path, open_session, same_origin, visitor_of
from mailbot.web.site import Site, site_of
from mailbot.wording.marking import mark

router = APIRouter(include_in_schema=False)

LINK_PURPOSE = "sign_in"
LINK_LIFE = timedelta(minutes=15)
LINKS_AT_ONCE = 3
"""Links that are sent to one address within a link's life."""

_ANYONE = "login"


@router.get("/login")
async def login(request: Request, to: str = "") -> Response:
    """The form that asks for an address; `to` is where one wanted to go."""
    site = site_of(request)
    context = {"nonce": site.nonce(_ANYONE), "to": to if local_path(to) else ""}
    return await site.page(request, "login", None, context)


@router.post("/login")
async def send_link(request: Request) -> Response:
    """Mails a link if the address is known; says the same in any case."""
    site = site_of(request)
    form = await request.form(max_files=0)
    email = str(form.get("email", "")).strip()
    genuine = site.read_nonce(str(form.get("nonce", "")), _ANYONE) is not None and same_origin(site, request)
    known_as = canonical(email)
    if genuine and is_address(email) and await _may_ask(site, known_as):
        to = str(form.get("to", ""))
        row, now = site.engine.ids.row(), site.now()
        link = sign_in_link(site.tokens, site.config.public_url, known_as, row, now, to if local_path(to) else "")
        await site.engine.sign_in(known_as, link)
    return await site.message(
        request,
        mark("Please look into your mail"),
        mark("If we know this address, a link is on its way. It works once, for a quarter of an hour."),
    )


@router.get("/login/{token}")
async def confirm(request: Request, token: str) -> Response:
    """The page with the one button: mail scanners open links, people press buttons."""
    site = site_of(request)
    return await site.page(request, "login_confirm", None, {"token": token})


@router.post("/login/{token}")
async def enter(request: Request, token: str) -> Response:
    """Opens a session, if the link is fresh and was not used."""
    site = site_of(request)
    used = await _use_link(site, token) if same_origin(site, request) else None
    if used is None:
        text = mark("This link was used already or is too old. Please ask for a new one.")
        return await site.message(request, mark("The link does not work any more"), text, status=403, link="/login")
    email, to = used
    async with site.store.read() as conn:
        person = (await people.find_people(conn, [email])).get(email)
    office = person is not None and bool({"reviewer", "office_admin"} & set(person.roles))
    response = RedirectResponse(to or ("/office" if office else "/claims"), status_code=303)
    open_session(site, response, email)
    return response


@router.post("/logout")
async def leave(request: Request) -> Response:
    """Ends the session."""
    site = site_of(request)
    visitor = await visitor_of(site, request)
    response = RedirectResponse("/login", status_code=303)
    form = await request.form(max_files=0)
    if visitor and same_origin(site, request) and site.read_nonce(str(form.get("nonce", "")), visitor.binding):
        await end_session(site, visitor, response)
    return response


def sign_in_link(tokens: Tokens, public_url: str, email: str, row: int, now: datetime, to: str = "") -> str:
    """A link that signs that person in, once, within a quarter of an hour; `row` is a fresh id, `to` a path of ours."""
    payload = {"email": email, "id": row, "to": to}
    return f"{public_url}/login/{tokens.dumps(LINK_PURPOSE, payload, now)}"


async def _may_ask(site: Site, email: str) -> bool:
    """Whether that address may be sent one more link now: nobody's mailbox is filled by a form."""
    slots, expires = [f"login:{email}:{number}" for number in range(LINKS_AT_ONCE)], site.now() + LINK_LIFE

    async def write(conn: AsyncConnection) -> bool:
        await nonces.sweep(conn, site.now())
        for slot in slots:
            if await nonces.use(conn, slot, expires):
                return True
        return False

    return await site.store.write(write)


async def _use_link(site: Site, token: str) -> tuple[str, str] | None:
    """Uses the link up: whose it is and where it leads; None when it is stale, used or made up."""
    payload = site.tokens.loads(LINK_PURPOSE, token, LINK_LIFE, site.now())
    match payload:
        case {"email": str(email), "id": int(link), "to": str(to)}:
            used, expires = f"{LINK_PURPOSE}:{link}", site.now() + LINK_LIFE * 2

            async def write(conn: AsyncConnection) -> bool:
                return await nonces.use(conn, used, expires)

            return (email, to) if await site.store.write(write) else None
    return None
