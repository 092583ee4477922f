"""What has to be true after every fault (security §5.1), from the database, the relay's and the senders' logs.

Each broken one is a sentence; an empty answer is good. Chains, pages, references and files are `mailbot verify`'s.
"""

import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from crash_house import House
from crash_post import Post
from crash_relay import Attempt, Relay

from mailbot.claims.invariants import BACK, MOVES
from mailbot.outbound.smarthost import _LINE_END

ANSWERS_A_DAY = 5
_DAY_MICROS = 86_400_000_000
_MOVES = {(a.value, b.value) for a, b in MOVES | BACK}


class Evidence:
    """Everything the sentences are made from, read once."""

    def __init__(self, house: House, relay: Relay, post: Post, told: list[str]) -> None:
        self.house, self.relay, self.post, self.told = house, relay, post, set(told)
        self.inbox = house.sql(
            "SELECT i.id, i.sha256, i.rcpt, i.disposition, i.reason, i.handle, i.digest, b.raw, i.attempts "
            "FROM inbox i LEFT JOIN inbox_bytes b ON b.id = i.id"
        )
        self.outbox = house.sql(
            "SELECT o.id, o.claim_id, o.kind, o.state, o.target, o.message_id, o.ended_at, o.answer, o.created_at, "
            "b.body FROM outbox o LEFT JOIN outbox_bytes b ON b.id = o.id"
        )
        self.attempts: dict[str, list[Attempt]] = defaultdict(list)
        for attempt in relay.attempts:
            self.attempts[attempt.message_id].append(attempt)
        self.lost: set[tuple[str, str]] = set()
        self.twice: set[object] = set()

    @property
    def duplicates_sent(self) -> int:
        """How often somebody got a mail once more."""
        return sum(max(sum(a.accepted for a in tries) - 1, 0) for tries in self.attempts.values())


def broken(evidence: Evidence) -> list[str]:
    """Every broken invariant, a sentence each."""
    rules = (_stored, _settled, _once, _sent, _attempts, _hooks, _timers, _versions, _moves, _known, _bounded)
    return [sentence for rule in rules for sentence in rule(evidence)]


def _stored(e: Evidence) -> Iterator[str]:
    """I1: what heard 250 is there, byte for byte."""
    there = defaultdict(list)
    for row in e.inbox:
        there[row[1], row[2]].append(row)
    for mark in e.post.acknowledged:
        if mark not in there:
            e.lost.add(mark)
            yield f"I1: {mark[1]} {mark[0][:12]} ({e.post.sizes[mark]} bytes) heard 250 and is not stored"
        elif any(_bytes(e.house, row[1], row[7]) != mark[0] for row in there[mark]):
            yield f"I1: {mark[1]} {mark[0][:12]} is stored with other bytes"
    for refusal in e.post.refused[:5]:
        yield f"I1: a mail to us was refused for good: {refusal}"


def _bytes(house: House, sha256: object, raw: object) -> str:
    path = house.folder / "var/blobs" / str(sha256)[:2] / str(sha256)
    content = raw if isinstance(raw, bytes) else _content(path)
    return hashlib.sha256(content).hexdigest()


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _settled(e: Evidence) -> Iterator[str]:
    """Promise 3: read, and by nothing of ours hurt."""
    for row in e.inbox:
        if row[3] in ("accepted", "quarantined"):
            yield f"I3: inbox {row[0]} ends {row[3]} {row[4]}"
        elif row[8]:
            yield f"I3: reading inbox {row[0]} failed {row[8]} times: {row[4]}"


def _once(e: Evidence) -> Iterator[str]:
    """I2, by our digest and by the mail's own."""
    applied = [row for row in e.inbox if row[3] == "applied"]
    for name, marks in (
        ("bytes", Counter((row[1], row[2]) for row in applied)),
        ("digest", Counter((row[5], row[6]) for row in applied)),
    ):
        for mark, count in marks.items():
            if count > 1:
                e.twice.add(mark)
                yield f"I2: applied {count} times, the same {name}: {mark[1]} {str(mark[0])[:12]}"


