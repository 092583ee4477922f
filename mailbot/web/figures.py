"""What the office's reports count (domain §9): how long steps take, how claims end, what is due when, who has how many.

Pure: claims in, figures out. A step that nobody has finished has no figures.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median, quantiles
from zoneinfo import ZoneInfo

from mailbot.claims.model import Association, Claim, Status
from mailbot.web.office import Due

DAYS_AHEAD = 7
_STEPS = (
    ("draft", "created_at", "submitted_at"),
    ("review", "submitted_at", "decided_at"),
    ("consent", "decided_at", "active_since"),
)
_UNDECIDED = frozenset({Status.DRAFT, Status.SUBMITTED, Status.UNDER_REVIEW, Status.ACTION_REQUIRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """How long a step took in days: half of the claims were quicker than `middle`, nine of ten than `slow`."""

    step: str
    claims: int
    middle: float
    slow: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLoad:
    """How many deadlines of the office end on a day; `day` None: those that have passed."""

    day: date | None
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One active association, as earnings name it: by tenant and, if there is one, subscription."""

    tenant_id: str
    tenant_domain: str
    product: str
    subscription_id: str
    claim_id: str
    partner: str
    since: datetime | None


def took(claims: Sequence[Claim]) -> list[Took]:
    """The steps that any of the claims has finished, in the order of a claim's life."""
    found = ((step, sorted(_days(claims, start, end))) for step, start, end in _STEPS)
    return [
        Took(step=step, claims=len(days), middle=median(days), slow=quantiles(days, n=10, method="inclusive")[8])
        if len(days) > 1
        else Took(step=step, claims=1, middle=days[0], slow=days[0])
        for step, days in found
        if days
    ]


def outcomes(claims: Iterable[Claim]) -> list[tuple[Status, str, int]]:
    """Status, reason and number of the claims that were decided, the most frequent first."""
    counted = Counter((claim.status, claim.reason) for claim in claims if claim.status not in _UNDECIDED)
    return [(status, reason, number) for (status, reason), number in counted.most_common()]


def due_days(items: Iterable[Due], now: datetime, zone: str) -> list[DayLoad]:
    """What has passed, then each of the next days in the office's zone; what is due later is left out."""
    today = now.astimezone(ZoneInfo(zone)).date()
    late, by_day = 0, Counter[date]()
    for item in items:
        if item.late or item.due is None:
            late += item.late
        else:
            by_day[item.due.astimezone(ZoneInfo(zone)).date()] += 1
    days = [today + timedelta(days=n) for n in range(DAYS_AHEAD)]
    return [DayLoad(day=None, items=late), *(DayLoad(day=day, items=by_day[day]) for day in days)]


def associations(claims: Iterable[Claim], wanted: str = "") -> list[Held]:
    """The active ones, a line a product; `wanted` is a tenant id, a subscription id or nothing."""
    lines = [line for claim in claims if claim.association is Association.ACTIVE for line in _lines(claim)]
    one = wanted.strip().lower()
    return [line for line in lines if not one or one in (line.tenant_id.lower(), line.subscription_id.lower())]


def bars(values: Mapping[str, int], width: int = 300) -> list[tuple[str, int, int]]:
    """Label, value and length of a bar: the largest is `width` long."""
    most = max(values.values(), default=0) or 1
    return [(label, value, round(width * value / most)) for label, value in values.items()]


def _days(claims: Iterable[Claim], start: str, end: str) -> Iterator[float]:
    for claim in claims:
        begun, done = getattr(claim, start), getattr(claim, end)
        if begun is not None and done is not None and done >= begun:
            yield (done - begun) / timedelta(days=1)


def _lines(claim: Claim) -> Iterator[Held]:
    for product in claim.products:
        yield Held(
            tenant_id=claim.tenant_id,
            tenant_domain=claim.tenant_domain,
            product=product.code,
            subscription_id=product.subscription_id,
            claim_id=claim.id,
            partner=claim.organisation_name,
            since=claim.active_since,
        )
