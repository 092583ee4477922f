"""Which of a mail's texts is the one that was written, and what of it is new.

Plain text first, since our marker survives there; the HTML when it alone shows where the quote begins, or when the
plain part is empty or only says that there is HTML. Pure and total.
"""

import re
from dataclasses import dataclass
from html import escape

from mailbot.inbound.archives import BrokenArchiveError, Budget, OversizeArchiveError, is_winmail, open_winmail
from mailbot.inbound.interpretation import Envelope, Keys
from mailbot.inbound.parse import Body, Mail, capped
from mailbot.inbound.quoting import ReplyParts, split_html, split_text

_STUB = re.compile(r"\bhtml\b|does not support|view th(?:is|e) (?:message|e-?mail)|nepodporuje|nem támogatja", re.I)
_STUB_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Writing:
    """The parts of the text, and whether the HTML form was the one that was read; `html` is the HTML as it came."""

    parts: ReplyParts
    from_html: bool
    html: str


def read_writing(mail: Mail, envelope: Envelope, keys: Keys) -> Writing:
    """The written text of a mail, split into new words, signature and quote."""
    bodies = mail.bodies if any(body.plain.strip() or body.html.strip() for body in mail.bodies) else _packed(mail)
    html = _all_html(bodies)
    own = (envelope.rcpt, *keys.own_addresses)
    if not html or all(body.plain.strip() and not _is_stub(body) for body in bodies):
        plain = capped("\n".join(body.plain for body in bodies))
        parts = split_text(plain, markers=keys.markers, own_addresses=own, flowed=any(body.flowed for body in bodies))
        if parts.cut or not html:
            return Writing(parts, False, html)
        better = split_html(html, markers=keys.markers, own_addresses=own)
        if not (better.cut and better.reply.strip()):
            return Writing(parts, False, html)
        return Writing(better, True, html)
    parts = split_html(html, markers=keys.markers, own_addresses=own)
    return Writing(parts, True, html)


def _is_stub(body: Body) -> bool:
    return bool(body.html) and len(body.plain) < _STUB_LENGTH and bool(_STUB.search(body.plain))


def _all_html(bodies: list[Body]) -> str:
    """One HTML text of all bodies, plain ones in between kept in their place; empty when none has HTML."""
    if not any(body.html for body in bodies):
        return ""
    return capped("\n".join(body.html or f"<pre>{escape(body.plain)}</pre>" for body in bodies))


def _packed(mail: Mail) -> list[Body]:
    """The text that Outlook hid in winmail.dat, when the mail has no other."""
    for file in mail.files:
        if is_winmail(file.content):
            try:
                packed = open_winmail(file.content, Budget())
            except (BrokenArchiveError, OversizeArchiveError):
                continue
            return [Body(capped(packed.text), capped(packed.html))]
    return mail.bodies
