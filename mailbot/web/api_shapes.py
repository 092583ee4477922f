"""The answers of the API: the claim of claims/view.py and more for the office, lists, history, mail, files.

Pure. Instants are ISO 8601 in UTC, ids of rows are decimal strings, because 63 bits do not fit every client's numbers.
"""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from mailbot.claims.events import Defect
from mailbot.claims.model import Claim, Evidence
from mailbot.claims.view import claim_view
from mailbot.store.history import Entry
from mailbot.store.inbox import Item
from mailbot.store.outbox_office import OutboxItem
from mailbot.web.history_view import lines


class ClaimPage(BaseModel):
    """Some claims (see GET /claims/{id}) and the cursor of the next page, null on the last."""

    items: list[dict[str, Any]]
    next: str | None


class FileReceipt(BaseModel):
    """What became of an uploaded file; `verdict` is one of the words of `mailbot try --json`."""

    name: str
    verdict: str
    sha256: str


class FileReceipts(BaseModel):
    """A receipt for every file."""

    items: list[FileReceipt]


class Items(BaseModel):
    """Some rows, newest first unless said otherwise, and the cursor of the next page, null on the last."""

    items: list[dict[str, Any]]
    next: str | None


def claim_json(claim: Claim, missing: Iterable[Defect] = (), *, office: bool) -> dict[str, Any]:
    """The claim of the contract; the claims office also gets what only it may know: the customer's words, the rivals,
    the contact check."""
    view = claim_view(claim, missing)
    if not office:
        return view
    return view | {
        "contact_verified": claim.contact_verified,
        "contact_source": claim.contact_source,
        "decided_by": claim.decided_by,
        "rivals": list(claim.rivals),
        "inquiries": [
            {
                "number": inquiry.number,
                "cause": inquiry.cause.value,
                "text": inquiry.text,
                "by": inquiry.by,
                "at": inquiry.at.isoformat(),
                "answer": inquiry.answer or None,
            }
            for inquiry in claim.inquiries
        ],
    }


def receipt(file: Evidence) -> FileReceipt:
    """One file's receipt."""
    return FileReceipt(name=file.name, verdict=file.verdict, sha256=file.sha256)


def history_entry(entry: Entry, *, office: bool) -> dict[str, Any]:
    """One entry of a claim's history, without what is not the reader's to know."""
    line = lines([entry], office=office)[0]
    return {
        "number": entry.seq,
        "at": entry.at.isoformat(),
        "kind": entry.kind,
        "actor": {"name": line["by"], "roles": [role for role in entry.actor.split(",") if role]},
        "channel": entry.channel,
        "note": line["note"],
        "mails": line["mails"],
        "trace": line["trace"],
        "changes": [{"field": c["field"], "before": c["before"], "after": c["after"]} for c in line["changes"]],
    }


def sent_mail(item: OutboxItem) -> dict[str, Any]:
    """A mail or call of ours."""
    return {
        "id": str(item.id),
        "direction": "out",
        "kind": item.kind,
        "code": item.code,
        "to": item.email or item.target,
        "party": item.party,
        "subject": item.subject,
        "message_id": item.message_id,
        "state": item.state,
        "attempts": item.attempts,
        "last_error": item.last_error,
        "claim": item.claim_id,
        "at": item.created_at.isoformat(),
        "sent_at": item.sent_at.isoformat() if item.sent_at else None,
        "delivered_at": item.delivered_at.isoformat() if item.delivered_at else None,
    }


def received_mail(item: Item) -> dict[str, Any]:
    """A mail that came in."""
    return {
        "id": str(item.id),
        "direction": "in",
        "from": item.sender or item.mail_from,
        "subject": item.subject,
        "message_id": item.message_id,
        "disposition": item.disposition,
        "reason": item.reason,
        "claim": item.claim_id,
        "size": item.size,
        "sha256": item.sha256,
        "at": item.received_at.isoformat(),
        "waits_for": item.waits_for or None,
    }
