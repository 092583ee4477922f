"""The lines of a daily digest: one claim that waits for its reader, with a reply address of its own (domain §7).

Pure but for the ids that are handed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mailbot.claims.events import Mail
from mailbot.claims.model import Claim, Party, Status
from mailbot.ids import Ids
from mailbot.store.reply_addresses import ReplyAddress
from mailbot.store.waiting import Waiting

_LIFE = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One open item. `code` is the mail it stands for, `party` in whose name an answer speaks."""

    code: str
    claim: str
    name: str
    due: datetime | None
    text: str
    party: Party


def line_of(claim: Claim) -> Line:
    """What waits in a claim: the partner's answers, or the reviewer's decision."""
    partner = claim.status is Status.ACTION_REQUIRED
    open_ones = len(claim.open_questions())
    return Line(
        code="action_reminder" if partner else "review_assigned",
        claim=claim.id,
        name=claim.name,
        due=min((clock.due for clock in claim.clocks if clock.paused_at is None), default=None),
        text=f"{open_ones} open" if partner and open_ones else claim.status.value.replace("_", " "),
        party=Party.PARTNER if partner else Party.REVIEWER,
    )


def reminder_line(row: Waiting) -> Line:
    """A waiting reminder as a line."""
    due = row.context.get("due")
    text = str(row.context.get("product") or row.context.get("clock") or "").replace("_", " ")
    ends = row.context.get("ends")
    return Line(
        code=row.code,
        claim=row.claim_id,
        name="",
        due=due if isinstance(due, datetime) else None,
        text=f"{text} {ends}".strip() if ends else text,
        party=Party.PARTNER,
    )


def answer_lines(rows: Sequence[Waiting]) -> list[Line]:
    """Answers that were over the day's cap, a line for each claim: what was read can be looked up on its page."""
    counted: dict[str, list[Waiting]] = {}
    for row in rows:
        counted.setdefault(row.claim_id, []).append(row)
    return [
        Line(
            code="answers_joined",
            claim=claim_id,
            name="",
            due=None,
            text=f"{len(group)} mails",
            party=Party.REVIEWER if group[0].context.get("office") else Party.PARTNER,
        )
        for claim_id, group in counted.items()
    ]


def digest_of(
    email: str, lines: Sequence[Line], today: date, now: datetime, ids: Ids
) -> tuple[Mail, list[ReplyAddress]]:
    """The digest and the reply addresses of its lines, the most urgent line first."""
    ordered = sorted(lines, key=lambda line: (line.due is None, line.due or now, line.claim))
    key = f"daily_digest:{today}"
    handles = [ids.handle() for _ in ordered]
    items = [
        {"code": x.code, "claim": x.claim, "name": x.name, "due": x.due, "text": x.text}
        | ({"handle": handle} if x.claim else {})
        for x, handle in zip(ordered, handles, strict=True)
    ]
    addresses = [
        ReplyAddress(
            handle=handle,
            email=email,
            party=line.party,
            code="daily_digest",
            created_at=now,
            expires=(now + _LIFE).date(),
            mails=((line.claim, key),),
        )
        for line, handle in zip(ordered, handles, strict=True)
        if line.claim
    ]
    mail = Mail(code="daily_digest", to=Party.PERSON, key=key, email=email, context={"items": items, "day": today})
    return mail, addresses
