"""The list of claims: which filters there are, how a visitor's query becomes the store's, and the exports of the same.

A query that makes no sense raises BadForm with every defect. The visitor's own scope always stands under the filters.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.claims.events import Actor
from mailbot.claims.model import Claim, Status
from mailbot.store import claim_lists, people
from mailbot.store.claim_lists import ClaimFilter, Page
from mailbot.store.faults import Refused
from mailbot.web.access import NOBODY, scope_of
from mailbot.web.forms import BadForm, FieldError

FILTERS = ("status", "area", "activity", "partner", "customer", "from", "to", "q", "sort")
DEFAULT_SORT = claim_lists.NEWEST_FIRST
MAX_LIMIT = 200
_EXPORT_PAGE = 500
_LONGEST = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a list was asked for, as texts; empty means not asked."""

    filters: Mapping[str, str]
    limit: int = 50
    cursor: str = ""

    def text(self, name: str) -> str:
        """One filter's text."""
        return self.filters.get(name, "").strip()

    @property
    def sort(self) -> str:
        """The order asked for, newest first otherwise."""
        return self.text("sort") or DEFAULT_SORT


def query_of(params: Mapping[str, str], limit: int = 50) -> Query:
    """The query of an address. Raises BadForm for a limit that is no number from 1 to 200."""
    wanted = params.get("limit", "") or str(limit)
    if not wanted.isdecimal() or len(wanted) > 4 or not 1 <= int(wanted) <= MAX_LIMIT:
        raise BadForm([FieldError("limit", "not_allowed", f"a number from 1 to {MAX_LIMIT}")])
    filters = {name: params[name][:_LONGEST] for name in FILTERS if params.get(name)}
    return Query(filters=filters, limit=int(wanted), cursor=params.get("cursor", ""))


async def list_claims(conn: AsyncConnection, actor: Actor, query: Query) -> Page:
    """One page of what this actor may see. Raises BadForm."""
    which = await _filter(conn, actor, query)
    try:
        return await claim_lists.page(conn, which, query.sort, query.limit, query.cursor or None)
    except Refused as refused:
        field = "cursor" if refused.code == "bad_cursor" else "sort"
        raise BadForm([FieldError(field, refused.code, str(refused))]) from None


async def all_claims(conn: AsyncConnection, actor: Actor, query: Query, most: int) -> list[Claim]:
    """The whole list as filtered, at most `most` claims, for exports."""
    found: list[Claim] = []
    query = replace(query, limit=_EXPORT_PAGE, cursor="")
    while len(found) < most:
        page = await list_claims(conn, actor, query)
        found += page.items
        if page.next is None:
            break
        query = replace(query, cursor=page.next)
    return found[:most]


async def _filter(conn: AsyncConnection, actor: Actor, query: Query) -> ClaimFilter:
    errors: list[FieldError] = []
    statuses = tuple(part for part in query.text("status").split(",") if part)
    if unknown := [s for s in statuses if s not in set(Status)]:
        errors.append(FieldError("status", "not_allowed", f"unknown: {', '.join(unknown)}"))
    since = _instant(query.text("from"), "from", errors, 0)
    until = _instant(query.text("to"), "to", errors, 1)
    if errors:
        raise BadForm(errors)
    which = replace(
        scope_of(actor),
        status=statuses,
        area=query.text("area"),
        activity=query.text("activity"),
        customer=query.text("customer"),
        since=since,
        until=until,
        q=query.text("q"),
    )
    return await _of_partner(conn, which, query.text("partner"))


async def _of_partner(conn: AsyncConnection, which: ClaimFilter, partner: str) -> ClaimFilter:
    """`partner` is a firm's id or name, or the address of a partner's contact."""
    if not partner:
        return which
    if "@" in partner:
        return replace(which, partner=partner)
    firm = await people.organisation(conn, partner) or await people.organisation_named(conn, partner)
    wanted = firm.id if firm else NOBODY
    allowed = which.organisation_id in ("", wanted)
    return replace(which, organisation_id=wanted if allowed else NOBODY)


def _instant(text: str, field: str, errors: list[FieldError], days: int) -> datetime | None:
    """The start of a day (or of the one after it), or an instant with its offset; `to` includes its day."""
    if not text:
        return None
    try:
        if len(text) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(text) + timedelta(days=days), datetime.min.time(), UTC)
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant
    except (ValueError, OverflowError):
        pass
    errors.append(FieldError(field, "not_allowed", "a day like 2026-01-31 or an instant with its offset"))
    return None
