"""The REST interface under /api/v1, put together: claims, verbs, mail, people, webhooks, exports."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from mailbot.web import api_claims, api_mail, api_people, api_verbs, api_webhooks
from mailbot.web.api_models import problems
from mailbot.web.callers import AnyCaller, Caller
from mailbot.web.claims import export_of
from mailbot.web.exports import MOST_ROWS
from mailbot.web.listing import all_claims, query_of
from mailbot.web.problems import not_found

router = APIRouter(prefix="/api/v1", responses=problems(401, 403, 404, 409, 412, 422, 429, 503))

for _part in (api_claims, api_verbs, api_mail, api_people, api_webhooks):
    router.include_router(_part.router)


@router.get("/exports/claims.csv", tags=["exports"])
async def export_csv(who: AnyCaller, request: Request) -> Response:
    """The list as filtered, as CSV (UTF-8 with byte order mark)."""
    return await _export(who, request, "csv")


@router.get("/exports/claims.xlsx", tags=["exports"])
async def export_xlsx(who: AnyCaller, request: Request) -> Response:
    """The list as filtered, as a workbook."""
    return await _export(who, request, "xlsx")


@router.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
async def nothing(who: AnyCaller, path: str) -> Response:
    """Whatever is not there."""
    raise not_found(f"There is no /api/v1/{path[:100]}.")


async def _export(who: Caller, request: Request, kind: str) -> Response:
    query = query_of({name: text for name, text in request.query_params.items() if name not in ("limit", "cursor")})
    async with who.site.store.read() as conn:
        found = await all_claims(conn, who.actor, query, MOST_ROWS)
    return await export_of(found, kind, who.site.now())
