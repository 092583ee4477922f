"""A claim lives its whole life by mail: the stories of domain §4, told by letters through the whole engine."""

from datetime import timedelta

import pytest
from engine_house import ADA, CLAIM_FORM, DOMAIN, JANA, PAVLA, PETR, RITA, House, pdf

from mailbot.claims.model import Association, ClockKind, Consent, Status
from mailbot.store import outbox_office


async def test_a_complete_claim_mail_with_a_file_is_submitted_and_acknowledged_once(home: House) -> None:
    claim_id = await home.submitted()
    claim = await home.claim(claim_id)
    assert claim.status is Status.SUBMITTED
    assert [e.verdict for e in claim.evidence] == ["accepted"]
    assert "claim_submitted" in await home.codes(PETR)
    assert "claim_received" not in await home.codes(PETR)
    assert await home.codes(claim.assigned_to) == ["review_assigned"]


async def test_an_incomplete_claim_mail_is_named_field_by_field_and_completed_by_a_reply(home: House) -> None:
    form = "\n".join(line for line in CLAIM_FORM.splitlines() if not line.startswith("Location"))
    await home.writes(PETR, f"claims@{DOMAIN}", form, subject="New claim", files=[("sow.pdf", pdf())])
    await home.settle()
    received = home.mails(PETR)[-1]
    assert (await home.claim(received.claim_id())).status is Status.DRAFT
    assert "location" in received.text.lower()
    await home.replies(received, "Location: 4567890")
    await home.settle()
    assert (await home.claim(received.claim_id())).status is Status.SUBMITTED


@pytest.mark.on_both
async def test_questions_answered_inline_with_a_file_bring_the_claim_back_to_review(home: House) -> None:
    claim_id = await home.submitted()
    reviewer = (await home.claim(claim_id)).assigned_to
    assigned = home.mails(reviewer)[-1]
    await home.replies(
        assigned,
        "ask missing_customer_ack: Who signed for the customer?\nmissing_or_old_dates: When was the work done?",
    )
    await home.settle()
    assert (await home.claim(claim_id)).status is Status.ACTION_REQUIRED
    request = home.mails(PETR)[-1]
    lines = []
    for line in request.text.splitlines():
        lines.append(f"> {line}")
        if line.lstrip().startswith("1)"):
            lines.append("Jana Nováková signed, see the attached page.")
        if line.lstrip().startswith("2)"):
            lines.append("In January 2026.")
    body = "\n".join([f"On Tue, 3 Mar 2026, Claims office <{request.reply_to}> wrote:", *lines])
    await home.writes(
        PETR, request.reply_to, body, subject=f"Re: {request.subject}", files=[("signed.pdf", pdf("signed"))]
    )
    await home.settle()
    claim = await home.claim(claim_id)
    assert claim.status is Status.SUBMITTED
    assert [q.answer for q in claim.questions] == ["Jana Nováková signed, see the attached page.", "In January 2026."]
    assert len(claim.evidence) == 2


async def test_silence_after_a_delivered_notice_activates_the_association(home: House) -> None:
    claim_id = await home.approved()
    claim = await home.claim(claim_id)
    assert claim.status is Status.APPROVED
    assert claim.consent is Consent.PENDING
    await home.passes(timedelta(days=12))
    claim = await home.claim(claim_id)
    assert claim.consent is Consent.LAPSED
    assert claim.association is Association.ACTIVE
    assert (await home.codes(JANA)).count("consent_reminder") == 1
    assert (await home.codes(JANA))[-1] == "association_active"


@pytest.mark.on_both
async def test_a_decline_in_czech_by_plain_reply_ends_it_and_everyone_is_told(home: House) -> None:
    claim_id = await home.approved()
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    prompt = home.mails(JANA)[-1]
    await home.replies(prompt, "Dobrý den, s tím nesouhlasíme, prosíme neposkytujte jim žádné údaje.")
    await home.settle()
    claim = await home.claim(claim_id)
    assert (claim.status, claim.reason, claim.consent) == (Status.REJECTED, "customer_declined", Consent.DECLINED)
    assert "decline_confirmed" in await home.codes(JANA)
    assert "customer_declined" in await home.codes(PETR)


