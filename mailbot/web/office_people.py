"""The people the office knows, by firm, and who of its own is away.

Absences change who gets claims (domain §2), nothing else. Everybody notes their own, an office admin everybody's.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from mailbot.addresses import canonical
from mailbot.claims.deadlines import day_end
from mailbot.claims.model import Role
from mailbot.claims.places import Place
from mailbot.store import absences, people
from mailbot.store.people import Organisation, Person
from mailbot.web.access import same_origin
from mailbot.web.office import office_visitor
from mailbot.web.site import OFFICE, Visitor, site_of
from mailbot.wording.marking import mark

router = APIRouter(prefix="/office/people", include_in_schema=False)


@router.get("")
async def known_people(request: Request) -> Response:
    """Everybody the office knows, by firm."""
    site = site_of(request)
    visitor = await office_visitor(site, request)
    if isinstance(visitor, Response):
        return visitor
    async with site.store.read() as conn:
        firms = await people.list_organisations(conn)
        persons = await people.list_people(conn)
        away = await absences.present(conn, site.now())
    ours = [person for person in persons if person.organisation_id is None]
    groups = [_group(site.config.office_name, None, ours)] if ours else []
    groups += [_group(firm.name, firm, [p for p in persons if p.organisation_id == firm.id]) for firm in firms]
    context = {
        "groups": groups,
        "away": away,
        "reviewers": {person.email for person in ours if OFFICE & person.roles},
        "may_note": noted_by(visitor),
        "nonce": site.nonce(visitor.binding),
    }
    return await site.page(request, "people", visitor, context, here="people")


@router.post("/absence")
async def absence(request: Request) -> Response:
    """Notes until when a reviewer is away, or without a day that they are back."""
    site = site_of(request)
    visitor = await office_visitor(site, request)
    if isinstance(visitor, Response):
        return visitor
    form = await request.form(max_files=0)
    email, day = canonical(str(form.get("email", ""))), _day(str(form.get("until", "")))
    genuine = site.read_nonce(str(form.get("nonce", "")), visitor.binding) is not None and same_origin(site, request)
    async with site.store.read() as conn:
        known = email in {person.email for person in await people.reviewers(conn)}
    if not (genuine and known and noted_by(visitor)(email)):
        return await site.message(
            request, mark("Nothing was changed"), status=403, visitor=visitor, link="/office/people"
        )
    if day is None:
        await site.store.write(lambda conn: absences.end(conn, email))
    else:
        last = day_end(day, Place(site.config.office_country, site.config.office_time_zone))
        await site.store.write(lambda conn: absences.put(conn, email, last))
    return RedirectResponse("/office/people", status_code=303)


def noted_by(visitor: Visitor) -> Callable[[str], bool]:
    """Whose absence the visitor may note: their own, an office admin everybody's."""
    admin = Role.OFFICE_ADMIN in visitor.actor.roles
    return lambda email: admin or email == visitor.actor.email


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _group(name: str, firm: Organisation | None, persons: Sequence[Person]) -> dict[str, Any]:
    places = [{"id": p.id, "enrolled": sorted(p.enrolled)} for p in firm.locations] if firm else []
    return {
        "name": name,
        "country": firm.country if firm else "",
        "time_zone": firm.time_zone if firm else "",
        "locations": places,
        "persons": [
            {"name": p.name, "email": p.email, "roles": sorted(p.roles), "locations": sorted(p.locations)}
            for p in persons
        ],
    }
