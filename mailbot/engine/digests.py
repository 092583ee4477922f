"""Once a day: what is open, one mail a person (domain §7, daily_digest and office_attention).

A settings row notes the day, in the same transaction as the mails, so that a day's digest leaves once whatever
crashes. Nothing leaves on a day that is no business day of the office. A digest takes the reminders along that wait
for its reader; each line has its own reply address.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.claims.events import Mail
from mailbot.claims.model import Claim, Party, Status
from mailbot.engine.batch import Batch
from mailbot.engine.days import is_digest_time, office_day
from mailbot.engine.desk import Desk
from mailbot.engine.lines import Line, digest_of, line_of, reminder_line
from mailbot.engine.workspace import Wanted
from mailbot.store import claim_lists, inbox, people, settings, waiting
from mailbot.store.locking import my_turn
from mailbot.store.waiting import Waiting

_MOST = 1000
_PARTNER_ACTS = frozenset({Status.ACTION_REQUIRED})
_REVIEWER_ACTS = frozenset({Status.SUBMITTED, Status.UNDER_REVIEW, Status.DISPUTED})
_DAY = "digest_day"


@dataclass(slots=True)
class Digests:
    """Writes the day's digests."""

    desk: Desk

    async def step(self) -> int:
        """Writes the digests of today if they are due and not written; returns how many mails."""
        now, office = self.desk.clock.now(), self.desk.office
        if not is_digest_time(now, office.country, office.time_zone):
            return 0
        today = office_day(now, office.country, office.time_zone)
        async with self.desk.batch(now) as batch:
            conn = batch.workspace.conn
            if not await my_turn(conn, "digests") or await settings.get(conn, _DAY) == today.isoformat():
                return 0
            batch.settings[_DAY] = today.isoformat()
            await self._partners(batch, today, now)
            await self._office(batch, today, now)
            await self.desk.finish(batch, now)
            return len(batch.workspace.wanted)

    async def _partners(self, batch: Batch, today: date, now: datetime) -> None:
        conn = batch.workspace.conn
        claims = await claim_lists.waiting_for(conn, tuple(_PARTNER_ACTS), _MOST)
        reminders = _by_reader(await waiting.of_party(conn, Party.PARTNER))
        lines = _lines(claims, lambda claim: claim.partner.email)
        for email in lines.keys() | reminders.keys():
            own, kept = lines.get(email, []), reminders.get(email, ())
            if len(kept) == 1 and len(own) <= 1:
                continue
            covered = {(line.code, line.claim) for line in own}
            own += [line for row in kept if ((line := reminder_line(row)).code, line.claim) not in covered]
            batch.left += [row.id for row in kept]
            self._order(batch, email, own, today, now)

    async def _office(self, batch: Batch, today: date, now: datetime) -> None:
        conn = batch.workspace.conn
        claims = await claim_lists.waiting_for(conn, tuple(_REVIEWER_ACTS), _MOST)
        for email, own in _lines(claims, lambda claim: claim.assigned_to).items():
            self._order(batch, email, own, today, now)
        items = [
            *await _held(conn),
            *(i for claim in await claim_lists.with_inquiries(conn) for i in _questions(claim)),
        ]
        if items:
            admins = await people.office_admins(conn)
            batch.workspace.wanted += [_attention(person.email, items, today, now) for person in admins]

    def _order(self, batch: Batch, email: str, lines: Sequence[Line], today: date, now: datetime) -> None:
        mail, addresses = digest_of(email, lines, today, now, self.desk.ids)
        batch.post.addresses += addresses
        batch.workspace.wanted.append(Wanted(None, mail, now, None))


def _lines(claims: Iterable[Claim], whose: Callable[[Claim], str]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for claim in claims:
        if email := whose(claim):
            found.setdefault(email, []).append(line_of(claim))
    return found


def _by_reader(rows: Iterable[Waiting]) -> Mapping[str, Sequence[Waiting]]:
    found: dict[str, list[Waiting]] = {}
    for row in rows:
        found.setdefault(row.email, []).append(row)
    return found


async def _held(conn: AsyncConnection) -> list[dict[str, object]]:
    found = [*await inbox.list_items(conn, "held", _MOST), *await inbox.list_items(conn, "quarantined", _MOST)]
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


def _attention(email: str, items: Sequence[dict[str, object]], today: date, now: datetime) -> Wanted:
    key = f"office_attention:{today}"
    mail = Mail(code="office_attention", to=Party.PERSON, key=key, email=email, context={"items": list(items)})
    return Wanted(None, mail, now, None)


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
