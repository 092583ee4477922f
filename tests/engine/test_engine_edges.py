"""Where the engine is hurt, late or written to by machines: nothing is lost, and nobody else pays for it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from engine_house import CLAIM_FORM, DOMAIN, JANA, PETR, House, pdf
from test_engine_letters import report_of

from mailbot.claims.model import Consent, Status
from mailbot.doctor.probe import letter
from mailbot.engine.acceptance import Acceptance
from mailbot.engine.days import after_next_digest
from mailbot.inbound.envelope import Accepted, Recipient, Refusal, StorageFull
from mailbot.store import reply_addresses, settings, waiting
from mailbot.store.faults import StoreFault, StoreFull, StoreUnsure
from mailbot.store.waiting import Waiting
from mailbot.tokens import Tokens


class Hurting:
    """The house's dispatcher, but the mails one inbox item causes cannot be composed."""

    def __init__(self, home: House, item: int) -> None:
        self._inner, self._item = home.desk.dispatcher, item
        object.__setattr__(home.desk, "dispatcher", self)

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def dispatch(self, conn: Any, wanted: Any, **more: Any) -> object:
        if any(want.inbox_id == self._item for want in wanted):
            raise RuntimeError("this mail cannot be answered")
        return await self._inner.dispatch(conn, wanted, **more)


@pytest.mark.on_both
async def test_an_item_that_breaks_its_batch_is_put_aside_and_the_others_go_on(home: House) -> None:
    bad = await home.writes(PETR, f"claims@{DOMAIN}", CLAIM_FORM, files=[("a.pdf", pdf("a"))])
    good = await home.writes(PETR, f"claims@{DOMAIN}", "", subject="help")
    Hurting(home, bad)
    await home.settle()
    assert (await home.item(good)).disposition == "applied"
    assert (await home.item(bad)).disposition == "accepted"
    for _ in range(3):
        home.clock.advance(timedelta(hours=1))
        await home.settle()
    assert ((await home.item(bad)).disposition, (await home.item(bad)).reason) == ("quarantined", "engine_RuntimeError")


async def test_a_probe_of_the_doctor_is_our_own_mail_and_nothing_follows(home: House) -> None:
    token = home.tokens.address("r", home.ids.handle(), None)
    to = f"doctor+{token}@{DOMAIN}"
    item_id = await home.arrives(letter(DOMAIN, to, token, home.clock.now()), to)
    await home.settle()
    item = await home.item(item_id)
    assert (item.disposition, item.reason) == ("ignored", "own_mail")


@pytest.mark.on_both
async def test_reminders_that_missed_the_digest_are_lines_of_one_late_one(home: House) -> None:
    ids = []
    for number in range(2):
        form = CLAIM_FORM.replace("3f2504e0", f"3f2504e{number}")
        await home.writes(PETR, f"claims@{DOMAIN}", form, files=[("a.pdf", pdf(str(number)))])
        await home.settle()
        ids.append(home.mails(PETR)[-1].claim_id())
    now = home.clock.now()
    rows = [
        Waiting(
            id=home.ids.row(),
            claim_id=claim_id,
            email=PETR,
            party="partner",
            code="subscription_expiring",
            key=f"subscription_expiring:{n}:partner",
            context={"product": "teams", "subscription_id": "", "ends": now.date(), "days": 7},
            leave_at=now,
        )
        for n, claim_id in enumerate(ids)
    ]
    await home.store.write(lambda conn: waiting.wait(conn, rows))
    await home.settle()
    digest = home.mails(PETR, code="daily_digest")[-1]
    assert all(claim_id in digest.text for claim_id in ids)
    assert home.mails(PETR, code="subscription_expiring") == []


async def test_after_a_break_longer_than_any_holiday_a_reminder_leaves_at_once(home: House) -> None:
    now = home.clock.now()
    assert after_next_digest(now, "US", "UTC") > now


async def test_mail_through_a_list_is_shown_to_the_office_and_decides_nothing(home: House) -> None:
    claim_id = await home.approved()
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    prompt = home.mails(JANA, code="consent_prompt")[-1]
    item = await home.writes(
        JANA,
        prompt.reply_to,
        "No, we decline.",
        headers=[("List-Id", "<it.customer.example>"), ("Precedence", "list")],
    )
    await home.settle()
    assert (await home.item(item)).disposition == "held"
    assert (await home.claim(claim_id)).consent is Consent.PENDING


async def test_an_odd_machine_mail_to_a_bounce_address_is_shown_to_the_office(home: House) -> None:
    await home.approved()
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    to = home.mails(JANA, code="consent_prompt")[-1].message.mail_from
    raw = f"From: robot@mx.example\r\nTo: {to}\r\nSubject: note\r\nAuto-Submitted: auto-generated\r\n\r\nBeep.\r\n"
    item = await home.arrives(raw.encode(), to)
    await home.settle()
    assert ((await home.item(item)).disposition, (await home.item(item)).reason) == ("held", "unknown_report")


async def test_a_complaint_about_a_partners_mail_is_shown_to_the_office(home: House) -> None:
    await home.submitted()
    to = home.mails(PETR, code="claim_submitted")[-1].message.mail_from
    report = (
        f"From: fbl@provider.example\r\nTo: {to}\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nA complaint.\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n"
        "Feedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1\r\n\r\n--b--\r\n"
    )
    item = await home.arrives(report.encode(), to)
    await home.settle()
    assert (await home.item(item)).reason == "complaint"


async def test_a_mail_over_the_structural_limits_is_quarantined_with_its_reason(home: House) -> None:
    head = "".join(f"X-Junk-{n}: {n}\r\n" for n in range(400))
    item = await home.arrives(f"From: {PETR}\r\n{head}\r\nhello\r\n".encode(), f"claims@{DOMAIN}", mail_from=PETR)
    await home.settle()
    found = await home.item(item)
    assert found.disposition == "quarantined"
    assert found.reason


