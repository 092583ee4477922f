"""Forgetting a claim or a person for good, on request (domain §8, security item 42).

One transaction each. The history keeps its chain and gains an entry that says that something was erased, never what.
A claim that still runs, or a person it still needs, is refused: the partner names another contact first.
"""

import email
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.addresses import canonical
from mailbot.claims.erasure import Same, is_over, needs, without_people, without_person
from mailbot.claims.model import Channel, Claim
from mailbot.claims.wake import ringings
from mailbot.ids import Ids
from mailbot.store import claims, erasure, history, inbox, timers
from mailbot.store.blobs import BlobLost, Blobs
from mailbot.store.claims import Change
from mailbot.store.history import Entry

_PEPPER_BYTES = 32


class StillNeeded(ValueError):  # noqa: N818
    """These claims still run and need what should be forgotten; nothing was changed."""

    def __init__(self, claim_ids: list[str]) -> None:
        self.claim_ids = claim_ids
        super().__init__(", ".join(claim_ids))


class Unsent(ValueError):  # noqa: N818
    """So many mails to others name the person and have not left yet; nothing was changed."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(f"{count} mails")


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How much was forgotten."""

    claims: int = 0
    received: int = 0
    sent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Eraser:
    """Forgets, with what the composition root hands in; `random(n)` gives n unguessable bytes."""

    blobs: Blobs
    ids: Ids
    random: Callable[[int], bytes]
    now: datetime

    async def claim(self, conn: AsyncConnection, claim_id: str) -> Erased:
        """Forgets everybody and everything written in one ended claim. Raises KeyError, StillNeeded."""
        claim = (await claims.load(conn, [claim_id]))[claim_id]
        if not is_over(claim):
            raise StillNeeded([claim_id])
        await self._save(conn, [Change(claim, without_people(claim))])
        await erasure.forget_claim(conn, claim_id)
        await self._note(conn, [claim_id], "claim_erased")
        return Erased(claims=1)

    async def person(self, conn: AsyncConnection, address: str) -> Erased:
        """Forgets one person everywhere, and that they are not to be written to again. Raises StillNeeded, Unsent."""
        wanted = canonical(address)
        spellings = {address, *await erasure.spellings_of(conn, wanted)}
        about = await claims.load(conn, await erasure.claims_about(conn, spellings))

        def same(other: str) -> bool:
            return canonical(other) == wanted

        if kept := sorted(claim.id for claim in about.values() if needs(claim, same)):
            raise StillNeeded(kept)
        spellings |= {contact for claim in about.values() for contact in _addresses(claim) if same(contact)}
        await self._save(conn, [_change(claim, same) for claim in about.values()])
        # The mails are looked for first: what names them is emptied afterwards.
        received = await self._received(conn, set(about), spellings)
        sent = await self._sent(conn, set(about), spellings)
        await erasure.forget_person(conn, set(about), spellings)
        await erasure.suppress(conn, wanted, self.now, self.random(_PEPPER_BYTES))
        await self._note(conn, list(about), "person_erased")
        return Erased(claims=len(about), received=received, sent=sent)

    async def _received(self, conn: AsyncConnection, about: set[str], spellings: set[str]) -> int:
        theirs, others = await erasure.mails_about(conn, about, spellings)
        theirs |= {row for row in others if mentions(await self._raw(conn, row), spellings)}
        await erasure.forget_mails(conn, theirs)
        return len(theirs)

    async def _raw(self, conn: AsyncConnection, row: int) -> bytes:
        item = await inbox.get(conn, row)
        try:
            return await inbox.raw(conn, item, self.blobs) if item else b""
        except BlobLost:
            return b""

    async def _sent(self, conn: AsyncConnection, about: set[str], spellings: set[str]) -> int:
        theirs, others = await erasure.sent_about(conn, about, spellings)
        bodies = await erasure.bodies(conn, others)
        naming = [row for row, body in bodies.items() if mentions(body, spellings)]
        await erasure.forget_sent(conn, theirs)
        if unsent := await erasure.forget_bodies(conn, naming):
            raise Unsent(unsent)
        return len(theirs)

    async def _save(self, conn: AsyncConnection, changes: list[Change]) -> None:
        await claims.save(conn, changes, self.now)
        await timers.replace(conn, {c.after.id: ringings(c.after) for c in changes}, self.now, self.ids)

    async def _note(self, conn: AsyncConnection, claim_ids: list[str], kind: str) -> None:
        entries = [
            Entry(
                claim_id=claim_id,
                event_id=f"{kind}:{self.ids.row()}",
                at=self.now,
                kind=kind,
                actor="office_admin",
                channel=Channel.CLI,
                public={},
                private={},
            )
            for claim_id in claim_ids
        ]
        await history.append(conn, entries, self.random)


def mentions(raw: bytes, spellings: set[str]) -> bool:
    """Whether an address stands in a mail, in its header or in any part as it reads; what cannot be read does."""
    wanted = [spelling.lower().encode() for spelling in spellings]
    try:
        parts = [part.get_payload(decode=True) for part in email.message_from_bytes(raw).walk()]
    except Exception:
        return True
    texts = (raw.lower(), *(part.lower() for part in parts if isinstance(part, bytes)))
    return any(address in text for text in texts for address in wanted)


def _change(claim: Claim, same: Same) -> Change:
    return Change(claim, without_person(claim, same))


def _addresses(claim: Claim) -> list[str]:
    contacts = (claim.customer, claim.second, claim.tenant_admin, claim.partner, *claim.former_contacts)
    return [contact.email for contact in contacts if contact is not None]
