"""The matrix of proof, cell by cell (architecture; security §3.4): who writes, how proved, through which address."""

from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from engine_house import DOMAIN, JANA, PAVLA, PETR, House, Letterbox, house
from web_visitors import RITA_ACTS, submitted

from mailbot.claims.events import Approved, Event
from mailbot.claims.model import Cause, Consent, Status
from mailbot.claims.policy import dump_policy, load_policy, parse_policy
from mailbot.claims.policy_tables import MAIL_ACTS
from mailbot.engine.proof import ACTS
from mailbot.keys import new_keyring
from mailbot.store import history, reply_addresses
from mailbot.tokens import Tokens

CARLA = "carla@contoso.example"
STRANGER = "stranger@elsewhere.example"
LOOKALIKE = "petr@fabrikam-mail.example"
UPSTREAM = "mx.mail.test"


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path, trust=f"authserv-id:{UPSTREAM}") as it:
        yield it


async def reply(home: House, to: str, sender: str, words: str, dmarc: str, *, age: timedelta = timedelta()) -> int:
    """A reply that our own upstream has checked with that result; an empty one was not checked. `age` when it came."""
    date = format_datetime(home.clock.now() - age)
    domain = sender.rpartition("@")[2]
    checked = f"Authentication-Results: {UPSTREAM}; dmarc={dmarc} header.from={domain}\r\n" if dmarc else ""
    raw = f"{checked}From: <{sender}>\r\nTo: <{to}>\r\nDate: {date}\r\nSubject: Re: claim\r\n\r\n{words}\r\n"
    return await home.arrives(raw.encode(), to, mail_from=sender, upstream=True)


class Cell(NamedTuple):
    """What a mail through an address ends as: the item's disposition and reason, and who is asked to confirm."""

    sender: str
    dmarc: str
    ends: str
    reason: str = ""
    asked: str = ""


PARTNER = (
    Cell(PETR, "pass", "applied"),
    Cell(PAVLA, "pass", "ignored", "not_allowed"),
    Cell(CARLA, "pass", "held", "unknown_writer", PETR),
    Cell(STRANGER, "pass", "held", "unknown_writer", PETR),
    Cell(LOOKALIKE, "pass", "held", "unknown_writer", PETR),
    Cell("petra@fabrikam.example", "pass", "held", "unknown_writer", PETR),
    *(
        Cell(sender, dmarc, "held", "unproved_sender", PETR)
        for sender in (PETR, PAVLA)
        for dmarc in ("fail", "none", "temperror", "permerror", "")
    ),
)


@pytest.mark.parametrize("cell", PARTNER, ids=str)
async def test_a_partners_words_need_a_known_person_and_an_aligned_sender(home: House, cell: Cell) -> None:
    claim_id, mail = await claimed(home)
    number = await reply(home, mail.reply_to, cell.sender, "withdraw: a mistake", cell.dmarc)
    await home.settle()
    item = await home.item(number)
    assert (item.disposition, item.reason, item.waits_for) == (cell.ends, cell.reason, cell.asked)
    claim = await home.claim(claim_id)
    applied = cell.ends == "applied" and cell.sender == PETR
    assert (claim.status is Status.REJECTED) == applied
    assert [m.to for m in home.mails(code="confirm_act")] == ([cell.asked] if cell.asked else [])


CUSTOMER = (
    Cell(JANA, "pass", "applied"),
    Cell("boss@customer.example", "pass", "held", "acceptance_unproved", JANA),
    Cell(STRANGER, "pass", "held", "acceptance_unproved", JANA),
    *(Cell(JANA, dmarc, "held", "acceptance_unproved", JANA) for dmarc in ("fail", "none", "temperror", "")),
)


