"""Two mailbots that write to each other, through a fabric that takes away every header a robot is known by."""

import email
import email.policy
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

from engine_house import START, House

from mailbot.claims.catalogue import shipped_catalogue
from mailbot.claims.policy import dump_policy, load_policy
from mailbot.clock import ManualClock
from mailbot.engine.dispatch import Dispatcher
from mailbot.inbound.interpretation import Keys
from mailbot.outbound.compose import Composer
from mailbot.outbound.transport import Message
from mailbot.store import policies, settings
from mailbot.store.database import Store
from mailbot.store.people_import import NewLocation, NewOrganisation, NewPerson, People, import_people
from mailbot.templates import Templates
from mailbot.wording.words import MARKER, MARKERS

KEPT = ("From", "To", "Subject", "Message-ID", "Date")


@dataclass
class Bot:
    """A house at a domain of its own, in whose books the other one is a partner's person."""

    house: House
    domain: str
    seen: int = 0
    sent: list[datetime] = field(default_factory=list)


@asynccontextmanager
async def two_bots(folder: Path, role: str) -> AsyncIterator[tuple[Bot, Bot]]:
    """Two houses on one clock; each knows the other's office address as a person with that role."""
    clock = ManualClock(START)
    async with AsyncExitStack() as stack:
        one = await _bot(stack, folder / "one", clock, "one.test", "two.test", role)
        two = await _bot(stack, folder / "two", clock, "two.test", "one.test", role)
        yield one, two


async def _bot(stack: AsyncExitStack, folder: Path, clock: ManualClock, domain: str, other: str, role: str) -> Bot:
    folder.mkdir()  # noqa: ASYNC240
    rules = load_policy("2021")
    store = await Store.open(f"sqlite:///{folder}/mailbot.db", f"file:{folder}/blobs", clock=clock, create=True)
    await stack.enter_async_context(store)
    await store.write(lambda conn: import_people(conn, _people(other, role), START))
    await store.write(lambda conn: policies.pin(conn, rules.version, dump_policy(rules)))
    await store.write(lambda conn: settings.beat(conn, START))
    house = House(store, clock, rules, {rules.version: rules})
    composer = Composer(
        templates=Templates({p.code: p.name for p in shipped_catalogue().products.values()}, folders=("mail",)),
        tokens=house.tokens,
        domain=domain,
        public_url=f"https://{domain}",
        office_name="Claims office",
        office_zone="UTC",
    )
    object.__setattr__(house.desk, "dispatcher", Dispatcher(composer, house.ids, house.desk.office))
    house.readers.keys = Keys(
        domain=domain, markers=MARKERS, own_addresses=(f"claims@{domain}",), tokens=house.tokens, trust="none"
    )
    return Bot(house, domain)


def _people(other: str, role: str) -> People:
    """The other bot's office address is a person here: of a partner firm, or one of the reviewers."""
    bot = NewPerson(name="Claims office", email=f"claims@{other}", roles=(role,), language="en")
    location = NewLocation(id="4567890", enrolled=("osu_microsoft_365", "osa_sell"))
    firm = NewOrganisation(
        name="Fabrikam", country="CZ", time_zone="Europe/Prague", domains=(other,), locations=(location,),
        people=(bot,) if role.startswith("incentives") else (),
    )  # fmt: skip
    return People(organisations=(firm,), reviewers=() if role.startswith("incentives") else (bot,))


async def carry(bots: tuple[Bot, Bot], until: datetime, pause: timedelta, *, words_too: bool) -> None:
    """Whatever one of them sends reaches the other a pause later, without the headers a robot is known by.

    `words_too`: without the marker line either, by which a mailbot's own text would be recognised.
    """
    clock = bots[0].house.clock
    while clock.now() < until:
        moved = 0
        for bot, other in (bots, bots[::-1]):
            await bot.house.beat()
            await bot.house.settle()
            for message in bot.house.relay.taken[bot.seen :]:
                bot.sent.append(clock.now())
                moved += await _hand_over(message, bot, other, words_too)
            bot.seen = len(bot.house.relay.taken)
        clock.advance(pause if moved else timedelta(hours=24))


async def _hand_over(message: Message, bot: Bot, other: Bot, words_too: bool) -> int:
    if not message.rcpt.endswith(f"@{other.domain}"):
        return 0
    parsed = email.message_from_bytes(message.raw, policy=email.policy.SMTP)
    assert isinstance(parsed, EmailMessage)
    plain = EmailMessage(policy=email.policy.SMTP)
    for name in KEPT:
        plain[name] = str(parsed[name])
    body = parsed.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    plain.set_content(text.replace(MARKER, "Dear colleague,") if words_too else text)
    # The other bot keeps to the conversation: it answers the newest reply address it was given.
    last = str(other.house.relay.taken[-1].raw.decode()) if other.house.relay.taken else ""
    found = re.search(r"^Reply-To: <(\S+)>", last, re.M)
    await other.house.arrives(plain.as_bytes(), found[1] if found else message.rcpt, mail_from=f"claims@{bot.domain}")
    return 1


def busiest_day(sent: list[datetime]) -> int:
    """The most mails within any 24 hours."""
    return max((sum(start <= at < start + timedelta(days=1) for at in sent) for start in sent), default=0)
