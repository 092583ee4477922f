"""Who calls the API, how fast, and with which conditions: key, rate, If-Match, Idempotency-Key.

An unknown key is 401, too many calls in a minute 429, a malformed If-Match can match nothing and is 412.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Header, Request

from mailbot.claims.events import Actor
from mailbot.claims.model import Channel, Claim, Role
from mailbot.ids import CLAIM_ID
from mailbot.store import claims
from mailbot.store.api_keys import ApiKey
from mailbot.web.access import key_actor, key_of, may_see
from mailbot.web.problems import Problem, not_found
from mailbot.web.schemas import Stamp
from mailbot.web.site import OFFICE, Site, site_of

CALLS_PER_MINUTE = 600
_KEYS_REMEMBERED = 1000
_VERSION = re.compile(r'(?:W/)?"?(\d{1,9})"?', re.ASCII)
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An API client: its key, as whom it acts, and the Idempotency-Key of this call if it sent one."""

    site: Site
    key: ApiKey
    actor: Actor
    once: str = ""

    @property
    def office(self) -> bool:
        """Whether the key is the claims office's."""
        return bool(OFFICE & self.actor.roles)

    @property
    def admin(self) -> bool:
        """Whether the key is an office admin's."""
        return Role.OFFICE_ADMIN in self.actor.roles

    def stamp(self, what: str) -> Stamp:
        """The stamp of an event this call causes; with an Idempotency-Key the same call has the same event."""
        name = self.once or str(self.site.engine.ids.row())
        event_id = f"api:{self.key.id}:{name}:{what}"
        return Stamp(id=event_id, at=self.site.now(), actor=self.actor, channel=Channel.API)

    async def claim(self, claim_id: str) -> Claim:
        """The claim of that id. Raises Problem 404 when it is not there or not theirs to see."""
        wanted = claim_id.upper()
        async with self.site.store.read() as conn:
            found = (await claims.load(conn, [wanted])).get(wanted) if CLAIM_ID.fullmatch(wanted) else None
        if found is None or not may_see(self.actor, found):
            raise not_found()
        return found


class Rates:
    """Calls of each key in the present minute, in this process."""

    def __init__(self, most: int = CALLS_PER_MINUTE) -> None:
        self._most = most
        self._counts: OrderedDict[tuple[int, int], int] = OrderedDict()

    def allows(self, key_id: int, now: datetime) -> bool:
        """Counts a call; False when it is one too many for this minute."""
        slot = (key_id, int(now.timestamp()) // 60)
        self._counts[slot] = self._counts.get(slot, 0) + 1
        while len(self._counts) > _KEYS_REMEMBERED:
            self._counts.popitem(last=False)
        return self._counts[slot] <= self._most


async def caller(request: Request) -> Caller:
    """The client behind the Authorization header."""
    site = site_of(request)
    key = await key_of(site, request)
    if key is None:
        headers = {"WWW-Authenticate": 'Bearer realm="mailbot"'}
        raise Problem(401, "no_key", "Send a live API key: Authorization: Bearer <key>.", headers)
    rates: Rates = request.app.state.rates
    if not rates.allows(key.id, site.now()):
        raise Problem(429, "too_fast", f"At most {CALLS_PER_MINUTE} calls a minute.", {"Retry-After": "60"})
    return Caller(site=site, key=key, actor=key_actor(key), once=once_key(request))


async def office_caller(who: Annotated[Caller, Depends(caller)]) -> Caller:
    """A client of the claims office; for others these things do not exist."""
    if not who.office:
        raise not_found()
    return who


async def admin_caller(who: Annotated[Caller, Depends(office_caller)]) -> Caller:
    """An office admin."""
    if not who.admin:
        raise Problem(403, "not_allowed", "This takes a key of the role admin.")
    return who


def once_key(request: Request) -> str:
    """The Idempotency-Key; raises Problem 422 for one that is not 1 to 200 visible ASCII characters."""
    value = request.headers.get("idempotency-key", "") if request.method == "POST" else ""
    if value and not _IDEMPOTENCY_KEY.fullmatch(value):
        raise Problem(422, "bad_idempotency_key", "Idempotency-Key: 1 to 200 visible ASCII characters.")
    return value


def expected_version(if_match: Annotated[str | None, Header()] = None) -> int | None:
    """The version the client last saw; None when it does not care."""
    if if_match is None or if_match.strip() == "*":
        return None
    match = _VERSION.fullmatch(if_match.strip())
    if match is None:
        raise Problem(412, "version_mismatch", "If-Match must be the claim's version in quotes.")
    return int(match[1])


AnyCaller = Annotated[Caller, Depends(caller)]
OfficeCaller = Annotated[Caller, Depends(office_caller)]
AdminCaller = Annotated[Caller, Depends(admin_caller)]
Version = Annotated[int | None, Depends(expected_version)]
