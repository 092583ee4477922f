"""Rows without people: what the tables keep once a claim or a person is forgotten (domain §8, security item 42).

Rows stay, so that chains verify and counts add up; their addresses, words and bytes go. What was deleted can still lie
in the file until it is rewritten: `ask_to_compact` leaves that to whoever holds the database.
"""

import hmac
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Text, cast, delete, false, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.addresses import canonical
from mailbot.store import blobs, settings
from mailbot.store.schema import (
    address_claims,
    claims,
    history,
    idempotency,
    inbox,
    inbox_bytes,
    outbox,
    outbox_bytes,
    persons,
    refusals,
    reply_addresses,
    suppressions,
    waiting,
)

_NOBODY = ("peer", "helo", "mail_from", "rcpt", "sender", "person", "subject", "waits_for")
_UNSENT = ("queued", "deferred")
_COMPACT = "compact_wanted"
_PEPPER = "pepper"


async def claims_about(conn: AsyncConnection, spellings: Collection[str]) -> set[str]:
    """Ids of every claim this person is or was a party of, wrote about, or was written to about."""
    contact = (claims.c.customer_email, claims.c.second_email, claims.c.tenant_admin_email, claims.c.partner_email)
    theirs = [column.in_(spellings) for column in (*contact, claims.c.assigned_to)]
    written_to = select(address_claims.c.claim_id).join(reply_addresses).where(reply_addresses.c.email.in_(spellings))
    wrote = select(inbox.c.claim_id).where(or_(inbox.c.sender.in_(spellings), inbox.c.mail_from.in_(spellings)))
    got = select(outbox.c.claim_id).where(outbox.c.email.in_(spellings))
    statements = (select(claims.c.id).where(or_(*theirs)), written_to, wrote, got)
    return {row for statement in statements for row in (await conn.execute(statement)).scalars() if row}


async def spellings_of(conn: AsyncConnection, canonical_email: str) -> set[str]:
    """How this address is written in rows: canonical, and as it was given."""
    given = select(persons.c.address).where(persons.c.email == canonical_email)
    mailed = select(reply_addresses.c.email).where(reply_addresses.c.email.ilike(canonical_email))
    return {canonical_email, *(await conn.execute(given)).scalars(), *(await conn.execute(mailed)).scalars()}


async def forget_claim(conn: AsyncConnection, claim_id: str) -> None:
    """Empties all rows of one claim. Its document and its timers are the caller's."""
    own = select(address_claims.c.handle).where(address_claims.c.claim_id == claim_id)
    shared = select(address_claims.c.handle).where(address_claims.c.claim_id != claim_id)
    only_here = (reply_addresses.c.handle.in_(own), reply_addresses.c.handle.not_in(shared))
    await _empty_history(conn, history.c.claim_id == claim_id)
    about = or_(inbox.c.claim_id == claim_id, (inbox.c.claim_id == "") & inbox.c.handle.in_(own))
    await forget_mails(conn, (await conn.execute(select(inbox.c.id).where(about))).scalars().all())
    await forget_sent(conn, (await conn.execute(select(outbox.c.id).where(outbox.c.claim_id == claim_id))).scalars())
    await conn.execute(update(reply_addresses).where(*only_here).values(email="", name=""))
    await conn.execute(delete(waiting).where(waiting.c.claim_id == claim_id))
    await conn.execute(delete(idempotency).where(idempotency.c.answer.contains(claim_id, autoescape=True)))
    await blobs.release(conn, [f"claim:{claim_id}"])


async def forget_person(conn: AsyncConnection, claim_ids: Collection[str], spellings: Collection[str]) -> None:
    """Empties what names one person, apart from mails and documents, which the caller reads."""
    await _empty_history(conn, history.c.claim_id.in_(claim_ids) & _naming(history.c.private, spellings))
    await conn.execute(update(reply_addresses).where(reply_addresses.c.email.in_(spellings)).values(email="", name=""))
    await conn.execute(
        delete(waiting).where(or_(waiting.c.email.in_(spellings), _naming(cast(waiting.c.context, Text), spellings)))
    )
    await conn.execute(delete(refusals).where(or_(*(_naming(refusals.c[n], spellings) for n in ("mail_from", "rcpt")))))
    await conn.execute(delete(idempotency).where(_naming(idempotency.c.answer, spellings)))
    await conn.execute(delete(persons).where(persons.c.email.in_(spellings)))


async def mails_about(
    conn: AsyncConnection, claim_ids: Collection[str], spellings: Collection[str]
) -> tuple[set[int], set[int]]:
    """Inbox items that name the person in their columns, and the others of these claims, to be looked into."""
    columns = [_naming(inbox.c[name], spellings) for name in _NOBODY]
    columns += [_naming(cast(inbox.c[name], Text), spellings) for name in ("reading", "trace")]
    theirs = set((await conn.execute(select(inbox.c.id).where(or_(*columns)))).scalars())
    others = set((await conn.execute(select(inbox.c.id).where(inbox.c.claim_id.in_(claim_ids)))).scalars())
    return theirs, others - theirs


