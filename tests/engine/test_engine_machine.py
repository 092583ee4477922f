"""Random lives of claims on the real store: people, robots, relays and crashes in any order, invariants at each step.

Beside the program runs a model (engine_model.py) that says what may follow. MAILBOT_SOAK="200 50" plays that many lives
of that many steps (`make soak`).
"""

import asyncio
import hashlib
import os
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack, closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from engine_fabric import WAYS
from engine_house import ADA, DOMAIN, JANA, PETR, House, house, pdf
from engine_model import Model
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from test_engine_story import bounce_of

from mailbot.claims.erasure import is_over
from mailbot.claims.events import Actor, DeclineUndone
from mailbot.claims.model import Channel, Role
from mailbot.engine.erasure import Eraser
from mailbot.engine.mailroom import Mailroom
from mailbot.outbound.delivery import Delivery
from mailbot.store import claims, history, outbox_office
from mailbot.store import settings as facts
from mailbot.tokens import Tokens

_FAST = Path("/dev/shm")
"""A test proves what is written, not how fast a disk confirms it."""
PARTIES = {PETR, JANA, ADA, "rita@office.example", "rolf@office.example"}
REVIEWER = {
    "start": "start",
    "approve": "approve",
    "approve contact: page 1": "approve",
    "reject insufficient_poe: no": "reject",
    "ask missing_customer_ack: Who signed?": "ask",
    "uphold: as before": "uphold",
    "what is this?": "",
}
PARTNER = {
    "Jana signed it on page 2.": "answer",
    "submit": "submit",
    "dispute: look again": "dispute",
    "withdraw: wrong": "withdraw",
    "disassociate: we part": "disassociate",
    "thanks!": "",
    "Name: Another name": "",
    "cancel": "",
}
CUSTOMER = {
    "No, we do not agree.": "decline",
    "Nesouhlasíme.": "decline",
    "STOP": "decline",
    "Yes, we agree.": "",
    "Which data do you mean?": "",
    "Thank you": "",
    "I am not the right person": "",
}


