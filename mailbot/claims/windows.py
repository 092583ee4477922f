"""When the customer's silence counts: the arithmetic of the consent window (domain §4.2), and where parties are.

Pure calculation on places, durations and instants. A country or time zone that cannot be one falls back to the
office's, and that to UTC: a deadline always has a value.
"""

from datetime import date, datetime
from functools import lru_cache

from mailbot.claims.deadlines import after_return, due, last_day
from mailbot.claims.events import Facts
from mailbot.claims.model import Claim, Contact
from mailbot.claims.places import Place, default_time_zone
from mailbot.claims.policy import Policy

_UTC = Place("", "UTC")


def office_place(facts: Facts) -> Place:
    """Where the claims office works."""
    return _place(facts.office_country, facts.office_time_zone) or _UTC


def partner_place(claim: Claim, facts: Facts) -> Place:
    """Where the claim's location counts its days."""
    return _place(claim.location_country, claim.location_time_zone) or office_place(facts)


def customer_place(claim: Claim, facts: Facts) -> Place:
    """Where the customer contact counts days: own time zone, else the country's, else the office's (domain §3)."""
    return contact_place(claim.customer, facts)


def contact_place(contact: Contact, facts: Facts) -> Place:
    """Where a contact counts days."""
    zone = contact.time_zone or default_time_zone(contact.country) or facts.office_time_zone
    return _place(contact.country, zone) or _place("", zone) or office_place(facts)


def printed(claim: Claim, facts: Facts, start: datetime, policy: Policy) -> datetime:
    """The end of the last day to print in a notice that leaves at `start`: slack for its delivery, then the window."""
    place = customer_place(claim, facts)
    arrived = due(start, policy.duration("delivery_slack"), place)
    return due(arrived, policy.duration("consent_window"), place)


def closing(claim: Claim, facts: Facts, shown: datetime, delivered: datetime, policy: Policy) -> datetime:
    """When the window closes: the later of the printed day's end and the window counted from delivery."""
    return max(shown, due(delivered, policy.duration("consent_window"), customer_place(claim, facts)))


def slack_end(claim: Claim, facts: Facts, sent: datetime, policy: Policy) -> datetime:
    """From when a notice that the relay took counts as delivered."""
    return due(sent, policy.duration("delivery_slack"), customer_place(claim, facts))


def outlasts(claim: Claim, facts: Facts, until: date | None, end: datetime) -> bool:
    """Whether an absence goes on after the last day; one without a date does."""
    return until is None or until > last_day(end, customer_place(claim, facts))


def moved_for(claim: Claim, facts: Facts, until: date | None, end: datetime, now: datetime, policy: Policy) -> datetime:
    """Where an absence moves the last day, never to an earlier one (domain §4.2)."""
    place = customer_place(claim, facts)
    if until is None:
        return max(end, due(now, policy.duration("absence_undated"), place))
    return max(end, after_return(until, policy.duration("absence"), place))


@lru_cache(maxsize=1024)
def _place(country: str, time_zone: str) -> Place | None:
    try:
        return Place(country, time_zone)
    except ValueError:
        return None
