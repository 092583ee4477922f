"""Lists find what they are asked for and page through it without gaps, whatever they are sorted by."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from mailbot.claims.model import Association, Claim, Clock, ClockKind, Consent, Contact, Status
from mailbot.store import claim_lists, claims, workload
from mailbot.store.claim_lists import ClaimFilter
from mailbot.store.claims import Change
from mailbot.store.database import Store
from mailbot.store.faults import Refused


@pytest.fixture
async def many(store: Store, a_claim: Callable[..., Claim], now: datetime) -> list[Claim]:
    """Thirty claims, in groups."""
    made = [
        a_claim(
            f"CLM-{i:06d}",
            name=f"Name {i % 7}",
            status=(Status.SUBMITTED, Status.APPROVED, Status.DRAFT)[i % 3],
            consent=Consent.PENDING if i % 3 == 1 else Consent.NONE,
            organisation_id=f"org-{i % 2}",
            location_id=f"loc-{i % 4}",
            assigned_to="rita@office.example" if i % 5 == 0 else "",
            customer=Contact(email=f"c{i % 3}@contoso.example"),
            second=Contact(email="second@contoso.example") if i == 7 else None,
            tenant_domain=f"t{i % 10}.example",
            created_at=now + timedelta(days=i),
            clocks=(Clock(kind=ClockKind.REVIEW, set_at=now, due=now + timedelta(hours=i % 6)),) if i % 2 else (),
        )
        for i in range(30)
    ]

    async def work(conn: Any) -> None:
        await claims.save(conn, [Change(None, claim) for claim in made], now)

    await store.write(work)
    return made


async def _all(store: Store, which: ClaimFilter, sort: str = "-created", limit: int = 4) -> list[Claim]:
    found: list[Claim] = []
    cursor: str | None = None
    async with store.read() as conn:
        while True:
            page = await claim_lists.page(conn, which, sort, limit, cursor)
            found += page.items
            cursor = page.next
            assert len(page.items) == limit or cursor is None
            if cursor is None:
                return found


@pytest.mark.parametrize("sort", [*claim_lists.SORTS, *(f"-{sort}" for sort in claim_lists.SORTS)])
async def test_pages_show_everything_once_in_order(store: Store, many: list[Claim], sort: str) -> None:
    key: Callable[[Claim], Any] = {
        "created": lambda c: c.created_at,
        "changed": lambda c: 0,
        "name": lambda c: c.name,
        "due": lambda c: c.clocks[0].due,
        "domain": lambda c: c.tenant_domain,
        "customer": lambda c: c.customer.email,
    }[sort.removeprefix("-")]
    wanted = [claim for claim in many if claim.clocks] if sort.endswith("due") else many
    expected = sorted(wanted, key=lambda c: (key(c), c.created_at), reverse=sort.startswith("-"))
    assert await _all(store, ClaimFilter(), sort) == expected


@pytest.mark.parametrize(
    ("which", "fits"),
    [
        (ClaimFilter(status=("submitted", "draft")), lambda i: i % 3 != 1),
        (ClaimFilter(organisation_id="org-1"), lambda i: i % 2 == 1),
        (ClaimFilter(organisation_id="org-1", locations=frozenset({"loc-1"})), lambda i: i % 4 == 1),
        (ClaimFilter(customer="C1@Contoso.Example"), lambda i: i % 3 == 1),
        (ClaimFilter(reviewer="rita@office.example"), lambda i: i % 5 == 0),
        (ClaimFilter(tenant_id="11111111-2222-3333-4444-555555555555".upper()), lambda i: True),
        (ClaimFilter(area="business_applications"), lambda i: False),
        (ClaimFilter(activity="usage"), lambda i: True),
        (ClaimFilter(q="clm-00000"), lambda i: i < 10),
        (ClaimFilter(q="NAME 3"), lambda i: i % 7 == 3),
        (ClaimFilter(q="t4."), lambda i: i % 10 == 4),
        (ClaimFilter(q="c2@"), lambda i: i % 3 == 2),
        (ClaimFilter(q="%"), lambda i: False),
        (ClaimFilter(q="_"), lambda i: False),
        (ClaimFilter(open=True), lambda i: True),
        (ClaimFilter(contested=True), lambda i: False),
        (ClaimFilter(status=("approved",), organisation_id="org-0", q="name"), lambda i: i % 3 == 1 and i % 2 == 0),
    ],
)
async def test_a_filter_finds_what_fits(
    store: Store, many: list[Claim], which: ClaimFilter, fits: Callable[[int], bool]
) -> None:
    assert await _all(store, which, "created") == [claim for i, claim in enumerate(many) if fits(i)]


async def test_dates_bound_the_time_of_creation(store: Store, many: list[Claim], now: datetime) -> None:
    which = ClaimFilter(since=now + timedelta(days=3), until=now + timedelta(days=6))
    assert await _all(store, which, "created") == many[3:6]


async def test_only_our_sorts_and_cursors_are_taken(store: Store, many: list[Claim]) -> None:
    async with store.read() as conn:
        first = await claim_lists.page(conn, ClaimFilter(), "name", 2)
        for sort, cursor in (("name; DROP TABLE claims", None), ("-name", first.next), ("name", "!!"), ("name", "W10")):
            with pytest.raises(Refused):
                await claim_lists.page(conn, ClaimFilter(), sort, 2, cursor)


async def test_short_lists(store: Store, many: list[Claim], now: datetime) -> None:
    async with store.read() as conn:
        by_customer = await claim_lists.by_customer(conn, "second@CONTOSO.example")
        assert [claim.id for claim in by_customer] == ["CLM-000007"]
        assert len(await claim_lists.by_tenant(conn, many[0].tenant_id)) == 30
        assert len(await claim_lists.open_for_person(conn, "petr@fabrikam.example")) == 30
        assert {c.assigned_to for c in await claim_lists.open_for_person(conn, "rita@office.example")} == {
            "rita@office.example"
        }
        due = await claim_lists.due_list(conn, now + timedelta(hours=1))
        assert [claim.clocks[0].due for claim in due] == [now + timedelta(hours=1)] * 5
        assert await workload.workload(conn) == {"rita@office.example": 6}


@pytest.mark.parametrize(
    ("changes", "is_open"),
    [
        ({"status": Status.DRAFT}, True),
        ({"status": Status.APPROVED, "consent": Consent.PENDING}, True),
        ({"status": Status.APPROVED, "consent": Consent.LAPSED, "association": Association.ACTIVE}, False),
        ({"status": Status.REJECTED}, False),
        ({"status": Status.DISPUTED}, True),
    ],
)
def test_open_means_that_the_outcome_does_not_stand(
    a_claim: Callable[..., Claim], changes: dict[str, Any], is_open: bool
) -> None:
    assert claims.is_open(a_claim(**changes)) is is_open
