"""The option `--since` of commands: a day, an instant or a time ago. Pure."""

import re
from datetime import UTC, datetime, timedelta

_AGO = re.compile(r"([0-9]{1,6}) ?(minute|hour|day|week)s?", re.IGNORECASE | re.ASCII)


def read_since(text: str, now: datetime) -> datetime:
    """The instant that is meant: `2026-03-01`, `2026-03-01T09:00+01:00` (UTC where none is named) or `7 days`.

    Raises ValueError with what is allowed.
    """
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago is not None:
            return now - timedelta(**{f"{ago[2].lower()}s": int(ago[1])})
        told = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise ValueError(f'read {text!r}, allowed is a day like 2026-03-01 or a time like "7 days"') from None
    return told if told.tzinfo else told.replace(tzinfo=UTC)
