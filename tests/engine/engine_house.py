"""A whole mailbot in one thread, without sockets: real store, real reading, real lifecycle, a clock moved by hand.

`House.writes` is a person writing a mail; `House.settle` works until nothing is left to do; `House.mails` is what the
world received. The relay remembers every mail and can be told to fail.
"""

import email
import email.policy
import hashlib
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from engine_fabric import WAYS
from sqlalchemy import bindparam, exists, func, select, true, union_all

from mailbot.claims.catalogue import shipped_catalogue
from mailbot.claims.model import Claim
from mailbot.claims.policy import Policy, dump_policy, load_policy
from mailbot.clock import ManualClock
from mailbot.engine.acceptance import Acceptance
from mailbot.engine.clockwork import Clockwork
from mailbot.engine.desk import Desk
from mailbot.engine.digests import Digests
from mailbot.engine.dispatch import Dispatcher
from mailbot.engine.engine import Engine
from mailbot.engine.mailroom import Mailroom
from mailbot.engine.sender_checks import Verify
from mailbot.engine.standins import StandIns
from mailbot.engine.uploads import Uploads
from mailbot.engine.workspace import Office
from mailbot.ids import Ids
from mailbot.inbound.antivirus import Scanner, screened
from mailbot.inbound.envelope import Accepted, Recipient
from mailbot.inbound.interpret import interpret
from mailbot.inbound.interpretation import Authentication, Envelope, Interpretation, Keys
from mailbot.inbound.leaves import Contents, Picture, Wish, look
from mailbot.inbound.reader_pool import ReaderFailure
from mailbot.inbound.viewer import Viewer
from mailbot.keys import new_keyring
from mailbot.outbound.compose import Composer
from mailbot.outbound.delivery import Delivery
from mailbot.outbound.transport import Failure, Message, Sent
from mailbot.store import claims, inbox, migrate, policies, schema, settings
from mailbot.store.database import Store
from mailbot.store.inbox import Item
from mailbot.store.people_import import NewLocation, NewOrganisation, NewPerson, People, import_people
from mailbot.templates import Templates
from mailbot.tokens import Tokens
from mailbot.wording.words import MARKERS

DOMAIN = "mail.test"
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
"""A Monday, an hour before the digests leave."""
PETR, PAVLA, RITA, ROLF, ADA = (
    "petr@fabrikam.example",
    "pavla@fabrikam.example",
    "rita@office.example",
    "rolf@office.example",
    "ada@office.example",
)
JANA = "jana@customer.example"
CLAIM_FORM = """Name: Teams roll-out
Location: 4567890
Tenant: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
Tenant domain: customer.example
Solution area: modern_work_security
Activity: usage
Product: teams
Customer name: Jana Nováková
Customer title: CIO
Customer email: jana@customer.example
Customer country: CZ
"""
PEOPLE = People(
    organisations=(
        NewOrganisation(
            name="Fabrikam",
            country="CZ",
            time_zone="Europe/Prague",
            domains=("fabrikam.example",),
            locations=(
                NewLocation(
                    id="4567890",
                    enrolled=("osa_sell", "osu_microsoft_365", "osu_business_applications", "revenue_association"),
                ),
            ),
            people=(
                NewPerson(name="Petr Dvořák", email=PETR, roles=("incentives_admin",), language="en"),
                NewPerson(name="Pavla Malá", email=PAVLA, roles=("incentives_user",), language="en"),
            ),
        ),
        NewOrganisation(
            name="Contoso Consulting",
            country="DE",
            time_zone="Europe/Berlin",
            domains=("contoso.example",),
            locations=(NewLocation(id="7654321", enrolled=("osu_microsoft_365",)),),
            people=(NewPerson(name="Carla Klein", email="carla@contoso.example", roles=("incentives_admin",)),),
        ),
    ),
    reviewers=(
        NewPerson(name="Rita Office", email=RITA, roles=("reviewer",)),
        NewPerson(name="Rolf Office", email=ROLF, roles=("reviewer",)),
        NewPerson(name="Ada Admin", email=ADA, roles=("office_admin",)),
    ),
)


def pdf(text: str = "Statement of work") -> bytes:
    """A small valid PDF whose content, and so whose SHA-256, depends on the text."""
    stream = f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode()
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length " + str(len(stream)).encode() + b">>stream\n" + stream + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj".encode() + part + b"endobj\n"
    start = len(out)
    rows = b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    out += b"xref\n0 6\n0000000000 65535 f \n" + rows
    return out + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n" + str(start).encode() + b"\n%%EOF\n"


@cache
def _templates() -> Templates:
    return Templates({p.code: p.name for p in shipped_catalogue().products.values()}, folders=("mail",))


