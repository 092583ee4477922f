"""Packs what there is about one claim: mails in and out, verdicts, history, files, and the means to check them.

Reads one consistent state, beside a running service. The archive is a tar, complete or not there. Bytes that were
erased or outlived their time are missing in it, and their description says so.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.claims.model import Claim
from mailbot.claims.view import claim_view
from mailbot.store import history, inbox, outbox_office
from mailbot.store.blobs import BlobLost, Blobs

_CHECK = Path(__file__).with_name("check.py")
_README = """Everything mailbot keeps about {claim}.

history.jsonl   every event, oldest first, with its hash; `private` is the personal part, bound by the commitment
received/       mails that came in, byte for byte, each with what was checked and read at that time
sent/           mails that went out, byte for byte: the wording as people saw it
files/          the evidence, by digest
claim.json      the claim as it stands

To check it, without mailbot and without a network:
    python3 check.py

A mail that was signed carries, in its description under "authentication", the public key record as the DNS gave it on
that day. With the package dkimpy the signature is checked against that record:
    python3 -c "import dkim, json; d = json.load(open('received/ID.json'));
    key = next(c['record'] for c in d['authentication']['checks'] if c['method'] == 'dkim' and c['result'] == 'pass');
    print(dkim.verify(open('received/ID.eml', 'rb').read(), dnsfunc=lambda name, timeout=5: key.encode()))"
"""


async def contents(conn: AsyncConnection, claim: Claim, files: Blobs) -> dict[str, bytes]:
    """File name → bytes, of the whole bundle."""
    found = {"claim.json": _json(claim_view(claim)), "README.txt": _README.format(claim=claim.id).encode()}
    links = await history.links(conn, claim.id)
    found["history.jsonl"] = b"".join(_line(link) for link in links)
    by_event = {link["inbox_id"] for link in links} - {None}
    for item in await _received(conn, claim.id, by_event):
        found |= await _mail_in(conn, item, files)
    for row in await outbox_office.of_claim(conn, claim.id, limit=10_000):
        found |= _mail_out(await outbox_office.get(conn, row.id) or row)
    for file in claim.evidence:
        found |= await _file(conn, file.sha256, files)
    found["check.py"] = _CHECK.read_bytes()
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(found.items()))
    return found | {"SHA256SUMS": sums.encode()}


def write(target: Path, claim_id: str, found: dict[str, bytes]) -> None:
    """Writes the archive; its one folder is named after the claim."""
    draft = target.with_name(f".{target.name}.part")
    try:
        with tarfile.open(draft, "w") as tar:
            for name, content in sorted(found.items()):
                member = tarfile.TarInfo(f"{claim_id}/{name}")
                member.size, member.mode = len(content), 0o644
                tar.addfile(member, io.BytesIO(content))
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


async def _received(conn: AsyncConnection, claim_id: str, by_event: Iterable[int]) -> list[inbox.Item]:
    about = {item.id for item in await inbox.of_claim(conn, claim_id, limit=10_000)}
    items = [await inbox.get(conn, row) for row in sorted(about | set(by_event))]
    return [item for item in items if item is not None]


async def _mail_in(conn: AsyncConnection, item: inbox.Item, files: Blobs) -> dict[str, bytes]:
    reading = item.reading or {}
    described = {
        "received_at": item.received_at.isoformat(),
        "peer": item.peer,
        "mail_from": item.mail_from,
        "sha256": item.sha256,
        "ended": item.disposition,
        "reason": item.reason,
        "sender": reading.get("sender"),
        "authentication": reading.get("authentication"),
        "meaning": reading.get("intent"),
        "why": item.trace,
    }
    try:
        raw = {f"received/{item.id}.eml": await inbox.raw(conn, item, files)}
    except BlobLost:
        raw, described["bytes"] = {}, "not kept any more"
    return raw | {f"received/{item.id}.json": _json(described)}


def _mail_out(row: outbox_office.OutboxItem) -> dict[str, bytes]:
    described: dict[str, Any] = {
        "code": row.code,
        "to": row.email,
        "subject": row.subject,
        "message_id": row.message_id,
        "state": row.state,
        "sent_at": row.sent_at.isoformat() if row.sent_at else None,
        "delivered_at": row.delivered_at.isoformat() if row.delivered_at else None,
    }
    if row.body is None:
        return {f"sent/{row.id}.json": _json(described | {"bytes": "not kept any more"})}
    return {f"sent/{row.id}.json": _json(described), f"sent/{row.id}.eml": bytes(row.body)}


async def _file(conn: AsyncConnection, sha256: str, files: Blobs) -> dict[str, bytes]:
    try:
        return {f"files/{sha256}": await files.get(conn, sha256)}
    except BlobLost:
        return {}


def _json(value: object) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n"


def _line(link: dict[str, Any]) -> bytes:
    return json.dumps(link, default=_hex).encode() + b"\n"


def _hex(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    raise TypeError(type(value).__name__)
