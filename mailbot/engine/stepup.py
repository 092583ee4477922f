"""Step-up: an act whose proof is too weak is held, and the address of record is asked to confirm it (architecture).

One mail per person and day lists all that waits; one confirmation applies it all, with the time of receipt it had.
"""

from datetime import timedelta

from mailbot.claims.events import Mail
from mailbot.claims.model import Party
from mailbot.engine.batch import Batch
from mailbot.engine.letters import Letter, Verdict
from mailbot.engine.workspace import Wanted
from mailbot.store import inbox, outbox
from mailbot.store.inbox import Item

_TIME_TO_CONFIRM = timedelta(days=7)


async def ask_to_confirm(batch: Batch, letter: Letter, verdict: Verdict, item: Item) -> None:
    """Orders today's `confirm_act` for the address of record, unless it has been sent or ordered already."""
    address = letter.address
    if address is None or letter.reading.automatic is not None:
        return
    conn, email = batch.workspace.conn, verdict.step_up
    ordered = any(w.mail.code == "confirm_act" and w.mail.email == email for w in batch.workspace.wanted)
    day_ago = batch.workspace.now - timedelta(days=1)
    if ordered or await outbox.was_sent(conn, "confirm_act", email, day_ago):
        return
    claim = batch.workspace.current.get(address.mails[0][0]) if address.mails else None
    waiting = await inbox.held_for(conn, email)
    acts = [_act(i, batch) for i in waiting if i.id != item.id]
    acts.append(_act_of(item.received_at, claim.id if claim else "", claim.name if claim else "", letter))
    party = Party(address.party)
    if party in (Party.PARTNER, Party.REVIEWER, Party.OFFICE):
        party = Party.PERSON
    mail = Mail(
        code="confirm_act",
        to=party,
        key=f"confirm_act:{item.id}",
        email=email,
        context={"acts": acts, "until": batch.workspace.now + _TIME_TO_CONFIRM},
    )
    batch.workspace.wanted.append(Wanted(claim, mail, letter.received_at, item.id))


def _act(item: Item, batch: Batch) -> dict[str, object]:
    claim = batch.workspace.current.get(item.claim_id)
    name = claim.name if claim else ""
    return {"act": "mail", "claim": item.claim_id, "name": name, "received_at": item.received_at, "text": item.subject}


def _act_of(at: object, claim_id: str, name: str, letter: Letter) -> dict[str, object]:
    text = letter.reading.reply_text[:200]
    return {"act": "mail", "claim": claim_id, "name": name, "received_at": at, "text": text}