@cache
def _tables() -> bytes:
    """A database without a row, as the migrations make it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "mailbot.db"
        migrate.upgrade(path)
        return path.read_bytes()


def _database(folder: Path) -> Path:
    """The one that is there, or a fresh one without a row."""
    file = folder / "mailbot.db"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_tables())
    return file


@lru_cache(1024)
def _parsed(raw: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


_mails, _timers, _waits, _items = schema.outbox.c, schema.timers.c, schema.waiting.c, schema.inbox.c
_now = bindparam("now", type_=_timers.at.type)
_AT_HAND = select(
    exists().where(_items.disposition == "accepted").label("inbox"),
    exists().where(_timers.state == "set", _timers.at <= _now).label("timers"),
    true().label("digests"),
    true().label("standins"),
    exists().where(_waits.leave_at <= _now).label("waiting"),
    exists().where(_mails.state.in_(["queued", "deferred"]), _mails.next_attempt <= _now).label("due"),
    exists().where(_mails.state.in_(["sent", "bounced", "expired"]), ~_mails.reported).label("told"),
)
_coming = union_all(
    select(func.min(_timers.at).label("at")).where(_timers.state == "set", _timers.at > _now),
    select(func.min(_waits.leave_at)).where(_waits.leave_at > _now),
    select(func.min(_mails.next_attempt)).where(_mails.state.in_(["queued", "deferred"]), _mails.next_attempt > _now),
).subquery()
_NEXT = select(func.min(_coming.c.at, type_=_timers.at.type))


class Relay:
    """A transport that remembers what it was given; `fail_next` makes it refuse."""

    def __init__(self) -> None:
        self.taken: list[Message] = []
        self.fail_next: list[Failure] = []

    async def send(self, message: Message) -> Sent:
        if self.fail_next:
            raise self.fail_next.pop(0)
        self.taken.append(message)
        return Sent("250 taken")

    async def close(self) -> None:
        pass


class LookingHere:
    """Looks at files in this process as a process of its own does in the service; `poison` files kill it."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self.poison: set[bytes] = set()
        self.looked = 0

    async def start(self) -> None:
        pass

    async def run(self, tasks: Sequence[tuple[bytes, Wish]]) -> list[Contents | Picture | ReaderFailure]:
        self.looked += len(tasks)
        return [ReaderFailure("timeout") if t[0] in self.poison else look(*t, self.keys) for t in tasks]

    async def close(self) -> None:
        pass


