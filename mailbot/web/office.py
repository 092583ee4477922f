"""The claims office's queue: what it owes, by due date. Reviewing itself is the claim's page.

Only reviewers and office admins exist here; for everybody else these pages do not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from mailbot.claims.model import Claim, Clock, ClockKind, Consent, Status
from mailbot.store import claim_lists, inbox, outbox_office
from mailbot.store.claim_lists import ClaimFilter
from mailbot.web.access import please_sign_in, visitor_of
from mailbot.web.site import Site, Visitor, site_of
from mailbot.wording.marking import mark

router = APIRouter(include_in_schema=False)

_OURS_NOW = (Status.SUBMITTED, Status.UNDER_REVIEW, Status.DISPUTED)
_HORIZON = timedelta(days=365)
_LONGEST = 200
_OURS = frozenset(
    {
        ClockKind.START_REVIEW,
        ClockKind.REVIEW,
        ClockKind.DECISION,
        ClockKind.DISPUTE_REVIEW,
        ClockKind.CUSTOMER_QUESTION,
        ClockKind.DATA_REQUEST,
    }
)


@dataclass(frozen=True, slots=True)
class Due:
    """A claim in the queue: the first of its deadlines that the office has to keep; `due` None: it ran out."""

    claim: Claim
    kind: ClockKind
    due: datetime | None
    late: bool


async def office_visitor(site: Site, request: Request) -> Visitor | Response:
    """The visitor if they work for the office, else the answer to who does not."""
    visitor = await visitor_of(site, request)
    if visitor is None:
        return await please_sign_in(site, request)
    if not visitor.office:
        return await site.message(request, mark("This page does not exist"), status=404, visitor=visitor)
    return visitor


@router.get("/office")
async def queue(request: Request, mine: bool = False) -> Response:
    """What the office has to do, the most urgent first, and what waits for a person."""
    site = site_of(request)
    visitor = await office_visitor(site, request)
    if isinstance(visitor, Response):
        return visitor
    now = site.now()
    async with site.store.read() as conn:
        found = await waiting_claims(conn, now)
        asked = len(await claim_lists.with_inquiries(conn))
        counts = await inbox.waiting_counts(conn) | await outbox_office.waiting_counts(conn)
    reviewer = visitor.actor.email if mine else ""
    context = {
        "items": due_items(found, now, reviewer),
        "mine": mine,
        "held": counts.get("held", 0),
        "quarantined": counts.get("quarantined", 0),
        "bounced": counts.get("bounced", 0),
        "asked": asked,
    }
    return await site.page(request, "office", visitor, context, here="office")


def due_items(claims: Iterable[Claim], now: datetime, reviewer: str = "") -> list[Due]:
    """What the office owes these claims, soonest first; of one reviewer if named.

    A clock that ran out is gone; what it was for is owed all the same, and stands first.
    """
    items: list[Due] = []
    for claim in claims:
        clock = _first(claim)
        if reviewer and claim.assigned_to != reviewer:
            continue
        if clock is not None:
            items.append(Due(claim, clock.kind, clock.due, clock.due < now))
        elif claim.status in _OURS_NOW or claim.consent is Consent.SUSPENDED:
            items.append(Due(claim, _owed(claim), None, claim.status in _OURS_NOW))
    return sorted(items, key=lambda item: (item.due is not None, not item.late, item.due or now, item.claim.id))


async def waiting_claims(conn: AsyncConnection, now: datetime) -> list[Claim]:
    """Claims with a deadline, claims in the office's hands, and claims whose customer's window stands still."""
    due = await claim_lists.due_list(conn, now + _HORIZON, limit=_LONGEST)
    ours = await claim_lists.page(conn, ClaimFilter(status=tuple(_OURS_NOW)), "created", _LONGEST)
    approved = await claim_lists.page(conn, ClaimFilter(status=("approved",), open=True), "created", _LONGEST)
    still = [claim for claim in approved.items if claim.consent is Consent.SUSPENDED]
    return list({claim.id: claim for claim in (*due, *ours.items, *still)}.values())


def _owed(claim: Claim) -> ClockKind:
    if claim.status is Status.SUBMITTED:
        return ClockKind.START_REVIEW
    if claim.status is Status.DISPUTED:
        return ClockKind.DISPUTE_REVIEW
    return ClockKind.REVIEW if claim.status is Status.UNDER_REVIEW else ClockKind.CONSENT_WINDOW


def _first(claim: Claim) -> Clock | None:
    running = [clock for clock in claim.clocks if clock.kind in _OURS and clock.paused_at is None]
    return min(running, key=lambda clock: clock.due, default=None)