@pytest.mark.parametrize("cell", CUSTOMER, ids=str)
async def test_a_customers_yes_needs_the_address_of_record_and_an_aligned_sender(home: House, cell: Cell) -> None:
    claim_id, prompt = await asked(home)
    item = await reply(home, prompt.reply_to, cell.sender, "Yes, we agree to this association.", cell.dmarc)
    await home.settle()
    found = await home.item(item)
    assert (found.disposition, found.reason, found.waits_for) == (cell.ends, cell.reason, cell.asked)
    assert ((await home.claim(claim_id)).consent is Consent.ACCEPTED) == (cell.ends == "applied")


@pytest.mark.parametrize("cell", CUSTOMER, ids=str)
async def test_a_customers_no_is_always_honoured_and_told_to_the_address_of_record(home: House, cell: Cell) -> None:
    claim_id, prompt = await asked(home)
    await reply(home, prompt.reply_to, cell.sender, "No, we decline.", cell.dmarc)
    await home.settle()
    assert (await home.claim(claim_id)).consent is Consent.DECLINED
    confirmed = home.mails(code="decline_confirmed")
    assert [m.to for m in confirmed] == [JANA]
    assert "/c/" in confirmed[0].text


@pytest.mark.parametrize("cell", PARTNER[:1] + PARTNER[6:8], ids=str)
async def test_a_reviewers_decision_needs_their_own_proved_address(home: House, cell: Cell) -> None:
    claim_id, _ = await claimed(home)
    reviewer = (await home.claim(claim_id)).assigned_to
    mail = home.mails(reviewer, code="review_assigned")[-1]
    item = await reply(home, mail.reply_to, reviewer, "reject insufficient_poe: no", cell.dmarc)
    await home.settle()
    wanted = ("applied", "") if cell.dmarc == "pass" else ("held", "unproved_sender")
    assert ((await home.item(item)).disposition, (await home.item(item)).reason) == wanted
    assert ((await home.claim(claim_id)).status is Status.REJECTED) == (cell.dmarc == "pass")


async def test_another_reviewer_or_a_partner_does_not_decide_through_a_leaked_address(home: House) -> None:
    claim_id, _ = await claimed(home)
    reviewer = (await home.claim(claim_id)).assigned_to
    other = {"rita@office.example": "rolf@office.example"}.get(reviewer, "rita@office.example")
    mail = home.mails(reviewer, code="review_assigned")[-1]
    for sender, why in ((other, "unproved_sender"), (PETR, "unknown_writer"), (STRANGER, "unknown_writer")):
        item = await reply(home, mail.reply_to, sender, "approve contact: page 1", "pass")
        await home.settle()
        assert (await home.item(item)).reason == why
    assert (await home.claim(claim_id)).status is Status.SUBMITTED
    # One step-up mail a day, whatever comes.
    assert [m.to for m in home.mails(code="confirm_act")] == [reviewer]


@pytest.mark.parametrize("state", ["expired", "revoked", "retired"])
async def test_through_a_dead_address_a_no_counts_and_everything_else_waits_for_the_office(
    tmp_path: Path, state: str
) -> None:
    async with house(tmp_path, tokens=_tokens()) as home:
        claim_id, prompt = await asked(home)
        dead = await _kill(home, claim_id, prompt, JANA, state)
        for words in ("Yes, we agree.", "What is this about?"):
            item = await home.writes(JANA, dead, words)
            await home.settle()
            assert ((await home.item(item)).disposition, (await home.item(item)).reason) == ("held", "address_expired")
        assert home.mails(code="confirm_act") == []
        await home.writes(JANA, dead, "No, we decline.")
        await home.settle()
        assert (await home.claim(claim_id)).consent is Consent.DECLINED
        assert "decline_confirmed" in await home.codes(JANA)


@pytest.mark.parametrize("state", ["expired", "revoked", "retired"])
async def test_through_a_dead_address_a_partner_does_nothing_and_nobody_is_asked(tmp_path: Path, state: str) -> None:
    async with house(tmp_path, tokens=_tokens()) as home:
        claim_id, mail = await claimed(home)
        dead = await _kill(home, claim_id, mail, PETR, state)
        for sender in (PETR, STRANGER):
            item = await home.writes(sender, dead, "withdraw: x")
            await home.settle()
            assert (await home.item(item)).disposition == "held"
        assert (await home.claim(claim_id)).status is Status.SUBMITTED
        assert home.mails(code="confirm_act") == []


