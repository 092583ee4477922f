"""From mails the lifecycle asked for to outbox rows: recipient, signed address, thread, bytes.

Reads the database and composes; writes nothing. The bytes and the Message-ID are fixed here, before the first send,
so that every attempt is the same mail (I4). Mails that wait for others to the same contact become waiting rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.addresses import canonical
from mailbot.claims.deadlines import due
from mailbot.claims.events import Mail
from mailbot.claims.model import Claim, Contact, Party
from mailbot.claims.places import Place
from mailbot.claims.policy import Policy
from mailbot.engine.caps import ANSWERS_A_DAY, enough
from mailbot.engine.customer_mail import CUSTOMER_PARTIES
from mailbot.engine.days import after_next_digest, office_day
from mailbot.engine.lines import answer_lines, digest_of, reminder_line
from mailbot.engine.recipients import Directory
from mailbot.engine.workspace import Office, Wanted
from mailbot.ids import Ids
from mailbot.outbound.compose import Composer, Order, Thread
from mailbot.store import outbox
from mailbot.store.outbox import NewMail, NewWebhook
from mailbot.store.reply_addresses import ReplyAddress
from mailbot.store.waiting import Waiting

JOINED_ANSWERS = "answers"
"""In place of a party: the waiting answers of one person, which leave as one mail the next day."""

DIGESTED = frozenset({"action_reminder", "subscription_expiring"})
"""Reminders that wait for the day's digest, unless their clock runs in hours (domain §7)."""

_PARTNER_DAYS = 400
_UTC_PLACE = Place("", "UTC")


@dataclass(slots=True)
class Post:
    """What one batch sends: rows to write in the batch's transaction."""

    mails: list[NewMail] = field(default_factory=list)
    webhooks: list[NewWebhook] = field(default_factory=list)
    addresses: list[ReplyAddress] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)

    def extend(self, other: "Post") -> None:
        """Takes the other's rows over."""
        self.mails += other.mails
        self.webhooks += other.webhooks
        self.addresses += other.addresses
        self.waiting += other.waiting


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Writes mails. `composer` is pure; ids and policies come from the composition root."""

    composer: Composer
    ids: Ids
    office: Office
    answers_a_day: int = ANSWERS_A_DAY

    @property
    def policies(self) -> Mapping[str, Policy]:
        """The rules claims are pinned to."""
        return self.office.policies

    async def dispatch(
        self,
        conn: AsyncConnection,
        wanted: Iterable[Wanted],
        *,
        now: datetime,
        replies_to: Mapping[int, str],
    ) -> Post:
        """Rows for every wanted mail. `replies_to`: inbox id → Message-ID of the mail that an answer threads under."""
        post, directory, wanted = Post(), Directory(conn), tuple(wanted)
        newest = await outbox.last_mails(conn, [want.claim.id for want in wanted if want.claim])
        for want in wanted:
            for contact in await directory.recipients(want.claim, want.mail):
                leave_at = self._leave_at(want, now)
                if leave_at is not None:
                    post.waiting.append(self._waiting(want, contact, leave_at))
                elif _answers_mail(want) and await self._enough(conn, post, want, contact, now):
                    post.waiting.append(self._joined_answer(want, contact, now))
                else:
                    last = newest.get((_claim_id(want) or "", canonical(contact.email)), "")
                    self._write(post, want, contact, _thread(want, last, replies_to), now)
        return post

    def joined(self, waiting: Sequence[Waiting], claims: Mapping[str, Claim], now: datetime) -> Post:
        """One mail for all waiting rows of one contact (domain §7, clock `join`)."""
        post = Post()
        for group in _groups([row for row in waiting if not row.claim_id or row.claim_id in claims]):
            if group[0].party == JOINED_ANSWERS or (len(group) > 1 and group[0].party == Party.PARTNER):
                self._write_digest(post, group, now)
            else:
                self._write_joined(post, group, claims, now)
        return post

    def _leave_at(self, want: Wanted, now: datetime) -> datetime | None:
        """Until when a mail waits for others to the same person; None when it leaves at once (domain §7)."""
        if want.claim is None:
            return None
        if want.mail.joins:
            return due(now, self.policies[want.claim.policy].duration("join"), _UTC_PLACE)
        if want.mail.code in DIGESTED and not want.mail.context.get("exact"):
            digest = after_next_digest(now, self.office.country, self.office.time_zone)
            return None if _too_late(want.mail, digest) else digest
        return None

    def _waiting(self, want: Wanted, contact: Contact, leave_at: datetime) -> Waiting:
        assert want.claim is not None
        return Waiting(
            id=self.ids.row(),
            claim_id=want.claim.id,
            email=contact.email,
            party=want.mail.to,
            code=want.mail.code,
            key=want.mail.key,
            context=dict(want.mail.context),
            leave_at=leave_at,
        )

    async def _enough(self, conn: AsyncConnection, post: Post, want: Wanted, contact: Contact, now: datetime) -> bool:
        return await enough(conn, post.mails, contact.email, _claim_id(want), now, self.answers_a_day)

    def _joined_answer(self, want: Wanted, contact: Contact, now: datetime) -> Waiting:
        """The answer as a line of tomorrow's mail: a day later the ones that filled the cap no longer count."""
        return Waiting(
            id=self.ids.row(),
            claim_id=_claim_id(want) or "",
            email=contact.email,
            party=JOINED_ANSWERS,
            code=want.mail.code,
            key=want.mail.key,
            context={"office": want.mail.to in (Party.REVIEWER, Party.OFFICE)},
            leave_at=now + timedelta(days=1),
        )

    def _write(self, post: Post, want: Wanted, contact: Contact, thread: Thread, now: datetime) -> None:
        order = Order(
            mail=replace(want.mail, answer=_answers_mail(want)),
            claims=(want.claim,) if want.claim else (),
            recipient=contact,
            handle=self.ids.handle(),
            now=now,
            expires=_expires(want.mail.to, now),
            thread=thread,
        )
        self._add(post, order, tuple((c.id, want.mail.key) for c in order.claims), want.inbox_id)

    def _write_joined(self, post: Post, group: Sequence[Waiting], claims: Mapping[str, Claim], now: datetime) -> None:
        mails = [_mail_of(row) for row in group]
        subjects = tuple(claims[row.claim_id] for row in group)
        contact = _contact_for(subjects[0], mails[0].email)
        order = Order(
            mail=mails[0],
            claims=subjects,
            recipient=contact,
            handle=self.ids.handle(),
            now=now,
            expires=_expires(mails[0].to, now),
            joined=tuple(mails[1:]),
        )
        self._add(post, order, tuple((row.claim_id, row.key) for row in group), None)

    def _write_digest(self, post: Post, group: Sequence[Waiting], now: datetime) -> None:
        """What no digest took along: reminders or answers of one person are lines of one mail all the same."""
        today = office_day(now, self.office.country, self.office.time_zone)
        answers = group[0].party == JOINED_ANSWERS
        lines = answer_lines(group) if answers else [reminder_line(row) for row in group]
        mail, addresses = digest_of(group[0].email, lines, today, now, self.ids)
        post.addresses += addresses
        contact = Contact(email=group[0].email)
        order = Order(
            mail=replace(mail, key=f"{mail.key}:late:{group[0].id}", answer=answers),
            claims=(),
            recipient=contact,
            handle=self.ids.handle(),
            now=now,
            expires=_expires(Party.PARTNER, now),
        )
        self._add(post, order, (), None)

    def _add(self, post: Post, order: Order, mails: tuple[tuple[str, str], ...], inbox_id: int | None) -> None:
        row, outgoing, contact = self.ids.row(), self.composer.compose(order), order.recipient
        post.addresses.append(
            ReplyAddress(
                handle=outgoing.handle,
                email=contact.email,
                name=contact.name,
                party=order.mail.to,
                code=outgoing.code,
                outbox_id=row,
                created_at=order.now,
                expires=order.expires,
                mails=mails,
            )
        )
        post.mails.append(
            NewMail(
                id=row,
                claim_id=mails[0][0] if mails else "",
                key=order.mail.key,
                code=outgoing.code,
                party=order.mail.to,
                email=contact.email,
                language=outgoing.language,
                handle=outgoing.handle,
                message_id=outgoing.message_id,
                mail_from=outgoing.mail_from,
                subject=outgoing.subject,
                raw=outgoing.raw,
                created_at=order.now,
                answer=order.mail.answer,
                triggered_by=inbox_id,
            )
        )


