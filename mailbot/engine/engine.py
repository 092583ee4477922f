"""The engine's door for everything that is not mail: pages, the API, commands (architecture, Interfaces).

Whatever comes in here is one event on one claim, decided and written like any mail's. Refusals are values; only a
missing claim, a wrong version and the store's faults are raised.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from mailbot.addresses import canonical
from mailbot.claims.events import Actor, Drafted, Event, EvidenceAdded, Mail, Refusal
from mailbot.claims.model import Channel, Claim, Evidence, Party
from mailbot.claims.policy import Policy
from mailbot.clock import Clock
from mailbot.engine.desk import Desk
from mailbot.engine.workspace import Wanted
from mailbot.ids import Ids
from mailbot.inbound.interpretation import Attachment
from mailbot.store import history, inbox, people
from mailbot.store.faults import Conflict

_TRIES = 5
_SIGN_IN = timedelta(minutes=15)


Judge = Callable[[Sequence[tuple[str, bytes]]], Awaitable[Sequence[Attachment]]]
"""Gives each (name, content) its verdict, containers opened; runs in a reader process, never in this one."""


class NotFound(LookupError):  # noqa: N818
    """There is no claim or item with that id."""


class VersionMismatch(ValueError):  # noqa: N818
    """The claim is at another version than the caller's If-Match; `version` is the present one."""

    def __init__(self, version: int) -> None:
        self.version = version
        super().__init__(f"the claim is at version {version}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an act: the claim as it is now, why nothing changed if so, and a receipt for each file."""

    claim: Claim
    refusal: Refusal | None = None
    changed: bool = False
    receipts: tuple[Evidence, ...] = ()


class Engine:
    """Applies events for pages, API and commands."""

    def __init__(self, desk: Desk, judge: Judge) -> None:
        self._desk = desk
        self._judge = judge

    @property
    def clock(self) -> Clock:
        """The process's clock."""
        return self._desk.clock

    @property
    def ids(self) -> Ids:
        """The process's source of ids."""
        return self._desk.ids

    @property
    def default_policy(self) -> Policy:
        """The policy new claims are pinned to."""
        return self._desk.policy

    def policy_of(self, claim: Claim) -> Policy:
        """The rules the claim is pinned to."""
        return self._desk.office.policies[claim.policy]

    async def act(self, claim_id: str, event: Event, *, if_match: int | None = None) -> Outcome:
        """Decides the event and writes what follows; an event that was applied before changes nothing.

        Raises NotFound, VersionMismatch, StoreFault.
        """
        return await self._apply(claim_id, event, if_match, ())

    async def create(self, event: Drafted) -> Outcome:
        """Writes a new draft."""
        return await self._apply(event.claim.id, event, None, ())

    async def add_files(
        self, claim_id: str, actor: Actor, channel: Channel, files: Sequence[tuple[str, bytes]]
    ) -> Outcome:
        """Examines files, keeps the accepted ones and adds them as evidence; each gets a receipt with its verdict."""
        judged = await self._judge(files)
        now = self.clock.now()
        evidence = tuple(_evidence(file, actor.email, now) for file in judged)
        event = EvidenceAdded(id=f"{channel}:{self.ids.row()}", at=now, actor=actor, channel=channel, files=evidence)
        contents = tuple(file.content for file in judged if file.content is not None)
        return await self._apply(claim_id, event, None, contents)

    async def sign_in(self, email: str, link: str) -> bool:
        """Sends a sign-in link to a known person's stored address; says nothing to anybody else."""
        now = self.clock.now()
        async with self._desk.batch(now) as batch:
            address = canonical(email)
            known = await people.find_people(batch.workspace.conn, [address])
            if address not in known:
                return False
            context = {"link": link, "until": now + _SIGN_IN}
            key = f"sign_in:{self.ids.row()}"
            mail = Mail(code="sign_in", to=Party.PERSON, key=key, email=address, context=context)
            batch.workspace.wanted.append(Wanted(None, mail, now, None))
            await self._desk.finish(batch, now)
        return True

    async def replay(self, inbox_id: int) -> str:
        """Has a held, ignored or quarantined item read again; returns its new disposition."""
        return await self._reopen(inbox_id, None, None)

    async def attach(self, inbox_id: int, claim_id: str) -> str:
        """Has an item read again as mail about that claim."""
        async with self._desk.batch(self.clock.now()) as batch:
            await batch.workspace.load([claim_id])
            if claim_id not in batch.workspace.current:
                raise NotFound(claim_id)
        return await self._reopen(inbox_id, claim_id, None)

    async def confirm(self, email: str) -> int:
        """The address of record confirmed its held acts: they are read again, with the time of receipt they had."""
        address = canonical(email)
        async with self._desk.store.read() as conn:
            waiting = await inbox.held_for(conn, address)
        for item in waiting:
            await self._reopen(item.id, None, address)
        return len(waiting)

    async def _reopen(self, inbox_id: int, claim_id: str | None, person: str | None) -> str:
        work = partial(_reopen, inbox_id=inbox_id, claim_id=claim_id, person=person)
        if not await self._desk.store.write(work):
            raise NotFound(str(inbox_id))
        return "accepted"

    async def _apply(self, claim_id: str, event: Event, if_match: int | None, contents: Sequence[bytes]) -> Outcome:
        for attempt in range(_TRIES):
            try:
                return await self._once(claim_id, event, if_match, contents)
            except Conflict:
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    async def _once(self, claim_id: str, event: Event, if_match: int | None, contents: Sequence[bytes]) -> Outcome:
        now = self.clock.now()
        async with self._desk.batch(now) as batch:
            space = batch.workspace
            await space.load([claim_id])
            before = space.current.get(claim_id)
            if before is None and not isinstance(event, Drafted):
                raise NotFound(claim_id)
            if before is not None and await history.seen(space.conn, [(claim_id, event.id)]):
                return Outcome(claim=before)
            if before is not None and if_match is not None and before.version != if_match:
                raise VersionMismatch(before.version)
            event = _without_duplicates(event, before)
            decision = await space.apply(claim_id, event)
            if decision.refusal is None:
                batch.files += [(f"claim:{claim_id}", c) for c in contents if _names(decision.claim, c)]
            await self._desk.finish(batch, now)
        receipts = event.files if isinstance(event, EvidenceAdded) else ()
        changed = decision.refusal is None and (before is None or decision.claim.version != before.version)
        return Outcome(claim=space.current[claim_id], refusal=decision.refusal, changed=changed, receipts=receipts)


async def _reopen(conn: object, *, inbox_id: int, claim_id: str | None, person: str | None) -> bool:
    return await inbox.reopen(conn, inbox_id, claim_id=claim_id, person=person)  # type: ignore[arg-type]


def _evidence(file: Attachment, by: str, at: datetime) -> Evidence:
    return Evidence(
        sha256=file.sha256,
        name=file.name,
        media_type=file.media_type,
        size=file.size,
        verdict=file.verdict,
        by=by,
        at=at,
    )


def _without_duplicates(event: Event, claim: Claim | None) -> Event:
    """Uploaded files the claim has already, or that come twice, get the verdict `duplicate`."""
    if not isinstance(event, EvidenceAdded) or claim is None:
        return event
    seen = {e.sha256 for e in claim.evidence if e.verdict == "accepted"}
    files: list[Evidence] = []
    for file in event.files:
        again = file.verdict == "accepted" and file.sha256 in seen
        files.append(replace(file, verdict="duplicate") if again else file)
        seen.add(file.sha256)
    return replace(event, files=tuple(files))


def _names(claim: Claim, content: bytes) -> bool:
    sha256 = hashlib.sha256(content).hexdigest()
    return any(e.sha256 == sha256 and e.verdict == "accepted" for e in claim.evidence)