async def sent_about(
    conn: AsyncConnection, claim_ids: Collection[str], spellings: Collection[str]
) -> tuple[set[int], set[int]]:
    """Outgoing rows to the person, and the others of these claims, to be looked into."""
    theirs = set((await conn.execute(select(outbox.c.id).where(outbox.c.email.in_(spellings)))).scalars())
    others = set((await conn.execute(select(outbox.c.id).where(outbox.c.claim_id.in_(claim_ids)))).scalars())
    return theirs, others - theirs


async def forget_mails(conn: AsyncConnection, items: Iterable[int]) -> None:
    """Empties inbox items: who wrote what, and the wire bytes. Their digest and how they ended stay."""
    ids = list(items)
    empty = dict.fromkeys(_NOBODY, "") | {"message_id": "", "trace": None, "reading": None}
    await conn.execute(update(inbox).where(inbox.c.id.in_(ids)).values(**empty))
    await conn.execute(delete(inbox_bytes).where(inbox_bytes.c.id.in_(ids)))
    await blobs.release(conn, [f"inbox:{i}" for i in ids])


async def forget_sent(conn: AsyncConnection, rows: Iterable[int]) -> None:
    """Empties outgoing rows; what was not sent yet is cancelled."""
    which = outbox.c.id.in_(list(rows))
    # (claim, key, address) tells rows apart, so the address becomes the row's own number.
    nobody = literal("erased:") + cast(outbox.c.id, Text)
    await conn.execute(delete(outbox_bytes).where(outbox_bytes.c.id.in_(select(outbox.c.id).where(which))))
    await conn.execute(update(outbox).where(which).values(email=nobody, subject="", target="", last_error=""))
    await conn.execute(update(outbox).where(which, outbox.c.state.in_(_UNSENT)).values(state="cancelled"))


async def bodies(conn: AsyncConnection, rows: Collection[int]) -> dict[int, bytes]:
    """The bytes of outgoing rows that still have them."""
    statement = select(outbox_bytes.c.id, outbox_bytes.c.body).where(outbox_bytes.c.id.in_(rows))
    return {row.id: bytes(row.body) for row in await conn.execute(statement) if row.body is not None}


async def forget_bodies(conn: AsyncConnection, rows: Sequence[int]) -> int:
    """Deletes the bytes of mails that have left; how many of the rows are still to be sent and keep theirs."""
    waiting_rows = select(outbox.c.id).where(outbox.c.id.in_(rows), outbox.c.state.in_(_UNSENT))
    kept = set((await conn.execute(waiting_rows)).scalars())
    await conn.execute(delete(outbox_bytes).where(outbox_bytes.c.id.in_(set(rows) - kept)))
    return len(kept)


async def suppress(conn: AsyncConnection, email: str, now: datetime, pepper: bytes) -> None:
    """Remembers that this address asked to be forgotten, without the address; `pepper` serves if there is none yet."""
    if await settings.get(conn, _PEPPER) is None:
        await settings.put(conn, _PEPPER, pepper.hex())
    digest = (await _digests(conn, [email]))[email]
    if await conn.scalar(select(suppressions.c.digest).where(suppressions.c.digest == digest)) is None:
        await conn.execute(insert(suppressions).values(digest=digest, at=now))


async def forgotten(conn: AsyncConnection, emails: Iterable[str]) -> frozenset[str]:
    """Those of the addresses, as written, whose owners asked to be forgotten."""
    digests = await _digests(conn, [email for email in emails if email])
    if not digests:
        return frozenset()
    listed = select(suppressions.c.digest).where(suppressions.c.digest.in_(digests.values()))
    found = set((await conn.execute(listed)).scalars())
    return frozenset(email for email, digest in digests.items() if digest in found)


async def ask_to_compact(conn: AsyncConnection) -> None:
    """Has the running service rewrite the file, so that nothing deleted can be read in it."""
    await settings.put(conn, _COMPACT, True)


async def compact_wanted(conn: AsyncConnection) -> bool:
    """Whether somebody asked for that."""
    return bool(await settings.get(conn, _COMPACT))


async def compacted(conn: AsyncConnection) -> None:
    """It was done."""
    await settings.put(conn, _COMPACT, False)


async def _digests(conn: AsyncConnection, emails: Sequence[str]) -> dict[str, bytes]:
    pepper = await settings.get(conn, _PEPPER) if emails else None
    if pepper is None:
        return {}
    key = bytes.fromhex(pepper)
    return {email: hmac.digest(key, canonical(email).encode("utf-8"), "sha256") for email in emails}


async def _empty_history(conn: AsyncConnection, which: ColumnElement[bool]) -> None:
    await conn.execute(update(history).where(which).values(actor="", private=None, salt=None))


def _naming(column: ColumnElement[str] | ColumnElement[str | None], spellings: Collection[str]) -> ColumnElement[bool]:
    return or_(false(), *(column.icontains(spelling, autoescape=True) for spelling in spellings))
