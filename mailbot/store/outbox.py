"""What goes out, mail and webhooks alike: written in the transaction of its cause, sent under a lease.

The bytes and the Message-ID are fixed when a row is put; the same (claim, key, address) put again is the same row. A
row is leased, sent, settled; a crash in between ends the lease and it is sent again, byte for byte. What the office
does with rows stands in outbox_office.py.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, LargeBinary, bindparam, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.addresses import canonical
from mailbot.store.bulk import execute_many
from mailbot.store.codec import clean
from mailbot.store.columns import word, words_of
from mailbot.store.faults import Conflict
from mailbot.store.schema import address_claims, outbox, outbox_bytes, reply_addresses
from mailbot.store.upsert import insert_missing

State = Literal["queued", "deferred", "sent", "bounced", "expired", "cancelled"]
Kind = Literal["mail", "webhook"]

_c = outbox.c
_OPEN = words_of("queued", "deferred")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMail:
    """A mail to send. `raw` are its bytes; `triggered_by` the inbox item it answers; `answer` counts against caps."""

    id: int
    claim_id: str | None
    key: str
    code: str
    party: str
    email: str
    language: str = ""
    handle: int | None = None
    message_id: str
    mail_from: str
    subject: str = ""
    raw: bytes
    created_at: datetime
    answer: bool = False
    triggered_by: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWebhook:
    """A call to send. `target` is the endpoint's row id as text, `body` the exact bytes, `message_id` its id."""

    id: int
    claim_id: str | None
    key: str
    code: str
    target: str
    message_id: str
    body: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A row under lease, ready to send."""

    id: int
    claim_id: str | None
    key: str
    kind: Kind
    code: str
    party: str
    email: str
    message_id: str
    mail_from: str
    target: str
    body: bytes
    attempts: int
    maybe_sent: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of an attempt. `deferred` needs `next_attempt`; `permanent`: the address itself cannot receive.

    `maybe_sent`: the final dot was sent and no answer came, so the relay may have it. `at` is when it happened.
    """

    id: int
    state: Literal["sent", "deferred", "bounced", "expired"]
    at: datetime
    next_attempt: datetime | None = None
    error: str = ""
    status: str = ""
    permanent: bool = False
    maybe_sent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a row ended, and when; `status` is the relay's enhanced code where it gave one."""

    id: int
    claim_id: str | None
    key: str
    kind: Kind
    code: str
    email: str
    handle: int | None
    message_id: str
    state: State
    status: str
    permanent: bool
    at: datetime


_RESULT = (
    update(outbox)
    .where(_c.id == bindparam("row"), _c.state.in_([*_OPEN, word("cancelled")]))
    .values(lease_until=None, lease_by="", attempts=_c.attempts + 1)
)
# What was cancelled while the relay had it may turn out to be sent; a failure leaves it cancelled.
_UNLESS_CANCELLED = _RESULT.where(_c.state != word("cancelled"))
_LEASE = (
    update(outbox).where(_c.id == bindparam("row")).values(lease_until=bindparam("until"), lease_by=bindparam("by"))
)


_DUE = (
    select(outbox, outbox_bytes.c.body)
    .select_from(outbox.outerjoin(outbox_bytes))
    .where(_c.state.in_(_OPEN), _c.next_attempt <= bindparam("now"), _c.kind.in_(bindparam("kinds", expanding=True)))
    .where(or_(_c.lease_until.is_(None), _c.lease_until <= bindparam("now")))
    .order_by(_c.next_attempt, _c.id)
    .limit(bindparam("most"))
    .with_for_update(of=outbox, skip_locked=True)
)
_UNREPORTED = (
    select(outbox)
    .where(_c.state.in_(words_of("sent", "bounced", "expired")), ~_c.reported)
    .order_by(_c.id)
    .limit(bindparam("most"))
)
_REPORTED = update(outbox).where(_c.id.in_(bindparam("rows", expanding=True)), ~_c.reported).values(reported=True)
_DROPPED = (
    update(outbox)
    .where(_c.claim_id.in_(bindparam("claims", expanding=True)), _c.claim_id != word(""))
    .where(_c.code.in_(bindparam("codes", expanding=True)), _c.state.in_(_OPEN))
    .values(state="cancelled", ended_at=bindparam("now"))
)
_ABOUT = (_c.claim_id.in_(bindparam("claims", expanding=True)), _c.claim_id != word(""), _c.kind == "mail")
_NEWEST = select(_c.claim_id, _c.email, _c.message_id).where(
    _c.id.in_(select(func.max(_c.id)).where(*_ABOUT).group_by(_c.claim_id, _c.email))
)
_PUT = insert_missing(outbox)
# Of a row that was there already the first bytes stay.
_PUT_BYTES = insert_missing(outbox_bytes).from_select(
    ["id", "body"], select(_c.id, bindparam("bytes", type_=LargeBinary)).where(_c.id == bindparam("row"))
)