async def test_a_question_of_the_customer_stops_the_window_and_reaches_the_office(home: House) -> None:
    claim_id = await home.approved()
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    await home.replies(home.mails(JANA)[-1], "Which data would they see exactly?")
    await home.settle()
    claim = await home.claim(claim_id)
    assert claim.consent is Consent.SUSPENDED
    assert "office_attention" in await home.codes(ADA)
    await home.passes(timedelta(days=30))
    assert (await home.claim(claim_id)).consent is Consent.SUSPENDED


async def test_an_out_of_office_reply_decides_nothing(home: House) -> None:
    claim_id = await home.approved()
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    prompt = home.mails(JANA)[-1]
    item = await home.writes(
        JANA,
        prompt.reply_to,
        "I am out of the office until 4 March 2026. STOP.",
        subject=f"Automatic reply: {prompt.subject}",
        headers=[("Auto-Submitted", "auto-replied")],
    )
    await home.settle()
    assert (await home.item(item)).disposition in ("applied", "ignored")
    assert (await home.claim(claim_id)).consent is Consent.PENDING


@pytest.mark.on_both
async def test_a_bounced_notice_suspends_the_window_and_tells_partner_and_office(home: House) -> None:
    claim_id = await home.approved()
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    prompt = home.mails(JANA)[-1]
    await home.arrives(bounce_of(prompt.message.mail_from, JANA), prompt.message.mail_from)
    await home.settle()
    claim = await home.claim(claim_id)
    assert (claim.consent, claim.suspended_by) == (Consent.SUSPENDED, "bounced")
    assert "delivery_problem" in await home.codes(PETR)
    assert "delivery_problem" in await home.codes(ADA)
    async with home.store.read() as conn:
        rows = await outbox_office.list_items(conn, "bounced")
    assert [(r.code, r.email) for r in rows] == [("consent_prompt", JANA)]


@pytest.mark.on_both
async def test_the_same_mail_twice_changes_nothing_the_second_time(home: House) -> None:
    claim_id = await home.approved()
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    prompt = home.mails(JANA)[-1]
    raw = (
        f"From: {JANA}\r\nTo: {prompt.reply_to}\r\nSubject: Re: {prompt.subject}\r\nMessage-ID: <a@customer.example>"
        "\r\nDate: Tue, 3 Mar 2026 10:00:00 +0000\r\n\r\nNo, we decline.\r\n"
    ).encode()
    first = await home.arrives(raw, prompt.reply_to, mail_from=JANA)
    await home.settle()
    before = await home.claim(claim_id)
    second = await home.arrives(b"Received: from elsewhere\r\n" + raw, prompt.reply_to, mail_from=JANA)
    await home.settle()
    assert (await home.item(first)).disposition == "applied"
    assert ((await home.item(second)).disposition, (await home.item(second)).reason) == ("ignored", "duplicate")
    assert await home.claim(claim_id) == before


@pytest.mark.on_both
async def test_a_reviewer_rejects_by_mail_and_the_partner_disputes_with_new_evidence(home: House) -> None:
    claim_id = await home.submitted()
    first = (await home.claim(claim_id)).assigned_to
    await home.replies(home.mails(first)[-1], "reject insufficient_poe: The work is not shown.")
    await home.settle()
    assert (await home.claim(claim_id)).status is Status.REJECTED
    rejected = home.mails(PETR, "disput")[-1]
    await home.replies(rejected, "dispute: page 4 shows it", files=[("more.pdf", pdf("more"))])
    await home.settle()
    claim = await home.claim(claim_id)
    assert claim.status is Status.DISPUTED
    assert claim.assigned_to not in ("", first)
    await home.replies(home.mails(claim.assigned_to)[-1], "uphold: page 4 is about another customer")
    await home.settle()
    assert (await home.claim(claim_id)).status is Status.REJECTED_FINAL