def _sent(e: Evidence) -> Iterator[str]:
    """I4, what was written: accepted at least once."""
    ids = Counter(row[5] for row in e.outbox)
    yield from (f"I4: {count} rows share Message-ID {name}" for name, count in ids.items() if count > 1)
    for row in e.outbox:
        accepted = any(a.accepted for a in e.attempts.get(str(row[5]), []))
        if row[2] == "mail" and row[3] in ("queued", "deferred", "expired"):
            yield f"I4: mail {row[0]} for {row[4]} ends {row[3]}"
        elif row[2] == "mail" and row[3] == "sent" and not accepted:
            yield f"I4: mail {row[0]} for {row[4]} counts as sent, and the relay never took it"
        elif row[3] == "cancelled" and row[6] is not None:
            # `ended_at` is when it was decided; written it is when that life ends at the latest.
            written = next((begun for begun in e.house.begun if begun * 1e6 > int(str(row[6]))), math.inf)
            if any(a.began > written + 1 for a in e.attempts.get(str(row[5]), [])):
                yield f"I9: mail {row[0]} was sent after it was cancelled"


def _attempts(e: Evidence) -> Iterator[str]:
    """I4, what left: only what was written, always the same."""
    written = {str(row[5]): row for row in e.outbox if row[2] == "mail"}
    for name, tries in e.attempts.items():
        row = written.get(name)
        if row is None:
            yield f"I4: a mail to {tries[0].rcpt} left with the Message-ID {name}, which nobody wrote"
            continue
        digests = {a.sha256 for a in tries}
        if isinstance(row[9], bytes):
            digests.add(hashlib.sha256(_LINE_END.sub(b"\r\n", row[9])).hexdigest())
        if len(digests) > 1:
            yield f"I4: {name} left with {len(digests)} different contents"
        if {a.rcpt for a in tries} != {row[4]}:
            yield f"I4: {name} went to {sorted({a.rcpt for a in tries})} instead of {row[4]}"


def _hooks(e: Evidence) -> Iterator[str]:
    for row in e.outbox:
        if row[2] == "webhook" and (row[3] != "sent" or str(row[5]) not in e.told):
            yield f"I4: webhook {row[0]} ends {row[3]}, told: {str(row[5]) in e.told}"


def _timers(e: Evidence) -> Iterator[str]:
    """I7: none early. None twice is what the table's key says."""
    early = e.house.sql("SELECT claim_id, kind, what FROM timers WHERE state = 'fired' AND ended_at < at")
    yield from (f"I7: {what} of {kind} rang early for {claim}" for claim, kind, what in early)


def _versions(e: Evidence) -> Iterator[str]:
    """I3: a claim has as many versions as events."""
    statement = (
        "SELECT c.id, c.version, count(h.id) FROM claims c LEFT JOIN history h ON h.claim_id = c.id "
        "GROUP BY c.id, c.version HAVING c.version <> count(h.id)"
    )
    for claim, version, events in e.house.sql(statement):
        yield f"I3: {claim} is at version {version} after {events} events"


def _moves(e: Evidence) -> Iterator[str]:
    """I11, and the fold of I5: each move starts where the last one ended, the last one at the claim."""
    at: dict[object, str] = {}
    for claim, public in e.house.sql("SELECT claim_id, public FROM history ORDER BY claim_id, seq"):
        change = json.loads(str(public)).get("status")
        if change is None:
            continue
        before, after = change["before"], change["after"]
        if before != at.get(claim) or (before is not None and (before, after) not in _MOVES):
            yield f"I11: {claim} went from {at.get(claim)} ({before}) to {after}"
        at[claim] = after
    for claim, status in e.house.sql("SELECT id, status FROM claims"):
        if at.get(claim) != status:
            yield f"I5: {claim} is {status}, its history ends at {at.get(claim)}"


def _known(e: Evidence) -> Iterator[str]:
    """I10."""
    names = ("partner_email", "customer_email", "second_email", "tenant_admin_email")
    known = {row[0] for row in e.house.sql("SELECT email FROM persons")}
    for name in names:
        known |= {row[0] for row in e.house.sql(f"SELECT {name} FROM claims")}
    strangers = {a.rcpt for a in e.relay.attempts} - known
    yield from (f"I10: mail went to {rcpt}, whom nobody knows" for rcpt in sorted(strangers))


def _bounded(e: Evidence) -> Iterator[str]:
    """I13: answers to one address about one claim."""
    answers = Counter((row[1], row[4], int(str(row[8])) // _DAY_MICROS) for row in e.outbox if row[7])
    for (claim, email, _), count in answers.items():
        if count > ANSWERS_A_DAY:
            yield f"I13: {count} answers to {email} about {claim or 'no claim'} in a day"
