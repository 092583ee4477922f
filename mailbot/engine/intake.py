"""Which door a mail came in by, and whether a person wrote it: the ordered list of what may not act (security item 35).

Pure and total. The order is the rule: structure, our own mail, reports about our mail, robots, then people by party.
"""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from mailbot.claims.events import SYSTEM, Event, MailDelayed, MailDelivered, MailFailed
from mailbot.claims.model import Channel, Party
from mailbot.engine.customer_mail import CUSTOMER_PARTIES, read_absence, read_complaint, read_customer
from mailbot.engine.letters import Base, Known, Letter, Verdict, applied, code_of, held, ignored
from mailbot.engine.new_mail import Drafting, read_new
from mailbot.engine.office_mail import is_office, read_office
from mailbot.engine.partner_mail import read_partner
from mailbot.engine.proof import proved
from mailbot.engine.rescans import scanned_first
from mailbot.inbound.interpretation import BouncedRecipient, OutOfOffice

UNDATED = timedelta(days=14)
"""How long a reviewer counts as away whose answer gives no date: the ten business days of `absence_undated`."""


def read_letter(letter: Letter, known: Known, drafting: Drafting) -> Verdict:
    """What follows from one mail. Never raises for anything a mail can say."""
    reading = letter.reading
    if reading.disposition == "quarantined":
        return Verdict(disposition="quarantined", reason=reading.reason)
    if reading.own_mail:
        return ignored("own_mail")
    if reading.bounce is not None or reading.delivered:
        return _report(letter)
    if reading.complaint is not None:
        return read_complaint(letter, known) if _to_customer(letter) else held("complaint")
    if reading.automatic is not None and not reading.decides:
        return _automatic(letter, known)
    verdict = _human(letter, known, drafting)
    policy = drafting.rules_of(known.claims[0]) if known.claims else drafting.policy
    return scanned_first(proved(verdict, letter, policy), reading.unscanned)


def _human(letter: Letter, known: Known, drafting: Drafting) -> Verdict:
    if letter.role in ("postmaster", "abuse"):
        return held(letter.role)
    if letter.role == "claims":
        return read_new(letter, known, drafting)
    if letter.address is None:
        return held("unknown_address")
    if letter.reading.sender.verdict == "ambiguous" and letter.reading.intent.meaning != "decline":
        return held("ambiguous_sender")
    if letter.address.party in CUSTOMER_PARTIES:
        return read_customer(letter, known)
    if letter.address.party == Party.PARTNER:
        return read_partner(letter, known, drafting.catalogue)
    if letter.address.party == Party.PERSON and not is_office(known.writer):
        return read_partner(letter, known, drafting.catalogue) if known.claims else read_new(letter, known, drafting)
    return read_office(letter, known)


def _automatic(letter: Letter, known: Known) -> Verdict:
    """Robots decide nothing; what may hide a person's words (lists) or an odd report is shown to the office."""
    reading = letter.reading
    if reading.disposition == "held":
        return held(reading.reason or str(reading.automatic))
    if letter.purpose == "b" and reading.out_of_office is None:
        return held("unknown_report")
    if is_office(known.writer) and letter.aligned and reading.out_of_office is not None:
        return replace(ignored("auto_reply"), away_until=_return(letter, reading.out_of_office))
    return read_absence(letter, known) if _to_customer(letter) else ignored(str(reading.automatic))


def _return(letter: Letter, away: OutOfOffice) -> datetime:
    """The end of the day that was named, whether that is the last day away or the first one back."""
    if away.until is None:
        return letter.received_at + UNDATED
    return datetime.combine(away.until + timedelta(days=1), time(), UTC)


def _to_customer(letter: Letter) -> bool:
    return letter.address is not None and letter.address.party in CUSTOMER_PARTIES


def _report(letter: Letter) -> Verdict:
    """A delivery report counts only on the signed bounce address of the mail it is about (security item 37)."""
    address = letter.address
    if address is None or letter.leaked:
        return held("report_without_address")
    events: list[tuple[str, Event]] = []
    for number, (claim_id, key) in enumerate(address.mails):
        event = _fate(letter, key, number)
        if event is None:
            return held("report_for_another_address")
        events.append((claim_id, event))
    return applied(*events)


def _fate(letter: Letter, key: str, number: int) -> Event | None:
    assert letter.address is not None
    address, bounce = letter.address, letter.reading.bounce
    base = Base(id=f"mail:{letter.item_id}:{number}", at=letter.received_at, actor=SYSTEM, channel=Channel.MAIL)
    code = code_of(key)
    if bounce is None:
        return MailDelivered(key=key, code=code, **base)
    failed = _about(bounce.recipients, address.email)
    if failed is None and bounce.recipients:
        return None
    if bounce.delayed:
        return MailDelayed(key=key, code=code, **base)
    permanent = failed.permanent if failed else False
    status = failed.status if failed else ""
    return MailFailed(email=address.email, permanent=permanent, status=status, key=key, code=code, **base)


def _about(recipients: tuple[BouncedRecipient, ...], email: str) -> BouncedRecipient | None:
    """The report's line on our recipient; a forwarder reports another final address beside the original one."""
    wanted = email.lower()
    exact = (r for r in recipients if wanted in (r.address.lower(), r.original.lower()))
    found = next(exact, None)
    alone = recipients[0] if len(recipients) == 1 and not recipients[0].original else None
    return found or alone
