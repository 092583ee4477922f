"""Hypothesis against `decide`: total over whatever it is given, and true to the invariants on every walk."""

from datetime import date, datetime, timedelta
from typing import Any

from claims_desk import ADA, BILL, CORA, FACTS, JANA, MONDAY, OTA, PETR, RITA, ROLF, UTE, new_claim, paper, rival
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mailbot.claims import events as e
from mailbot.claims.invariants import broken
from mailbot.claims.lifecycle import ROWS, decide, possible
from mailbot.claims.model import Cause, Channel, Claim, ClockKind, Contact, Product, Role, Status
from mailbot.claims.policy import load_policy
from mailbot.claims.reasons import QUESTIONS, REJECTIONS
from mailbot.claims.specimens import specimens
from mailbot.claims.wake import ringings

KINDS = sorted((row.event for row in ROWS), key=lambda kind: kind.__name__)
ACTORS = st.sampled_from((PETR, UTE, BILL, CORA, RITA, ROLF, ADA, JANA, OTA, e.SYSTEM, e.Actor()))
WHEN = st.datetimes(datetime(2026, 1, 1), datetime(2032, 1, 1)).map(lambda at: at.replace(tzinfo=MONDAY.tzinfo))
WORDS = st.sampled_from(("", " ", "yes", "missing_products", "insufficient_poe", "CLM-RIVAL", "CLM-7K3QF2")) | st.text()
NUMBERS = st.integers(-1, 4)
FILES = st.lists(st.builds(paper, st.sampled_from("abc"), st.sampled_from(("accepted", "infected"))), max_size=2)
CONTACTS = st.builds(Contact, name=WORDS, email=WORDS | st.just("eva@customer.example"), country=WORDS, time_zone=WORDS)
PRODUCTS = st.lists(st.builds(Product, code=st.sampled_from(("teams", "intune", "x")), ends=st.none() | st.dates()))
RIVALS = st.lists(st.builds(rival, st.sampled_from(("CLM-RIVAL", "CLM-OTHER")), st.sampled_from(Status)), max_size=2)
FACTS_ANY = st.builds(
    e.Facts,
    location=st.sampled_from((None, FACTS.location)),
    rivals=RIVALS.map(tuple),
    reviewers=st.sampled_from(((), FACTS.reviewers)),
    duplicate_of=st.sampled_from(("", "", "CLM-OWN")),
    office_country=st.sampled_from(("US", "??")),
    office_time_zone=st.sampled_from(("UTC", "nowhere")),
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "claim": st.just(new_claim()),
    "changes": st.dictionaries(
        st.sampled_from(("name", "tenant_domain", "status", "effective_date")), st.none() | WORDS
    )
    | st.fixed_dictionaries({"customer": CONTACTS, "second": st.none() | CONTACTS})
    | st.fixed_dictionaries({"products": PRODUCTS.map(tuple)}),
    "files": FILES.map(tuple),
    "answers": st.dictionaries(NUMBERS, WORDS, max_size=3),
    "items": st.lists(st.tuples(st.sampled_from((*QUESTIONS, "x")), WORDS), max_size=3).map(tuple),
    "reason": st.sampled_from((*REJECTIONS, "x")),
    "effective_date": st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    "until": st.none() | st.dates(date(2020, 1, 1), date(2040, 1, 1)),
    "contact": st.none() | CONTACTS,
    "cause": st.sampled_from(Cause),
    "kind": st.sampled_from(ClockKind),
    "due": WHEN,
    "darkness": st.builds(
        e.Darkness,
        unread=st.booleans(),
        held_since=st.none() | WHEN,
        wait_until=st.none() | WHEN,
        undelivered=st.booleans(),
    ),
    "replaces": st.lists(WORDS, max_size=2).map(tuple),
    "key": WORDS,
    "code": st.sampled_from(("consent_prompt", "customer_heads_up", "association_active", "info_request", "x")),
    "email": st.sampled_from((JANA.email, PETR.email, "")),
    "reviewer": st.sampled_from((RITA.email, ROLF.email, "")),
}
FLAGS = frozenset({"contact_verified", "leaked_key", "complaint", "permanent"})


def event_of(kind: type[e.Event]) -> st.SearchStrategy[e.Event]:
    """Any event of that kind."""
    names = [n for n in kind.__dataclass_fields__ if n not in e.Event.__dataclass_fields__]
    said = {n: FIELDS.get(n, st.booleans() if n in FLAGS else WORDS) for n in names}
    base = {"at": WHEN, "actor": ACTORS, "channel": st.sampled_from(Channel), "facts": FACTS_ANY}
    return st.fixed_dictionaries(said | base).map(lambda values: kind(id="x", **values))


ANY_EVENT = st.sampled_from(KINDS).flatmap(event_of)
ANY_CLAIM = st.sampled_from((*specimens("2021"), *specimens("2023")))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(claim=ANY_CLAIM, event=ANY_EVENT, now=WHEN, policy=st.sampled_from(("2021", "2023")))
def test_decide_is_total_and_breaks_no_rule(claim: Claim, event: e.Event, now: datetime, policy: str) -> None:
    before = None if isinstance(event, e.Drafted) else claim
    decision = decide(before, event, now, load_policy(policy))
    assert broken(before, event, decision) == ()
    assert decide(before, event, now, load_policy(policy)) == decision