async def test_somebody_without_the_right_changes_nothing_and_learns_who_may(home: House) -> None:
    claim_id = await home.submitted()
    await home.replies(home.mails(PETR)[-1], "withdraw: wrong location", sender=PAVLA)
    await home.settle()
    assert (await home.claim(claim_id)).status is Status.SUBMITTED
    assert "not_authorised" in await home.codes(PAVLA)


async def test_an_outsider_with_a_forwarded_address_is_held_and_the_address_of_record_is_asked(home: House) -> None:
    claim_id = await home.submitted()
    item = await home.replies(home.mails(PETR)[-1], "withdraw: wrong location", sender="mallory@evil.example")
    await home.settle()
    assert (await home.item(item)).disposition == "held"
    assert (await home.claim(claim_id)).status is Status.SUBMITTED
    assert "confirm_act" in await home.codes(PETR)
    assert not home.mails("mallory@evil.example")


@pytest.mark.on_both
async def test_a_confirmed_act_is_applied_with_its_time_of_receipt(home: House) -> None:
    claim_id = await home.submitted()
    await home.replies(home.mails(PETR)[-1], "withdraw: wrong location", sender="petr@private.example")
    await home.settle()
    assert await home.engine.confirm(PETR) == 1
    await home.settle()
    claim = await home.claim(claim_id)
    assert (claim.status, claim.reason) == (Status.REJECTED, "partner_request")


async def test_an_unknown_person_gets_no_mail_and_the_office_finds_the_item(home: House) -> None:
    item = await home.writes("someone@elsewhere.example", f"claims@{DOMAIN}", CLAIM_FORM)
    await home.settle()
    assert ((await home.item(item)).disposition, (await home.item(item)).reason) == ("held", "unknown_sender")
    assert home.relay.taken == []


async def test_help_and_status_are_answered_to_known_people_only(home: House) -> None:
    await home.submitted()
    await home.writes(PETR, f"claims@{DOMAIN}", "", subject="help")
    await home.writes(PETR, f"claims@{DOMAIN}", "status")
    await home.settle()
    assert (await home.codes(PETR))[-2:] == ["help", "status"]


async def test_mail_to_postmaster_waits_for_the_office(home: House) -> None:
    item = await home.writes("someone@elsewhere.example", f"postmaster@{DOMAIN}", "Your mails look odd.")
    await home.settle()
    assert (await home.item(item)).disposition == "held"


@pytest.mark.on_both
async def test_no_answer_in_time_rejects_and_a_dispute_is_offered(home: House) -> None:
    claim_id = await home.submitted()
    await home.replies(
        home.mails((await home.claim(claim_id)).assigned_to)[-1], "ask missing_customer_ack: Who signed?"
    )
    await home.settle()
    await home.passes(timedelta(days=12))
    claim = await home.claim(claim_id)
    assert (claim.status, claim.reason) == (Status.REJECTED, "no_partner_response")
    assert "claim_rejected" in await home.codes(PETR)


async def test_three_days_of_downtime_are_caught_up_without_a_verdict_in_the_dark(home: House) -> None:
    claim_id = await home.submitted()
    await home.replies(
        home.mails((await home.claim(claim_id)).assigned_to)[-1], "ask missing_customer_ack: Who signed?"
    )
    await home.settle()
    clock = (await home.claim(claim_id)).clock(ClockKind.PARTNER_ACTION)
    assert clock is not None
    due = clock.due
    await home.passes(due - home.clock.now() - timedelta(hours=12))
    home.clock.advance(timedelta(days=3))
    await home.beat()
    await home.settle()
    assert (await home.claim(claim_id)).status is Status.ACTION_REQUIRED
    assert "deadline_moved" in await home.codes(PETR)
    await home.passes(timedelta(days=8))
    assert (await home.claim(claim_id)).status is Status.REJECTED