def _thread(want: Wanted, last: str, replies_to: Mapping[int, str]) -> Thread:
    """Under the mail it answers, or under the `last` one about the claim to the same contact."""
    incoming = replies_to.get(want.inbox_id or 0, "")
    if incoming and want.mail.answer:
        return Thread(in_reply_to=incoming, references=tuple(m for m in (last, incoming) if m))
    return Thread(in_reply_to=last, references=(last,) if last else ())


def _claim_id(want: Wanted) -> str | None:
    return want.claim.id if want.claim else None


def _answers_mail(want: Wanted) -> bool:
    """An answer goes out with the null sender only when a mail caused it; else its bounce would never be seen."""
    return want.mail.answer and want.inbox_id is not None


def _too_late(mail: Mail, digest: datetime) -> bool:
    """Whether a reminder that waited for the digest would come within a day of what it reminds of."""
    due_at = mail.context.get("due")
    return isinstance(due_at, datetime) and due_at - digest < timedelta(days=1)


def _expires(party: Party, now: datetime) -> date | None:
    """A customer may decline as long as the relation lasts (security §3.3); others' addresses end."""
    return None if party in CUSTOMER_PARTIES else (now + timedelta(days=_PARTNER_DAYS)).date()


def _groups(waiting: Sequence[Waiting]) -> list[list[Waiting]]:
    """Waiting rows of one contact, which leave as one mail, in the order in which they came."""
    groups: dict[tuple[str, str], list[Waiting]] = {}
    for row in waiting:
        groups.setdefault((row.email, row.party), []).append(row)
    return list(groups.values())


def _mail_of(row: Waiting) -> Mail:
    return Mail(code=row.code, to=Party(row.party), key=row.key, context=row.context, email=row.email)


def _contact_for(claim: Claim, email: str) -> Contact:
    candidates = (claim.customer, claim.second, claim.tenant_admin, *claim.former_contacts)
    found = next((c for c in candidates if c is not None and c.email == email), None)
    return found or Contact(email=email)
