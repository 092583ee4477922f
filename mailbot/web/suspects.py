"""Forms on customers' pages that no person can have sent, kept for `mailbot trace` (security item 31).

Mail scanners press buttons. What they pressed changed nothing; that it happened is written down for 30 days beside
refused mail, with the address it came from and the program it said it was. Failures are the store's.
"""

from starlette.requests import Request

from mailbot.store import refusals
from mailbot.store.refusals import Refused
from mailbot.web.access import peer_of
from mailbot.web.nonces import Nonce
from mailbot.web.page_tokens import Opened
from mailbot.web.site import Site

_LONGEST_PROGRAM = 300


async def note_suspect(site: Site, request: Request, opened: Opened, act: str, nonce: Nonce | None) -> None:
    """Writes down a form that came too fast, without a nonce of its page, or from a foreign page."""
    now = site.now()
    why = "no_nonce" if nonce is None else "too_fast" if nonce.too_fast(now) else "foreign_page"
    found = Refused(
        at=now,
        peer=peer_of(site, request),
        helo=request.headers.get("user-agent", "")[:_LONGEST_PROGRAM],
        rcpt=str(opened.address),
        code=200,
        reason=f"FORM {act} {why}",
    )
    await site.store.write(lambda conn: refusals.note(conn, [found]))
