"""Claims at hand while a batch of events is decided: loaded once, changed in memory, written together afterwards.

Nothing is written here. When the batch fails, the workspace is thrown away and nothing has happened.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.claims.assignment import Reviewer, line_for
from mailbot.claims.events import (
    Approved,
    Arbitrated,
    ArbitrationWon,
    ClockRang,
    CustomerAway,
    Decision,
    DecisionMade,
    DeclineUndone,
    Disputed,
    Drafted,
    DropMails,
    Edited,
    Event,
    Facts,
    Location,
    Mail,
    NoticeResent,
    Publish,
    QuestionsAnswered,
    Rejected,
    ReminderDue,
    ReviewStarted,
    Rival,
    Submitted,
    Tell,
    Upheld,
    Withdrawn,
)
from mailbot.claims.lifecycle import decide
from mailbot.claims.model import Association, Claim, ClockKind, Consent, Contact, Status
from mailbot.claims.policy import Policy
from mailbot.store import claims as claim_rows
from mailbot.store import erasure, people

_NEEDS_RIVALS = (
    DecisionMade,
    Submitted,
    Edited,
    QuestionsAnswered,
    Disputed,
    Approved,
    Arbitrated,
    ArbitrationWon,
    DeclineUndone,
    NoticeResent,
    CustomerAway,
    ReminderDue,
    ReviewStarted,
    Rejected,
    Upheld,
    Withdrawn,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One event that was decided, the claim before it, and the inbox item that is its evidence."""

    event: Event
    before: Claim | None
    decision: Decision
    inbox_id: int | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A mail to write: the claim as it stood after the event that asked for it."""

    claim: Claim | None
    mail: Mail
    at: datetime
    inbox_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Where the office's business days are counted, and the policies claims may be pinned to."""

    country: str
    time_zone: str
    policies: Mapping[str, Policy]


