"""The claim and everything it is made of: frozen values, no behaviour beyond reading them.

Nothing here does I/O or knows the time. A claim changes only by `claims.lifecycle.decide`, which returns a new one.
Field rules: domain §3; statuses and consent: domain §4.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Status(StrEnum):
    """Where a claim stands (domain §4.1)."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    ACTION_REQUIRED = "action_required"
    APPROVED = "approved"
    REJECTED = "rejected"
    DISPUTED = "disputed"
    REJECTED_FINAL = "rejected_final"
    CANCELLED = "cancelled"


class Consent(StrEnum):
    """What the customer said or left unsaid (domain §4.2)."""

    NONE = "none"
    PENDING = "pending"
    SUSPENDED = "suspended"
    LAPSED = "lapsed"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class Association(StrEnum):
    """Whether the partner may see the customer's data."""

    NONE = "none"
    ACTIVE = "active"
    ENDED = "ended"


class Cause(StrEnum):
    """Why the consent window stands still (domain §4.2)."""

    BOUNCED = "bounced"
    QUESTION = "question"
    WRONG_PERSON = "wrong_person"
    UNCLEAR = "unclear"
    DATA_REQUEST = "data_request"
    UNREADABLE = "unreadable"
    COMPLAINT = "complaint"
    LEAKED_KEY = "leaked_key"


class Role(StrEnum):
    """What a person is to the process; which acts that allows is policy data (domain §2)."""

    INCENTIVES_USER = "incentives_user"
    INCENTIVES_ADMIN = "incentives_admin"
    BILLING_ADMIN = "billing_admin"
    GLOBAL_ADMIN = "global_admin"
    REVIEWER = "reviewer"
    OFFICE_ADMIN = "office_admin"
    CUSTOMER = "customer"
    SECOND_CONTACT = "second_contact"
    TENANT_ADMIN_CONTACT = "tenant_admin_contact"
    SYSTEM = "system"


class Party(StrEnum):
    """To whom a mail goes and in whose name an address speaks."""

    PARTNER = "partner"
    CUSTOMER = "customer"
    SECOND = "second"
    TENANT_ADMIN = "tenant_admin"
    REVIEWER = "reviewer"
    OFFICE = "office"
    PERSON = "person"


class Channel(StrEnum):
    """By which door an event came in."""

    MAIL = "mail"
    WEB = "web"
    API = "api"
    CLI = "cli"
    CLOCK = "clock"
    SYSTEM = "system"


