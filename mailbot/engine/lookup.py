"""What the database knows about a batch of read mails: addresses, writers, claims, and what was applied before.

A handful of queries for the whole batch. Reads only; failures are the store's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mailbot.addresses import canonical
from mailbot.engine.letters import Known, Letter
from mailbot.engine.workspace import Workspace
from mailbot.inbound.interpretation import Interpretation
from mailbot.store import inbox, people, reply_addresses
from mailbot.store.inbox import Item
from mailbot.store.people import Person
from mailbot.store.reply_addresses import ReplyAddress
from mailbot.tokens import Address, Tokens


@dataclass(slots=True)
class Lookup:
    """The answers, ready for each item of the batch."""

    space: Workspace
    tokens: dict[int, Address]
    addresses: dict[int, ReplyAddress]
    people: dict[str, Person]
    _applied: set[tuple[int | None, str]] = field(default_factory=set)

    def letter(self, item: Item, reading: Interpretation) -> Letter:
        """The item as intake wants it. An address is live while its key, its day and its row allow it.

        Its day is measured by when the mail came: an act that is confirmed later was not late.
        """
        token = self.tokens.get(item.id)
        address = self.addresses.get(token.handle) if token else None
        dead = token is None or token.retired or token.compromised or token.expired(item.received_at.date())
        return Letter(
            item_id=item.id,
            received_at=item.received_at,
            role="token" if address else item.role,
            purpose=token.purpose if token else "",
            address=address,
            live=not dead and address is not None and not _revoked(address),
            leaked=token is not None and token.compromised,
            confirmed=bool(item.person),
            reading=reading,
        )

    def known(self, item: Item, reading: Interpretation) -> Known:
        """The claims the item's address speaks for, and its writer; of a confirmed act, who confirmed it."""
        token = self.tokens.get(item.id)
        address = self.addresses.get(token.handle) if token else None
        claim_ids = [claim_id for claim_id, _ in address.mails] if address else []
        if item.claim_id and item.claim_id not in claim_ids:
            claim_ids = [item.claim_id, *claim_ids]
        claims = tuple(self.space.current[i] for i in claim_ids if i in self.space.current)
        return Known(claims=claims, writer=self.people.get(item.person or _writer(reading)))

    def is_duplicate(self, item: Item, reading: Interpretation) -> bool:
        """Whether the same words came to the same address before and were applied."""
        return (item.handle, reading.digest) in self._applied

    def note_applied(self, item: Item, reading: Interpretation) -> None:
        """These words count now; a copy of them later in this batch does not."""
        self._applied.add((item.handle, reading.digest))


async def look_up(space: Workspace, tokens: Tokens, read: Sequence[tuple[Item, Interpretation]]) -> Lookup:
    """Everything needed to understand the batch."""
    found = {item.id: token for item, reading in read if (token := _token(tokens, item, reading)) is not None}
    addresses = await reply_addresses.find(space.conn, [t.handle for t in found.values()])
    writers = [item.person or _writer(reading) for item, reading in read]
    known = await people.find_people(space.conn, [w for w in writers if w])
    claim_ids = [claim_id for address in addresses.values() for claim_id, _ in address.mails]
    await space.load([*claim_ids, *(item.claim_id for item, _ in read if item.claim_id)])
    applied = await inbox.duplicates(space.conn, [(item.handle, reading.digest) for item, reading in read])
    return Lookup(space=space, tokens=found, addresses=addresses, people=known, _applied=set(applied))


def _token(tokens: Tokens, item: Item, reading: Interpretation) -> Address | None:
    """Envelope first, then address headers and references (architecture, Tokens); never the body."""
    if item.role not in ("token", "claims"):
        return None
    texts = (item.rcpt.partition("@")[0], *reading.tokens)
    return next((address for text in texts if (address := tokens.read(text)) is not None), None)


def _revoked(address: ReplyAddress) -> bool:
    """Whether it speaks for none of its claims any more; an address that was made for none cannot be revoked."""
    return bool(address.claims) and set(address.claims) <= address.revoked


def _writer(reading: Interpretation) -> str:
    return canonical(reading.sender.address) if reading.sender.address else ""
