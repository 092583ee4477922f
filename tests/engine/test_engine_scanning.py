"""Files wait for the virus scanner; a customer's words never do."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from engine_house import CLAIM_FORM, DOMAIN, JANA, PETR, House, house, pdf

from mailbot.claims.model import Consent, Status
from mailbot.engine.rescans import UNSCANNED, Rescans
from mailbot.engine.uploads import Uploads
from mailbot.inbound.antivirus import Finding


class Scanner:
    """Says what it is told to say, and remembers how often it was asked."""

    def __init__(self, finding: Finding = "clean") -> None:
        self.finding = finding
        self.asked = 0

    async def scan(self, content: bytes) -> Finding:
        self.asked += 1
        return self.finding

    async def reachable(self) -> bool:
        return self.finding != "unknown"


@pytest.fixture
async def home(tmp_path: Path, url: str) -> AsyncIterator[House]:
    async with house(tmp_path, url=url) as it:
        it.readers.scanner = Scanner()
        yield it


def says(home: House, finding: Finding) -> Scanner:
    scanner = home.readers.scanner
    assert isinstance(scanner, Scanner)
    scanner.finding = finding
    return scanner


async def told(home: House) -> str:
    """An approved claim whose customer has the notice; its id."""
    claim_id = await home.approved()
    await home.passes(timedelta(hours=2))
    return claim_id


async def claims_by_mail(home: House) -> int:
    item = await home.writes(PETR, f"claims@{DOMAIN}", CLAIM_FORM, subject="New claim", files=[("sow.pdf", pdf())])
    await home.settle()
    return item


async def test_an_infected_file_is_no_evidence_and_the_partner_reads_why(home: House) -> None:
    says(home, "infected")
    await claims_by_mail(home)
    received = home.mails(PETR)[-1]
    claim = await home.claim(received.claim_id())
    assert claim.status is Status.DRAFT
    assert not [e for e in claim.evidence if e.verdict == "accepted"]
    assert any("sow.pdf" in line and "virus" in line for line in received.text.splitlines())


async def test_a_mail_whose_files_nobody_could_scan_is_held_and_read_again_when_the_scanner_is_back(
    home: House,
) -> None:
    scanner = says(home, "unknown")
    rescans = Rescans(home.store, home.clock, scanner)
    item = await claims_by_mail(home)
    found = await home.item(item)
    assert (found.disposition, found.reason) == ("held", UNSCANNED)
    assert home.mails(PETR) == []
    home.clock.set(home.clock.now() + timedelta(minutes=10))
    assert await rescans.step() == 0
    says(home, "clean")
    assert await rescans.step() == 1
    await home.settle()
    assert (await home.item(item)).disposition == "applied"
    assert (await home.claim(home.mails(PETR)[-1].claim_id())).status is Status.SUBMITTED


async def test_a_file_the_scanner_cannot_take_is_not_tried_all_the_time(home: House) -> None:
    scanner = says(home, "unknown")
    rescans = Rescans(home.store, home.clock, scanner)
    await claims_by_mail(home)
    says(home, "clean")
    assert await rescans.step() == 0
    home.clock.set(home.clock.now() + timedelta(minutes=6))
    assert await rescans.step() == 1
    assert await rescans.step() == 0


async def test_a_decline_with_a_file_counts_at_once_whatever_the_scanner_does(home: House) -> None:
    claim_id = await told(home)
    says(home, "unknown")
    notice = home.mails(JANA)[-1]
    item = await home.replies(notice, "No, we do not agree.", files=[("why.pdf", pdf("why"))])
    await home.settle()
    assert (await home.item(item)).disposition == "applied"
    assert (await home.claim(claim_id)).consent is Consent.DECLINED


async def test_a_decline_behind_a_mailing_list_is_held_for_a_person_and_delays_the_clock(home: House) -> None:
    claim_id = await told(home)
    item = await home.replies(
        home.mails(JANA)[-1], "No, we do not agree.", headers=[("List-Id", "<it.customer.example>")]
    )
    await home.settle()
    found = await home.item(item)
    assert (found.disposition, found.reason) == ("held", "list")
    assert (await home.claim(claim_id)).consent is Consent.PENDING
    assert found.reading["reply_text"] == "No, we do not agree."


async def test_an_out_of_office_decides_nothing(home: House) -> None:
    claim_id = await told(home)
    item = await home.replies(
        home.mails(JANA)[-1], "I am out of the office. I do not agree.", headers=[("Auto-Submitted", "auto-replied")]
    )
    await home.settle()
    assert (await home.claim(claim_id)).consent is Consent.PENDING
    assert (await home.item(item)).disposition in ("applied", "ignored")


@pytest.mark.parametrize(("finding", "verdict"), [("clean", "accepted"), ("infected", "infected"), ("unknown", "held")])
async def test_uploads_are_scanned_by_the_same_door(home: House, finding: Finding, verdict: str) -> None:
    says(home, finding)
    uploads = Uploads(home.readers, home.clock)  # type: ignore[arg-type]
    [file] = await uploads.judge([("sow.pdf", pdf())])
    assert (file.name, file.verdict, file.content is None) == ("sow.pdf", verdict, verdict != "accepted")
