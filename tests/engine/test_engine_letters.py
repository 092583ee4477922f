"""What one mail does, door by door: customers, partners, reviewers, strangers, robots (architecture, proof matrix)."""

from datetime import date, timedelta

import pytest
from engine_house import ADA, CLAIM_FORM, DOMAIN, JANA, PAVLA, PETR, House, pdf

from mailbot.claims.model import Cause, Consent, Status

CARLA = "carla@contoso.example"


async def asked_customer(home: House) -> str:
    """A claim whose consent notice has reached the customer."""
    claim_id = await home.approved()
    await home.passes(timedelta(hours=2), timedelta(hours=1))
    return claim_id


# --- customers --------------------------------------------------------------------------------------------------------


async def test_a_clear_yes_from_the_address_of_record_closes_the_window_at_once(home: House) -> None:
    claim_id = await asked_customer(home)
    await home.replies(home.mails(JANA, code="consent_prompt")[-1], "Yes, we agree to this association.")
    await home.settle()
    assert (await home.claim(claim_id)).consent is Consent.ACCEPTED


async def test_a_yes_from_another_address_is_held_and_the_address_of_record_is_asked(home: House) -> None:
    claim_id = await asked_customer(home)
    prompt = home.mails(JANA, code="consent_prompt")[-1]
    item = await home.replies(prompt, "Yes, we agree to this association.", sender="boss@customer.example")
    await home.settle()
    assert (await home.claim(claim_id)).consent is Consent.PENDING
    assert ((await home.item(item)).disposition, (await home.item(item)).reason) == ("held", "acceptance_unproved")
    assert len(home.mails(JANA, code="confirm_act")) == 1
    await home.engine.confirm(JANA)
    await home.settle()
    assert (await home.claim(claim_id)).consent is Consent.ACCEPTED


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("I am not the right person for this, I have never heard of them.", Cause.WRONG_PERSON),
        ("Please delete all my personal data under the GDPR.", Cause.DATA_REQUEST),
        ("We would agree if the price stays the same, otherwise perhaps not.", Cause.UNCLEAR),
        ("What is this about?", Cause.QUESTION),
    ],
)
async def test_words_that_are_no_decision_suspend_the_window(home: House, words: str, cause: Cause) -> None:
    claim_id = await asked_customer(home)
    await home.replies(home.mails(JANA, code="consent_prompt")[-1], words)
    await home.settle()
    claim = await home.claim(claim_id)
    assert (claim.consent, claim.suspended_by) == (Consent.SUSPENDED, cause)


async def test_a_reply_without_any_new_words_is_not_silence(home: House) -> None:
    claim_id = await asked_customer(home)
    await home.replies(home.mails(JANA, code="consent_prompt")[-1], "")
    await home.settle()
    assert (await home.claim(claim_id)).suspended_by is Cause.UNREADABLE


async def test_a_mere_thank_you_changes_nothing(home: House) -> None:
    claim_id = await asked_customer(home)
    item = await home.replies(home.mails(JANA, code="consent_prompt")[-1], "Thank you for letting us know.")
    await home.settle()
    assert ((await home.item(item)).disposition, (await home.item(item)).reason) == ("ignored", "courtesy")
    assert (await home.claim(claim_id)).consent is Consent.PENDING


async def test_a_decline_counts_after_the_contact_was_replaced_and_other_words_do_not(home: House) -> None:
    claim_id = await asked_customer(home)
    prompt = home.mails(JANA, code="consent_prompt")[-1]
    handle = home.tokens.read(prompt.reply_to.partition("@")[0])
    assert handle is not None
    from mailbot.store import reply_addresses

    await home.store.write(lambda conn: reply_addresses.revoke(conn, claim_id, JANA, home.clock.now()))
    item = await home.replies(prompt, "What is this about?")
    await home.settle()
    assert (await home.item(item)).reason == "address_expired"
    await home.replies(prompt, "No, we decline.")
    await home.settle()
    assert (await home.claim(claim_id)).consent is Consent.DECLINED


