"""What happened to a claim (events, past tense) and what follows from it (actions, imperative).

Events carry everything `decide` may not look up: who acted with which rights, the time of receipt, rivals, the
organisation's and location's facts, fresh ids. All values are frozen; none has behaviour.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from mailbot.claims.model import Cause, Channel, Claim, ClockKind, Contact, Evidence, Party, Product, Role, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acted. `email` is canonical; `of_record` says that it is the address of record of the party spoken for."""

    email: str = ""
    name: str = ""
    roles: frozenset[Role] = frozenset()
    organisation_id: str = ""
    locations: frozenset[str] = frozenset()
    of_record: bool = False
    via_colleague: bool = False


SYSTEM = Actor(roles=frozenset({Role.SYSTEM}), name="mailbot")


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A partner location as the office knows it: enrolled programmes, and where its business days are counted."""

    id: str
    organisation_id: str
    country: str
    time_zone: str
    enrolled: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """Another claim on one of the same keys (domain §4.3), as it stands when the event is decided.

    `ended`: its association is over and no consent is awaited that could bring it back.
    """

    claim_id: str
    organisation_id: str
    organisation_name: str
    status: Status
    active: bool
    ended: bool
    keys: frozenset[tuple[str, str, str]]
    submitted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the engine looked up for this event. `location` is None when the id is unknown or another firm's.

    `forgotten` are those of the claim's contact addresses, as written, whose owners asked to be forgotten.
    """

    location: Location | None = None
    organisation_domains: tuple[str, ...] = ()
    rivals: tuple[Rival, ...] = ()
    reviewers: tuple[str, ...] = ()
    duplicate_of: str = ""
    forgotten: frozenset[str] = frozenset()
    office_country: str = "US"
    office_time_zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events. `id` makes it idempotent; `at` is the instant of receipt (UTC), not of reading.

    `trace` says how it came in (peer, program, seconds since the mail it answers), as evidence for the history.
    """

    id: str
    at: datetime
    actor: Actor = SYSTEM
    channel: Channel = Channel.SYSTEM
    facts: Facts = Facts()
    trace: tuple[tuple[str, str], ...] = ()


# --- the partner -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted(Event):
    """A new claim was written down. `claim` is the fresh draft as read (id, organisation and policy filled in)."""

    claim: Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited(Event):
    """Fields were changed: Claim field name → new value, as the model holds it (Contact, products, str, date)."""

    changes: Mapping[str, str | date | Contact | tuple[Product, ...] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceAdded(Event):
    """Files arrived, each with its verdict; only `accepted` ones count as evidence, all are answered by a receipt."""

    files: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionsAnswered(Event):
    """The partner answered some or all open questions: number → text; files that came along are listed too."""

    answers: Mapping[int, str]
    files: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentAdded(Event):
    """A remark by partner or reviewer."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted(Event):
    """The partner asked for review (first submission, or explicit resubmit in action_required)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(Event):
    """The partner gave up a draft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputed(Event):
    """The partner disputes a rejection with a business case and/or new evidence."""

    text: str = ""
    files: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn(Event):
    """The partner requests the rejection of its own claim (domain §4.1)."""

    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disassociated(Event):
    """The partner ends an active association."""

    text: str = ""


# --- the office ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewStarted(Event):
    """A reviewer took the claim up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoRequested(Event):
    """A reviewer asked: (reason code, text) per item."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved(Event):
    """A reviewer accepted the evidence; `contact_verified` is the tick of the contact check (domain §4.2)."""

    contact_verified: bool = False
    contact_source: str = ""
    effective_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected(Event):
    """A reviewer refused the claim for a reason of domain §6."""

    reason: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arbitrated(Event):
    """A reviewer decided a contested claim and all pending rivals together; `winner` is a claim id (domain §4.3)."""

    winner: str
    text: str = ""
    contact_verified: bool = False
    contact_source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upheld(Event):
    """A second reviewer confirmed a disputed rejection."""

    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionMade(Event):
    """A reviewer decided on the office's page; `decision` takes effect when its time to take back is over."""

    decision: InfoRequested | Approved | Rejected | Arbitrated | Upheld


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTakenBack(Event):
    """The decision that waited does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineRecorded(Event):
    """An office admin records a decline made by phone or letter."""

    how: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAnswered(Event):
    """The office answered the customer's open inquiries."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeResent(Event):
    """The office sends the consent notice anew, perhaps to another contact, with a fresh contact check."""

    contact: Contact | None = None
    contact_verified: bool = False
    contact_source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned(Event):
    """The claim was given to a reviewer (address)."""

    reviewer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewerAway(Event):
    """Whoever has the claim is absent; it goes to the next of those who are there."""