@settings(max_examples=100, deadline=None)
@given(claim=ANY_CLAIM, role=st.sampled_from(Role))
def test_what_is_possible_is_also_allowed(claim: Claim, role: Role) -> None:
    policy = load_policy("2021")
    acts = {"evidence": ("add_evidence",), "edit": ("edit", "draft")}
    for verb in possible(claim, {role}, policy):
        assert any(policy.may({role}, act) for act in acts.get(verb, (verb,)))


class OneClaim(RuleBasedStateMachine):
    """A claim that lives through anything, its clocks ringing in order."""

    def __init__(self) -> None:
        super().__init__()
        self.policy = load_policy("2021")
        self.now = MONDAY
        self.faults: tuple[str, ...] = ()

    @initialize(policy=st.sampled_from(("2021", "2023")))
    def draft(self, policy: str) -> None:
        self.policy = load_policy(policy)
        self.claim: Claim | None = None
        self.apply(e.Drafted(id="x", at=self.now, actor=PETR, facts=FACTS, claim=new_claim()))

    def apply(self, event: e.Event) -> None:
        decision = decide(self.claim, event, self.now, self.policy)
        self.faults += broken(self.claim, event, decision)
        self.claim = decision.claim

    def say(self, kind: type[e.Event], actor: e.Actor, /, **extras: Any) -> None:
        self.now += timedelta(minutes=5)
        self.apply(kind(id="x", at=self.now, actor=actor, facts=FACTS, **extras))

    @rule(kind=st.sampled_from((e.Submitted, e.Withdrawn, e.Cancelled)))
    def partner(self, kind: type[e.Event]) -> None:
        self.say(kind, PETR)

    @rule(kind=st.sampled_from((e.Disputed, e.Disassociated, e.CommentAdded)), text=WORDS)
    def partner_says(self, kind: type[e.Event], text: str) -> None:
        self.say(kind, PETR, text=text)

    @rule(answers=FIELDS["answers"], files=FIELDS["files"])
    def partner_answers(self, answers: dict[int, str], files: tuple[e.Evidence, ...]) -> None:
        self.say(e.QuestionsAnswered, PETR, answers=answers, files=files)

    @rule(changes=FIELDS["changes"])
    def partner_edits(self, changes: dict[str, Any]) -> None:
        self.say(e.Edited, PETR, changes=changes)

    @rule(kind=st.sampled_from((e.ReviewStarted, e.Upheld)), actor=st.sampled_from((RITA, ROLF)))
    def reviewer(self, kind: type[e.Event], actor: e.Actor) -> None:
        self.say(kind, actor)

    @rule(actor=st.sampled_from((RITA, ROLF)), verified=st.booleans())
    def reviewer_approves(self, actor: e.Actor, verified: bool) -> None:
        self.say(e.Approved, actor, contact_verified=verified)

    @rule(actor=st.sampled_from((RITA, ROLF)), items=FIELDS["items"])
    def reviewer_asks(self, actor: e.Actor, items: tuple[tuple[str, str], ...]) -> None:
        self.say(e.InfoRequested, actor, items=items)

    @rule(reason=FIELDS["reason"])
    def reviewer_rejects(self, reason: str) -> None:
        self.say(e.Rejected, RITA, reason=reason)

    @rule(text=WORDS)
    def office_answers(self, text: str) -> None:
        self.say(e.CustomerAnswered, ADA, text=text)

    @rule(contact=FIELDS["contact"], verified=st.booleans())
    def office_resends(self, contact: Contact | None, verified: bool) -> None:
        self.say(e.NoticeResent, ADA, contact=contact, contact_verified=verified)

    @rule(kind=st.sampled_from((e.Declined, e.DeclineUndone, e.Accepted)))
    def customer(self, kind: type[e.Event]) -> None:
        self.say(kind, JANA)

    @rule(cause=FIELDS["cause"])
    def customer_writes(self, cause: Cause) -> None:
        self.say(e.CustomerWrote, JANA, cause=cause, text="?")

    @rule(until=FIELDS["until"])
    def customer_is_away(self, until: date | None) -> None:
        self.say(e.CustomerAway, JANA, until=until)

    @rule(kind=st.sampled_from((e.MailSent, e.MailDelivered, e.MailDelayed, e.MailFailed)))
    def post(self, kind: type[e.Event]) -> None:
        notice = self.claim.notice if self.claim else None
        extras = {"email": JANA.email} if kind is e.MailFailed else {}
        self.say(kind, e.SYSTEM, key=notice.key if notice else "x", code="consent_prompt", **extras)

    @rule(dark=FIELDS["darkness"])
    def clock(self, dark: e.Darkness) -> None:
        rows = ringings(self.claim) if self.claim else ()
        if not rows:
            return
        first = rows[0]
        self.now = max(self.now, first.at)
        said: dict[str, Any] = {"kind": first.kind, "subject": first.subject, "due": first.due}
        if first.what == "reminder":
            self.say(e.ReminderDue, e.SYSTEM, **said)
        else:
            self.say(e.ClockRang, e.SYSTEM, **said, darkness=dark)

    @invariant()
    def nothing_is_broken(self) -> None:
        assert self.faults == ()


OneClaim.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestOneClaim = OneClaim.TestCase