class Life(RuleBasedStateMachine):
    """One claim, everybody around it, and a service that may die at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory(dir=_FAST if _FAST.is_dir() else None)
        self.database = Path(self.folder.name, "mailbot.db")
        self.exits = AsyncExitStack()
        self.files = 0
        self.underway: list[tuple[str, str, str]] = []
        self.home: House = self.do(self.exits.enter_async_context(house(Path(self.folder.name))))
        self.keyring = self.home.keyring
        self.claim_id = ""
        self.model = Model()
        self.acts: tuple[str, ...] = ()
        self.saved: Model | None = None

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        if self.claim_id:
            self.do(self._everything_ended_may_be_forgotten())
        self.do(self.exits.aclose())
        self.loop.close()
        self.folder.cleanup()

    @initialize()
    def a_partner_claims(self) -> None:
        self.claim_id = self.do(self.home.submitted())

    # --- people ---------------------------------------------------------------------------------------------------

    @rule(text=st.sampled_from(sorted(REVIEWER)))
    def the_reviewer_writes(self, text: str) -> None:
        mails = self.home.mails(code="review_assigned")
        self.writes(mails[-1].to, mails[-1].reply_to, text, REVIEWER[text])

    @rule(text=st.sampled_from(sorted(PARTNER)), with_file=st.booleans())
    def the_partner_writes(self, text: str, with_file: bool) -> None:
        self.files += with_file
        files = [("more.pdf", pdf(str(self.files)))] if with_file else []
        self.writes(PETR, self.home.mails(PETR)[-1].reply_to, text, PARTNER[text], "answer", files=files)

    @precondition(lambda self: self.home.mails(JANA))
    @rule(text=st.sampled_from(sorted(CUSTOMER)), sender=st.sampled_from([JANA, "colleague@customer.example"]))
    def the_customer_writes(self, text: str, sender: str) -> None:
        self.writes(sender, self.home.mails(JANA)[-1].reply_to, text, CUSTOMER[text])

    @precondition(lambda self: self.home.mails(JANA))
    @rule()
    def the_customer_wants_no_more_reminders(self) -> None:
        token = self.home.tokens.read(self.home.mails(JANA)[-1].reply_to.partition("@")[0])
        assert token is not None
        address = self.home.tokens.address("u", token.handle, None)
        self.writes(JANA, f"{address}@{DOMAIN}", "unsubscribe")

    @precondition(lambda self: self.model.declined)
    @rule()
    def the_customer_takes_the_decline_back(self) -> None:
        jana = Actor(email=JANA, roles=frozenset({Role.CUSTOMER}), of_record=True)
        event = DeclineUndone(
            id=f"undo:{self.home.ids.row()}", at=self.home.clock.now(), actor=jana, channel=Channel.WEB
        )
        if self.do(self.home.engine.act(self.claim_id, event)).refusal is None:
            self.model.expect("undo")
        self.do(self.home.settle())

    @precondition(lambda self: self.home.mails(JANA))
    @rule()
    def the_notice_bounces(self) -> None:
        to = self.home.mails(JANA)[-1].message.mail_from
        if to:
            self.do(self.home.arrives(bounce_of(to, JANA), to))
            self.do(self.home.settle())

    @rule()
    def an_outsider_uses_the_partners_address(self) -> None:
        self.writes("mallory@evil.example", self.home.mails(PETR)[-1].reply_to, "withdraw: mine now")

    # --- the way --------------------------------------------------------------------------------------------------

    @rule()
    def the_last_mail_comes_again(self) -> None:
        before = self.do(self.home.claim(self.claim_id))
        assert self.home.last is not None
        raw, to, sender = self.home.last
        self.model.expect(*self.acts)
        self.do(self.home.arrives(raw, to, mail_from=sender))
        self.do(self.home.settle())
        after = self.do(self.home.claim(self.claim_id))
        assert after.status is before.status or after.version == before.version or self.saved is not None

    @rule(way=st.sampled_from(sorted(WAYS)))
    def mail_takes_another_way(self, way: str) -> None:
        self.home.way = WAYS[way]

    @rule(text=st.sampled_from(["submit", "Jana signed it on page 2.", "withdraw: wrong"]))
    def a_mail_of_the_partner_is_held_up_on_its_way(self, text: str) -> None:
        self.underway.append((PETR, self.home.mails(PETR)[-1].reply_to, text))

    @precondition(lambda self: self.underway)
    @rule(number=st.integers(0, 9))
    def a_mail_that_was_held_up_arrives_in_any_order(self, number: int) -> None:
        sender, to, text = self.underway.pop(number % len(self.underway))
        self.writes(sender, to, text, PARTNER[text], "answer")

    # --- the machine ----------------------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([-59, 59]))
    def the_clock_is_set(self, minutes: int) -> None:
        self.home.clock.advance(timedelta(minutes=minutes))
        self.do(self.home.beat())
        self.do(self.home.settle())

    @rule(hours=st.sampled_from([1, 30, 24 * 6, 24 * 16]))
    def time_passes(self, hours: int) -> None:
        self.do(self.home.sleeps(timedelta(hours=hours)))

    @rule(days=st.integers(1, 4))
    def the_service_dies_and_comes_back(self, days: int) -> None:
        self.do(self._closed())
        self.do(self._opened(self.home.clock.now() + timedelta(days=days)))

    @rule(text=st.sampled_from(sorted(PARTNER)))
    def two_workers_share_the_work(self, text: str) -> None:
        self.do(self.home.writes(PETR, self.home.mails(PETR)[-1].reply_to, text))
        self.do(self.home.writes(PETR, self.home.mails(PETR)[-1].reply_to, text))
        self.acts = ("answer", *filter(None, [PARTNER[text]]))
        self.model.expect(*self.acts)
        self.do(self._worked_by_two())
        self.do(self.home.settle())

    @rule()
    def the_key_is_changed(self) -> None:
        rotated = self.keyring.with_new_key(self.home.random.randbytes(32))
        self.keyring = rotated.signing_with(max(key.kid for key in rotated.keys))
        self.do(self._closed())
        self.home.tokens = Tokens(self.keyring)
        self.do(self._opened(self.home.clock.now()))

    @rule()
    def a_backup_is_made(self) -> None:
        with closing(sqlite3.connect(self.database)) as source, closing(sqlite3.connect(self._backup)) as target:
            source.backup(target)
        self.saved = Model(declined=self.model.declined)

    @precondition(lambda self: self.saved is not None)
    @rule()
    def the_backup_comes_back(self) -> None:
        assert self.saved is not None
        self.do(self._closed())
        for end in ("-wal", "-shm"):
            self.database.with_name(self.database.name + end).unlink(missing_ok=True)
        shutil.copy(self._backup, self.database)
        self.model = Model(declined=self.saved.declined)
        self.do(self._opened(self.home.clock.now(), restored=True))

    @property
    def _backup(self) -> Path:
        return self.database.with_name("backup.db")

    async def _closed(self) -> None:
        await self.exits.aclose()
        self.exits = AsyncExitStack()

    async def _opened(self, when: datetime, *, restored: bool = False) -> None:
        """The same outside, a new process inside."""
        old = self.home
        self.home = await self.exits.enter_async_context(house(Path(self.folder.name), start=when, tokens=old.tokens))
        self.home.relay = self.home.delivery._transport = old.relay
        self.home.last, self.home.way = old.last, old.way
        self.home.random.setstate(old.random.getstate())
        if restored:
            await self.home.store.write(lambda conn: facts.put(conn, "restored", True))
            await self.home.beat()
        await self.home.settle()

    async def _worked_by_two(self) -> None:
        home = self.home
        other = Mailroom(home.desk, home.readers)  # type: ignore[arg-type]
        sender = Delivery(home.store, home.relay, home.clock, node="another")
        now = home.clock.now()
        await asyncio.gather(home.mailroom.step(), other.step(), home.delivery.step(now), sender.step(now))

    async def _everything_ended_may_be_forgotten(self) -> None:
        home = self.home
        if not is_over(await home.claim(self.claim_id)):
            return
        eraser = Eraser(blobs=home.store.blobs, ids=home.ids, random=home.random.randbytes, now=home.clock.now())
        await home.store.write(lambda conn: eraser.claim(conn, self.claim_id))
        async with home.store.read() as conn:
            assert await history.verify(conn) == []
        assert JANA not in repr(await home.claim(self.claim_id))

    def writes(self, sender: str, to: str, text: str, *acts: str, **more: Any) -> None:
        """Somebody writes; `acts` are what the words may do."""
        self.acts = tuple(filter(None, acts))
        self.model.expect(*self.acts)
        self.do(self.home.writes(sender, to, text, **more))
        self.do(self.home.settle())

    @invariant()
    def what_must_hold_holds(self) -> None:
        self.do(self._check())

    async def _check(self) -> None:
        async with self.home.store.read() as conn:
            assert await history.verify(conn) == []
            found = await claims.load(conn, [self.claim_id] if self.claim_id else [])
            rows = await outbox_office.list_items(conn, limit=1000)
            for claim in found.values():
                entries = await history.of_claim(conn, claim.id, limit=1000)
                assert len(entries) == claim.version
        assert {r.email for r in rows if r.kind == "mail"} <= PARTIES | {"pavla@fabrikam.example"}
        assert len({r.message_id for r in rows}) == len(rows)
        assert all(r.state in ("sent", "bounced", "cancelled") for r in rows)
        for claim in found.values():
            assert list(self.model.broken(claim)) == []


async def test_the_same_seed_leaves_the_same_trace(tmp_path: Path) -> None:
    traces = [await _trace(tmp_path / name, seed) for name, seed in (("one", 3), ("two", 3), ("three", 4))]
    assert traces[0] == traces[1]
    assert traces[0] != traces[2]


async def _trace(folder: Path, seed: int) -> str:
    """A short life that follows from the seed, as one hash over every chain and every mail."""
    folder.mkdir()  # noqa: ASYNC240
    chance = random.Random(seed)
    async with house(folder) as home:
        await home.approved()
        for _ in range(2):
            home.way = WAYS[chance.choice(sorted(WAYS))]
            await home.passes(timedelta(hours=chance.randrange(1, 30)), timedelta(hours=8))
            await home.replies(home.mails(PETR)[-1], f"Page {chance.randrange(100)} shows it.")
            await home.settle()
        async with home.store.read() as conn:
            ends = await history.heads(conn)
        parts = [*(ends[claim_id].hash for claim_id in sorted(ends)), *(m.raw for m in home.relay.taken)]
    return hashlib.sha256(b"|".join(parts)).hexdigest()


_LIVES, _STEPS = (int(word) for word in os.environ.get("MAILBOT_SOAK", "20 20").split())

TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=_LIVES,
    stateful_step_count=_STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