async def put(conn: AsyncConnection, mails: Sequence[NewMail]) -> None:
    """Queues mails; one that was queued before (claim, key, address) stays as it is."""
    await _put(conn, [_mail_row(mail) for mail in mails])


async def put_webhooks(conn: AsyncConnection, calls: Sequence[NewWebhook]) -> None:
    """Queues calls; one that was queued before (claim, key, endpoint) stays as it is."""
    await _put(conn, [_webhook_row(call) for call in calls])


async def lease(
    conn: AsyncConnection, now: datetime, limit: int, node: str, duration: timedelta, kind: Kind | None = None
) -> tuple[Outgoing, ...]:
    """The rows longest due that nobody else holds; they are `node`'s for `duration`.

    The state is read in this transaction: what was dropped before it is not among them (I9).
    """
    kinds = [kind] if kind else ["mail", "webhook"]
    rows = (await conn.execute(_DUE, {"now": now, "kinds": kinds, "most": limit})).all()
    await execute_many(conn, _LEASE, [{"row": row.id, "until": now + duration, "by": node} for row in rows])
    return tuple(_outgoing(row) for row in rows)


async def settle(conn: AsyncConnection, results: Sequence[Result]) -> None:
    """Notes what became of attempts. Of rows cancelled meanwhile only `sent` is noted: it is true."""
    sent = [_result_row(result) for result in results if result.state == "sent"]
    other = [_result_row(result) for result in results if result.state != "sent"]
    await execute_many(conn, _RESULT, sent)
    await execute_many(conn, _UNLESS_CANCELLED, other)


async def release(conn: AsyncConnection, ids: Sequence[int], next_attempt: datetime) -> None:
    """Gives leased rows back untried (the breaker opened, the service stops); no attempt is counted."""
    if ids:
        held = update(outbox).where(_c.id.in_(ids), _c.state.in_(_OPEN))
        await conn.execute(held.values(lease_until=None, lease_by="", next_attempt=next_attempt))


async def call_back(conn: AsyncConnection, now: datetime, within: timedelta) -> None:
    """What waits for longer than `within` was put off by a clock that was wrong: it is due now."""
    lost = update(outbox).where(_c.state.in_(_OPEN), _c.next_attempt > now + within)
    await conn.execute(lost.values(next_attempt=now))


async def drop(conn: AsyncConnection, claim_ids: Sequence[str], codes: Sequence[str], now: datetime) -> None:
    """Mails of the claims with these codes that were not sent yet never will be: what they say is no longer so (I9)."""
    await conn.execute(_DROPPED, {"claims": list(claim_ids), "codes": list(codes), "now": now})


async def note_delivered(conn: AsyncConnection, ids: Sequence[int], at: datetime) -> None:
    """A success report came for these."""
    if ids:
        await conn.execute(update(outbox).where(_c.id.in_(ids), _c.state == "sent").values(delivered_at=at))


async def note_bounced(
    conn: AsyncConnection, ids: Sequence[int], at: datetime, *, status: str, permanent: bool, reported: bool = True
) -> None:
    """A report says that these did not arrive; the claim learns of it by the report itself, hence `reported`."""
    if ids:
        values = {"state": "bounced", "status": status, "permanent": permanent, "ended_at": at, "reported": reported}
        await conn.execute(update(outbox).where(_c.id.in_(ids), _c.state == "sent").values(values))


async def unreported(conn: AsyncConnection, limit: int) -> tuple[Outcome, ...]:
    """Mails that were sent or given up and whose claims do not know it yet, oldest first."""
    return tuple(_outcome(row) for row in await conn.execute(_UNREPORTED, {"most": limit}))


async def mark_reported(conn: AsyncConnection, ids: Sequence[int]) -> None:
    """The claims of these rows know the outcome, in this transaction. Raises Conflict when one has told before."""
    if ids and (await conn.execute(_REPORTED, {"rows": list(ids)})).rowcount != len(set(ids)):
        raise Conflict


