"""Customers who wait for an answer of the office, the longest waiting first, each with the form that answers.

The answer is an act on the claim like any other (domain §4.2): it goes out by mail, in the thread of the question.
"""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from mailbot.claims.model import Claim, ClockKind
from mailbot.store import claim_lists
from mailbot.web.claim_page import Entrance, acts_for
from mailbot.web.office import office_visitor
from mailbot.web.site import Site, Visitor, site_of

router = APIRouter(prefix="/office/questions", include_in_schema=False)

_MOST = 25
"""On one page, for its weight; who has more waiting has other worries."""


@router.get("")
async def questions(request: Request) -> Response:
    """The claims whose customer waits."""
    site = site_of(request)
    visitor = await office_visitor(site, request)
    if isinstance(visitor, Response):
        return visitor
    async with site.store.read() as conn:
        waiting = await claim_lists.with_inquiries(conn)
    asked = sorted((_asked(site, visitor, claim) for claim in waiting), key=lambda one: one["since"])
    context = {"asked": asked[:_MOST], "more": max(0, len(asked) - _MOST), "nonce": site.nonce(visitor.binding)}
    return await site.page(request, "office_questions", visitor, context, here="questions")


def _asked(site: Site, visitor: Visitor, claim: Claim) -> dict[str, Any]:
    open_ones = claim.open_inquiries()
    dues = [clock for clock in claim.clocks if clock.kind in (ClockKind.CUSTOMER_QUESTION, ClockKind.DATA_REQUEST)]
    first = min(dues, key=lambda clock: clock.due, default=None)
    at = Entrance(visitor=visitor, claim=claim, base=f"/claims/{claim.id}")
    return {
        "claim": claim,
        "base": at.base,
        "inquiries": open_ones,
        "since": min(inquiry.at for inquiry in open_ones),
        "due": site.due_text(claim, first, visitor.language) if first else "",
        "late": first is None or first.due < site.now(),
        "can_answer": "answer_customer" in acts_for(site, at),
    }