class ReadingHere:
    """Reads in this process what reader processes read in the service; `poison` subjects fail like a killed one."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self.poison: set[str] = set()
        self.scanner: Scanner | None = None

    async def read_batch(
        self, tasks: Sequence[tuple[bytes, Envelope, datetime, Authentication | None]]
    ) -> list[Interpretation | ReaderFailure]:
        return [await self._scanned(self._read(*task)) for task in tasks]

    async def read(self, raw: bytes, envelope: Envelope, now: datetime) -> Interpretation | ReaderFailure:
        return await self._scanned(self._read(raw, envelope, now))

    async def _scanned(self, read: Interpretation | ReaderFailure) -> Interpretation | ReaderFailure:
        return await screened(read, self.scanner) if self.scanner and isinstance(read, Interpretation) else read

    def _read(
        self, raw: bytes, envelope: Envelope, now: datetime, authentication: Authentication | None = None
    ) -> Interpretation | ReaderFailure:
        reading = interpret(raw, envelope, self.keys, now, authentication)
        return ReaderFailure("killed") if reading.subject in self.poison else reading


@dataclass
class Letterbox:
    """One received mail, easy to ask."""

    message: Message

    @property
    def parsed(self) -> EmailMessage:
        return _parsed(self.message.raw)

    @property
    def to(self) -> str:
        return self.message.rcpt

    @property
    def code(self) -> str:
        return self.message.name.split("-")[2]

    @property
    def subject(self) -> str:
        return str(self.parsed["Subject"])

    @property
    def text(self) -> str:
        body = self.parsed.get_body(("plain",))
        assert body is not None
        return str(body.get_content())

    @property
    def reply_to(self) -> str:
        return str(self.parsed["Reply-To"]).strip("<>").split("<")[-1].rstrip(">")

    def claim_id(self) -> str:
        found = re.search(r"CLM-[0-9A-Z]{6}", self.subject + self.text)
        assert found
        return found[0]


class House:
    """The service without its sockets."""

    def __init__(
        self,
        store: Store,
        clock: ManualClock,
        policy: Policy,
        rules: dict[str, Policy],
        tokens: Tokens | None = None,
        verify: Verify | None = None,
        trust: str = "",
    ) -> None:
        self.store, self.clock, self.policy = store, clock, policy
        self.random = random.Random(7)
        self.ids = Ids(clock, self.random)
        self.keyring = new_keyring(self.random.randbytes(32))
        self.tokens = tokens or Tokens(self.keyring)
        self.relay = Relay()
        self.last: tuple[bytes, str, str] | None = None
        self.way = WAYS["as it is"]  # how mail comes to us
        catalogue = shipped_catalogue()
        composer = Composer(
            templates=_templates(),
            tokens=self.tokens,
            domain=DOMAIN,
            public_url="https://mail.test",
            office_name="Claims office",
            office_zone="UTC",
        )
        office = Office(country="US", time_zone="UTC", policies=rules)
        self.desk = Desk(
            store=store,
            clock=clock,
            ids=self.ids,
            office=office,
            policy=policy,
            dispatcher=Dispatcher(composer, self.ids, office),
            tokens=self.tokens,
            catalogue=catalogue,
            random=self.random.randbytes,
        )
        keys = Keys(
            domain=DOMAIN,
            markers=MARKERS,
            own_addresses=(f"claims@{DOMAIN}",),
            tokens=self.tokens,
            trust=trust or ("verify" if verify else "none"),
        )
        self.readers = ReadingHere(keys)
        self.lookers = LookingHere(keys)
        self.viewer = Viewer(self.lookers)  # type: ignore[arg-type]
        self.engine = Engine(self.desk, Uploads(self.readers, clock).judge)  # type: ignore[arg-type]
        self.mailroom = Mailroom(self.desk, self.readers, verify)  # type: ignore[arg-type]
        self.clockwork = Clockwork(self.desk)
        self.digests = Digests(self.desk)
        self.standins = StandIns(self.desk)
        self.delivery = Delivery(store, self.relay, clock, node="house")
        self.acceptance = Acceptance(store, self.ids, lambda: None)

    # --- people ---------------------------------------------------------------------------------------------------

    async def writes(
        self,
        sender: str,
        to: str,
        text: str,
        *,
        subject: str = "Hello",
        files: Sequence[tuple[str, bytes]] = (),
        headers: Sequence[tuple[str, str]] = (),
    ) -> int:
        """A person's mail reaches us; returns the inbox item. Nothing is worked off yet."""
        message = EmailMessage(policy=email.policy.SMTP)
        message["From"], message["To"], message["Subject"] = sender, to, subject
        message["Message-ID"] = f"<{self.random.getrandbits(64):x}@{sender.rpartition('@')[2]}>"
        for name, value in headers:
            message[name] = value
        message.set_content(text)
        for name, content in files:
            message.add_attachment(content, maintype="application", subtype="pdf", filename=name)
        return await self.arrives(*self.way(message.as_bytes(), to), mail_from=sender)

    async def arrives(
        self, raw: bytes, to: str, *, mail_from: str = "", peer: str = "127.0.0.1", upstream: bool = False
    ) -> int:
        """Bytes as the listener would accept them."""
        self.last = (raw, to, mail_from)
        local_part = to.partition("@")[0]
        token = self.tokens.read(local_part)
        role = "token" if token else local_part
        recipient = Recipient(address=to, local_part=local_part, token=token, role=role)  # type: ignore[arg-type]
        return await self.acceptance.keep(
            Accepted(
                received_at=self.clock.now(),
                mail_from=mail_from,
                recipients=(recipient,),
                peer=peer,
                helo="test",
                tls=False,
                upstream=upstream,
                raw=raw,
                size=len(raw),
                sha256=hashlib.sha256(raw).hexdigest(),
            )
        )

    async def replies(self, mail: Letterbox, text: str, *, sender: str = "", **more: object) -> int:
        """A plain reply below which the mail is quoted, as most clients write it."""
        quoted = "\n".join(f"> {line}" for line in mail.text.splitlines())
        body = f"{text}\n\nOn Mon, 2 Mar 2026 at 10:00, Claims office <claims@{DOMAIN}> wrote:\n{quoted}\n"
        return await self.writes(
            sender or mail.to,
            mail.reply_to,
            body,
            subject=f"Re: {mail.subject}",
            **more,  # type: ignore[arg-type]
        )

    # --- work -----------------------------------------------------------------------------------------------------

    async def settle(self, rounds: int = 60) -> None:
        """Works until nobody has anything to do. Only who has something to do is asked: it comes to the same."""
        for _ in range(rounds):
            done = 0
            for step in await self._at_hand():
                done += await step()
            if not done:
                return
        raise AssertionError("the house does not come to rest")

    async def _at_hand(self) -> list[Callable[[], Awaitable[int]]]:
        """The steps for which there are rows; no row says that it is time for a digest or a stand-in."""
        steps = {
            "inbox": self.mailroom.step,
            "timers": self.clockwork.ring,
            "digests": self.digests.step,
            "standins": self.standins.step,
            "waiting": self.clockwork.leave,
            "due": lambda: self.delivery.step(self.clock.now()),
            "told": self.clockwork.report,
        }
        async with self.store.read() as conn:
            row = (await conn.execute(_AT_HAND, {"now": self.clock.now()})).one()
        return [step for name, step in steps.items() if getattr(row, name)]

    async def next_at(self) -> datetime | None:
        """When the next row will be due; None when none ever will."""
        async with self.store.read() as conn:
            found: datetime | None = (await conn.execute(_NEXT, {"now": self.clock.now()})).scalar_one_or_none()
        return found

    async def passes(self, by: timedelta, step: timedelta = timedelta(hours=6)) -> None:
        """Time goes by with the listener up, and everything due is done on the way."""
        end, settled = self.clock.now() + by, self.clock.now()
        while self.clock.now() < end:
            self.clock.set(min(end, self.clock.now() + timedelta(minutes=50)))
            await self.beat()
            if self.clock.now() - settled >= step or self.clock.now() == end:
                settled = self.clock.now()
                await self.settle()

    async def sleeps(self, by: timedelta) -> None:
        """The same, from each moment at which something is due to the next, and each morning; between all is quiet."""
        end = self.clock.now() + by
        while self.clock.now() < end:
            morning = self.clock.now().replace(hour=7, minute=1) + timedelta(days=self.clock.now().hour >= 7)
            self.clock.set(min(end, morning, await self.next_at() or end))
            # As if it had been said every hour.
            await self.store.write(lambda conn: settings.put(conn, "last_beat", self.clock.now()))
            await self.settle()

    async def beat(self) -> None:
        await self.store.write(lambda conn: settings.beat(conn, self.clock.now()))

    # --- what is there --------------------------------------------------------------------------------------------

    def mails(self, to: str = "", saying: str = "", code: str = "") -> list[Letterbox]:
        """Received mails, oldest first, to that address and with that text; daily digests only when asked for."""
        found = [Letterbox(m) for m in self.relay.taken if not to or m.rcpt == to]
        found = [m for m in found if (m.code == code if code else m.code != "daily_digest")]
        return [m for m in found if not saying or saying.lower() in (m.subject + m.text).lower()]

    async def codes(self, to: str = "") -> list[str]:
        """The codes of the mails that were sent, in order."""
        from mailbot.store import outbox_office

        async with self.store.read() as conn:
            rows = await outbox_office.list_items(conn, limit=500)
        return [r.code for r in reversed(rows) if r.kind == "mail" and (not to or r.email == to)]

    async def claim(self, claim_id: str) -> Claim:
        async with self.store.read() as conn:
            return (await claims.load(conn, [claim_id]))[claim_id]

    async def item(self, item_id: int) -> Item:
        async with self.store.read() as conn:
            found = await inbox.get(conn, item_id)
        assert found is not None
        return found

    # --- shortcuts through the story ------------------------------------------------------------------------------

    async def submitted(self) -> str:
        """A claim that came by mail with a file and is submitted; its id."""
        await self.writes(PETR, f"claims@{DOMAIN}", CLAIM_FORM, subject="New claim", files=[("sow.pdf", pdf())])
        await self.settle()
        return self.mails(PETR)[-1].claim_id()

    async def approved(self) -> str:
        """A claim whose evidence was accepted with a contact check, by a reviewer's mail."""
        claim_id = await self.submitted()
        assigned = self.mails((await self.claim(claim_id)).assigned_to)[-1]
        await self.replies(assigned, "approve contact: page 1 of the statement of work")
        await self.settle()
        return claim_id


@asynccontextmanager
async def house(
    folder: Path,
    policy: str = "2021",
    start: datetime = START,
    tokens: Tokens | None = None,
    verify: Verify | None = None,
    trust: str = "",
    url: str = "",
) -> AsyncIterator[House]:
    """A house with its people, at the given time; on SQLite unless a `url` names a migrated database without a row."""
    clock, rules = ManualClock(start), load_policy(policy)
    where = url or f"sqlite:///{_database(folder)}"
    store = await Store.open(where, f"file:{folder}/blobs", clock=clock)
    async with store:
        await store.write(lambda conn: import_people(conn, PEOPLE, start))
        await store.write(lambda conn: policies.pin(conn, rules.version, dump_policy(rules)))
        await store.write(lambda conn: settings.beat(conn, start))
        yield House(store, clock, rules, {rules.version: rules}, tokens, verify, trust)
