"""When somebody who is away comes back, and who stands in, as an out-of-office answer says it.

Pure and total. What is not understood is None: an absence without a date.
"""

from datetime import date, timedelta

from mailbot.addresses import canonical
from mailbot.inbound.days import days_named
from mailbot.inbound.folding import fold
from mailbot.inbound.interpretation import OutOfOffice
from mailbot.inbound.mailboxes import find_addresses
from mailbot.inbound.robots import TEXT_CAP


def read_absence(text: str, received: date, strangers: frozenset[str]) -> OutOfOffice:
    """Return date and substitute in the newly written text; `strangers` are addresses of writer and bot."""
    until = _until(fold(text[:TEXT_CAP]), received)
    return OutOfOffice(until=until, substitute=_substitute(text[:TEXT_CAP], strangers))


def _until(folded: str, received: date) -> date | None:
    """The latest day named; robots name the first day away, the last one, or the return, seldom anything else."""
    days = [day for day in days_named(folded, received) if received - timedelta(days=1) <= day]
    return max(days, default=None)


def _substitute(text: str, strangers: frozenset[str]) -> str | None:
    """The first address that is neither the writer's nor ours."""
    return next((one for one in find_addresses(text) if canonical(one) not in strangers), None)
