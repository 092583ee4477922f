"""To which of our signed addresses a mail speaks: envelope, then address fields, then message ids; never the body.

Total and pure. Local parts are matched by shape and, when the installation's tokens are at hand, by their signature.
Wrappings that strangers put around an address (BATV, SRS, plus extensions) are undone (security §3.2).
"""

import re
from collections.abc import Iterator

from mailbot.inbound.headers import Headers
from mailbot.inbound.interpretation import Keys

_SHAPE = re.compile(r"(?:^|[=+])([a-z][a-z2-7]{32})(?=$|[+])", re.ASCII)
_ADDRESS = re.compile(r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-]{1,256})@([A-Za-z0-9.\-]{1,255})")
_MESSAGE_ID = re.compile(r"<\s*([^<>\s]{1,400})\s*>")
_ADDRESS_FIELDS = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
_MAX_REFERENCES = 100


def find_tokens(headers: Headers, rcpt: str, keys: Keys) -> tuple[str, ...]:
    """Our addresses named by this mail, most trusted first, each once, lower case."""
    places = dict.fromkeys(_places(headers, rcpt))  # most of them say the same
    return tuple(dict.fromkeys(token for text in places for token in tokens_in(text, keys)))


def tokens_in(text: str, keys: Keys) -> Iterator[str]:
    """Our tokens among the addresses in `text` whose domain is ours (or that SRS moved under another one)."""
    domain = keys.domain.lower()
    if domain not in text.lower() and "srs" not in text.lower():
        return
    for match in _ADDRESS.finditer(text):  # not in the lower text: a Kelvin sign would become a k there
        local = match.group(1).lower()
        ours = match.group(2).lower().rstrip(".") == domain
        for found in _SHAPE.finditer(_unwrapped(local, domain)):
            if (ours or local.startswith("srs")) and _signed(found.group(1), keys):
                yield found.group(1)


def _unwrapped(local: str, domain: str) -> str:
    """SRS0=hash=day=domain=local and SRS1=…==…=local end with the local part that was wrapped."""
    return local.rpartition(f"={domain}=")[2] if local.startswith(("srs0", "srs1")) else local


def _signed(token: str, keys: Keys) -> bool:
    return keys.tokens is None or keys.tokens.read(token) is not None


def _places(headers: Headers, rcpt: str) -> Iterator[str]:
    yield rcpt
    for name in _ADDRESS_FIELDS:
        yield from headers.all(name)
    yield from message_ids(headers.get("in-reply-to"))
    yield from reversed(message_ids(headers.get("references")))


def message_ids(value: str) -> tuple[str, ...]:
    """The ids of a References or In-Reply-To field, without angle brackets, oldest first."""
    found = tuple(match.group(1) for match in _MESSAGE_ID.finditer(value))
    return (found or tuple(value.split()[:1]))[-_MAX_REFERENCES:]
