"""Random lives of claims on the real store: people, robots, relays and crashes in any order, invariants at each step.

The reference is small on purpose: what was said last by whom, and what can never follow from it. MAILBOT_SOAK="200 50"
plays that many lives of that many steps (`make soak`).
"""

import asyncio
import hashlib
import os
import random
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from engine_fabric import WAYS
from engine_house import ADA, JANA, PETR, House, house, pdf
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from test_engine_story import bounce_of

from mailbot.claims.model import Association, Consent, Status
from mailbot.store import claims, history, outbox_office

PARTIES = {PETR, JANA, ADA, "rita@office.example", "rolf@office.example"}
ENDED = {Status.REJECTED_FINAL, Status.CANCELLED}


class Life(RuleBasedStateMachine):
    """One claim, everybody around it, and a service that may die at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.exits = AsyncExitStack()
        self.files = 0
        self.underway: list[tuple[str, str, str]] = []
        self.home: House = self.do(self.exits.enter_async_context(house(Path(self.folder.name))))
        self.claim_id = ""
        self.declined = False

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        self.do(self.exits.aclose())
        self.loop.close()
        self.folder.cleanup()

    @initialize()
    def a_partner_claims(self) -> None:
        self.claim_id = self.do(self.home.submitted())

    @rule(
        text=st.sampled_from(
            [
                "start",
                "approve",
                "approve contact: page 1",
                "reject insufficient_poe: no",
                "ask missing_customer_ack: Who signed?",
                "uphold: as before",
                "what is this?",
            ]
        )
    )
    def the_reviewer_writes(self, text: str) -> None:
        mails = self.home.mails(code="review_assigned")
        self.writes(mails[-1].to, mails[-1].reply_to, text)

    @rule(
        text=st.sampled_from(
            [
                "Jana signed it on page 2.",
                "submit",
                "dispute: look again",
                "withdraw: wrong",
                "disassociate: we part",
                "thanks!",
                "Name: Another name",
                "cancel",
            ]
        ),
        with_file=st.booleans(),
    )
    def the_partner_writes(self, text: str, with_file: bool) -> None:
        self.files += with_file
        files = [("more.pdf", pdf(str(self.files)))] if with_file else []
        self.writes(PETR, self.home.mails(PETR)[-1].reply_to, text, files=files)

    @precondition(lambda self: self.home.mails(JANA))
    @rule(
        text=st.sampled_from(
            [
                "No, we do not agree.",
                "Nesouhlasíme.",
                "Yes, we agree.",
                "Which data do you mean?",
                "Thank you",
                "I am not the right person",
                "STOP",
            ]
        ),
        sender=st.sampled_from([JANA, "colleague@customer.example"]),
    )
    def the_customer_writes(self, text: str, sender: str) -> None:
        declines = text in ("No, we do not agree.", "Nesouhlasíme.", "STOP")
        self.writes(sender, self.home.mails(JANA)[-1].reply_to, text)
        self.declined |= declines

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

    @rule()
    def the_last_mail_comes_again(self) -> None:
        before = self.do(self.home.claim(self.claim_id))
        assert self.home.last is not None
        raw, to, sender = self.home.last
        self.do(self.home.arrives(raw, to, mail_from=sender))
        self.do(self.home.settle())
        after = self.do(self.home.claim(self.claim_id))
        assert after.status is before.status or before.version == after.version

    @rule(way=st.sampled_from(sorted(WAYS)))
    def mail_takes_another_way(self, way: str) -> None:
        self.home.way = WAYS[way]

    @rule(text=st.sampled_from(["submit", "Jana signed it on page 2.", "withdraw: wrong"]))
    def a_mail_of_the_partner_is_held_up_on_its_way(self, text: str) -> None:
        self.underway.append((PETR, self.home.mails(PETR)[-1].reply_to, text))

    @precondition(lambda self: self.underway)
    @rule(number=st.integers(0, 9))
    def a_mail_that_was_held_up_arrives_in_any_order(self, number: int) -> None:
        self.writes(*self.underway.pop(number % len(self.underway)))

    @rule(minutes=st.sampled_from([-59, 59]))
    def the_clock_is_set(self, minutes: int) -> None:
        self.home.clock.advance(timedelta(minutes=minutes))
        self.do(self.home.beat())
        self.do(self.home.settle())

    @rule(hours=st.sampled_from([1, 30, 24 * 6, 24 * 16]))
    def time_passes(self, hours: int) -> None:
        self.do(self.home.passes(timedelta(hours=hours), timedelta(hours=8)))

    @rule(days=st.integers(1, 4))
    def the_service_dies_and_comes_back(self, days: int) -> None:
        last, relay, when = self.home.last, self.home.relay, self.home.clock.now() + timedelta(days=days)
        keys, state, way = self.home.tokens, self.home.random.getstate(), self.home.way
        self.do(self.exits.aclose())
        self.exits = AsyncExitStack()
        self.home = self.do(self.exits.enter_async_context(house(Path(self.folder.name), start=when, tokens=keys)))
        self.home.relay = self.home.delivery._transport = relay
        self.home.last, self.home.way = last, way
        self.home.random.setstate(state)
        self.do(self.home.settle())

    def writes(self, sender: str, to: str, text: str, **more: Any) -> None:
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
        for claim in found.values():
            self._check_claim(claim)

    def _check_claim(self, claim: Any) -> None:
        if claim.association is Association.ACTIVE:
            assert claim.consent in (Consent.LAPSED, Consent.ACCEPTED)
            assert claim.contact_verified or claim.consent is Consent.ACCEPTED
        if claim.consent is Consent.DECLINED:
            assert claim.association is not Association.ACTIVE
            assert claim.status in (Status.REJECTED, Status.APPROVED, *ENDED)
        if self.declined and claim.customer_told:
            assert claim.consent is Consent.DECLINED or claim.decline is not None


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


_LIVES, _STEPS = (int(word) for word in os.environ.get("MAILBOT_SOAK", "10 15").split())

TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=_LIVES,
    stateful_step_count=_STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
