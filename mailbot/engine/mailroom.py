"""The inbox worked off in batches: read in reader processes, understood, decided, answered, settled in one transaction.

Nothing is dropped: an item ends applied, ignored with a reason, held for a person, or, after hurting us three times,
quarantined. A crash at any point leaves items `accepted`; they are read again with the same result.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot import log
from mailbot.claims.events import Decision, Event, MailDelivered, MailFailed, Refusal
from mailbot.claims.model import Claim
from mailbot.engine.answers import help_mail, refusal_mail, status_mail
from mailbot.engine.batch import Batch
from mailbot.engine.clockwork import ring_first
from mailbot.engine.desk import Desk
from mailbot.engine.intake import read_letter
from mailbot.engine.letters import Known, Letter, Verdict, ignored
from mailbot.engine.lookup import Lookup, look_up
from mailbot.engine.new_mail import Drafting
from mailbot.engine.readout import readout
from mailbot.engine.sender_checks import Verify, sender_checks
from mailbot.engine.stepup import ask_to_confirm
from mailbot.engine.tidy import tidy
from mailbot.engine.workspace import Wanted
from mailbot.failpoints import failpoint
from mailbot.inbound.interpretation import Envelope, Interpretation
from mailbot.inbound.reader_pool import ReaderFailure
from mailbot.inbound.readers import Readers
from mailbot.store import absences, claim_lists, inbox
from mailbot.store.blobs import BlobLost
from mailbot.store.faults import Conflict, StoreFault
from mailbot.store.inbox import Item, Settlement

BATCH = 32
LEASE = timedelta(minutes=2)
_TRIES = 5
PATIENCE = 3
"""How often an item may hurt us before it is put aside (architecture, promise 3)."""


@dataclass(slots=True)
class Mailroom:
    """Works off accepted inbox items; `verify` checks senders where the configuration wants that,
    `node` is who has what it takes."""

    desk: Desk
    readers: Readers
    verify: Verify | None = None
    node: str = ""
    _drafting: Drafting = field(init=False)

    def __post_init__(self) -> None:
        self._drafting = self.desk.drafting()

    async def step(self) -> int:
        """Reads and settles up to a batch of items; returns how many were taken. Raises StoreFault."""
        now = self.desk.clock.now()
        items = await self.desk.store.write(lambda conn: inbox.take(conn, now, BATCH, self.node, LEASE))
        if not items:
            return 0
        failpoint("mailroom.taken")
        read = await self._read(items)
        failpoint("mailroom.read")
        try:
            await self._settle(read)
        except StoreFault:
            raise
        except Exception:
            await self._one_by_one(read)
        failpoint("mailroom.settled")
        return len(items)

    async def _read(self, items: Sequence[Item]) -> list[tuple[Item, Interpretation]]:
        """The items that could be read; the others are noted as failures."""
        now = self.desk.clock.now()
        async with self.desk.store.read() as conn:
            found = [(item, await self._bytes(conn, item), envelope_of(item)) for item in items]
        mails = [(item, raw, envelope) for item, raw, envelope in found if raw is not None]
        checked = await sender_checks(mails, self.verify)
        tasks = [(raw, envelope, now, proof) for (_, raw, envelope), proof in zip(mails, checked, strict=True)]
        results = await self.readers.read_batch(tasks)
        good: list[tuple[Item, Interpretation]] = []
        for (item, _, _), result in zip(mails, results, strict=True):
            if isinstance(result, ReaderFailure):
                await self._failed(item, f"reader_{result.cause}")
            else:
                good.append((item, result))
        return good

    async def _bytes(self, conn: AsyncConnection, item: Item) -> bytes | None:
        """The wire bytes; None when their file is lost, which is noted and holds up nobody else's mail."""
        try:
            return await inbox.raw(conn, item, self.desk.store.blobs)
        except BlobLost as error:
            log.item_failed(item.id, error)
            await self._failed(item, "bytes_lost")
            return None

    async def _one_by_one(self, read: Sequence[tuple[Item, Interpretation]]) -> None:
        """A batch that failed as a whole: the item that hurts is found, the others go on."""
        for item, reading in read:
            try:
                await self._alone(item, reading)
            except StoreFault:
                raise
            except Exception as error:
                log.item_failed(item.id, error)
                await self._failed(item, f"engine_{type(error).__name__}")

    async def _alone(self, item: Item, reading: Interpretation) -> None:
        """Decides again while other nodes change the same claims. What does not come through, because another one has
        settled it perhaps, is left to the end of its lease."""
        for _ in range(_TRIES):
            with contextlib.suppress(Conflict):
                return await self._settle([(item, reading)])
        return None

    async def _failed(self, item: Item, why: str) -> None:
        now = self.desk.clock.now()
        await self.desk.store.write(lambda conn: inbox.failed(conn, item.id, why, now, PATIENCE))

    async def _settle(self, read: Sequence[tuple[Item, Interpretation]]) -> None:
        if not read:
            return
        now = self.desk.clock.now()
        async with self.desk.batch(now) as batch:
            found = await look_up(batch.workspace, self.desk.tokens, read)
            for item, reading in read:
                await self._item(batch, found, item, reading)
            await self.desk.finish(batch, now, {i.id: r.message_id for i, r in read if r.message_id})

    async def _item(self, batch: Batch, found: Lookup, item: Item, reading: Interpretation) -> None:
        letter, known = found.letter(item, reading), found.known(item, reading)
        if found.is_duplicate(item, reading):
            verdict = ignored("duplicate")
        else:
            await ring_first(batch.workspace, [c.id for c in known.claims], item.received_at)
            known = replace(known, claims=tuple(batch.workspace.current[c.id] for c in known.claims))
            verdict = read_letter(letter, known, self._drafting)
        verdict = await self._act(batch, letter, known, verdict)
        if verdict.step_up:
            await ask_to_confirm(batch, letter, verdict, item)
        if verdict.disposition == "applied":
            found.note_applied(item, reading)
        batch.fates += _fates(letter, verdict)
        if verdict.away_until is not None and known.writer is not None:
            batch.settings[absences.name_of(known.writer.email)] = verdict.away_until
        batch.settlements.append(_settlement(item, reading, letter, verdict))

    async def _act(self, batch: Batch, letter: Letter, known: Known, verdict: Verdict) -> Verdict:
        """Decides the verdict's events in order and collects the answers; the verdict may end as ignored."""
        outcomes: list[tuple[Event, Decision]] = []
        space = batch.workspace
        start = len(space.wanted)
        for claim_id, event in verdict.events:
            outcomes.append((event, await space.apply(claim_id, event, letter.item_id)))
        space.wanted[start:] = tidy(space.wanted[start:])
        batch.files += _files(letter, outcomes)
        refused = _refusal(outcomes)
        if refused is not None:
            self._answer_refusal(batch, letter, known, *refused)
            if not any(d.refusal is None for _, d in outcomes):
                verdict = replace(verdict, disposition="ignored", reason=refused[1].code)
        await self._answer(batch, letter, known, verdict)
        return verdict

    async def _answer(self, batch: Batch, letter: Letter, known: Known, verdict: Verdict) -> None:
        if letter.reading.suppress_response:
            return
        at, item = letter.received_at, letter.item_id
        answers = [Wanted(claim, mail, at, item) for claim, mail in verdict.answers]
        if verdict.asks == "help" and known.writer:
            answers.append(Wanted(None, help_mail(item, known.writer.email, tuple(known.writer.roles)), at, item))
        if verdict.asks == "status" and known.writer:
            claims = await claim_lists.open_for_person(batch.workspace.conn, known.writer.email)
            answers.append(Wanted(None, status_mail(item, known.writer.email, claims), at, item))
        batch.workspace.wanted += answers

    def _answer_refusal(self, batch: Batch, letter: Letter, known: Known, event: Event, refusal: Refusal) -> None:
        """Who may not, or came too late, is told so; a claim with defects was answered by the lifecycle's own mail."""
        if known.writer is None or not letter.aligned or letter.reading.suppress_response:
            return
        if refusal.defects and any(w.mail.code == "claim_received" for w in batch.workspace.wanted):
            return
        claim = known.claims[0] if known.claims else None
        mail = refusal_mail(letter.item_id, known.writer.email, claim, event, refusal)
        batch.workspace.wanted.append(Wanted(claim, mail, letter.received_at, letter.item_id))


