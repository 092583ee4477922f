"""Claims of a reviewer who is away go to one who is there (domain §2).

Each step is one transaction. Whose claim nobody else may take, keeps it; the next step looks again.
"""

from dataclasses import dataclass

from mailbot.claims.events import SYSTEM, ReviewerAway
from mailbot.claims.model import Channel, Status
from mailbot.engine.desk import Desk
from mailbot.store import absences, claim_lists
from mailbot.store.claim_lists import ClaimFilter
from mailbot.store.locking import my_turn

_OURS = (Status.SUBMITTED, Status.UNDER_REVIEW, Status.DISPUTED)
_MOST = 100


@dataclass(slots=True)
class StandIns:
    """Looks for claims that wait for somebody absent."""

    desk: Desk

    async def step(self) -> int:
        """Passes them on; returns how many went to somebody else."""
        now, passed = self.desk.clock.now(), 0
        async with self.desk.batch(now) as batch:
            space = batch.workspace
            away = await absences.present(space.conn, now)
            if not away or not await my_turn(space.conn, "stand-ins"):
                return 0
            for email in sorted(away):
                waiting = ClaimFilter(reviewer=email, status=_OURS)
                for claim in (await claim_lists.page(space.conn, waiting, limit=_MOST)).items:
                    event = ReviewerAway(
                        id=f"away:{claim.id}:{claim.version}", at=now, actor=SYSTEM, channel=Channel.CLOCK
                    )
                    decision = await space.apply(claim.id, event)
                    passed += decision.claim.assigned_to != email
            await self.desk.finish(batch, now)
        return passed