@pytest.mark.on_both
async def test_mail_to_the_unsubscribe_address_stops_reminders_and_decides_nothing(home: House) -> None:
    claim_id = await asked_customer(home)
    prompt = home.mails(JANA, code="consent_prompt")[-1]
    header = str(prompt.parsed["List-Unsubscribe"])
    token = home.tokens.read(prompt.reply_to.partition("@")[0])
    assert token is not None
    address = home.tokens.address("u", token.handle, None)
    assert address in header
    await home.writes(JANA, f"{address}@{DOMAIN}", "unsubscribe")
    await home.settle()
    claim = await home.claim(claim_id)
    assert (claim.reminders_stopped, claim.consent) == (True, Consent.PENDING)


async def test_a_spam_complaint_suspends_the_window(home: House) -> None:
    claim_id = await asked_customer(home)
    to = home.mails(JANA, code="consent_prompt")[-1].message.mail_from
    report = (
        f"From: fbl@provider.example\r\nTo: {to}\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nA complaint.\r\n"
        "--b\r\nContent-Type: message/feedback-report\r\n\r\n"
        "Feedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: x\r\n\r\n--b--\r\n"
    )
    await home.arrives(report.encode(), to)
    await home.settle()
    assert (await home.claim(claim_id)).suspended_by is Cause.COMPLAINT


async def test_a_success_report_opens_the_window_and_a_delay_notice_does_not_close_it(home: House) -> None:
    claim_id = await asked_customer(home)
    to = home.mails(JANA, code="consent_prompt")[-1].message.mail_from
    await home.arrives(report_of(to, JANA, "delayed", "4.4.1"), to)
    await home.settle()
    notice = (await home.claim(claim_id)).notice
    assert notice is not None
    assert notice.delayed
    await home.arrives(report_of(to, JANA, "delivered", "2.0.0"), to)
    await home.settle()
    notice = (await home.claim(claim_id)).notice
    assert notice is not None
    assert notice.delivered_at == home.clock.now()


async def test_a_report_about_somebody_else_is_held(home: House) -> None:
    claim_id = await asked_customer(home)
    to = home.mails(JANA, code="consent_prompt")[-1].message.mail_from
    raw = report_of(to, "other@elsewhere.example", "failed", "5.1.1").replace(
        b"Action:", b"Original-Recipient: rfc822; other@elsewhere.example\r\nAction:"
    )
    item = await home.arrives(raw, to)
    await home.settle()
    assert (await home.item(item)).reason == "report_for_another_address"
    assert (await home.claim(claim_id)).consent is Consent.PENDING


async def test_an_absence_beyond_the_last_day_moves_it_once(home: House) -> None:
    claim_id = await asked_customer(home)
    prompt = home.mails(JANA, code="consent_prompt")[-1]
    await home.writes(
        JANA,
        prompt.reply_to,
        "I am out of the office until 20 April 2026.",
        subject=f"Automatic reply: {prompt.subject}",
        headers=[("Auto-Submitted", "auto-replied")],
    )
    await home.settle()
    claim = await home.claim(claim_id)
    assert claim.absence_used
    assert claim.consent is Consent.PENDING
    assert "deadline_moved" in await home.codes(JANA)
    assert claim.notice is not None
    assert claim.notice.printed.date() >= date(2026, 4, 24)


async def test_two_from_lines_decide_nothing_but_a_decline(home: House) -> None:
    claim_id = await asked_customer(home)
    prompt = home.mails(JANA, code="consent_prompt")[-1]

    async def two(words: str) -> int:
        raw = f"From: {JANA}\r\nFrom: other@evil.example\r\nTo: {prompt.reply_to}\r\nSubject: Re\r\n\r\n{words}\r\n"
        item = await home.arrives(raw.encode(), prompt.reply_to, mail_from=JANA)
        await home.settle()
        return item

    assert (await home.item(await two("Yes, we agree."))).reason == "ambiguous_sender"
    await two("No, we decline.")
    assert (await home.claim(claim_id)).consent is Consent.DECLINED


# --- partners ---------------------------------------------------------------------------------------------------------


async def test_a_colleague_of_the_same_firm_answers_and_is_marked(home: House) -> None:
    claim_id = await home.submitted()
    await home.replies(home.mails(code="review_assigned")[-1], "ask missing_customer_ack: Who signed?")
    await home.settle()
    await home.replies(home.mails(PETR)[-1], "Jana Nováková did, on page 2.", sender=PAVLA)
    await home.settle()
    claim = await home.claim(claim_id)
    assert (claim.status, claim.questions[0].answered_by) == (Status.SUBMITTED, PAVLA)


