"""To which claim a mail probably belongs that nobody could place: the best guesses, each with its reasons.

`ranked` is pure; `guesses` gathers what it looks at. A guess changes nothing: a person attaches the mail.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.claims.model import Claim
from mailbot.ids import CLAIM_ID
from mailbot.store import claim_lists, claims, outbox_office, reply_addresses
from mailbot.store.claim_lists import ClaimFilter
from mailbot.store.inbox import Item

MOST = 5
_RECENT = 200
_SAME_DOMAIN = 50
_SHORTEST_NAME = 4
_WEIGHTS = {
    "thread": 100,
    "id_in_subject": 90,
    "id_in_text": 70,
    "customer": 60,
    "partner": 50,
    "tenant": 40,
    "domain": 30,
    "customer_name": 20,
    "firm_name": 10,
    "claim_name": 10,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """What a mail tells about where it belongs. `threads` are claims that an address or a mail of ours led to."""

    sender: str
    subject: str
    text: str
    threads: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A claim and why it may be meant, the strongest reason first."""

    claim: Claim
    reasons: tuple[str, ...]

    @property
    def weight(self) -> int:
        """How much speaks for it."""
        return sum(_WEIGHTS[reason] for reason in self.reasons)


def ranked(clues: Clues, candidates: Iterable[Claim]) -> list[Guess]:
    """The claims for which anything speaks, the likeliest first; of equals, the younger."""
    found = [Guess(claim=claim, reasons=_reasons(clues, claim)) for claim in candidates]
    likely = [guess for guess in found if guess.reasons]
    return sorted(likely, key=lambda guess: (-guess.weight, -guess.claim.created_at.timestamp(), guess.claim.id))[:MOST]


async def guesses(conn: AsyncConnection, item: Item) -> list[Guess]:
    """For a mail as it was kept."""
    clues = await _clues(conn, item)
    return ranked(clues, await _candidates(conn, clues))


def _reasons(clues: Clues, claim: Claim) -> tuple[str, ...]:
    domain = clues.sender.rpartition("@")[2]
    contacts = [c.email for c in (claim.customer, claim.second, claim.tenant_admin, *claim.former_contacts) if c]
    said = f"{clues.subject}\n{clues.text}".casefold()
    speaks = {
        "thread": claim.id in clues.threads,
        "id_in_subject": claim.id in clues.subject.upper(),
        "id_in_text": claim.id in clues.text.upper(),
        "customer": clues.sender in contacts,
        "partner": clues.sender == claim.partner.email,
        "tenant": bool(claim.tenant_id) and claim.tenant_id.casefold() in said,
        "domain": bool(domain) and domain in (claim.tenant_domain, claim.customer.email.rpartition("@")[2]),
        "customer_name": _named(claim.customer.name, said),
        "firm_name": _named(claim.organisation_name, said),
        "claim_name": _named(claim.name, said),
    }
    return tuple(reason for reason, yes in speaks.items() if yes)


def _named(name: str, said: str) -> bool:
    plain = name.strip().casefold()
    return len(plain) >= _SHORTEST_NAME and re.search(rf"(?<!\w){re.escape(plain)}(?!\w)", said) is not None


async def _clues(conn: AsyncConnection, item: Item) -> Clues:
    reading: dict[str, Any] = item.reading if isinstance(item.reading, dict) else {}
    return Clues(
        sender=item.sender or str((reading.get("sender") or {}).get("address") or ""),
        subject=item.subject,
        text="\n".join(str(reading.get(part) or "") for part in ("reply_text", "signature", "quoted_text")),
        threads=await _threads(conn, item, reading),
    )


async def _threads(conn: AsyncConnection, item: Item, reading: dict[str, Any]) -> frozenset[str]:
    """Claims of the address that was written to, and of the mails of ours that this one answers."""
    addresses = await reply_addresses.find(conn, [item.handle] if item.handle is not None else [])
    written_to = {claim_id for address in addresses.values() for claim_id, _ in address.mails}
    answered = await outbox_office.by_message_id(conn, map(str, reading.get("answers_to") or ()))
    return frozenset(written_to | {sent.claim_id for sent in answered.values() if sent.claim_id})


async def _candidates(conn: AsyncConnection, clues: Clues) -> Iterator[Claim]:
    mentioned = {found.upper() for found in CLAIM_ID.findall(f"{clues.subject}\n{clues.text}")}
    found = dict(await claims.load(conn, [*mentioned, *clues.threads]))
    lists = [
        await claim_lists.by_customer(conn, clues.sender),
        await claim_lists.open_for_person(conn, clues.sender),
        (await claim_lists.page(conn, ClaimFilter(open=True), limit=_RECENT)).items,
    ]
    domain = clues.sender.rpartition("@")[2]
    if domain:
        lists.append((await claim_lists.page(conn, ClaimFilter(q=domain), limit=_SAME_DOMAIN)).items)
    for some in lists:
        found |= {claim.id: claim for claim in some}
    return iter(found.values())
