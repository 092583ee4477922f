"""Claims as rows: loading, saving under the guard of their version, and the rivals on the same keys.

The document is the claim; the other columns repeat what is searched and follow it in the same statement. Nobody's
change is lost: whoever saves a claim that was changed meanwhile gets Conflict, and nothing of that save happens.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.addresses import canonical, canonical_domain
from mailbot.claims.events import Rival
from mailbot.claims.model import Association, Claim, ClockKind, Consent, Contact, Status
from mailbot.store import schema
from mailbot.store.bulk import execute_many
from mailbot.store.codec import claim_from_text, claim_to_text, clean
from mailbot.store.faults import Conflict
from mailbot.store.locking import hold

_PENDING = (Status.SUBMITTED, Status.UNDER_REVIEW, Status.ACTION_REQUIRED, Status.DISPUTED)
_OPEN = frozenset({Status.DRAFT, *_PENDING})
_NO_DEADLINE = frozenset({ClockKind.RETENTION, ClockKind.UNDO, ClockKind.TAKE_BACK, ClockKind.DISPUTE})

_table, _keys = schema.claims, schema.claim_keys
# After a bounce took a hand-off back the window runs again, so that claim is not over (domain §4.2).
_UNDECIDED = _table.c.consent.in_((Consent.PENDING, Consent.SUSPENDED))
_IN_PLAY = or_(
    _table.c.status.in_(_PENDING),
    and_(_table.c.status == Status.APPROVED, or_(_table.c.association != Association.ENDED, _UNDECIDED)),
    _table.c.association == Association.ACTIVE,
)
_THESE = _table.c.id.in_(bindparam("ids", expanding=True))
_DOCUMENTS = select(_table.c.id, _table.c.document).where(_THESE)
_VERSIONS = select(_table.c.id, _table.c.version).where(_THESE).order_by(_table.c.id).with_for_update()
_INSERT = insert(_table)
_UPDATE = update(_table).where(_table.c.id == bindparam("row"), _table.c.version == bindparam("had"))
_EDIT = update(_table).where(_table.c.id == bindparam("row"))
_INSERT_KEYS = insert(_keys)
_DELETE_KEYS = delete(_keys).where(_keys.c.claim_id == bindparam("row"))
# Seldom changed, and in indexes each: written only when they are, since an update writes every index it names.
_IDENTITY = (
    "organisation_id", "organisation_name", "location_id", "name", "partner", "customer", "second", "tenant_admin",
    "tenant_id", "tenant_domain", "solution_area", "activity", "created_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """A claim as it was loaded (None: it is new) and as it is to be saved."""

    before: Claim | None
    after: Claim


@dataclass(frozen=True, slots=True)
class Rivalry:
    """A claim whose keys were asked about, and the rivals that were found stored."""

    claim: Claim
    found: tuple[Rival, ...]


async def load(conn: AsyncConnection, ids: Iterable[str]) -> dict[str, Claim]:
    """Id → claim, for those that exist."""
    rows = await conn.execute(_DOCUMENTS, {"ids": list(ids)})
    return {row.id: claim_from_text(row.document) for row in rows}


async def save(conn: AsyncConnection, changes: Sequence[Change], now: datetime, relied: Sequence[Rivalry] = ()) -> None:
    """Inserts and updates. Raises Conflict naming every claim whose stored version is not the one loaded, or whose
    rivals are no longer those in `relied` (domain §4.3): another node may have let in a rival meanwhile."""
    if not changes:
        return
    await hold(conn, _tenants(changes, relied))
    await _guard(conn, changes)
    await _guard_rivals(conn, relied)
    new = [_identity(c.after) | _state(c.after, now) for c in changes if c.before is None]
    await execute_many(conn, _INSERT, new)
    old = [_state(c.after, now) | {"row": c.after.id, "had": c.before.version} for c in changes if c.before is not None]
    await execute_many(conn, _UPDATE, old)
    edited = [_identity(c.after) | {"row": c.after.id} for c in changes if c.before and _edited(c.before, c.after)]
    await execute_many(conn, _EDIT, edited)
    await _save_keys(conn, changes)


async def rivals(conn: AsyncConnection, wanted: Iterable[Claim]) -> dict[str, tuple[Rival, ...]]:
    """Claim id → the other claims, of any organisation, that hold one of its keys: pending, approved and not ended, or
    active (domain §4.3). The keys are those of the claims as given, stored or not."""
    claims = {claim.id: {key for key in claim.keys() if key[0]} for claim in wanted}  # noqa: SIM118 -- Claim.keys
    keys = set().union(*claims.values())
    if not keys:
        return dict.fromkeys(claims, ())
    found = await _holders(conn, keys)
    return {
        claim_id: tuple(rival for rival in found if rival.claim_id != claim_id and rival.keys & own)
        for claim_id, own in claims.items()
    }


async def keys_of(conn: AsyncConnection, ids: Iterable[str]) -> dict[str, frozenset[tuple[str, str, str]]]:
    """Claim id → the keys stored for it."""
    found: dict[str, set[tuple[str, str, str]]] = {}
    for row in await conn.execute(select(_keys).where(_keys.c.claim_id.in_(list(ids)))):
        found.setdefault(row.claim_id, set()).add((row.tenant, row.product, row.subscription))
    return {claim_id: frozenset(keys) for claim_id, keys in found.items()}


async def _holders(conn: AsyncConnection, keys: set[tuple[str, str, str]]) -> list[Rival]:
    # By columns, not by tuples, for which SQLite uses no index. What is too much is sorted out by whoever asks.
    tenants, products = {tenant for tenant, _, _ in keys}, {product for _, product, _ in keys}
    holding = select(_keys.c.claim_id).where(_keys.c.tenant.in_(tenants), _keys.c.product.in_(products))
    statement = select(
        _table.c.seq,
        _table.c.id,
        _table.c.organisation_id,
        _table.c.organisation_name,
        _table.c.status,
        _table.c.association,
        _table.c.consent,
        _table.c.submitted_at,
    ).where(_table.c.id.in_(holding), _IN_PLAY)
    rows = sorted((await conn.execute(statement)).all(), key=lambda row: row.seq)
    held = await keys_of(conn, [row.id for row in rows]) if rows else {}
    return [
        Rival(
            claim_id=row.id,
            organisation_id=row.organisation_id,
            organisation_name=row.organisation_name,
            status=Status(row.status),
            active=row.association == Association.ACTIVE,
            ended=row.association == Association.ENDED and row.consent not in (Consent.PENDING, Consent.SUSPENDED),
            keys=held[row.id],
            submitted_at=row.submitted_at,
        )
        for row in rows
    ]


async def _guard(conn: AsyncConnection, changes: Sequence[Change]) -> None:
    expected = {change.after.id: change.before.version if change.before else None for change in changes}
    rows = await conn.execute(_VERSIONS, {"ids": list(expected)})
    stored: Mapping[str, int] = {row.id: row.version for row in rows}
    changed = [claim_id for claim_id, version in expected.items() if stored.get(claim_id) != version]
    if changed:
        raise Conflict(changed)


async def _guard_rivals(conn: AsyncConnection, relied: Sequence[Rivalry]) -> None:
    if not relied:
        return
    latest = {rivalry.claim.id: rivalry for rivalry in relied}
    found = await rivals(conn, [rivalry.claim for rivalry in latest.values()])
    changed = [claim_id for claim_id, rivalry in latest.items() if found[claim_id] != rivalry.found]
    if changed:
        raise Conflict(changed)


def _tenants(changes: Sequence[Change], relied: Sequence[Rivalry]) -> set[str]:
    """All on which somebody could be a rival of these claims, before or after."""
    claims = [c.after for c in changes] + [c.before for c in changes if c.before] + [r.claim for r in relied]
    return {f"tenant {tenant}" for claim in claims for tenant, _, _ in claim.keys() if tenant}  # noqa: SIM118


async def _save_keys(conn: AsyncConnection, changes: Sequence[Change]) -> None:
    moved = [c for c in changes if c.before is None or c.before.keys() != c.after.keys()]
    old = [{"row": c.after.id} for c in moved if c.before is not None]
    if old:
        await execute_many(conn, _DELETE_KEYS, old)
    new = [
        {"claim_id": c.after.id, "tenant": tenant, "product": product, "subscription": subscription}
        for c in moved
        for tenant, product, subscription in sorted(c.after.keys())
    ]
    await execute_many(conn, _INSERT_KEYS, new)


def _edited(before: Claim, after: Claim) -> bool:
    return any(getattr(before, name) != getattr(after, name) for name in _IDENTITY)


def _identity(claim: Claim) -> dict[str, Any]:
    return {
        "id": claim.id,
        "organisation_id": claim.organisation_id,
        "organisation_name": clean(claim.organisation_name),
        "location_id": clean(claim.location_id),
        "name_lower": clean(claim.name).casefold(),
        "partner_email": _address(claim.partner),
        "customer_email": _address(claim.customer),
        "second_email": _address(claim.second),
        "tenant_admin_email": _address(claim.tenant_admin),
        "tenant_id": clean(claim.tenant_id).lower(),
        "tenant_domain": canonical_domain(clean(claim.tenant_domain)),
        "solution_area": claim.solution_area,
        "activity": claim.activity,
        "created_at": claim.created_at,
    }


def _state(claim: Claim, now: datetime) -> dict[str, Any]:
    return {
        "version": claim.version,
        "status": claim.status,
        "consent": claim.consent,
        "association": claim.association,
        "contested": claim.contested,
        "open": is_open(claim),
        "assigned_to": canonical(clean(claim.assigned_to)),
        "submitted_at": claim.submitted_at,
        "changed_at": now,
        "next_due": min((c.due for c in claim.clocks if _is_deadline(c.kind) and c.paused_at is None), default=None),
        "document": claim_to_text(claim),
    }


def is_open(claim: Claim) -> bool:
    """Whether somebody still has something to do or to wait for before the outcome stands."""
    waits = claim.status is Status.APPROVED and claim.association is Association.NONE
    return claim.status in _OPEN or (waits and claim.consent in (Consent.PENDING, Consent.SUSPENDED))


def _is_deadline(kind: ClockKind) -> bool:
    return kind not in _NO_DEADLINE


def _address(contact: Contact | None) -> str:
    return canonical(clean(contact.email)) if contact else ""