async def test_a_file_alone_answers_the_one_open_question(home: House) -> None:
    claim_id = await home.submitted()
    await home.replies(home.mails(code="review_assigned")[-1], "ask missing_customer_ack: Who signed?")
    await home.settle()
    await home.replies(home.mails(PETR)[-1], "", files=[("signed.pdf", pdf("signed"))])
    await home.settle()
    assert (await home.claim(claim_id)).status is Status.SUBMITTED


async def test_a_file_that_is_there_already_is_a_duplicate_and_said_so(home: House) -> None:
    claim_id = await home.submitted()
    await home.replies(home.mails(PETR)[-1], "here it is again", files=[("again.pdf", pdf())])
    await home.settle()
    assert [e.verdict for e in (await home.claim(claim_id)).evidence if e.verdict == "accepted"] == ["accepted"]
    assert "evidence_receipt" in await home.codes(PETR)


async def test_a_remark_is_kept_as_a_comment_and_courtesy_is_not(home: House) -> None:
    claim_id = await home.submitted()
    await home.replies(home.mails(PETR)[-1], "Please note that the roll-out ended in February.")
    await home.replies(home.mails(PETR)[-1], "Thanks!")
    await home.settle()
    assert len((await home.claim(claim_id)).comments) == 1


async def test_a_command_with_files_adds_them_first(home: House) -> None:
    form = CLAIM_FORM + "Draft: yes\n"
    await home.writes(PETR, f"claims@{DOMAIN}", form)
    await home.settle()
    received = home.mails(PETR)[-1]
    assert (await home.claim(received.claim_id())).status is Status.DRAFT
    await home.replies(received, "submit", files=[("sow.pdf", pdf())])
    await home.settle()
    assert (await home.claim(received.claim_id())).status is Status.SUBMITTED


async def test_a_draft_is_cancelled_by_a_word(home: House) -> None:
    await home.writes(PETR, f"claims@{DOMAIN}", CLAIM_FORM + "Draft: yes\n")
    await home.settle()
    received = home.mails(PETR)[-1]
    await home.replies(received, "cancel")
    await home.settle()
    assert (await home.claim(received.claim_id())).status is Status.CANCELLED
    await home.replies(received, "submit")
    await home.settle()
    assert "claim_closed" in await home.codes(PETR)


async def test_a_command_that_does_not_fit_says_what_would(home: House) -> None:
    await home.submitted()
    await home.replies(home.mails(PETR)[-1], "dispute: it is right")
    await home.settle()
    answer = home.mails(PETR, code="not_understood")[-1]
    assert "withdraw" in answer.text


async def test_five_answers_a_day_and_no_more_to_one_address_about_one_claim(home: House) -> None:
    await home.submitted()
    submitted = home.mails(PETR)[-1]
    for number in range(8):
        await home.replies(submitted, f"dispute: number {number}")
    await home.settle()
    codes = await home.codes(PETR)
    assert codes.count("not_understood") + codes.count("evidence_receipt") == 5


async def test_mail_to_claims_that_answers_our_mail_is_read_as_that_answer(home: House) -> None:
    claim_id = await home.submitted()
    last = home.mails(PETR)[-1]
    await home.writes(
        PETR, f"claims@{DOMAIN}", "withdraw: wrong location", headers=[("In-Reply-To", str(last.parsed["Message-ID"]))]
    )
    await home.settle()
    assert (await home.claim(claim_id)).reason == "partner_request"


# --- new claims -------------------------------------------------------------------------------------------------------


@pytest.mark.on_both
async def test_two_claims_in_one_mail_get_the_files_their_lines_name(home: House) -> None:
    two = f"{CLAIM_FORM}Evidence: a.pdf\n\n{CLAIM_FORM.replace('teams', 'intune')}Evidence: b.pdf\n"
    await home.writes(
        PETR, f"claims@{DOMAIN}", two, files=[("a.pdf", pdf("a")), ("b.pdf", pdf("b")), ("c.pdf", pdf("c"))]
    )
    await home.settle()
    ids = {m.claim_id() for m in home.mails(PETR, code="claim_submitted")}
    assert len(ids) == 2
    assert sorted([[e.name for e in (await home.claim(i)).evidence] for i in ids]) == [["a.pdf"], ["b.pdf"]]


