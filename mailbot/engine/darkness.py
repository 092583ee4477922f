"""When nobody listened, silence proves nothing: how long verdicts wait after an outage (domain §4.4 b).

Pure. The listener must have been up for as long as it was down, at least a day and at most five.
"""

from datetime import datetime, timedelta

from mailbot.store.settings import Uptime

_AT_LEAST = timedelta(hours=24)
_AT_MOST = timedelta(days=5)


def dark_until(uptime: Uptime) -> datetime | None:
    """Until when no timer may reject or lapse; None when there was no outage of late."""
    ends = (outage.up_at + min(max(outage.lasted, _AT_LEAST), _AT_MOST) for outage in uptime.outages)
    return max(ends, default=None)