@dataclass(slots=True)
class Workspace:
    """The claims of one batch. Decides events in the order they are given and remembers what follows from them."""

    conn: AsyncConnection
    now: datetime
    office: Office
    loaded: dict[str, Claim] = field(default_factory=dict)
    current: dict[str, Claim] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)
    relied: list[claim_rows.Rivalry] = field(default_factory=list)
    _reviewers: tuple[Reviewer, ...] | None = None
    _organisations: dict[str, people.Organisation | None] = field(default_factory=dict)

    async def load(self, claim_ids: Iterable[str]) -> None:
        """Fetches the claims that are not at hand yet, with one query; unknown ids stay absent."""
        missing = [i for i in dict.fromkeys(claim_ids) if i not in self.current]
        if missing:
            found = await claim_rows.load(self.conn, missing)
            self.loaded.update(found)
            self.current.update(found)

    async def apply(self, claim_id: str, event: Event, inbox_id: int | None = None) -> Decision:
        """Decides one event and, with it, the internal events it causes on other claims.

        Raises KeyError when the claim does not exist and the event is not its draft.
        """
        await self.load([claim_id])
        before = self.current.get(claim_id)
        if before is None and not isinstance(event, Drafted):
            raise KeyError(claim_id)
        subject = before or event.claim  # type: ignore[attr-defined]
        event = replace(event, facts=await self._facts(subject, event))
        decision = decide(before, event, self.now, self.office.policies[subject.policy])
        self._remember(claim_id, Step(event, before, decision, inbox_id))
        for action in decision.actions:
            if isinstance(action, Tell):
                await self.apply(action.claim_id, action.event, inbox_id)
        return decision

    def changed(self) -> list[tuple[Claim | None, Claim]]:
        """Each claim that differs from what was loaded, beside what was loaded (None for a new one)."""
        pairs = ((self.loaded.get(claim_id), claim) for claim_id, claim in self.current.items())
        return [(before, after) for before, after in pairs if before is not after]

    def published(self) -> list[tuple[Claim, Publish]]:
        """What webhooks are told, with the claim as it stood at that event."""
        return [(s.decision.claim, a) for s in self.steps for a in s.decision.actions if isinstance(a, Publish)]

    def _remember(self, claim_id: str, step: Step) -> None:
        self.steps.append(step)
        if step.decision.refusal is None and step.decision.claim is not step.before:
            self.current[claim_id] = step.decision.claim
        self._keep_back(step.decision)
        for action in step.decision.actions:
            if isinstance(action, Mail):
                self.wanted.append(Wanted(step.decision.claim, action, step.event.at, step.inbox_id))

    def _keep_back(self, decision: Decision) -> None:
        """Mails ordered earlier in this batch that are no longer so; rows written before are dropped by the batch."""
        codes = {code for a in decision.actions if isinstance(a, DropMails) for code in a.codes}
        if codes:
            claim_id = decision.claim.id
            self.wanted = [
                w for w in self.wanted if w.mail.code not in codes or w.claim is None or w.claim.id != claim_id
            ]

    async def _facts(self, claim: Claim, event: Event) -> Facts:
        organisation = await self._organisation(claim.organisation_id)
        location = await self._location(claim, event)
        rivals = await self._rivals(claim, event) if _needs_rivals(event) else ()
        own = claim.organisation_id
        twin = next((r.claim_id for r in rivals if r.organisation_id == own and not r.ended), "")
        return Facts(
            location=location,
            organisation_domains=organisation.domains if organisation else (),
            rivals=tuple(r for r in rivals if r.organisation_id != own),
            reviewers=await self._reviewer_line(claim, organisation),
            duplicate_of=twin,
            forgotten=await self._forgotten(claim, event),
            office_country=self.office.country,
            office_time_zone=self.office.time_zone,
        )

    async def _forgotten(self, claim: Claim, event: Event) -> frozenset[str]:
        """Asked when contacts can be new: at a draft, an edit and a submission."""
        if not isinstance(event, Drafted | Edited | Submitted):
            return frozenset()
        changed = event.changes.values() if isinstance(event, Edited) else ()
        people_named = (claim.customer, claim.second, claim.tenant_admin, *changed)
        return await erasure.forgotten(self.conn, [c.email for c in people_named if isinstance(c, Contact)])

    async def _organisation(self, organisation_id: str) -> people.Organisation | None:
        if organisation_id not in self._organisations:
            found = await people.organisations(self.conn, [organisation_id])
            self._organisations[organisation_id] = found.get(organisation_id)
        return self._organisations[organisation_id]

    async def _location(self, claim: Claim, event: Event) -> Location | None:
        changed = event.changes.get("location_id") if isinstance(event, Edited) else None
        wanted = str(changed or claim.location_id)
        organisation = await self._organisation(claim.organisation_id)
        if organisation is None:
            return None
        return next((place for place in organisation.locations if place.id == wanted), None)

    async def _rivals(self, claim: Claim, event: Event) -> tuple[Rival, ...]:
        if isinstance(event, Edited) and "products" in event.changes:
            claim = replace(claim, products=event.changes["products"])  # type: ignore[arg-type]
        stored = (await claim_rows.rivals(self.conn, [claim])).get(claim.id, ())
        self.relied.append(claim_rows.Rivalry(claim, stored))
        fresh = [self._refreshed(rival) for rival in stored]
        known = {rival.claim_id for rival in stored}
        keys = claim.keys()
        for other in self.current.values():
            if other.id != claim.id and other.id not in known and other.keys() & keys:
                fresh.append(as_rival(other))
        return tuple(r for r in fresh if r.keys & keys and _in_play(r))

    def _refreshed(self, rival: Rival) -> Rival:
        claim = self.current.get(rival.claim_id)
        return as_rival(claim) if claim is not None else rival

    async def _reviewer_line(self, claim: Claim, organisation: people.Organisation | None) -> tuple[str, ...]:
        if self._reviewers is None:
            self._reviewers = await people.review_desk(self.conn, self.now)
        firm = organisation.domains if organisation else ()
        return line_for(self._reviewers, language=claim.partner.language, firm=firm)


def _needs_rivals(event: Event) -> bool:
    takes_effect = isinstance(event, ClockRang) and event.kind is ClockKind.TAKE_BACK
    return takes_effect or isinstance(event, _NEEDS_RIVALS)


def as_rival(claim: Claim) -> Rival:
    """How another claim sees this one (domain §4.3)."""
    return Rival(
        claim_id=claim.id,
        organisation_id=claim.organisation_id,
        organisation_name=claim.organisation_name,
        status=claim.status,
        active=claim.association is Association.ACTIVE,
        ended=claim.association is Association.ENDED and claim.consent not in _UNDECIDED,
        keys=claim.keys(),
        submitted_at=claim.submitted_at,
    )


_UNDECIDED = frozenset({Consent.PENDING, Consent.SUSPENDED})
"""After a recalled hand-off the window runs again: such a claim is not over (domain §4.2, a bounce after closing)."""

_PENDING = frozenset({Status.SUBMITTED, Status.UNDER_REVIEW, Status.ACTION_REQUIRED, Status.DISPUTED})


def _in_play(rival: Rival) -> bool:
    return rival.status in _PENDING or (rival.status is Status.APPROVED and not rival.ended)