async def test_an_address_whose_row_is_gone_is_shown_to_the_office(home: House) -> None:
    address = home.tokens.address("r", 77, None)
    item = await home.writes(JANA, f"{address}@{DOMAIN}", "No, we decline.")
    await home.settle()
    assert (await home.item(item)).disposition == "held"


@pytest.mark.on_both
async def test_under_a_leaked_key_a_decline_stops_the_window_and_a_report_changes_nothing(home: House) -> None:
    claim_id = await home.approved()
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    prompt = home.mails(JANA, code="consent_prompt")[-1]
    rotated = home.keyring.with_new_key(home.random.randbytes(32)).signing_with(2)
    object.__setattr__(home.desk, "tokens", Tokens(rotated.marked(1, "revoked")))
    to = prompt.message.mail_from
    item = await home.arrives(report_of(to, JANA, "failed", "5.1.1"), to)
    await home.settle()
    assert (await home.item(item)).reason == "report_without_address"
    await home.replies(prompt, "No, we decline.")
    await home.settle()
    claim = await home.claim(claim_id)
    assert (claim.consent, claim.suspended_by) == (Consent.SUSPENDED, "leaked_key")


async def test_a_reviewer_answers_the_customers_question_by_mail(home: House) -> None:
    claim_id = await home.approved()
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    await home.replies(home.mails(JANA, code="consent_prompt")[-1], "Which data would they see?")
    await home.settle()
    assigned = home.mails(code="review_assigned")[-1]
    await home.replies(assigned, "comment: asked the partner by phone")
    await home.settle()
    assert len((await home.claim(claim_id)).comments) == 1


async def test_a_mail_to_a_person_without_a_claim_is_held(home: House) -> None:
    handle = home.ids.handle()
    row = reply_addresses.ReplyAddress(handle=handle, email=PETR, party="partner", created_at=home.clock.now())
    await home.store.write(lambda conn: reply_addresses.put(conn, [row]))
    item = await home.writes(PETR, f"{home.tokens.address('r', handle, None)}@{DOMAIN}", "submit")
    await home.settle()
    assert (await home.item(item)).reason == "no_claim"


class FailingStore:
    """A store whose writes fail as told, on top of a real one."""

    def __init__(self, home: House, error: Exception) -> None:
        self._store, self.error = home.store, error
        self.clock, self.blobs = home.clock, home.store.blobs

    async def write(self, work: Callable[..., Awaitable[Any]]) -> Any:
        if self.error:
            raise self.error
        return await self._store.write(work)

    async def write_joined(self, many: Any, items: Any) -> None:
        raise self.error


async def test_a_full_disk_is_told_to_the_listener_as_such(home: House) -> None:
    acceptance = Acceptance(FailingStore(home, StoreFull("no room")), home.ids, lambda: None)  # type: ignore[arg-type]
    with pytest.raises(StorageFull):
        await acceptance.keep(accepted(home))


async def test_a_commit_whose_answer_was_lost_counts_if_the_mail_is_there(home: House) -> None:
    lucky = Acceptance(LostAnswers(home, written=True), home.ids, lambda: None)  # type: ignore[arg-type]
    kept = await lucky.keep(accepted(home))
    assert (await home.item(kept)).sha256 == accepted(home).sha256
    unlucky = Acceptance(LostAnswers(home, written=False), home.ids, lambda: None)  # type: ignore[arg-type]
    with pytest.raises(StoreUnsure):
        await unlucky.keep(accepted(home))


class LostAnswers:
    """A store whose connection breaks during the commit, which was `written` all the same or was not."""

    def __init__(self, home: House, *, written: bool) -> None:
        self._store, self._written = home.store, written
        self.clock, self.blobs, self.read = home.clock, home.store.blobs, home.store.read

    async def write_joined(self, many: Any, items: Any) -> None:
        if self._written:
            await self._store.write_joined(many, items)
        raise StoreUnsure("the connection broke during the commit")


def accepted(home: House) -> Accepted:
    """A mail of one byte that the listener has taken."""
    recipient = Recipient(address=f"claims@{DOMAIN}", local_part="claims", token=None, role="claims")
    return Accepted(
        received_at=home.clock.now(),
        mail_from="",
        recipients=(recipient,),
        peer="",
        helo="",
        tls=False,
        upstream=False,
        raw=b"x",
        size=1,
        sha256="0" * 64,
    )


async def test_refusals_wait_for_a_store_that_cannot_write_now_and_outages_are_told(home: House) -> None:
    failing = FailingStore(home, StoreFault("busy"))
    acceptance = Acceptance(failing, home.ids, lambda: None)  # type: ignore[arg-type]
    refusal = Refusal(
        at=home.clock.now(), peer="192.0.2.9", helo="", mail_from=None, rcpt=None, stage="MAIL", reply="451", reason="x"
    )
    acceptance.note_refusal(refusal)
    await acceptance.beat()
    failing.error = None  # type: ignore[assignment]
    home.clock.advance(timedelta(hours=3))
    await acceptance.beat()
    async with home.store.read() as conn:
        assert (await settings.uptime(conn, home.clock.now())).outages[-1].lasted == timedelta(hours=3)


async def test_a_claim_can_be_completed_by_mail_and_a_withdrawn_one_is_closed(home: House) -> None:
    claim_id = await home.submitted()
    await home.replies(home.mails(PETR)[-1], "withdraw: wrong location")
    await home.settle()
    assert (await home.claim(claim_id)).status is Status.REJECTED
