"""What a customer's mail means (domain §4.2): decline on a weak sign, accept on a strong one, else a person answers.

Pure and total. Silence is only silence: any new words that are not mere courtesy become an event or are held.
"""

from dataclasses import replace

from mailbot.claims.events import Accepted, Actor, CustomerAway, CustomerWrote, Declined, Event, RemindersStopped
from mailbot.claims.model import Cause, Channel, Claim, Contact, Party, Role
from mailbot.engine.letters import Base, Known, Letter, Verdict, applied, held, ignored, trace_of

_ROLES = {
    Party.CUSTOMER: Role.CUSTOMER,
    Party.SECOND: Role.SECOND_CONTACT,
    Party.TENANT_ADMIN: Role.TENANT_ADMIN_CONTACT,
}
CUSTOMER_PARTIES = frozenset(_ROLES)

_CAUSES = {
    "question": Cause.QUESTION,
    "wrong_person": Cause.WRONG_PERSON,
    "unclear": Cause.UNCLEAR,
    "data_request": Cause.DATA_REQUEST,
}


def read_customer(letter: Letter, known: Known) -> Verdict:
    """The events of a human customer's mail, one for each claim its address speaks for.

    A decline is honoured from every address we ever signed; anything else needs a live one (architecture, Tokens).
    """
    if letter.purpose == "u":
        return applied(*((c.id, RemindersStopped(**_base(letter, c, n))) for n, c in enumerate(known.claims)))
    reading = letter.reading
    if reading.intent.meaning == "decline":
        return _declined(letter, known)
    if not letter.live:
        return held("address_expired")
    if reading.intent.meaning == "accept":
        return _accepted(letter, known)
    if not reading.reply_text.strip():
        return _said(letter, known, Cause.UNREADABLE)
    if reading.intent.meaning == "none":
        return ignored("courtesy")
    return _said(letter, known, _CAUSES.get(reading.intent.meaning, Cause.UNCLEAR))


def read_absence(letter: Letter, known: Known) -> Verdict:
    """An out-of-office of a customer contact may move a date, never decide (domain §4.2, absence)."""
    away = letter.reading.out_of_office
    if away is None or not letter.live:
        return ignored(letter.reading.automatic or "auto_reply")
    events: list[tuple[str, Event]] = []
    for number, claim in enumerate(known.claims):
        base = _base(letter, claim, number)
        events.append((claim.id, CustomerAway(until=away.until, substitute=away.substitute or "", **base)))
    return applied(*events)


def read_complaint(letter: Letter, known: Known) -> Verdict:
    """A spam report: reminders stop, the window is suspended, a person decides (security §6, RFC 5965)."""
    events = ((c.id, RemindersStopped(complaint=True, **_base(letter, c, n))) for n, c in enumerate(known.claims))
    return applied(*events)


def contact_of(claim: Claim, party: Party) -> Contact:
    """The present contact for that customer party; the main contact where the party has none."""
    other = {Party.SECOND: claim.second, Party.TENANT_ADMIN: claim.tenant_admin}.get(party)
    return other or claim.customer


def _declined(letter: Letter, known: Known) -> Verdict:
    """Under a leaked key anybody may have written it: the window stops, and the address of record is asked."""
    leaked, text = letter.leaked and not letter.confirmed, letter.reading.reply_text
    verdict = applied(
        *((c.id, Declined(text=text, leaked_key=leaked, **_base(letter, c, n))) for n, c in enumerate(known.claims))
    )
    if not leaked or letter.address is None:
        return verdict
    return replace(held("leaked_key", step_up=letter.address.email), events=verdict.events)


def _accepted(letter: Letter, known: Known) -> Verdict:
    text = letter.reading.reply_text
    return applied(*((c.id, Accepted(text=text, **_base(letter, c, n))) for n, c in enumerate(known.claims)))


def _said(letter: Letter, known: Known, cause: Cause) -> Verdict:
    text = letter.reading.reply_text
    events = ((c.id, CustomerWrote(cause=cause, text=text, **_base(letter, c, n))) for n, c in enumerate(known.claims))
    return applied(*events)


def _of_record(letter: Letter, claim: Claim) -> bool:
    if letter.address is None:
        return False
    if letter.confirmed:
        return True
    return letter.written_by == contact_of(claim, Party(letter.address.party)).email.lower()


def _base(letter: Letter, claim: Claim, number: int) -> Base:
    party = Party(letter.address.party) if letter.address else Party.CUSTOMER
    actor = Actor(
        email=letter.written_by or contact_of(claim, party).email,
        name=contact_of(claim, party).name,
        roles=frozenset({_ROLES.get(party, Role.CUSTOMER)}),
        of_record=letter.aligned and _of_record(letter, claim),
    )
    name = f"mail:{letter.item_id}:{number}{':confirmed' if letter.confirmed else ''}"
    return Base(id=name, at=letter.received_at, actor=actor, channel=Channel.MAIL, trace=trace_of(letter))
