"""What a token, a sender and a check are worth together, cell by cell (security §3.4), through the whole engine."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from engine_house import CLAIM_FORM, DOMAIN, JANA, PAVLA, PETR, RITA, House, Letterbox, house

from mailbot.claims.model import Consent, Status
from mailbot.engine.readout import why_unproved
from mailbot.inbound.authentication.outline import outline
from mailbot.inbound.interpretation import Authentication, Check, Envelope
from mailbot.limits import Limits

OUTSIDER = "eve@evil.example"
HOUR = timedelta(hours=3)
RESULTS = ("fail", "none", "temperror", "permerror")


@dataclass
class Verdicts:
    """A check that says what it is told to; everybody passes until then."""

    result: str = "pass"
    asked: list[str] = field(default_factory=list)

    async def verify(self, raw: bytes, envelope: Envelope) -> Authentication:
        domain = outline(raw, Limits()).domain
        self.asked.append(domain)
        check = Check(method="dkim", result=self.result, domain=domain, detail="s=k1", record="v=DKIM1; p=AAAA")
        return Authentication(
            domain=domain,
            result=self.result,
            detail=f"dkim {self.result}",
            checks=(check,),  # type: ignore[arg-type]
        )


@pytest.fixture
def verdicts() -> Verdicts:
    return Verdicts()


@pytest.fixture
async def home(tmp_path: Path, verdicts: Verdicts) -> AsyncIterator[House]:
    async with house(tmp_path, verify=verdicts.verify) as it:
        yield it


async def ending(home: House, item: int) -> tuple[str, str]:
    await home.settle()
    found = await home.item(item)
    return found.disposition, found.reason


async def draft(home: House) -> tuple[str, Letterbox]:
    await home.writes(PETR, f"claims@{DOMAIN}", CLAIM_FORM + "Draft: yes\n", subject="New claim")
    await home.settle()
    mail = home.mails(PETR)[-1]
    return mail.claim_id(), mail


async def notice(home: House) -> tuple[str, Letterbox]:
    claim_id = await home.approved()
    await home.passes(HOUR)
    return claim_id, home.mails(JANA)[-1]


# --- a partner's act ------------------------------------------------------------------------------------------------


async def test_a_partner_of_record_who_passes_acts(home: House) -> None:
    claim_id, mail = await draft(home)
    assert await ending(home, await home.replies(mail, "cancel")) == ("applied", "")
    assert (await home.claim(claim_id)).status is Status.CANCELLED


@pytest.mark.parametrize("result", RESULTS)
async def test_a_partner_who_does_not_pass_is_asked_to_confirm(home: House, verdicts: Verdicts, result: str) -> None:
    claim_id, mail = await draft(home)
    verdicts.result = result
    assert await ending(home, await home.replies(mail, "cancel")) == ("held", "unproved_sender")
    assert (await home.claim(claim_id)).status is Status.DRAFT
    assert [m.to for m in home.mails(code="confirm_act")] == [PETR]


async def test_a_colleague_who_passes_acts_and_is_marked(home: House) -> None:
    claim_id, mail = await draft(home)
    assert (await ending(home, await home.replies(mail, "Note from Pavla.", sender=PAVLA)))[0] == "applied"
    assert (await home.claim(claim_id)).comments[-1].by == PAVLA


@pytest.mark.parametrize("result", ["pass", *RESULTS])
async def test_an_outsider_with_a_partners_address_is_held_and_not_written_to(
    home: House, verdicts: Verdicts, result: str
) -> None:
    claim_id, mail = await draft(home)
    verdicts.result = result
    assert await ending(home, await home.replies(mail, "cancel", sender=OUTSIDER)) == ("held", "unknown_writer")
    assert (await home.claim(claim_id)).status is Status.DRAFT
    assert [m.to for m in home.mails(code="confirm_act")] == [PETR]
    assert home.mails(OUTSIDER) == []


async def test_a_held_act_counts_once_the_address_of_record_confirms(home: House, verdicts: Verdicts) -> None:
    claim_id, mail = await draft(home)
    verdicts.result = "temperror"
    item = await home.replies(mail, "cancel")
    assert (await ending(home, item))[0] == "held"
    assert await home.engine.confirm(PETR) == 1
    assert (await ending(home, item))[0] == "applied"
    assert (await home.claim(claim_id)).status is Status.CANCELLED


# --- new claims -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("result", RESULTS)
async def test_a_new_claim_from_an_unproved_sender_is_held_and_nobody_is_written_to(
    home: House, verdicts: Verdicts, result: str
) -> None:
    verdicts.result = result
    item = await home.writes(PETR, f"claims@{DOMAIN}", CLAIM_FORM, subject="New claim")
    assert await ending(home, item) == ("held", "unproved_sender")
    assert home.mails(PETR) == []


# --- the customer's word --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sender", [JANA, OUTSIDER])
@pytest.mark.parametrize("result", ["pass", *RESULTS])
async def test_a_decline_is_honoured_from_everybody_whatever_the_check_says(
    home: House, verdicts: Verdicts, result: str, sender: str
) -> None:
    claim_id, mail = await notice(home)
    verdicts.result = result
    assert (await ending(home, await home.replies(mail, "No, we do not agree.", sender=sender)))[0] == "applied"
    assert (await home.claim(claim_id)).consent is Consent.DECLINED
    assert home.mails(JANA, code="consent_declined") or home.mails(JANA)[-1].to == JANA


@pytest.mark.parametrize(
    ("sender", "result", "expected"),
    [
        (JANA, "pass", ("applied", "")),
        *((JANA, result, ("held", "acceptance_unproved")) for result in RESULTS),
        *((OUTSIDER, result, ("held", "acceptance_unproved")) for result in ("pass", *RESULTS)),
    ],
)
async def test_a_yes_needs_the_address_of_record_and_a_pass(
    home: House, verdicts: Verdicts, sender: str, result: str, expected: tuple[str, str]
) -> None:
    _, mail = await notice(home)
    verdicts.result = result
    assert await ending(home, await home.replies(mail, "Yes, we agree.", sender=sender)) == expected
    assert home.mails(OUTSIDER) == []


# --- the reviewer ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "result", "expected"),
    [
        ("own", "pass", ("applied", "")),
        *(("own", result, ("held", "unproved_sender")) for result in RESULTS),
        (RITA, "pass", None),
        (OUTSIDER, "pass", ("held", "unknown_writer")),
        (PETR, "pass", ("held", "unknown_writer")),
    ],
)
async def test_a_reviewer_decides_from_the_own_proved_address_only(
    home: House, verdicts: Verdicts, sender: str, result: str, expected: tuple[str, str] | None
) -> None:
    claim_id = await home.submitted()
    mail = home.mails((await home.claim(claim_id)).assigned_to)[-1]
    verdicts.result = result
    other = next(one for one in (RITA, "rolf@office.example") if one != mail.to)
    who = {"own": mail.to, RITA: other}.get(sender, sender)
    got = await ending(home, await home.replies(mail, "approve contact: page 1 of the statement", sender=who))
    assert got == (expected or ("held", "unproved_sender"))


# --- what is kept ---------------------------------------------------------------------------------------------------


async def test_the_checks_and_the_key_as_seen_are_kept_with_the_mail(home: House, verdicts: Verdicts) -> None:
    _, mail = await draft(home)
    verdicts.result = "fail"
    item = await home.replies(mail, "cancel")
    await home.settle()
    kept = await home.item(item)
    assert kept.reading["authentication"]["checks"][0]["record"] == "v=DKIM1; p=AAAA"
    assert kept.reading["sender"] == {"address": PETR, "verdict": "failed", "why": "DMARC fail dkim fail"}
    assert ["dkim", "fail", "fabrikam.example s=k1"] in kept.trace
    assert why_unproved(kept.trace) == "DMARC fail dkim fail"


async def test_what_was_proved_stays_proved_when_a_mail_is_read_again(home: House, verdicts: Verdicts) -> None:
    item = await home.writes("petr@nowhere.example", f"claims@{DOMAIN}", CLAIM_FORM, subject="New claim")
    assert await ending(home, item) == ("held", "unknown_sender")
    verdicts.result = "fail"
    asked = len(verdicts.asked)
    await home.engine.replay(item)
    await home.settle()
    assert (await home.item(item)).reading["sender"]["verdict"] == "aligned"
    assert len(verdicts.asked) == asked


async def test_what_was_not_proved_is_checked_anew(home: House, verdicts: Verdicts) -> None:
    _, mail = await draft(home)
    verdicts.result = "temperror"
    item = await home.replies(mail, "cancel")
    assert (await ending(home, item))[0] == "held"
    verdicts.result = "pass"
    await home.engine.replay(item)
    assert (await ending(home, item))[0] == "applied"


# --- no token, and odd From fields ----------------------------------------------------------------------------------

ODD = [
    "petr@fabrikam.example, eve@evil.example",
    "petr@fabrikam.example <eve@evil.example>",
    "Petr <petr@fabrikam.example> <eve@evil.example>",
    "Petr (petr@fabrikam.example) <eve@evil.example>",
    "petr@fabrikam.example (Petr)",
    "group: petr@fabrikam.example;",
    "undisclosed-recipients:;",
    "petr@fabrikam.example eve@evil.example",
    "<petr@fabrikam.example>@evil.example",
    "petr@fabrikam.example@evil.example",
    "<@relay.example:petr@fabrikam.example>",
    '"petr"@fabrikam.example',
    "petr@[192.0.2.1]",
    "petr@fabri\u212aam.example",
    "petr\uff20fabrikam.example",
    "petr@fabrikam.example\r\nFrom: eve@evil.example",
    "eve@evil.example\r\nFrom: petr@fabrikam.example",
    "=?utf-8?q?petr=40fabrikam.example?=",
    "Petr <=?utf-8?q?petr=40fabrikam.example?=>",
    "<>",
]


@pytest.mark.parametrize("value", ODD)
async def test_an_odd_from_never_acts_for_petr(home: House, value: str) -> None:
    claim_id, mail = await draft(home)
    raw = f"From: {value}\r\nTo: {mail.reply_to}\r\nSubject: x\r\nMessage-ID: <o@x.example>\r\n\r\ncancel\r\n".encode()
    disposition, _ = await ending(home, await home.arrives(raw, mail.reply_to, mail_from=OUTSIDER))
    assert disposition == "held"
    assert (await home.claim(claim_id)).status is Status.DRAFT
    assert home.mails(OUTSIDER) == []


# --- results of a server in front -----------------------------------------------------------------------------------

FORGED = [
    ("mx.other.example; dmarc=pass header.from=fabrikam.example", True),
    ("mx.mail.test; dmarc=pass header.from=fabrikam.example", False),
    ("mx.mail.test; spf=pass smtp.mailfrom=dmarc=pass@evil.example", True),
    ('mx.mail.test; spf=pass smtp.mailfrom="; dmarc=pass "@evil.example', True),
    ("mx.mail.test; x=y (; dmarc=pass header.from=fabrikam.example)", True),
    ("mx.mail.test; x-dmarc=pass header.from=fabrikam.example", True),
    ("mx.mail.test; dmarc=pass header.from=evil.example", True),
    ("mx.mail.test.evil.example; dmarc=pass header.from=fabrikam.example", True),
    ('"mx.mail.test"; dmarc=pass header.from=fabrikam.example', True),
    ("mx.mail.test; dmarc=pass header.from=fabrikam.example header.from=evil.example", True),
]


@pytest.mark.parametrize(("value", "upstream"), FORGED)
async def test_a_forged_result_proves_nothing(tmp_path: Path, value: str, upstream: bool) -> None:
    async with house(tmp_path, trust="authserv-id:mx.mail.test") as home:
        raw = f"Authentication-Results: {value}\r\nFrom: {PETR}\r\nSubject: New claim\r\n\r\n{CLAIM_FORM}".encode()
        item = await home.arrives(raw, f"claims@{DOMAIN}", mail_from=OUTSIDER, upstream=upstream)
        assert await ending(home, item) == ("held", "unproved_sender")


async def test_foreign_results_do_not_harm_our_own(tmp_path: Path) -> None:
    async with house(tmp_path, trust="authserv-id:mx.mail.test") as home:
        ours = "Authentication-Results: mx.mail.test (v1); dmarc=pass (p=reject) header.from=fabrikam.example\r\n"
        foreign = "Authentication-Results: mx.other.example; dmarc=fail header.from=fabrikam.example\r\n"
        raw = f"{ours}{foreign}From: {PETR}\r\nSubject: New claim\r\n\r\n{CLAIM_FORM}".encode()
        item = await home.arrives(raw, f"claims@{DOMAIN}", mail_from=PETR, upstream=True)
        assert (await ending(home, item))[0] == "applied"
