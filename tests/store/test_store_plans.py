"""No query that runs all the time reads a whole table or sorts one: its cost must not grow with the years."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.claims.model import Claim
from mailbot.store import (
    blobs,
    claim_lists,
    claims,
    history,
    inbox,
    outbox,
    outbox_office,
    people,
    reply_addresses,
    timers,
    waiting,
    workload,
)
from mailbot.store.claim_lists import ClaimFilter
from mailbot.store.claims import Change
from mailbot.store.database import Store
from mailbot.store.inbox import Settlement
from mailbot.store.outbox import Result
from mailbot.store.schema import metadata


@pytest.fixture
def database() -> str:
    """This is about SQLite."""
    return "sqlite"


ONE = "CLM-222222"
_LARGE = set(metadata.tables) - {"settings", "organisations", "persons", "locations", "webhooks", "waiting", "api_keys"}
"""Tables that grow with the years."""
_SORTED = {"a search", "a customer's claims", "a claim's timers", "waiting mail", "people"}
"""What sorts the few rows of one customer, claim or hour."""

Query = Callable[[AsyncConnection, Claim, datetime], Awaitable[Any]]
LEASE = timedelta(minutes=1)

READS: dict[str, Query] = {
    "claims by id": lambda conn, claim, now: claims.load(conn, [claim.id, "CLM-333333"]),
    "rivals": lambda conn, claim, now: claims.rivals(conn, [claim]),
    "the newest claims": lambda conn, claim, now: claim_lists.page(conn, ClaimFilter()),
    "a firm's claims": lambda conn, claim, now: claim_lists.page(conn, ClaimFilter(organisation_id="org-1")),
    "claims of a status": lambda conn, claim, now: claim_lists.page(conn, ClaimFilter(status=("submitted",))),
    "a search": lambda conn, claim, now: claim_lists.page(conn, ClaimFilter(q="abc")),
    "claims by name": lambda conn, claim, now: claim_lists.page(conn, ClaimFilter(), "name"),
    "claims by deadline": lambda conn, claim, now: claim_lists.page(conn, ClaimFilter(), "-due"),
    "claims by change": lambda conn, claim, now: claim_lists.page(conn, ClaimFilter(), "-changed"),
    "claims by domain": lambda conn, claim, now: claim_lists.page(conn, ClaimFilter(), "domain"),
    "claims by customer address": lambda conn, claim, now: claim_lists.page(conn, ClaimFilter(), "customer"),
    "a customer's claims": lambda conn, claim, now: claim_lists.by_customer(conn, "c@contoso.example"),
    "a tenant's claims": lambda conn, claim, now: claim_lists.by_tenant(conn, claim.tenant_id),
    "a person's open claims": lambda conn, claim, now: claim_lists.open_for_person(conn, "p@fabrikam.example"),
    "claims due": lambda conn, claim, now: claim_lists.due_list(conn, now),
    "workload": lambda conn, claim, now: workload.workload(conn),
    "timers due": lambda conn, claim, now: timers.due(conn, now, 10),
    "the next timer": lambda conn, claim, now: timers.next_at(conn),
    "a claim's timers": lambda conn, claim, now: timers.of_claim(conn, claim.id),
    "a claim's history": lambda conn, claim, now: history.of_claim(conn, claim.id),
    "events seen": lambda conn, claim, now: history.seen(conn, [(claim.id, "a"), (claim.id, "b")]),
    "heads": lambda conn, claim, now: history.heads(conn, [claim.id]),
    "held mail": lambda conn, claim, now: inbox.list_items(conn, "held"),
    "all mail": lambda conn, claim, now: inbox.list_items(conn),
    "a claim's mail": lambda conn, claim, now: inbox.of_claim(conn, claim.id),
    "held acts": lambda conn, claim, now: inbox.held_for(conn, "p@fabrikam.example"),
    "duplicates": lambda conn, claim, now: inbox.duplicates(conn, [(5, "a"), (None, "b")]),
    "unread mail": lambda conn, claim, now: inbox.unread_before(conn, [(claim.id, now)]),
    "held mail of a claim": lambda conn, claim, now: inbox.held_before(conn, [(claim.id, now)]),
    "mail of a writer": lambda conn, claim, now: inbox.count_from(conn, "p@fabrikam.example", now),
    "unread and held counts": lambda conn, claim, now: inbox.waiting_counts(conn),
    "outcomes": lambda conn, claim, now: outbox.unreported(conn, 10),
    "arrived mail": lambda conn, claim, now: outbox.delivered(conn, [(claim.id, "k")]),
    "answers of a day": lambda conn, claim, now: outbox.answers_to(conn, "p@fabrikam.example", claim.id, now),
    "the last mail": lambda conn, claim, now: outbox.last_mails(conn, [claim.id]),
    "sent of a code": lambda conn, claim, now: outbox.was_sent(conn, "confirm_act", "p@fabrikam.example", now),
    "queued mail": lambda conn, claim, now: outbox_office.list_items(conn, "queued"),
    "bounced mail": lambda conn, claim, now: outbox_office.list_items(conn, "bounced"),
    "a claim's outgoing mail": lambda conn, claim, now: outbox_office.of_claim(conn, claim.id),
    "mail by Message-ID": lambda conn, claim, now: outbox_office.by_message_id(conn, ["<a@b>"]),
    "mail by handle": lambda conn, claim, now: outbox_office.by_handle(conn, [5]),
    "addresses": lambda conn, claim, now: reply_addresses.find(conn, [5, 6]),
    "people": lambda conn, claim, now: people.find_people(conn, ["p@fabrikam.example"]),
    "waiting mail": lambda conn, claim, now: waiting.leaving(conn, now),
}

WRITES: dict[str, Query] = {
    "work from the inbox": lambda conn, claim, now: inbox.take(conn, now, 32, "one", LEASE),
    "settling": lambda conn, claim, now: inbox.settle(conn, [Settlement(id=1, disposition="held")], now),
    "saving": lambda conn, claim, now: claims.save(conn, [Change(claim, claim)], now),
    "work from the outbox": lambda conn, claim, now: outbox.lease(conn, now, 32, "one", LEASE),
    "outcomes of sending": lambda conn, claim, now: outbox.settle(conn, [Result(id=1, state="sent", at=now)]),
    "dropping": lambda conn, claim, now: outbox.drop(conn, [claim.id], ["a"], now),
    "dropping what waits": lambda conn, claim, now: waiting.drop(conn, [claim.id], ["a"]),
    "revoking": lambda conn, claim, now: reply_addresses.revoke(conn, claim.id, "c@contoso.example", now),
    "releasing files": lambda conn, claim, now: blobs.release(conn, ["claim:a"]),
}


async def _statements(conn: AsyncConnection, query: Awaitable[Any]) -> list[tuple[str, Any]]:
    """What the query sends to the database."""
    sent: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, sql: str, values: Any, _context: Any, many: bool) -> None:
        sent.append((sql, values[0] if many else values))

    event.listen(conn.sync_connection, "before_cursor_execute", note)
    await query
    event.remove(conn.sync_connection, "before_cursor_execute", note)
    return [(sql, values) for sql, values in sent if re.match(r"SELECT|UPDATE|DELETE|WITH", sql)]


async def _complaints(conn: AsyncConnection, query: Awaitable[Any], *, may_sort: bool = False) -> list[str]:
    found = []
    for sql, values in await _statements(conn, query):
        for row in await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values):
            scan = re.match(r"SCAN (\w+)$", row.detail)
            # Without a condition the first rows by id are the page itself.
            page = "LIMIT" in sql and "WHERE" not in sql
            whole = scan is not None and scan[1] in _LARGE and not page
            if whole or ("TEMP B-TREE FOR ORDER" in row.detail and not may_sort):
                found.append(f"{row.detail}: {sql}")
    return found


@pytest.fixture
async def stored(store: Store, a_claim: Callable[..., Claim], now: datetime) -> Claim:
    claim = a_claim(ONE)
    await store.write(lambda conn: claims.save(conn, [Change(None, claim)], now))
    item = inbox.Item(id=1, received_at=now, sha256="0" * 64, size=1, raw=b"x")
    await store.write(lambda conn: inbox.accept(conn, [item]))
    return claim


@pytest.mark.parametrize("name", READS)
async def test_a_read_uses_indexes(store: Store, stored: Claim, now: datetime, name: str) -> None:
    async with store.read() as conn:
        assert await _complaints(conn, READS[name](conn, stored, now), may_sort=name in _SORTED) == []


@pytest.mark.parametrize("name", WRITES)
async def test_a_write_uses_indexes(store: Store, stored: Claim, now: datetime, name: str) -> None:
    async def work(conn: AsyncConnection) -> list[str]:
        return await _complaints(conn, WRITES[name](conn, stored, now))

    assert await store.write(work) == []
