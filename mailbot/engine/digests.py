"""Once a day: what is open, one mail a person (domain §7, daily_digest and office_attention); and the sweeping.

A settings row notes the day, in the same transaction as the mails, so that a day's digest leaves once whatever
crashes. Nothing leaves on a day that is no business day of the office.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.claims.events import Mail
from mailbot.claims.model import Claim, Party, Status
from mailbot.claims.places import Place
from mailbot.claims.workdays import is_business_day
from mailbot.engine.batch import Batch
from mailbot.engine.desk import Desk
from mailbot.engine.workspace import Wanted
from mailbot.store import claim_lists, inbox, nonces, people, refusals, settings

_HOUR = time(7)
_FAR = timedelta(days=366)
_MOST = 500
_DRAFTS_KEPT = timedelta(days=1)
_PARTNER_ACTS = frozenset({Status.ACTION_REQUIRED})
_REVIEWER_ACTS = frozenset({Status.SUBMITTED, Status.UNDER_REVIEW, Status.DISPUTED})


@dataclass(slots=True)
class Digests:
    """Writes the day's digests and clears what is kept for a while only."""

    desk: Desk

    async def step(self) -> int:
        """Writes the digests of today if they are due and not written; returns how many mails."""
        now = self.desk.clock.now()
        office = Place(self.desk.office.country, self.desk.office.time_zone)
        today = office.day_of(now)
        if now.astimezone(office.zone).time() < _HOUR or not is_business_day(today, office.country):
            return 0
        async with self.desk.batch(now) as batch:
            if await settings.get(batch.workspace.conn, "digest_day") == today.isoformat():
                return 0
            batch.workspace.wanted += await self._wanted(batch, now, today)
            batch.settings["digest_day"] = today.isoformat()
            await self.desk.finish(batch, now)
            return len(batch.workspace.wanted)

    async def sweep(self) -> None:
        """Forgets what is past its time: refusals, used nonces, remembered API answers, files nobody names."""
        now, store = self.desk.clock.now(), self.desk.store

        async def clear(conn: AsyncConnection) -> None:
            await refusals.sweep(conn, now)
            await nonces.sweep(conn, now)

        await store.write(clear)
        async with store.read() as conn:
            await store.blobs.sweep(conn, now - _DRAFTS_KEPT)

    async def _wanted(self, batch: Batch, now: datetime, today: date) -> list[Wanted]:
        conn = batch.workspace.conn
        claims = await claim_lists.due_list(conn, now + _FAR, _MOST)
        wanted = [
            *_digests(claims, _PARTNER_ACTS, today, now, lambda claim: claim.partner.email),
            *_digests(claims, _REVIEWER_ACTS, today, now, lambda claim: claim.assigned_to),
        ]
        items = [*await self._held(conn), *(item for claim in claims for item in _questions(claim))]
        if items:
            wanted += [_attention(person.email, items, today, now) for person in await people.office_admins(conn)]
        return wanted

    async def _held(self, conn: AsyncConnection) -> list[dict[str, object]]:
        found = [
            *await inbox.list_items(conn, "held", _MOST),
            *await inbox.list_items(conn, "quarantined", _MOST),
        ]
        return [
            {
                "kind": item.disposition,
                "claim": item.claim_id or "",
                "name": item.sender,
                "text": f"{item.reason}: {item.subject}",
                "since": item.received_at,
                "due": None,
            }
            for item in found
        ]


def _digests(
    claims: Iterable[Claim], statuses: frozenset[Status], today: date, now: datetime, whose: Callable[[Claim], str]
) -> list[Wanted]:
    lines: dict[str, list[dict[str, object]]] = {}
    for claim in claims:
        email = whose(claim)
        if claim.status in statuses and email:
            lines.setdefault(email, []).append(_line(claim))
    return [_digest(email, rows, today, now) for email, rows in lines.items()]


def _digest(email: str, rows: Sequence[dict[str, object]], today: date, now: datetime) -> Wanted:
    ordered = sorted(rows, key=lambda row: (row["due"] is None, row["due"]))
    context = {"items": ordered, "day": today}
    mail = Mail(code="daily_digest", to=Party.PERSON, key=f"daily_digest:{today}", email=email, context=context)
    return Wanted(None, mail, now, None)


def _attention(email: str, items: Sequence[dict[str, object]], today: date, now: datetime) -> Wanted:
    key = f"office_attention:{today}"
    mail = Mail(code="office_attention", to=Party.PERSON, key=key, email=email, context={"items": list(items)})
    return Wanted(None, mail, now, None)


def _line(claim: Claim) -> dict[str, object]:
    due = min((clock.due for clock in claim.clocks if clock.paused_at is None), default=None)
    code = "action_reminder" if claim.status is Status.ACTION_REQUIRED else "review_assigned"
    open_ones = len(claim.open_questions())
    text = f"{open_ones} open" if open_ones else claim.status.value.replace("_", " ")
    return {"code": code, "claim": claim.id, "name": claim.name, "due": due, "text": text}


def _questions(claim: Claim) -> list[dict[str, object]]:
    return [
        {
            "kind": "question",
            "claim": claim.id,
            "name": claim.customer.name,
            "text": inquiry.text[:200],
            "since": inquiry.at,
            "due": None,
        }
        for inquiry in claim.open_inquiries()
    ]