async def test_an_answer_that_comes_after_an_outage_is_not_late_for_a_deadline_of_the_dark_time(home: House) -> None:
    claim_id = await home.submitted()
    await home.replies(
        home.mails((await home.claim(claim_id)).assigned_to)[-1], "ask missing_customer_ack: Who signed?"
    )
    await home.settle()
    request = home.mails(PETR, code="info_request")[-1]
    clock = (await home.claim(claim_id)).clock(ClockKind.PARTNER_ACTION)
    assert clock is not None
    await home.passes(clock.due - home.clock.now() - timedelta(hours=12))
    home.clock.advance(timedelta(days=3))
    await home.beat()
    await home.replies(request, "Jana Nováková signed on page 2.")
    await home.settle()
    assert (await home.claim(claim_id)).status is Status.SUBMITTED


@pytest.mark.on_both
async def test_a_mail_that_kills_its_reader_three_times_is_quarantined_and_can_be_replayed(home: House) -> None:
    home.readers.poison.add("poison")
    item = await home.writes(PETR, f"claims@{DOMAIN}", CLAIM_FORM, subject="poison", files=[("sow.pdf", pdf())])
    for _ in range(4):
        await home.settle()
        home.clock.advance(timedelta(hours=1))
    assert (await home.item(item)).disposition == "quarantined"
    home.readers.poison.clear()
    await home.engine.replay(item)
    await home.settle()
    assert (await home.item(item)).disposition == "applied"


async def test_a_reminder_leaves_once_however_often_the_clock_is_asked(home: House) -> None:
    claim_id = await home.submitted()
    await home.replies(
        home.mails((await home.claim(claim_id)).assigned_to)[-1], "ask missing_customer_ack: Who signed?"
    )
    await home.settle()
    await home.passes(timedelta(days=5), timedelta(hours=1))
    codes = await home.codes(PETR)
    assert codes.count("action_reminder") + codes.count("daily_digest") >= 2
    assert codes.count("action_reminder") == len({m.message.raw for m in home.mails(PETR, "remind")})


@pytest.mark.on_both
async def test_rita_and_rolf_never_decide_a_dispute_against_themselves(home: House) -> None:
    claim_id = await home.submitted()
    first = (await home.claim(claim_id)).assigned_to
    assigned = home.mails(first)[-1]
    await home.replies(assigned, "reject insufficient_poe: no")
    await home.settle()
    await home.replies(home.mails(PETR, "disput")[-1], "dispute: look again, please")
    await home.settle()
    await home.replies(assigned, "approve contact: page 1")
    await home.settle()
    assert (await home.claim(claim_id)).status is Status.DISPUTED
    assert first in (RITA, "rolf@office.example")


def bounce_of(to: str, failed: str) -> bytes:
    """A plain RFC 3464 report that the address does not exist."""
    return (
        f"From: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        "MIME-Version: 1.0\r\nAuto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nThe address does not exist.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {failed}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 unknown user\r\n\r\n--b--\r\n"
    ).encode()


async def test_a_yes_in_words_removes_the_products_that_were_asked_about(home: House) -> None:
    form = CLAIM_FORM.replace("Product: teams", "Product: teams, yammer")
    await home.writes(PETR, f"claims@{DOMAIN}", form, subject="New claim", files=[("sow.pdf", pdf())])
    await home.settle()
    claim = await home.claim(home.mails(PETR, code="claim_submitted")[-1].claim_id())
    await home.replies(
        home.mails(claim.assigned_to)[-1], "ask remove_products: The evidence does not show Yammer; may we remove it?"
    )
    await home.settle()
    await home.replies(home.mails(PETR, code="info_request")[-1], "Yes, please remove it.")
    await home.settle()
    claim = await home.claim(claim.id)
    assert [product.code for product in claim.products] == ["teams"]
    assert claim.status is Status.SUBMITTED
    told = home.mails(PETR, code="claim_received")[-1]
    assert "Products: Teams, Yammer → Teams" in told.text
