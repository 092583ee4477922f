"""What every part of the engine works with, and how a decided batch becomes one transaction.

A desk holds no state of its own beside the turn: batches of one process follow one another, so that claims change
under nobody's hands. Another process's change shows as the store's Conflict.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from mailbot.claims.catalogue import Catalogue
from mailbot.claims.policy import Policy
from mailbot.clock import Clock
from mailbot.engine.batch import Batch
from mailbot.engine.dispatch import Dispatcher
from mailbot.engine.hooks import calls
from mailbot.engine.new_mail import Drafting
from mailbot.engine.workspace import Office, Workspace
from mailbot.failpoints import failpoint
from mailbot.ids import Ids
from mailbot.store import blobs
from mailbot.store.database import Store
from mailbot.tokens import Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The engine's tools, made by the composition root."""

    store: Store
    clock: Clock
    ids: Ids
    office: Office
    policy: Policy
    dispatcher: Dispatcher
    tokens: Tokens
    catalogue: Catalogue
    random: Callable[[int], bytes]
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def drafting(self) -> Drafting:
        """What reading a mail needs of the rules."""
        return Drafting(
            policy=self.policy, catalogue=self.catalogue, claim_id=self.ids.claim, policies=self.office.policies
        )

    @asynccontextmanager
    async def batch(self, now: datetime) -> AsyncIterator[Batch]:
        """A batch on a consistent view of the database, one at a time in this process."""
        async with self.turn, self.store.read() as conn:
            yield Batch(workspace=Workspace(conn=conn, now=now, office=self.office))

    async def finish(self, batch: Batch, now: datetime, replies_to: Mapping[int, str] | None = None) -> None:
        """Composes what the batch wants sent and writes everything in one transaction.

        Raises Conflict when a claim was changed by another process; then nothing was written.
        """
        space = batch.workspace
        post = await self.dispatcher.dispatch(space.conn, space.wanted, now=now, replies_to=replies_to or {})
        post.webhooks += await calls(space.conn, space.published(), self.ids, now)
        batch.post.extend(post)
        if batch.is_empty():
            return
        kept = [(user, await self.store.blobs.keep(content)) for user, content in batch.files]

        async def write(conn: object) -> None:
            for user, blob in kept:
                await blobs.put(conn, [blob], user, now)  # type: ignore[arg-type]
            await batch.write(conn, now, self.ids, self.random)  # type: ignore[arg-type]

        failpoint("desk.decided")
        await self.store.write(write)
        failpoint("desk.committed")
