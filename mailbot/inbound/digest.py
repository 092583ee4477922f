"""One number for what the author sent, so that a replayed mail is known again (security item 5).

Covers From, Subject, Date and the content of all parts; not Message-ID, trace fields, boundaries or transfer encoding
of the parts, which relays and attackers change freely. Pure and total.
"""

import hashlib

from mailbot.inbound.parse import Mail

_AUTHORED = ("from", "subject", "date", "in-reply-to")


def canonical_digest(mail: Mail) -> str:
    """SHA-256 in hex over the authored fields and the leaf parts."""
    running = hashlib.sha256()
    for name in _AUTHORED:
        running.update(f"{name}:{mail.headers.get(name)}\n".encode("utf-8", "surrogateescape"))
    for part in mail.root.walk():
        if not part.children:
            running.update(part.media_type.encode("utf-8", "replace") + b"\n")
            running.update(part.body if b"\r" not in part.body[:4096] else part.body.replace(b"\r\n", b"\n"))
    return running.hexdigest()