async def test_under_a_leaked_key_a_no_stops_the_window_and_the_address_of_record_is_asked(tmp_path: Path) -> None:
    tokens = _tokens()
    async with house(tmp_path, tokens=tokens) as home:
        claim_id, prompt = await asked(home)
        rekey(tokens, "revoked")
        item = await home.writes(STRANGER, prompt.reply_to, "No, we decline.")
        await home.settle()
        claim = await home.claim(claim_id)
        assert (claim.consent, claim.suspended_by) == (Consent.SUSPENDED, Cause.LEAKED_KEY)
        assert ((await home.item(item)).disposition, (await home.item(item)).reason) == ("held", "leaked_key")
        assert [m.to for m in home.mails(code="confirm_act")] == [JANA]
        assert await home.engine.confirm(JANA) == 1
        await home.settle()
        assert (await home.claim(claim_id)).consent is Consent.DECLINED


async def test_a_confirmation_applies_everything_held_with_its_time_of_receipt(home: House) -> None:
    claim_id, mail = await claimed(home)
    for words in ("I add a remark.", "And another remark."):
        await reply(home, mail.reply_to, PETR, words, "fail")
    await home.settle()
    came = home.clock.now()
    assert len(home.mails(code="confirm_act")) == 1
    home.clock.advance(timedelta(days=2))
    await home.beat()
    assert await home.engine.confirm(PETR) == 2
    await home.settle()
    comments = (await home.claim(claim_id)).comments
    assert [c.text for c in comments] == ["I add a remark.", "And another remark."]
    assert {c.at for c in comments} == {came}


async def test_a_forged_copy_that_came_first_does_not_swallow_the_genuine_mail(home: House) -> None:
    claim_id, mail = await claimed(home)
    await reply(home, mail.reply_to, PETR, "withdraw: a mistake", "fail")
    genuine = await reply(home, mail.reply_to, PETR, "withdraw: a mistake", "pass")
    await home.settle()
    assert (await home.item(genuine)).disposition == "applied"
    assert (await home.claim(claim_id)).reason == "partner_request"


@pytest.mark.parametrize(("days", "ends"), [(7, ("applied", "", "")), (8, ("held", "old_mail", PETR))])
async def test_a_mail_written_more_than_a_week_ago_proves_nothing_but_a_no(
    home: House, days: int, ends: tuple[str, str, str]
) -> None:
    claim_id, mail = await claimed(home)
    captured = await reply(home, mail.reply_to, PETR, "withdraw: x", "pass", age=timedelta(days=days))
    await home.settle()
    item = await home.item(captured)
    assert (item.disposition, item.reason, item.waits_for) == ends
    claim_id, prompt = await asked_again(home, claim_id) if days > 7 else (claim_id, None)
    if prompt is not None:
        await reply(home, prompt.reply_to, JANA, "No, we decline.", "pass", age=timedelta(days=days))
        await home.settle()
        assert (await home.claim(claim_id)).consent is Consent.DECLINED


async def test_the_reviewer_sees_a_colleague_and_a_stranger_who_used_an_address(home: House) -> None:
    claim_id, mail = await claimed(home)
    await reply(home, mail.reply_to, PAVLA, "I know more about this.", "pass")
    await home.settle()
    async with home.store.read() as conn:
        entry = (await history.of_claim(conn, claim_id))[-1]
    assert entry.private["trace"]["other_than_asked"] == PAVLA
    claim_id, prompt = await asked_again(home, claim_id)
    await reply(home, prompt.reply_to, STRANGER, "No, we decline.", "")
    await home.settle()
    async with home.store.read() as conn:
        entry = next(e for e in await history.of_claim(conn, claim_id) if e.kind == "declined")
    assert entry.private["trace"] == {"sender": "unverified", "other_than_asked": STRANGER}


