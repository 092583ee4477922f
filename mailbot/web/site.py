"""The site: what every route needs, and how a page is put on the screen.

Holds no state of its own. Rendering a page raises only when its template lacks a value, which a test would have shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse

from mailbot.claims.events import Actor
from mailbot.claims.model import Channel, Claim, Clock, ClockKind, Role
from mailbot.claims.places import LANGUAGES, default_time_zone
from mailbot.config import Config
from mailbot.engine.engine import Engine
from mailbot.inbound.viewer import Viewer
from mailbot.store import settings
from mailbot.store.database import Store
from mailbot.store.settings import Pausable
from mailbot.templates import Templates
from mailbot.tokens import Tokens
from mailbot.web.nonces import Nonce, new_nonce, read_nonce
from mailbot.web.schemas import Stamp
from mailbot.wording import catalogues, dates
from mailbot.wording.marking import mark

PAUSABLE: tuple[Pausable, ...] = ("sending", "timers")
_PARTNER_CLOCKS = frozenset({ClockKind.PARTNER_ACTION, ClockKind.DISPUTE, ClockKind.SUBSCRIPTION})
_CUSTOMER_CLOCKS = frozenset({ClockKind.CONSENT_WINDOW, ClockKind.UNDO})
OFFICE = frozenset({Role.REVIEWER, Role.OFFICE_ADMIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who looks at a page. `binding` is what its form nonces are bound to: the session, or the page's own token."""

    actor: Actor
    binding: str
    language: str = LANGUAGES[0]
    signed_in: bool = True

    @property
    def office(self) -> bool:
        """Whether the visitor works for the claims office."""
        return bool(OFFICE & self.actor.roles)


@dataclass(frozen=True, slots=True)
class Site:
    """The rooms below, bound together once by the app factory. Without a `viewer` evidence is for download only."""

    engine: Engine
    store: Store
    tokens: Tokens
    templates: Templates
    config: Config
    viewer: Viewer | None = None

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by https."""
        return urlsplit(self.config.public_url).scheme == "https"

    def now(self) -> datetime:
        """The present instant."""
        return self.engine.clock.now()

    def nonce(self, binding: str, step: str = "") -> str:
        """A fresh form nonce for that binding."""
        return new_nonce(self.tokens, binding, self.engine.ids.row(), self.now(), step)

    def read_nonce(self, text: str, binding: str) -> Nonce | None:
        """The nonce a form came back with, if it is that binding's."""
        return read_nonce(self.tokens, text, binding, self.now())

    def stamp(self, nonce: Nonce, actor: Actor, part: str = "0") -> Stamp:
        """The stamp of an event that a form causes: the same form has the same id, however often it is sent."""
        return self.stamp_of(f"web:{nonce.id}:{part}", actor)

    def stamp_of(self, event_id: str, actor: Actor) -> Stamp:
        """The stamp of an event with that id that comes in by a page, now."""
        return Stamp(id=event_id, at=self.now(), actor=actor, channel=Channel.WEB)

    async def paused(self, visitor: Visitor | None) -> tuple[str, ...]:
        """What an operator has paused; shown to the office only."""
        if visitor is None or not visitor.office:
            return ()
        async with self.store.read() as conn:
            paused = [what for what in PAUSABLE if await settings.paused(conn, what)]
            return (*paused, "clock") if await settings.clock_jumped(conn) else tuple(paused)

    def time_zone(self, claim: Claim | None, visitor: Visitor | None) -> str:
        """The zone in which a reader sees time: the office's own, else the location's in which its clocks run."""
        office = self.config.office_time_zone
        if claim is None or visitor is None or visitor.office:
            return office
        return claim.location_time_zone or office

    def customer_zone(self, claim: Claim) -> str:
        """The customer's zone: the contact's, else the country's, else the office's (domain §3)."""
        contact = claim.customer
        return contact.time_zone or default_time_zone(contact.country) or self.config.office_time_zone

    def due_text(self, claim: Claim, clock: Clock, language: str) -> str:
        """A deadline in the zone in which it is counted: a day that ends there is printed as that day (domain §5)."""
        zone = self.config.office_time_zone
        if clock.kind in _PARTNER_CLOCKS:
            zone = claim.location_time_zone or zone
        elif clock.kind in _CUSTOMER_CLOCKS:
            zone = self.customer_zone(claim)
        return dates.deadline(clock.due, catalogues.language(language), zone)

    async def page(
        self,
        request: Request,
        name: str,
        visitor: Visitor | None,
        context: Mapping[str, Any],
        *,
        language: str = "",
        here: str = "",
        status: int = 200,
    ) -> HTMLResponse:
        """The page `name` in the visitor's language, or the browser's when nobody is known."""
        tongue = language or (visitor.language if visitor else preferred_language(request))
        values = {"time_zone": self.config.office_time_zone, **context}
        values["site"] = {
            "office_name": self.config.office_name,
            "home": "/office" if visitor and visitor.office else "/claims",
            "here": here,
            "paused": await self.paused(visitor),
            "nonce": self.nonce(visitor.binding) if visitor and visitor.signed_in else "",
            "person": self._person(visitor),
        }
        return HTMLResponse(self.templates.render_page(name, tongue, values), status_code=status)

    async def message(
        self,
        request: Request,
        title: str,
        *lines: str,
        status: int = 200,
        visitor: Visitor | None = None,
        link: str = "",
    ) -> HTMLResponse:
        """A page that only says something; title and lines are translated where the catalogue has them."""
        tongue = visitor.language if visitor else preferred_language(request)
        said = [self.templates.translate(text, tongue) for text in (title, *lines)]
        way = {"href": link, "text": self.templates.translate(mark("Go on"), tongue)} if link else None
        context = {"title": said[0], "lines": said[1:], "link": way}
        return await self.page(request, "message", visitor, context, status=status)

    def _person(self, visitor: Visitor | None) -> dict[str, Any] | None:
        if visitor is None or not visitor.signed_in:
            return None
        may_create = not visitor.office and self.engine.default_policy.may(visitor.actor.roles, "draft")
        return {"email": visitor.actor.email, "office": visitor.office, "may_create": may_create}


def site_of(request: Request) -> Site:
    """The site that serves this request."""
    site: Site = request.app.state.site
    return site


def preferred_language(request: Request) -> str:
    """The first of our languages in Accept-Language, in the order written; English otherwise."""
    for part in request.headers.get("accept-language", "")[:200].split(","):
        tag = part.partition(";")[0].strip().lower()
        for known in LANGUAGES:
            if tag.split("-")[0] == known.lower().split("-")[0] and tag:
                return known
    return LANGUAGES[0]
