"""One route for each verb of a claim: POST /claims/{id}/<verb> with the body of verbs.py, answered with the claim."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.responses import Response

from mailbot.web.api_claims import claim_answer
from mailbot.web.api_models import CLAIM_ANSWER
from mailbot.web.callers import AnyCaller, Version
from mailbot.web.once import OnceRoute
from mailbot.web.verbs import VERBS, Verb

router = APIRouter(tags=["verbs"], route_class=OnceRoute)


def _endpoint(verb: str, schema: type[Verb]) -> Callable[..., Awaitable[Response]]:
    bodiless = not schema.model_fields

    async def with_body(who: AnyCaller, claim_id: str, body: schema, version: Version) -> Response:  # type: ignore[valid-type]
        claim = await who.claim(claim_id)
        event = body.event(who.stamp(verb))  # type: ignore[attr-defined]
        return await claim_answer(who, await who.site.engine.act(claim.id, event, if_match=version))

    async def without(who: AnyCaller, claim_id: str, version: Version, body: schema | None = None) -> Response:  # type: ignore[valid-type]
        return await with_body(who, claim_id, body or schema(), version)

    return without if bodiless else with_body


for _verb, _schema in VERBS.items():
    router.add_api_route(
        f"/claims/{{claim_id}}/{_verb}",
        _endpoint(_verb, _schema),
        methods=["POST"],
        responses=CLAIM_ANSWER,
        name=_verb,
        operation_id=_verb.replace("-", "_"),
        summary=_verb.replace("-", " ").capitalize(),
        description=_schema.__doc__,
    )
