"""Help inside: what every reason means and what to do about it, for whoever follows the link of a mail or page."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from mailbot.claims.reasons import QUESTIONS, REJECTIONS
from mailbot.web.access import visitor_of
from mailbot.web.site import site_of

router = APIRouter(include_in_schema=False)


@router.get("/help")
async def reasons(request: Request) -> Response:
    """Every reason at an anchor of its code; a code that is both stands among the rejections and the questions."""
    site = site_of(request)
    visitor = await visitor_of(site, request)
    context = {
        "rejections": list(REJECTIONS.values()),
        "questions": list(QUESTIONS.values()),
        "address": f"claims@{site.config.domain}",
    }
    return await site.page(request, "help", visitor, context, here="help")
