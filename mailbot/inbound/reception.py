"""Who may write, to whom, and the promise behind every 250: stored first, then said.

A recipient is ours when its local part is a token with a valid MAC (expired and revoked ones too: a decline counts) or
one of three names; everything else hears the same words after the same work. Faults of ours are always temporary: the
peer keeps the mail and tries again. The store's task belongs to the reception, not to the session: a peer that
vanishes cancels nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from mailbot.failpoints import failpoint
from mailbot.inbound import replies
from mailbot.inbound.envelope import Accepted, Recipient, Refusal, Role, StorageFull
from mailbot.inbound.flood import Budget, Flood
from mailbot.inbound.gate import source_of
from mailbot.inbound.paths import Mailbox
from mailbot.inbound.replies import Reply
from mailbot.inbound.spool import Spool
from mailbot.limits import Limits
from mailbot.tokens import Tokens

_NAMES: dict[str, Literal["claims", "postmaster", "abuse"]] = {
    "claims": "claims",
    "postmaster": "postmaster",
    "abuse": "abuse",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What the listener asks of the world outside.

    `store` keeps a message durably and returns the name that the 250 shows (its inbox id); it raises StorageFull when
    there is no room, anything else is a fault. `refused` is told of every refusal, at once, and must not raise.
    `fault` is told of every exception of ours. `clock` is the UTC time. `disk_free` are the bytes left for mail.
    """

    store: Callable[[Accepted], Awaitable[object]]
    refused: Callable[[Refusal], None]
    fault: Callable[[BaseException], None]
    clock: Callable[[], datetime]
    disk_free: Callable[[], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """What does not change while the listener runs."""

    domain: str
    max_message_bytes: int
    spool_folder: Path
    limits: Limits


class Reception:
    """Decides about senders, recipients and messages for all sessions of one listener."""

    def __init__(self, premises: Premises, tokens: Tokens, ports: Ports) -> None:
        self.premises = premises
        self.ports = ports
        self._tokens = tokens
        self._domain = premises.domain.lower()
        self._flood = Flood(premises.limits)
        self._budget = Budget(premises.limits.bytes_in_flight)
        self._storing: set[asyncio.Task[Reply]] = set()

    def refuse_sender(self, mail_from: str, size: int, source: str | None) -> Reply | None:
        """Why this MAIL cannot be taken, if it cannot. `source` None is exempt from limits per peer."""
        if size > self.premises.max_message_bytes:
            return replies.TOO_LARGE
        # Two messages of the largest size at once must not fill the disk to its end (Postfix has the same factor).
        if self.ports.disk_free() * 2 < self.premises.max_message_bytes * 3:
            return replies.DISK_LOW
        counted = None if source is None else source_of(source)
        return self._flood.message_begins(counted, mail_from, self._now())

    def recipient(self, mailbox: Mailbox) -> Recipient | Reply:
        """The recipient behind `mailbox`, or the refusal. No database is asked: the MAC says whether it is ours."""
        if mailbox.domain.lower() != self._domain:
            return replies.RELAY_REFUSED
        token = self._tokens.read(mailbox.local_part)
        role: Role | None = "token" if token is not None else _NAMES.get(mailbox.local_part.lower())
        if role is None:
            return replies.UNKNOWN_ADDRESS
        flooded = self._flood.recipient(token.handle, self._now()) if token is not None else None
        return flooded or Recipient(address=mailbox.text, local_part=mailbox.local_part, token=token, role=role)

    def refuse_data(self) -> Reply | None:
        """Why no message may begin now, if none may."""
        return replies.BUSY if self._budget.exhausted else None

    def new_spool(self) -> Spool:
        """Where one message goes while it comes in."""
        return Spool(
            self.premises.spool_folder,
            memory_bytes=self.premises.limits.memory_bytes,
            limit=self.premises.max_message_bytes,
            budget=self._budget,
        )

    async def keep(self, accepted: Accepted, spool: Spool) -> Reply:
        """Store `accepted` and return the reply that is true now, or FAULT when it takes too long to wait for.

        The storing goes on when the caller is cancelled or waits no longer; `spool` is discarded at its end.
        """
        task = asyncio.get_running_loop().create_task(self._store(accepted, spool))
        self._storing.add(task)
        task.add_done_callback(self._storing.discard)
        done, _ = await asyncio.wait((task,), timeout=self.premises.limits.store_seconds)
        return task.result() if done else replies.FAULT

    async def close(self, grace_seconds: float) -> int:
        """Wait for messages being stored; how many are still not stored after the grace (nobody was told 250)."""
        if not self._storing:
            return 0
        _, pending = await asyncio.wait(tuple(self._storing), timeout=grace_seconds)
        return len(pending)

    async def _store(self, accepted: Accepted, spool: Spool) -> Reply:
        try:
            name = await self.ports.store(accepted)
        except StorageFull:
            return replies.DISK_LOW
        except Exception as error:
            self.ports.fault(error)
            return replies.FAULT
        finally:
            spool.discard()
        failpoint("listener.stored")
        for handle in {recipient.token.handle for recipient in accepted.recipients if recipient.token is not None}:
            self._flood.stored(handle, accepted.size, self._now())
        return replies.stored(str(name))

    def _now(self) -> float:
        return self.ports.clock().timestamp()