class ClockKind(StrEnum):
    """The deadlines a claim can carry (domain §5), and two of our own: product ends and retention."""

    START_REVIEW = "start_review"
    REVIEW = "review"
    DECISION = "decision"
    PARTNER_ACTION = "partner_action"
    CONSENT_WINDOW = "consent_window"
    DELIVERY_SLACK = "delivery_slack"
    DISPUTE = "dispute"
    DISPUTE_REVIEW = "dispute_review"
    CUSTOMER_QUESTION = "customer_question"
    DATA_REQUEST = "data_request"
    UNDO = "undo"
    TAKE_BACK = "take_back"
    SUBSCRIPTION = "subscription"
    RETENTION = "retention"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person outside the office. `email` is the stored address: mail goes there and nowhere else."""

    name: str = ""
    email: str = ""
    title: str = ""
    country: str = ""
    language: str = "en"
    time_zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One claimed product; `code` is the catalogue's."""

    code: str
    subscription_id: str = ""
    ends: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A file that shows the work done (proof of execution). `verdict` is one of contract.md's attachment words."""

    sha256: str
    name: str
    media_type: str
    size: int
    verdict: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A numbered request of the reviewer; `answered_at` is None while it is open."""

    number: int
    reason: str
    text: str
    asked_at: datetime
    answer: str = ""
    answered_by: str = ""
    answered_at: datetime | None = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A remark in the dialogue; it moves nothing."""

    at: datetime
    by: str
    role: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """A customer's words that are neither decline, acceptance nor courtesy: a person owes them an answer."""

    number: int
    cause: Cause
    text: str
    by: str
    at: datetime
    answer: str = ""
    answered_at: datetime | None = None
    answer_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The consent notice that the window rests on. `key` names the outgoing mail; instants are UTC.

    `printed` is the last day printed in the mail, as the instant at which it ends. `assumed`: no success report came,
    the delivery slack passed quietly.
    """

    key: str
    email: str
    printed: datetime
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    assumed: bool = False
    delayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """A customer's no, with what it replaced so that the address of record can undo it (domain §4.2)."""

    at: datetime
    by: str
    channel: Channel
    how: str
    text: str
    from_status: Status
    from_reason: str
    from_consent: Consent
    from_association: Association
    from_reason_text: str = ""
    from_suspended_by: Cause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A decision made on the office's page that does not count yet (domain §5, `take_back`).

    `kind` names the event it becomes; beside who decided it and when, the fields are those of that event.
    """

    kind: str
    event_id: str
    at: datetime
    by: str
    name: str
    organisation_id: str
    roles: tuple[Role, ...]
    items: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    text: str = ""
    winner: str = ""
    contact_verified: bool = False
    contact_source: str = ""
    effective_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A running deadline. `reminders` are those still to send; `notice` keys the mail that told the party of it.

    `subject` tells clocks of one kind apart (inquiry number, product code). While `paused_at` is set the clock stands.
    `stated` is the due time first told, before it was `moved`; None while it never moved.
    """

    kind: ClockKind
    set_at: datetime
    due: datetime
    subject: str = ""
    reminders: tuple[datetime, ...] = ()
    notice: str = ""
    paused_at: datetime | None = None
    moved: int = 0
    stated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A partner's claim on an association with a customer, at one version. `version` counts committed changes.

    `customer_told`: a customer mail was ordered, so a decline counts. `customer_heard`: one has left the house.
    """

    id: str
    version: int
    policy: str
    created_at: datetime
    organisation_id: str
    organisation_name: str
    name: str = ""
    location_id: str = ""
    location_country: str = ""
    location_time_zone: str = ""
    tenant_id: str = ""
    tenant_domain: str = ""
    domain_reason: str = ""
    solution_area: str = ""
    activity: str = ""
    program: str = ""
    products: tuple[Product, ...] = ()
    customer: Contact = Contact()
    second: Contact | None = None
    tenant_admin: Contact | None = None
    former_contacts: tuple[Contact, ...] = ()
    partner: Contact = Contact()
    seller: str = ""
    solution: str = ""
    evidence: tuple[Evidence, ...] = ()
    questions: tuple[Question, ...] = ()
    comments: tuple[Comment, ...] = ()
    inquiries: tuple[Inquiry, ...] = ()
    effective_date: date | None = None
    status: Status = Status.DRAFT
    consent: Consent = Consent.NONE
    suspended_by: Cause | None = None
    association: Association = Association.NONE
    contested: bool = False
    rivals: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    reason: str = ""
    reason_text: str = ""
    assigned_to: str = ""
    decided_by: str = ""
    disputes: int = 0
    in_dispute: bool = False
    contact_verified: bool = False
    contact_source: str = ""
    customer_told: bool = False
    customer_heard: bool = False
    reminders_stopped: bool = False
    absence_used: bool = False
    notice: Notice | None = None
    decline: Decline | None = None
    pending: Pending | None = None
    clocks: tuple[Clock, ...] = ()
    submitted_at: datetime | None = None
    decided_at: datetime | None = None
    active_since: datetime | None = None
    ended_at: datetime | None = None

    def clock(self, kind: ClockKind, subject: str = "") -> Clock | None:
        """The running clock of that kind and subject, if any."""
        return next((c for c in self.clocks if c.kind is kind and c.subject == subject), None)

    def open_questions(self) -> tuple[Question, ...]:
        """The reviewer's questions that wait for the partner."""
        return tuple(q for q in self.questions if q.answered_at is None)

    def open_inquiries(self) -> tuple[Inquiry, ...]:
        """The customer's questions that wait for the office."""
        return tuple(i for i in self.inquiries if i.answered_at is None)

    def keys(self) -> frozenset[tuple[str, str, str]]:
        """What may be claimed only once: tenant, product and, for business applications, subscription (domain §3)."""
        bound = self.solution_area == "business_applications"
        tenant = self.tenant_id.lower()
        return frozenset((tenant, p.code, p.subscription_id.lower() if bound else "") for p in self.products)
