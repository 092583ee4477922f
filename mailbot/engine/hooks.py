"""What webhooks are told: one outbox row for each endpoint that listens, with the exact bytes that are signed.

Reads the endpoints; writes nothing. The claim is shown as it stood at the event.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.claims.events import Publish
from mailbot.claims.model import Claim
from mailbot.claims.view import claim_view
from mailbot.ids import Ids
from mailbot.store import webhooks
from mailbot.store.outbox import NewWebhook
from mailbot.store.webhooks import Endpoint


async def calls(
    conn: AsyncConnection, published: Sequence[tuple[Claim, Publish]], ids: Ids, now: datetime
) -> list[NewWebhook]:
    """The calls that follow from a batch."""
    if not published:
        return []
    endpoints = await webhooks.endpoints(conn)
    return [
        call(ids.row(), endpoint, claim, event.type, now)
        for claim, event in published
        for endpoint in endpoints
        if endpoint.wants(event.type, claim.organisation_id)
    ]


def call(row: int, endpoint: Endpoint, claim: Claim, event_type: str, now: datetime) -> NewWebhook:
    """One call: body `{id, type, at, data: {claim}}` (contract, webhooks)."""
    name = f"msg_{row}"
    body = {"id": name, "type": event_type, "at": now.isoformat(), "data": {"claim": claim_view(claim)}}
    return NewWebhook(
        id=row,
        claim_id=claim.id,
        key=f"{event_type}:{claim.version}",
        code=event_type,
        target=str(endpoint.id),
        message_id=name,
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
        created_at=now,
    )
