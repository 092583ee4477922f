"""A machine's clock stands, jumps, changes to summer time: every reminder once, none early, no verdict in the dark."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from engine_house import PETR, House, house

from mailbot.claims.model import Association, Consent, Status
from mailbot.engine.jumps import Jumps
from mailbot.store import settings
from mailbot.store.schema import timers

_DAYS = timedelta(days=1)
_FAR = timedelta(days=3653)


async def asked(home: House) -> str:
    """A claim whose partner was asked something and has five business days to answer."""
    claim_id = await home.submitted()
    await home.replies(
        home.mails((await home.claim(claim_id)).assigned_to)[-1], "ask missing_customer_ack: Who signed?"
    )
    await home.settle()
    return claim_id


async def early(home: House) -> list[str]:
    """Timers that rang before their time by the clock of that moment."""
    async with home.store.read() as conn:
        rows = (await conn.execute(timers.select().where(timers.c.state == "fired"))).all()
    return [f"{row.kind} {row.what}" for row in rows if row.ended_at < row.at]


def doubled(home: House) -> list[str]:
    """Mails that somebody got twice: the same words on the same subject to the same person."""
    seen = Counter((m.to, m.code, m.subject, m.text) for m in home.mails() if m.code.endswith("reminder"))
    return [str(key[:3]) for key, count in seen.items() if count > 1]


def reminders(home: House) -> list[str]:
    """What reminded the partner, alone or in a digest."""
    codes = ("action_reminder", "daily_digest")
    return [m.code for m in home.mails(PETR, code=codes[0]) + home.mails(PETR, code=codes[1])]


@pytest.mark.on_both
async def test_after_three_days_down_what_was_due_comes_once_and_late_not_early(home: House) -> None:
    await asked(home)
    home.clock.advance(3 * _DAYS + timedelta(hours=5))
    await home.beat()
    await home.settle()
    after = reminders(home)
    await home.settle()
    assert reminders(home) == after
    await home.passes(timedelta(hours=20), timedelta(hours=1))
    assert await early(home) == []
    assert doubled(home) == []
    assert 1 <= len(reminders(home)) <= 3


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)], ids=["forward", "back"])
async def test_an_hour_too_much_or_too_little_doubles_no_reminder_and_brings_none_early(
    home: House, jump: timedelta
) -> None:
    claim_id = await asked(home)
    for _ in range(8):
        await home.passes(timedelta(hours=11), timedelta(hours=1))
        home.clock.advance(jump)
        await home.beat()
        await home.settle()
        home.clock.advance(-jump)
        await home.beat()
        await home.settle()
    assert (await home.claim(claim_id)).status is Status.ACTION_REQUIRED
    assert await early(home) == []
    assert doubled(home) == []


async def test_a_clock_ten_years_ahead_for_a_moment_judges_nobody(home: House) -> None:
    claim_id = await asked(home)
    address = home.mails(PETR)[-1]
    home.clock.advance(_FAR)
    await home.beat()
    await home.settle()
    assert (await home.claim(claim_id)).status is Status.ACTION_REQUIRED
    home.clock.advance(-_FAR + timedelta(minutes=5))
    await home.beat()
    await home.settle()
    assert doubled(home) == []
    await home.replies(address, "Jana signed it, on page 2.")
    await home.settle()
    assert (await home.claim(claim_id)).status is Status.SUBMITTED


async def test_a_window_is_not_closed_by_a_clock_ten_years_ahead(home: House) -> None:
    claim_id = await home.approved()
    await home.passes(timedelta(hours=3), timedelta(minutes=50))
    home.clock.advance(_FAR)
    await home.beat()
    await home.settle()
    claim = await home.claim(claim_id)
    assert claim.association is not Association.ACTIVE
    assert claim.consent is not Consent.LAPSED


async def test_a_beat_ten_years_ahead_darkens_nothing_once_the_clock_is_right(home: House) -> None:
    claim_id = await home.approved()
    await home.passes(timedelta(hours=3), timedelta(minutes=50))
    home.clock.advance(_FAR)
    await home.beat()
    home.clock.advance(-_FAR + timedelta(minutes=5))
    await home.passes(21 * _DAYS)
    claim = await home.claim(claim_id)
    assert (claim.consent, claim.association) == (Consent.LAPSED, Association.ACTIVE)


@pytest.mark.parametrize("jump", [_FAR, -_FAR, timedelta(hours=2)], ids=["years ahead", "years behind", "two hours"])
async def test_timers_stand_still_while_the_clock_has_jumped_and_go_on_when_it_is_right(
    home: House, jump: timedelta
) -> None:
    claim_id = await home.approved()
    await home.passes(timedelta(hours=3), timedelta(minutes=50))
    jumps, before = frozen(home), await home.claim(claim_id)
    home.clock.advance(jump)
    await home.beat()
    await jumps.look()
    await home.settle()
    assert (await home.claim(claim_id)).clocks == before.clocks
    assert await paused(home) == (True, True)
    home.clock.advance(-jump)
    await home.beat()
    await jumps.look()
    assert await paused(home) == (False, False)
    await home.passes(21 * _DAYS)
    assert (await home.claim(claim_id)).consent is Consent.LAPSED
    assert await early(home) == []


async def test_a_jump_of_minutes_stops_nothing(home: House) -> None:
    jumps = frozen(home)
    home.clock.advance(timedelta(minutes=59))
    await jumps.look()
    assert await paused(home) == (False, False)


@pytest.mark.parametrize("first", ["person", "clock"])
async def test_a_jump_is_noted_beside_a_persons_pause_and_does_not_end_it(home: House, first: str) -> None:
    jumps = frozen(home)
    if first == "person":
        await home.store.write(lambda conn: settings.pause(conn, "timers", paused=True))
    home.clock.advance(_FAR)
    await jumps.look()
    await home.store.write(lambda conn: settings.pause(conn, "timers", paused=True))
    assert await paused(home) == (True, True)
    home.clock.advance(-_FAR)
    await jumps.look()
    assert await paused(home) == (True, False)


async def test_who_resumes_the_timers_takes_the_new_time_as_right(home: House) -> None:
    jumps = frozen(home)
    home.clock.advance(_FAR)
    await jumps.look()
    await home.store.write(lambda conn: settings.pause(conn, "timers", paused=False))
    await jumps.look()
    assert await paused(home) == (False, False)


def frozen(home: House) -> Jumps:
    """Looks at a clock beside a steady one that stands still."""
    seconds = home.clock.now().timestamp()
    return Jumps(home.store, home.clock, lambda: seconds)


async def paused(home: House) -> tuple[bool, bool]:
    """Whether the timers stand still, and whether the clock has jumped."""
    async with home.store.read() as conn:
        return await settings.paused(conn, "timers"), await settings.clock_jumped(conn)


async def test_a_clock_ten_years_behind_stops_nothing_for_good(home: House) -> None:
    claim_id = await asked(home)
    home.clock.advance(-_FAR)
    await home.beat()
    await home.settle()
    await home.replies(home.mails(PETR)[-1], "Jana signed it, on page 2.")
    await home.settle()
    assert (await home.claim(claim_id)).status is Status.SUBMITTED
    home.clock.advance(_FAR + timedelta(hours=1))
    await home.beat()
    await home.settle()
    assert await early(home) == []
    assert doubled(home) == []


@pytest.mark.parametrize(
    "start",
    [datetime(2026, 3, 26, 6, 0, tzinfo=UTC), datetime(2026, 10, 22, 5, 0, tzinfo=UTC)],
    ids=["to summer time", "to winter time"],
)
async def test_the_days_on_which_the_hour_changes_have_one_digest_each_and_no_reminder_twice(
    tmp_path: Path, url: str, start: datetime
) -> None:
    async with house(tmp_path, start=start, url=url) as home:
        await asked(home)
        await asked_again(home)
        await home.passes(6 * _DAYS, timedelta(minutes=50))
        assert await early(home) == []
        assert doubled(home) == []
        days = Counter(m.parsed["Date"].datetime.date() for m in home.mails(PETR, code="daily_digest"))
        assert days
        assert set(days.values()) == {1}


async def asked_again(home: House) -> None:
    """A second claim that waits for the same partner, so that there is a digest."""
    from engine_house import CLAIM_FORM, DOMAIN, pdf

    form = CLAIM_FORM.replace("3f2504e0", "4f2504e0").replace("Teams roll-out", "Second")
    await home.writes(PETR, f"claims@{DOMAIN}", form, files=[("sow.pdf", pdf("second"))])
    await home.settle()
    await home.replies(home.mails(code="review_assigned")[-1], "ask missing_customer_ack: Who signed?")
    await home.settle()


async def test_an_answer_received_in_time_and_read_after_the_deadline_is_in_time(home: House) -> None:
    claim_id = await asked(home)
    letter = home.mails(PETR)[-1]
    claim = await home.claim(claim_id)
    due = max(clock.due for clock in claim.clocks if clock.kind == "partner_action")
    await home.passes(due - home.clock.now() - timedelta(minutes=1))
    await home.replies(letter, "Jana signed it, on page 2.")
    # Nobody reads for three hours: the readers are gone, the listener is not.
    for _ in range(4):
        home.clock.advance(timedelta(minutes=45))
        await home.beat()
        await home.clockwork.ring()
    assert (await home.claim(claim_id)).status is Status.ACTION_REQUIRED
    await home.settle()
    assert (await home.claim(claim_id)).status is Status.SUBMITTED
    assert await early(home) == []
