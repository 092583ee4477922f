"""Files of evidence for eyes: pages, pictures and words of each kind, and a trouble for what cannot be shown."""

import io
import zipfile

import pytest
import xlsxwriter
from mime_letters import KEYS
from PIL import Image
from test_mime_attachments import LOCKED_PDF, PDF, png

from mailbot.inbound.filetypes import DOCX, XLSX
from mailbot.inbound.leaves import Contents, Picture, Wish, look
from mailbot.inbound.reader_pool import ReaderFailure
from mailbot.inbound.viewer import Viewer, lookers

PDF_TYPE = "application/pdf"


def contents(content: bytes, media_type: str) -> Contents:
    seen = look(content, Wish(media_type=media_type), KEYS)
    assert isinstance(seen, Contents)
    return seen


def picture(content: bytes, media_type: str, page: int = 1, width: int = 300) -> Picture:
    seen = look(content, Wish(media_type=media_type, page=page, width=width), KEYS)
    assert isinstance(seen, Picture)
    return seen


def painted(form: str, *sizes: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    first, *more = [Image.new("RGB", size, "white") for size in sizes]
    first.save(out, form, **({"save_all": True, "append_images": more} if more else {}))
    return out.getvalue()


def word(text: str) -> bytes:
    out = io.BytesIO()
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("word/document.xml", f'<w:d xmlns:w="{space}"><w:p><w:t>{text}</w:t></w:p></w:d>')
    return out.getvalue()


def sheet(*cells: str) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    book.add_worksheet().write_row(0, 0, cells)
    book.close()
    return out.getvalue()


def opened(drawn: Picture) -> Image.Image:
    assert drawn.trouble == ""
    return Image.open(io.BytesIO(drawn.png), formats=("PNG",))


def test_a_page_is_drawn_as_wide_as_asked_and_never_much_taller() -> None:
    assert opened(picture(PDF, PDF_TYPE)).width in (299, 300, 301)
    assert opened(picture(painted("PNG", (100, 9000)), "image/png")).height <= 600


def test_a_picture_of_several_pages_has_each() -> None:
    fax = painted("TIFF", (200, 300), (400, 300))
    assert contents(fax, "image/tiff").pages == 2
    assert opened(picture(fax, "image/tiff", 2)).size == (300, 225)
    assert picture(fax, "image/tiff", 3).trouble == "unreadable"


@pytest.mark.parametrize(
    ("content", "media_type", "words"),
    [
        (word("We moved Teams."), DOCX, "We moved Teams."),
        (sheet("Teams", "seats"), XLSX, "Teams seats"),
        (b"From: a@b.example\nSubject: order\n\nWe agree.\n", "message/rfc822", "We agree."),
    ],
)
def test_what_has_no_pages_has_words(content: bytes, media_type: str, words: str) -> None:
    seen = contents(content, media_type)
    assert (seen.pages, seen.trouble) == (0, "")
    assert words in seen.texts[0]


@pytest.mark.parametrize(
    ("content", "media_type", "trouble"),
    [
        (LOCKED_PDF, PDF_TYPE, "password_protected"),
        (PDF[:60], PDF_TYPE, "unreadable"),
        (png()[:40], "image/png", "unreadable"),
        (png(60_000, 3_000), "image/png", "too_large"),
        (b"x", "image/heic", "not_shown"),
        (b"PK\x03\x04", DOCX, "unreadable"),
        (b"PK\x03\x04", XLSX, "unreadable"),
    ],
)
def test_what_cannot_be_shown_says_why(content: bytes, media_type: str, trouble: str) -> None:
    assert contents(content, media_type) == Contents(trouble=trouble)  # type: ignore[arg-type]
    assert picture(content, media_type).png == b""


@pytest.mark.parametrize("page", [2, 10**9])
def test_a_page_that_is_not_there_is_no_picture(page: int) -> None:
    assert picture(PDF, PDF_TYPE, page).png == b""


async def test_files_are_drawn_in_a_process_of_their_own() -> None:
    viewer = Viewer(lookers(KEYS))
    try:
        assert (await viewer.contents("a", PDF_TYPE, pdf_bytes)).pages == 1
        assert opened(await viewer.picture("a", Wish(media_type=PDF_TYPE, page=1, width=50), pdf_bytes)).width <= 51
    finally:
        await viewer.close()


class Failing:
    """Processes that a file kills; they count how often."""

    looked = 0

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def run(self, tasks: object) -> list[ReaderFailure]:
        self.looked += 1
        return [ReaderFailure("timeout")]


async def test_a_file_that_hurts_has_a_trouble_and_is_not_tried_again() -> None:
    processes = Failing()
    viewer = Viewer(processes)  # type: ignore[arg-type]
    for _ in range(2):
        assert await viewer.contents("a", PDF_TYPE, pdf_bytes) == Contents(trouble="too_large")
    assert processes.looked == 1


async def test_only_so_much_is_remembered() -> None:
    processes = Failing()
    viewer = Viewer(processes, memory=300)  # type: ignore[arg-type]
    for name in ("a", "b", "b", "a"):
        await viewer.contents(name, PDF_TYPE, pdf_bytes)
    assert processes.looked == 3


async def pdf_bytes() -> bytes:
    return PDF