def envelope_of(item: Item) -> Envelope:
    """How the item came, as a reader asks for it."""
    return Envelope(
        mail_from=item.mail_from,
        rcpt=item.rcpt,
        peer=item.peer,
        helo=item.helo,
        received_at=item.received_at,
        upstream=item.upstream,
    )


def _refusal(outcomes: Sequence[tuple[Event, Decision]]) -> tuple[Event, Refusal] | None:
    """The last act that was refused: earlier ones of the same mail are its preparation."""
    found = [(event, d.refusal) for event, d in outcomes if d.refusal is not None]
    return found[-1] if found else None


def _fates(letter: Letter, verdict: Verdict) -> list[tuple[int, MailDelivered | MailFailed]]:
    """What a report says of the mail that carried this address."""
    row = letter.address.outbox_id if letter.address else None
    fates = [event for _, event in verdict.events if isinstance(event, MailDelivered | MailFailed)]
    return [(row, fates[0])] if row is not None and fates else []


def _files(letter: Letter, outcomes: Sequence[tuple[Event, Decision]]) -> list[tuple[str, bytes]]:
    """The accepted files that a claim now names, kept in that claim's name."""
    claims: dict[str, Claim] = {d.claim.id: d.claim for _, d in outcomes if d.refusal is None}
    contents = {a.sha256: a.content for a in letter.reading.attachments if a.content is not None}
    return [
        (f"claim:{claim.id}", contents[e.sha256])
        for claim in claims.values()
        for e in claim.evidence
        if e.sha256 in contents
    ]


def _settlement(item: Item, reading: Interpretation, letter: Letter, verdict: Verdict) -> Settlement:
    claim_id = verdict.events[0][0] if verdict.events else ""
    if not claim_id and letter.address is not None and letter.address.mails:
        claim_id = letter.address.mails[0][0]
    return Settlement(
        id=item.id,
        disposition=verdict.disposition,
        reason=verdict.reason,
        claim_id=claim_id,
        sender=letter.written_by,
        digest=reading.digest,
        message_id=reading.message_id or "",
        subject=reading.subject,
        waits_for=verdict.step_up,
        trace=[[s.step, s.result, s.why] for s in reading.trace],
        reading=readout(reading),
    )
