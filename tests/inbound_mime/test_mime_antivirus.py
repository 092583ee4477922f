"""Every accepted file is scanned; a virus makes it infected, no answer makes it held (security item 25)."""

import base64
from collections.abc import AsyncIterator
from typing import get_args

import pytest
import pytest_asyncio
from fake_clamd import EICAR, Failure, FakeClamd
from mime_letters import KEYS, NOW, envelope, letter

from mailbot.inbound.antivirus import Clamd, screened
from mailbot.inbound.interpret import interpret
from mailbot.inbound.interpretation import Interpretation
from mailbot.inbound.readers import Readers

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


@pytest_asyncio.fixture
async def clamd() -> AsyncIterator[FakeClamd]:
    fake = FakeClamd()
    await fake.start()
    yield fake
    await fake.stop()


def pdf(comment: bytes) -> bytes:
    """A page of nothing, with a comment in it."""
    return b"%PDF-1.4\n%" + comment + PDF.removeprefix(b"%PDF-1.4")


def mail(*files: bytes) -> bytes:
    parts = b"".join(
        b"--x\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: attachment; filename=f%d.pdf\r\n\r\n%s\r\n" % (number, base64.encodebytes(content))
        for number, content in enumerate(files)
    )
    body = b"--x\r\nContent-Type: text/plain\r\n\r\nSee the files.\r\n" + parts + b"--x--\r\n"
    return letter(body, Content_Type="multipart/mixed; boundary=x")


def reading(*files: bytes) -> Interpretation:
    return interpret(mail(*files), envelope(), KEYS, NOW)


async def test_a_clean_file_stays_accepted_and_was_seen_whole(clamd: FakeClamd) -> None:
    large = pdf(b"%" + b"x" * 700_000)
    got = await screened(reading(large), Clamd(clamd.address))
    assert [(f.verdict, f.content) for f in got.attachments] == [("accepted", large)]
    assert clamd.seen == [large]
    assert not got.unscanned


async def test_a_virus_makes_that_file_infected_and_only_that_one(clamd: FakeClamd) -> None:
    got = await screened(reading(pdf(b"work"), pdf(EICAR)), Clamd(clamd.address))
    assert [(f.verdict, f.content) for f in got.attachments] == [("accepted", pdf(b"work")), ("infected", None)]
    assert [(s.result, s.why) for s in got.trace if s.step == "virus"] == [("clean", "f0.pdf"), ("infected", "f1.pdf")]


async def test_the_same_virus_twice_is_infected_twice(clamd: FakeClamd) -> None:
    got = await screened(reading(pdf(EICAR), pdf(EICAR)), Clamd(clamd.address))
    assert [f.verdict for f in got.attachments] == ["infected", "infected"]
    assert len(clamd.seen) == 1


@pytest.mark.parametrize("fails", [failure for failure in get_args(Failure) if failure])
async def test_a_scanner_that_gives_no_answer_holds_the_file(clamd: FakeClamd, fails: Failure) -> None:
    clamd.fails = fails
    got = await screened(reading(pdf(b"work")), Clamd(clamd.address, seconds=0.2))
    assert [(f.verdict, f.content) for f in got.attachments] == [("held", None)]
    assert got.unscanned == {f.sha256 for f in got.attachments}


async def test_a_scanner_that_is_not_there_holds_the_file_and_is_heard_again_when_it_is(clamd: FakeClamd) -> None:
    scanner = Clamd(clamd.address, rest=1000)
    await clamd.stop()
    assert await scanner.scan(b"work") == "unknown"
    assert not await scanner.reachable()
    await clamd.start()
    assert await scanner.scan(b"work") == "unknown"
    assert await scanner.reachable()
    assert await scanner.scan(b"work") == "clean"


async def test_a_silent_scanner_is_waited_for_once_and_not_by_every_mail(clamd: FakeClamd) -> None:
    clamd.fails = "silent"
    scanner = Clamd(clamd.address, seconds=0.2, rest=1000)
    assert await scanner.scan(b"one") == "unknown"
    clamd.fails = ""
    assert await scanner.scan(b"two") == "unknown"
    assert clamd.seen == []


async def test_a_mail_without_files_asks_nobody(clamd: FakeClamd) -> None:
    got = await screened(reading(), Clamd(clamd.address))
    assert got.attachments == ()
    assert clamd.seen == []


async def test_files_of_mails_read_in_reader_processes_are_scanned(clamd: FakeClamd) -> None:
    readers = Readers(KEYS, count=1, scanner=Clamd(clamd.address))
    await readers.start()
    try:
        got = await readers.read(mail(pdf(EICAR)), envelope(), NOW)
    finally:
        await readers.close()
    assert isinstance(got, Interpretation)
    assert [f.verdict for f in got.attachments] == ["infected"]