async def delivered(conn: AsyncConnection, mails: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Those of the (claim, mail key) pairs that the relay took and no report denied, joined mails too."""
    wanted = list(mails)
    if not wanted:
        return frozenset()
    pair = tuple_(address_claims.c.claim_id, address_claims.c.key)
    statement = (
        select(address_claims.c.claim_id, address_claims.c.key)
        .join(reply_addresses, reply_addresses.c.handle == address_claims.c.handle)
        .join(outbox, _c.id == reply_addresses.c.outbox_id)
        .where(pair.in_(wanted), _c.state == "sent")
    )
    return frozenset((row.claim_id, row.key) for row in await conn.execute(statement))


async def was_sent(conn: AsyncConnection, code: str, email: str, since: datetime) -> bool:
    """Whether a mail of that code to that address was put since then."""
    statement = select(_c.id).where(_c.email == canonical(email), _c.created_at >= since, _c.code == code).limit(1)
    return (await conn.execute(statement)).first() is not None


async def answers_to(conn: AsyncConnection, email: str, claim_id: str | None, since: datetime | None) -> int:
    """How many answers to mail went to that address about that claim, since then or ever (security item 35)."""
    return await _count(conn, since, _c.email == canonical(email), _c.answer, _c.claim_id == (claim_id or ""))


async def answers_to_one(conn: AsyncConnection, email: str, since: datetime) -> int:
    """How many answers to mail went to that address since then, whatever they were about."""
    return await _count(conn, since, _c.email == canonical(email), _c.answer)


async def answers_about(conn: AsyncConnection, claim_id: str, since: datetime | None) -> int:
    """How many answers to mail went out about that claim, to anybody, since then or ever (security item 35)."""
    return await _count(conn, since, _c.claim_id == claim_id, _c.claim_id != word(""), _c.answer)


async def last_mails(conn: AsyncConnection, claim_ids: Iterable[str]) -> dict[tuple[str, str], str]:
    """(Claim id, canonical address) → Message-ID of the newest mail about the claim to that address."""
    wanted = [claim_id for claim_id in set(claim_ids) if claim_id]
    if not wanted:
        return {}
    rows = await conn.execute(_NEWEST, {"claims": wanted})
    return {(row.claim_id, row.email): row.message_id for row in rows}


async def _count(conn: AsyncConnection, since: datetime | None, *where: ColumnElement[bool]) -> int:
    recent = () if since is None else (_c.created_at >= since,)
    return int((await conn.execute(select(func.count()).select_from(outbox).where(*where, *recent))).scalar_one())


async def _put(conn: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    bodies = [{"row": row["id"], "bytes": row.pop("body")} for row in rows]
    await execute_many(conn, _PUT, rows)
    await execute_many(conn, _PUT_BYTES, bodies)


def _mail_row(mail: NewMail) -> dict[str, Any]:
    return {
        "id": mail.id,
        "claim_id": mail.claim_id or "",
        "key": mail.key,
        "kind": "mail",
        "code": mail.code,
        "party": str(mail.party),
        "email": canonical(mail.email),
        "target": mail.email,
        "language": mail.language,
        "handle": mail.handle,
        "message_id": mail.message_id,
        "mail_from": mail.mail_from,
        "subject": clean(mail.subject),
        "next_attempt": mail.created_at,
        "answer": mail.answer,
        "triggered_by": mail.triggered_by,
        "created_at": mail.created_at,
        "body": mail.raw,
    }


def _webhook_row(call: NewWebhook) -> dict[str, Any]:
    return {
        "id": call.id,
        "claim_id": call.claim_id or "",
        "key": call.key,
        "kind": "webhook",
        "code": call.code,
        "email": f"webhook:{call.target}",
        "target": call.target,
        "message_id": call.message_id,
        "next_attempt": call.created_at,
        "created_at": call.created_at,
        "body": call.body,
    }


def _result_row(result: Result) -> dict[str, Any]:
    ended = result.state in ("bounced", "expired")
    return {
        "row": result.id,
        "state": result.state,
        "last_error": clean(result.error),
        "status": result.status,
        "permanent": result.permanent,
        "maybe_sent": result.maybe_sent,
        "sent_at": result.at if result.state == "sent" else None,
        "ended_at": result.at if ended else None,
        "next_attempt": result.next_attempt or result.at,
        "reported": False,
    }


def _outcome(row: Any) -> Outcome:
    names = ("id", "key", "kind", "code", "handle", "message_id", "state", "status", "permanent")
    at = row.ended_at or row.sent_at or row.created_at
    fixed = {name: getattr(row, name) for name in names}
    return Outcome(claim_id=row.claim_id or None, email=row.target if row.kind == "mail" else "", at=at, **fixed)


def _outgoing(row: Any) -> Outgoing:
    names = (
        "id", "key", "kind", "code", "party", "message_id", "mail_from", "target", "attempts", "maybe_sent",
        "created_at",
    )  # fmt: skip
    email = row.target if row.kind == "mail" else ""
    fixed = {name: getattr(row, name) for name in names}
    return Outgoing(claim_id=row.claim_id or None, email=email, body=bytes(row.body or b""), **fixed)
