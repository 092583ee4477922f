"""What lies between people and us: relays that fold case, wrap addresses, drop headers, name mails anew, quote text.

Each way takes a mail's bytes and its recipient and gives those that arrive. None of them may change what is decided.
"""

import email
import email.policy
from collections.abc import Callable, Mapping
from email.message import EmailMessage

Way = Callable[[bytes, str], tuple[bytes, str]]

_KEPT = {"from", "to", "subject", "message-id", "mime-version", "content-type", "content-transfer-encoding"}


def _as_it_is(raw: bytes, to: str) -> tuple[bytes, str]:
    return raw, to


def _shouted(raw: bytes, to: str) -> tuple[bytes, str]:
    local_part, _, domain = to.partition("@")
    return raw, f"{local_part.upper()}@{domain}"


def _batv(raw: bytes, to: str) -> tuple[bytes, str]:
    return raw, f"prvs=0123abcdef={to}" if len(to.partition("@")[0]) == 33 else to


def _srs(raw: bytes, to: str) -> tuple[bytes, str]:
    local_part, _, domain = to.partition("@")
    return raw, f"SRS0=Hb1c=X7={domain}={local_part}@{domain}" if len(local_part) == 33 else to


def _stripped(raw: bytes, to: str) -> tuple[bytes, str]:
    message = _parsed(raw)
    for name in {name for name in message if name.lower() not in _KEPT}:
        del message[name]
    return message.as_bytes(), to


def _renamed(raw: bytes, to: str) -> tuple[bytes, str]:
    message = _parsed(raw)
    message.replace_header("Message-ID", f"<renamed.{str(message['Message-ID']).strip('<>')}>")
    return message.as_bytes(), to


def _traced(raw: bytes, to: str) -> tuple[bytes, str]:
    hop = b"Received: from a.example by b.example with ESMTPS;\r\n\tMon, 2 Mar 2026 09:00:00 +0000\r\n"
    return hop * 3 + raw, to


def _parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    return message


WAYS: Mapping[str, Way] = {
    "as it is": _as_it_is,
    "shouted": _shouted,
    "BATV": _batv,
    "SRS": _srs,
    "stripped": _stripped,
    "renamed": _renamed,
    "traced": _traced,
}
