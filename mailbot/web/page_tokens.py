"""Opens the tokens that pages carry in their address: /c customer, /p partner and reviewer, /u unsubscribe.

An invented token, one for another kind of page and one whose row is gone all read as None, so that all look alike.
Expired and revoked ones open, and say that they are not live: a decline is honoured from them, nothing else.
"""

from dataclasses import dataclass

from mailbot.claims.events import Actor
from mailbot.claims.model import Claim, Party, Role
from mailbot.claims.places import LANGUAGES
from mailbot.engine.customer_mail import contact_of
from mailbot.store import claims, reply_addresses
from mailbot.store.reply_addresses import ReplyAddress
from mailbot.tokens import ADDRESS_LENGTH, Address, Purpose
from mailbot.web.site import Site

_CUSTOMER_ROLES = {
    Party.CUSTOMER: Role.CUSTOMER,
    Party.SECOND: Role.SECOND_CONTACT,
    Party.TENANT_ADMIN: Role.TENANT_ADMIN_CONTACT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A page's token: the mail's row, and the claims it was made for. `expired`: its day or its key is over."""

    token: str
    address: Address
    row: ReplyAddress
    claims: tuple[Claim, ...]
    expired: bool

    def live_for(self, claim: Claim) -> bool:
        """Whether the token still speaks for its party in that claim; a decline does not ask."""
        return not self.expired and claim.id not in self.row.revoked

    @property
    def language(self) -> str:
        """The language of the contact the mail went to."""
        party = Party(self.row.party)
        return contact_of(self.claims[0], party).language if self.claims and self.customer else LANGUAGES[0]

    @property
    def customer(self) -> bool:
        """Whether the token was mailed to a contact of the customer."""
        return Party(self.row.party) in _CUSTOMER_ROLES

    def customer_actor(self, claim: Claim) -> Actor:
        """The contact the mail went to, speaking about that claim. Of record only while it is the present contact."""
        party = Party(self.row.party)
        present = contact_of(claim, party).email.lower() == self.row.email.lower()
        return Actor(
            email=self.row.email,
            name=self.row.name,
            roles=frozenset({_CUSTOMER_ROLES.get(party, Role.CUSTOMER)}),
            of_record=self.live_for(claim) and present,
        )


async def open_token(site: Site, text: str, purpose: Purpose) -> Opened | None:
    """The token of that purpose, or None."""
    token = text.lower()
    address = site.tokens.read(token) if len(text) == ADDRESS_LENGTH and text.isascii() else None
    if address is None or address.purpose != purpose:
        return None
    async with site.store.read() as conn:
        row = (await reply_addresses.find(conn, [address.handle])).get(address.handle)
        if row is None:
            return None
        found = await claims.load(conn, row.claims)
    ordered = tuple(found[claim_id] for claim_id in row.claims if claim_id in found)
    return Opened(token=token, address=address, row=row, claims=ordered, expired=address.expired(site.now().date()))
