"""History entries as lines for a reader: what changed, before and after, without what is not theirs to know.

Partners never see rivals, the customer's own words or who replaced whom (domain §4.3); an erased entry keeps its date.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store import history
from mailbot.store.history import Entry

_SHOWN = frozenset(
    {
        "status", "consent", "association", "reason", "reason_text", "name", "location_id", "tenant_id",
        "tenant_domain", "domain_reason", "solution_area", "activity", "products", "customer", "second",
        "tenant_admin", "partner", "seller", "solution", "evidence", "questions", "comments", "effective_date",
        "suspended_by", "contested", "contact_verified", "contact_source",
    }
)  # fmt: skip
_OFFICE_ONLY = frozenset({"inquiries", "rivals", "replaces", "assigned_to", "former_contacts"})
_OFFICE_ROLES = frozenset({"reviewer", "office_admin"})
_WORDS = {
    "status": "status",
    "consent": "consent",
    "association": "association",
    "reason": "reason",
    "suspended_by": "cause",
    "solution_area": "area",
    "activity": "activity",
}
_NOTHING_YET = frozenset({"", "none", "False"})


async def newest(conn: AsyncConnection, claim_id: str, limit: int) -> tuple[list[Entry], bool]:
    """The last entries of a claim, newest first, and whether there are older ones."""
    head = (await history.heads(conn, [claim_id])).get(claim_id)
    before = max(head.seq - limit, 0) if head else 0
    entries = await history.of_claim(conn, claim_id, after_seq=before, limit=limit)
    return list(reversed(entries)), before > 0


def lines(entries: Iterable[Entry], *, office: bool) -> list[dict[str, Any]]:
    """The entries, ready for the history template."""
    return [_line(entry, office) for entry in entries]


def _line(entry: Entry, office: bool) -> dict[str, Any]:
    changed = {**entry.public, **entry.private}
    shown = _SHOWN | _OFFICE_ONLY if office else _SHOWN
    return {
        "kind": entry.kind,
        "at": entry.at,
        "by": _by(entry, office),
        "channel": entry.channel,
        "note": entry.public.get("note", ""),
        "mails": list(entry.public.get("mails", ())) if office else [],
        "from_office": _from_office(entry),
        "trace": _trace(entry) if office else "",
        "changes": _changes({name: value for name, value in changed.items() if name in shown}),
    }


def _changes(changed: Mapping[str, Any]) -> list[dict[str, str]]:
    """What is worth a line: a fresh claim's empty fields are not."""
    found = [_change(name, value) for name, value in changed.items()]
    return [line for line in found if line["before"] or line["after"] not in _NOTHING_YET]


def _trace(entry: Entry) -> str:
    known: Mapping[str, str] = entry.private.get("trace", {})
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in known.items() if value)


def _from_office(entry: Entry) -> bool:
    return bool(_OFFICE_ROLES & set(entry.actor.split(",")))


def _by(entry: Entry, office: bool) -> str:
    by: Mapping[str, str] = entry.private.get("by", {})
    if _from_office(entry) and not office:
        return ""
    name, email = by.get("name", ""), by.get("email", "")
    return f"{email} ({name})" if email and name else email or name


def _change(name: str, value: Mapping[str, Any]) -> dict[str, str]:
    before, after = value.get("before", value.get("removed")), value.get("after", value.get("added"))
    return {"field": name, "kind": _WORDS.get(name, ""), "before": _plain(before), "after": _plain(after)}


def _plain(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, dict):
        return _described(value)
    return str(value)


def _described(value: Mapping[str, Any]) -> str:
    """A part of a claim in one line: a file by its name, a question by number and text, a contact by its address."""
    if "number" in value:
        answer = f" → {value['answer']}" if value.get("answer") else ""
        return f"{value['number']}. {value.get('text', '')}{answer}"
    if "email" in value:
        return f"{value.get('name', '')} <{value['email']}>".strip()
    if "sha256" in value:
        return f"{value.get('name', '')} ({value.get('verdict', '')})"
    return str(value.get("text") or value.get("code") or ", ".join(f"{k}: {v}" for k, v in value.items()))