# --- the customer ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined(Event):
    """The customer said no. `leaked_key`: the address was signed by a compromised key, so the window only stops."""

    text: str = ""
    leaked_key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineUndone(Event):
    """The address of record took the decline back (two steps were made outside)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(Event):
    """The customer agreed explicitly, with the proof the policy asks for."""

    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerWrote(Event):
    """New words that are neither decline, clear acceptance nor courtesy: only silence is silence (domain §4.2)."""

    cause: Cause
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAway(Event):
    """An out-of-office answered a customer mail; `until` is the day of return, None if none was given."""

    until: date | None = None
    substitute: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindersStopped(Event):
    """One-click unsubscribe (`complaint` False) or a spam complaint (True, which also suspends the window)."""

    complaint: bool = False


# --- the post --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSent(Event):
    """The relay took an outgoing mail; `key` is `Mail.key`, `code` its template."""

    key: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDelivered(Event):
    """A success report for an outgoing mail."""

    key: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDelayed(Event):
    """A delay notice: not delivered yet, not failed."""

    key: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFailed(Event):
    """A mail bounced or expired. `permanent`: the address itself cannot receive."""

    key: str
    code: str
    email: str
    permanent: bool = True
    status: str = ""


# --- the clock -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Darkness:
    """What may forbid a verdict now (domain §4.4). `wait_until`: earliest instant the listener has been up long enough.

    `undelivered`: the mail that set the deadline has not been delivered; `unread`: mail for the claim from before the
    due time is unread; `held_since`: oldest such mail that waits for a person.
    """

    unread: bool = False
    held_since: datetime | None = None
    wait_until: datetime | None = None
    undelivered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRang(Event):
    """A clock's due time came. `due` names which due time, so that a moved clock ignores the old ring."""

    kind: ClockKind
    due: datetime
    subject: str = ""
    darkness: Darkness = Darkness()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderDue(Event):
    """A reminder instant of a clock came."""

    kind: ClockKind
    due: datetime
    subject: str = ""


# --- other claims (internal, applied in the same transaction as their cause) ------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ContestRaised(Event):
    """Another partner's claim on the same key was submitted."""

    rival: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContestCleared(Event):
    """A rival ended or no longer wants the same key."""

    rival: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArbitrationWon(Event):
    """This claim won; it becomes approved if it is not yet. `replaces`: incumbents that end when it becomes active."""

    text: str = ""
    contact_verified: bool = False
    contact_source: str = ""
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArbitrationLost(Event):
    """This claim lost against `winner`."""

    winner: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced(Event):
    """The winner's association became active: this incumbent's ends (domain §4.3)."""

    winner: str


# --- what follows ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Send mail `code` (domain §7) to a party. `key` is unique within the claim and stable for the same event.

    `context` holds the extras its template needs beside the claim, JSON values only (instants as datetime).
    `email` overrides the party's address (a former contact, a writer). `joins`: wait for clock `join`.
    `answer`: this is an answer to mail (MAIL FROM `<>`, Auto-Submitted: auto-replied), not a notice.
    """

    code: str
    to: Party
    key: str
    context: Mapping[str, object] = field(default_factory=dict)
    email: str = ""
    joins: bool = False
    answer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Apply an internal event to another claim in the same transaction, with that claim's own facts."""

    claim_id: str
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """Tell webhooks: `claim.<status>`, `association.active|ended`, `evaluation.ready` (also without any receiver)."""

    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeAddresses:
    """Addresses and links sent to this contact no longer speak for the party (a decline stays possible)."""

    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropMails:
    """Do not start to send waiting or queued mails with these codes: what they say is no longer so (I9)."""

    codes: tuple[str, ...]


Action = Mail | Tell | Publish | RevokeAddresses | DropMails


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One thing wrong with a claim: the field, a stable code, what was read, and a plain English sentence."""

    field: str
    code: str
    text: str
    read: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why an event changed nothing: a stable code, a sentence, what would be possible now, and the defects if any."""

    code: str
    text: str
    possible: tuple[str, ...] = ()
    defects: tuple[Defect, ...] = ()
    other_claim: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The outcome of `decide`: the claim now, what follows, or why nothing changed (then `claim` is as before).

    `note` is a machine word for the history (`postponed`, `partial_answer`, …), empty when the event says it all.
    """

    claim: Claim
    actions: tuple[Action, ...] = ()
    refusal: Refusal | None = None
    note: str = ""
