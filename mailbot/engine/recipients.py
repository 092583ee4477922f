"""To whom a mail goes: stored addresses only, whatever address wrote to us (security item 9).

Reads the database; failures are the store's. A party without an address gets no mail, and the office is no exception:
a fresh installation without an office admin has nobody to tell.
"""

from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.claims.events import Mail
from mailbot.claims.model import Claim, Contact, Party
from mailbot.store import people
from mailbot.store.people import Person


@dataclass(slots=True)
class Directory:
    """People looked up during one batch, each at most once."""

    conn: AsyncConnection
    _people: dict[str, Person | None] = field(default_factory=dict)
    _admins: tuple[Person, ...] | None = None

    async def person(self, email: str) -> Person | None:
        """The known person with that canonical address."""
        if email not in self._people:
            self._people[email] = (await people.find_people(self.conn, [email])).get(email)
        return self._people[email]

    async def recipients(self, claim: Claim | None, mail: Mail) -> tuple[Contact, ...]:
        """The contacts a mail is for, in their own languages."""
        if mail.to is Party.OFFICE:
            return tuple(_contact(p) for p in await self._office())
        if mail.to is Party.REVIEWER:
            return await self._reviewer(claim, mail)
        if mail.to is Party.PERSON:
            person = await self.person(mail.email)
            return (_contact(person),) if person else ()
        contact = _party(claim, mail) if claim else None
        return (contact,) if contact is not None and contact.email else ()

    async def _reviewer(self, claim: Claim | None, mail: Mail) -> tuple[Contact, ...]:
        email = mail.email or (claim.assigned_to if claim else "")
        person = await self.person(email) if email else None
        return (_contact(person),) if person else tuple(_contact(p) for p in await self._office())

    async def _office(self) -> tuple[Person, ...]:
        if self._admins is None:
            self._admins = await people.office_admins(self.conn)
        return self._admins


def _party(claim: Claim, mail: Mail) -> Contact | None:
    contacts = {
        Party.PARTNER: claim.partner,
        Party.CUSTOMER: claim.customer,
        Party.SECOND: claim.second,
        Party.TENANT_ADMIN: claim.tenant_admin,
    }
    contact = contacts.get(mail.to)
    if not mail.email or (contact is not None and contact.email == mail.email):
        return contact
    known = (*claim.former_contacts, *(c for c in contacts.values() if c is not None))
    return next((c for c in known if c.email == mail.email), None)


def _contact(person: Person) -> Contact:
    return Contact(name=person.name, email=person.email, language=person.language or "en")