async def test_what_is_held_is_before_the_office_every_business_day_until_somebody_looked(home: House) -> None:
    _, mail = await claimed(home)
    await reply(home, mail.reply_to, STRANGER, "withdraw: x", "pass")
    await home.settle()
    await home.passes(timedelta(days=2), timedelta(hours=6))
    daily = [m for m in home.mails("ada@office.example", code="office_attention") if "unknown_writer" in m.text]
    assert len(daily) >= 2


async def test_a_policy_decides_what_is_enough(tmp_path: Path) -> None:
    looser = parse_policy(
        'extends = "2021"\nname = "looser"\n[proof]\n'
        'comment = { enough = [["token", "known_person"]], otherwise = "hold" }\n'
        'withdraw = { enough = [["token", "known_person", "aligned", "address_of_record"]], otherwise = "hold" }\n'
    )
    async with house(tmp_path, policy=dump_policy(looser), trust=f"authserv-id:{UPSTREAM}") as home:
        claim_id, mail = await claimed(home)
        await reply(home, mail.reply_to, PAVLA, "A remark, not proved.", "")
        held = await reply(home, mail.reply_to, PAVLA, "withdraw: x", "pass")
        await home.settle()
        assert [c.text for c in (await home.claim(claim_id)).comments] == ["A remark, not proved."]
        assert ((await home.item(held)).disposition, (await home.item(held)).waits_for) == ("held", "")


def test_every_act_that_needs_proof_has_its_event() -> None:
    assert set(ACTS.values()) == MAIL_ACTS - {"undo"}
    assert all(issubclass(event, Event) for event in ACTS)
    assert set(load_policy("2023").proof) == MAIL_ACTS


# --- the way there ----------------------------------------------------------------------------------------------------


OLD_KEY, NEW_KEY = bytes(range(32)), bytes(range(100, 132))


def _tokens() -> Tokens:
    return Tokens(new_keyring(OLD_KEY))


def rekey(tokens: Tokens, state: Literal["retired", "revoked"]) -> None:
    """A new key signs, and the old one is marked, for everybody who has these tokens in hand."""
    ring = new_keyring(OLD_KEY).with_new_key(NEW_KEY)
    kid = ring.keys[-1].kid
    tokens.__dict__.update(Tokens(ring.signing_with(kid).marked(ring.keys[0].kid, state)).__dict__)


async def _kill(home: House, claim_id: str, mail: Letterbox, email: str, state: str) -> str:
    """The mail's reply address, no longer live."""
    if state == "retired":
        rekey(home.tokens, "retired")
    elif state == "revoked":
        await home.store.write(lambda conn: reply_addresses.revoke(conn, claim_id, email, home.clock.now()))
    else:
        token = home.tokens.read(mail.reply_to)
        assert token is not None
        yesterday = (home.clock.now() - timedelta(days=30)).date()
        return f"{home.tokens.address('r', token.handle, yesterday)}@{DOMAIN}"
    return mail.reply_to


async def claimed(home: House) -> tuple[str, Letterbox]:
    """A submitted claim, and the partner's mail about it."""
    claim_id = await submitted(home)
    return claim_id, home.mails(PETR, code="claim_submitted")[-1]


async def asked(home: House) -> tuple[str, Letterbox]:
    """An approved claim, and the customer's notice."""
    return await asked_again(home, await submitted(home))


async def asked_again(home: House, claim_id: str) -> tuple[str, Letterbox]:
    approved = Approved(
        id="approve", at=home.clock.now(), actor=RITA_ACTS, contact_verified=True, contact_source="page 4"
    )
    assert (await home.engine.act(claim_id, approved)).refusal is None
    await home.settle()
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    return claim_id, home.mails(JANA, code="consent_prompt")[-1]