async def test_a_user_may_draft_by_mail_but_not_submit_and_learns_who_may(home: House) -> None:
    await home.writes(PAVLA, f"claims@{DOMAIN}", CLAIM_FORM, files=[("sow.pdf", pdf())])
    await home.settle()
    assert "not_authorised" in await home.codes(PAVLA)
    assert "claim_received" in await home.codes(PAVLA)


async def test_a_reviewer_cannot_claim_by_mail(home: House) -> None:
    await home.writes(ADA, f"claims@{DOMAIN}", CLAIM_FORM)
    await home.settle()
    assert await home.codes(ADA) == ["not_authorised"]


async def test_another_process_is_named_as_such(home: House) -> None:
    await home.writes(PETR, f"claims@{DOMAIN}", "Attached is our co-op claim for the spring campaign.")
    await home.settle()
    assert await home.codes(PETR) == ["wrong_process"]


async def test_words_without_a_form_are_answered_with_help_and_thanks_is_not(home: House) -> None:
    await home.writes(PETR, f"claims@{DOMAIN}", "We worked for a customer and want to claim it.")
    await home.writes(PETR, f"claims@{DOMAIN}", "Thank you!")
    await home.settle()
    assert await home.codes(PETR) == ["not_understood"]


@pytest.mark.on_both
async def test_a_rival_claim_is_contested_both_learn_it_and_arbitration_names_the_winner(home: House) -> None:
    first = await home.submitted()
    rival = CLAIM_FORM.replace("4567890", "7654321")
    await home.writes(CARLA, f"claims@{DOMAIN}", rival, files=[("other.pdf", pdf("other"))])
    await home.settle()
    second = home.mails(CARLA, code="claim_submitted")[-1].claim_id()
    assert (await home.claim(first)).contested
    assert (await home.claim(second)).contested
    assert "arbitration_notice" in await home.codes(PETR)
    assert all("Fabrikam" not in m.text for m in home.mails(CARLA))
    reviewer = (await home.claim(second)).assigned_to
    assigned = [m for m in home.mails(reviewer, code="review_assigned") if second in m.subject][-1]
    await home.replies(assigned, f"arbitrate {second}: newer evidence")
    await home.settle()
    assert (await home.claim(second)).status is Status.APPROVED
    assert ((await home.claim(first)).status, (await home.claim(first)).reason) == (Status.REJECTED, "lost_arbitration")


# --- reviewers --------------------------------------------------------------------------------------------------------


async def test_only_the_reviewers_own_address_decides(home: House) -> None:
    claim_id = await home.submitted()
    assigned = home.mails(code="review_assigned")[-1]
    other = "rolf@office.example" if assigned.to != "rolf@office.example" else "rita@office.example"
    item = await home.replies(assigned, "approve contact: page 1", sender=other)
    await home.settle()
    assert (await home.item(item)).reason == "unproved_sender"
    item = await home.replies(assigned, "approve", sender=PETR)
    await home.settle()
    assert (await home.item(item)).reason == "unknown_writer"
    assert (await home.claim(claim_id)).status is Status.SUBMITTED


async def test_a_reviewers_words_without_a_command_are_answered_and_thanks_ignored(home: House) -> None:
    await home.submitted()
    assigned = home.mails(code="review_assigned")[-1]
    await home.replies(assigned, "The second page looks strange to me.")
    await home.replies(assigned, "Thanks")
    await home.replies(assigned, "help")
    await home.settle()
    codes = await home.codes(assigned.to)
    assert codes.count("not_understood") == 1
    assert codes.count("help") == 1


async def test_start_then_uphold_are_commands_that_fit_or_are_explained(home: House) -> None:
    claim_id = await home.submitted()
    assigned = home.mails(code="review_assigned")[-1]
    await home.replies(assigned, "start")
    await home.settle()
    assert (await home.claim(claim_id)).status is Status.UNDER_REVIEW
    await home.replies(assigned, "uphold: as before")
    await home.settle()
    assert "not_understood" in await home.codes(assigned.to)


def report_of(to: str, recipient: str, action: str, status: str) -> bytes:
    """A delivery report (RFC 3464)."""
    return (
        f"From: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nSubject: Delivery report\r\nMIME-Version: 1.0\r\n"
        "Auto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nAbout your mail.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n\r\n--b--\r\n"
    ).encode()
