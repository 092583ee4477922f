"""The verbs of a claim: what the body of each holds and which event it becomes, for API and pages alike.

Bodies are checked for shape only; whether the claim, the actor and the moment allow the verb is the domain's business.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import Field, StrictBool, StrictInt

from mailbot.addresses import canonical
from mailbot.claims import events
from mailbot.claims.events import Event
from mailbot.web.schemas import MAX_ITEMS, Body, ContactBody, Line, Name, Stamp, Text, Words


class Verb(Body, ABC):
    """The body of a verb; `event` is what the engine is told."""

    @abstractmethod
    def event(self, stamp: Stamp) -> Event:
        """The event this body stands for."""


class Submit(Verb):
    """No fields."""

    def event(self, stamp: Stamp) -> Event:
        return events.Submitted(**stamp.fields())


class StartReview(Verb):
    """No fields."""

    def event(self, stamp: Stamp) -> Event:
        return events.ReviewStarted(**stamp.fields())


class InfoItem(Body):
    """One thing the reviewer asks for: a reason code of domain §6 and words."""

    reason: Name
    text: Words


class RequestInfo(Verb):
    """Several items, each numbered for the partner."""

    items: Annotated[list[InfoItem], Field(min_length=1, max_length=MAX_ITEMS)]

    def event(self, stamp: Stamp) -> Event:
        return events.InfoRequested(items=tuple((i.reason, i.text) for i in self.items), **stamp.fields())


class AnswerItem(Body):
    """The answer to the question of that number."""

    question: Annotated[StrictInt, Field(ge=1, le=1_000_000)]
    text: Words


class Answer(Verb):
    """Answers to some or all open questions."""

    answers: Annotated[list[AnswerItem], Field(min_length=1, max_length=MAX_ITEMS)]

    def event(self, stamp: Stamp) -> Event:
        return events.QuestionsAnswered(answers={a.question: a.text for a in self.answers}, **stamp.fields())


class Approve(Verb):
    """`contact_verified` is the tick of the contact check, `contact_source` where it rests (domain §4.2)."""

    contact_verified: StrictBool
    contact_source: Line = ""
    effective_date: date | None = None

    def event(self, stamp: Stamp) -> Event:
        return events.Approved(**_contact_check(self), effective_date=self.effective_date, **stamp.fields())


class Reject(Verb):
    """A reason code of domain §6 and words for the partner."""

    reason: Name
    text: Text = ""

    def event(self, stamp: Stamp) -> Event:
        return events.Rejected(reason=self.reason, text=self.text, **stamp.fields())


class Arbitrate(Verb):
    """The winner's claim id, and the contact check for it (domain §4.3)."""

    winner: Name
    text: Words
    contact_verified: StrictBool = False
    contact_source: Line = ""

    def event(self, stamp: Stamp) -> Event:
        check = _contact_check(self)
        return events.Arbitrated(winner=self.winner.upper(), text=self.text, **check, **stamp.fields())


class Dispute(Verb):
    """The business case; evidence may be uploaded before."""

    text: Text = ""

    def event(self, stamp: Stamp) -> Event:
        return events.Disputed(text=self.text, **stamp.fields())


class Uphold(Verb):
    """Why the rejection stands."""

    text: Words

    def event(self, stamp: Stamp) -> Event:
        return events.Upheld(text=self.text, **stamp.fields())


class Withdraw(Verb):
    """Why the partner asks for the rejection of its own claim."""

    text: Words

    def event(self, stamp: Stamp) -> Event:
        return events.Withdrawn(text=self.text, **stamp.fields())


class Disassociate(Verb):
    """Why the association ends."""

    text: Words

    def event(self, stamp: Stamp) -> Event:
        return events.Disassociated(text=self.text, **stamp.fields())


class Cancel(Verb):
    """No fields."""

    def event(self, stamp: Stamp) -> Event:
        return events.Cancelled(**stamp.fields())


class CommentBody(Verb):
    """A remark in the dialogue."""

    text: Words

    def event(self, stamp: Stamp) -> Event:
        return events.CommentAdded(text=self.text, **stamp.fields())


class RecordDecline(Verb):
    """`how`: phone, letter or the like; `text`: what was said."""

    how: Name
    text: Text = ""

    def event(self, stamp: Stamp) -> Event:
        return events.DeclineRecorded(how=self.how, text=self.text, **stamp.fields())


class AnswerCustomer(Verb):
    """The answer to the customer's open questions."""

    text: Words

    def event(self, stamp: Stamp) -> Event:
        return events.CustomerAnswered(text=self.text, **stamp.fields())


class ResendNotice(Verb):
    """A new consent notice, perhaps to another contact, with a fresh contact check."""

    contact: ContactBody | None = None
    contact_verified: StrictBool = False
    contact_source: Line = ""

    def event(self, stamp: Stamp) -> Event:
        contact = self.contact.value() if self.contact else None
        return events.NoticeResent(contact=contact, **_contact_check(self), **stamp.fields())


class TakeBack(Verb):
    """No fields."""

    def event(self, stamp: Stamp) -> Event:
        return events.DecisionTakenBack(**stamp.fields())


class Assign(Verb):
    """The address of the reviewer who gets the claim."""

    reviewer: Name

    def event(self, stamp: Stamp) -> Event:
        return events.Assigned(reviewer=canonical(self.reviewer), **stamp.fields())


def _contact_check(body: Approve | Arbitrate | ResendNotice) -> dict[str, Any]:
    return {"contact_verified": body.contact_verified, "contact_source": body.contact_source}


VERBS: Mapping[str, type[Verb]] = {
    "submit": Submit,
    "start-review": StartReview,
    "request-info": RequestInfo,
    "answer": Answer,
    "approve": Approve,
    "reject": Reject,
    "arbitrate": Arbitrate,
    "dispute": Dispute,
    "uphold": Uphold,
    "withdraw": Withdraw,
    "disassociate": Disassociate,
    "cancel": Cancel,
    "comment": CommentBody,
    "record-decline": RecordDecline,
    "answer-customer": AnswerCustomer,
    "resend-notice": ResendNotice,
}
"""The verbs of contract.md under /claims/{id}/, each with its body; pages use the same ones."""

PAGE_VERBS: Mapping[str, type[Verb]] = {**VERBS, "take-back": TakeBack, "assign": Assign}
"""Those, and what only the office's pages do."""
