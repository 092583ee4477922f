"""What can be seen of a file of evidence: its pages as pictures, and the words on them, page by page.

Runs in a process of its own (viewer.py), for bytes of strangers are drawn here. Total but for a lack of memory: a file
that cannot be shown comes back with its trouble instead. Pure: nothing is written or fetched.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from mailbot.inbound.filetypes import DOCX, XLSX, open_archive
from mailbot.inbound.interpretation import Keys
from mailbot.inbound.mime import StructureError, parse_mail
from mailbot.inbound.parse import read_mail

Trouble = Literal["", "password_protected", "unreadable", "too_large", "not_shown", "later"]
MOST_PAGES = 200
PAGE_TEXT = 20_000
MOST_PIXELS = 40_000_000
"""A picture of more is not opened: unpacked it would fill the memory of the process (three bytes a pixel)."""

_SHEET_ROWS = 1000
_TALLEST = 2.0
_PICTURES = ("image/png", "image/jpeg", "image/tiff")
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DOCUMENT_BYTES = 8 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked of a file: the picture of a page, `width` pixels wide at most; its contents if `page` is 0."""

    media_type: str
    page: int = 0
    width: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """`pages`: how many can be pictured; `texts`: the words of each page, or of the whole where there are no pages."""

    pages: int = 0
    texts: tuple[str, ...] = ()
    trouble: Trouble = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A page as PNG; empty with a `trouble`."""

    png: bytes = b""
    trouble: Trouble = ""


def look(content: bytes, wish: Wish, keys: Keys) -> Contents | Picture:
    """The contents of a file, or the picture of one of its pages (counted from 1)."""
    try:
        return _picture(content, wish) if wish.page else _contents(content, wish.media_type, keys)
    except MemoryError:
        raise
    except Exception:  # libraries raise nearly anything for damaged files, and a reviewer must see the others
        return Picture(trouble="unreadable") if wish.page else Contents(trouble="unreadable")


def _contents(content: bytes, media_type: str, keys: Keys) -> Contents:
    if media_type == "application/pdf":
        return _pdf_contents(content)
    if media_type in _PICTURES:
        return _picture_contents(content)
    if media_type == "message/rfc822":
        return Contents(texts=(_mail_text(content, keys),))
    read: Callable[[bytes], str] | None = {DOCX: _word_text, XLSX: _sheet_text}.get(media_type)
    return Contents(texts=(read(content)[:PAGE_TEXT],)) if read else Contents(trouble="not_shown")


def _picture(content: bytes, wish: Wish) -> Picture:
    if wish.media_type == "application/pdf":
        return _pdf_picture(content, wish)
    return _scaled(content, wish) if wish.media_type in _PICTURES else Picture(trouble="not_shown")


def _open_pdf(content: bytes) -> Any:
    """A document, or the trouble with it."""
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        return PdfDocument(content)
    except PdfiumError as error:
        return "password_protected" if "password" in str(error).lower() else "unreadable"


def _pdf_contents(content: bytes) -> Contents:
    document = _open_pdf(content)
    if isinstance(document, str):
        return Contents(trouble=document)  # type: ignore[arg-type]
    pages = min(len(document), MOST_PAGES)
    return Contents(pages=pages, texts=tuple(_pdf_text(document, number) for number in range(pages)))


def _pdf_text(document: Any, number: int) -> str:
    text: str = document[number].get_textpage().get_text_bounded()
    return text[:PAGE_TEXT].replace("\r\n", "\n").replace("\x00", "")


def _pdf_picture(content: bytes, wish: Wish) -> Picture:
    document = _open_pdf(content)
    if isinstance(document, str):
        return Picture(trouble=document)  # type: ignore[arg-type]
    if not 1 <= wish.page <= min(len(document), MOST_PAGES):
        return Picture(trouble="unreadable")
    document.init_forms()  # what was filled in, a signature for one, is drawn as well
    page = document[wish.page - 1]
    width, height = page.get_size()
    scale = min(wish.width / width, _TALLEST * wish.width / height)
    return Picture(png=_png(page.render(scale=scale).to_pil()))


def _picture_contents(content: bytes) -> Contents:
    picture = _open_picture(content)
    if picture is None:
        return Contents(trouble="too_large")
    return Contents(pages=min(getattr(picture, "n_frames", 1), MOST_PAGES))


def _scaled(content: bytes, wish: Wish) -> Picture:
    from PIL import ImageOps

    picture = _open_picture(content)
    if picture is None:
        return Picture(trouble="too_large")
    if wish.page > 1:
        picture.seek(wish.page - 1)
        if picture.width * picture.height > MOST_PIXELS:
            return Picture(trouble="too_large")
    size = (wish.width, int(_TALLEST * wish.width))
    picture.draft("RGB", size)
    upright = ImageOps.exif_transpose(picture.convert("RGB"))
    upright.thumbnail(size)
    return Picture(png=_png(upright))


def _open_picture(content: bytes) -> Any:
    """A picture of a format we take, not yet unpacked; None when it has too many pixels."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # theirs is laxer than ours, and a warning
    picture = Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "TIFF"))
    return picture if picture.width * picture.height <= MOST_PIXELS else None


def _png(picture: Any) -> bytes:
    """64 colours show a page as well, at a third of the bytes."""
    out = io.BytesIO()
    picture.convert("RGB").quantize(64).save(out, "PNG")
    return out.getvalue()


def _word_text(content: bytes) -> str:
    """The paragraphs of a Word document; its pages exist only when Word has laid them out."""
    from lxml import etree

    archive = open_archive(content)
    if archive is None:
        raise ValueError("not an archive")
    with archive, archive.open("word/document.xml") as stream:
        xml = stream.read(_DOCUMENT_BYTES)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    root = etree.fromstring(xml, parser)
    return "\n".join("".join(run.text or "" for run in p.iter(f"{_WORD}t")) for p in root.iter(f"{_WORD}p"))


def _sheet_text(content: bytes) -> str:
    """The cells of every sheet, a row a line."""
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    rows = [row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python(nrows=_SHEET_ROWS)]
    return "\n".join(" ".join(str(cell) for cell in row if cell != "") for row in rows)


def _mail_text(content: bytes, keys: Keys) -> str:
    """Who wrote to whom, when and what."""
    try:
        mail = read_mail(parse_mail(content, keys.limits), keys.limits)
    except StructureError as error:
        raise ValueError(error.reason) from error
    head = [f"{name}: {mail.headers.text(name.lower())}" for name in ("From", "To", "Date", "Subject")]
    return "\n".join([*head, "", *(body.plain or body.html for body in mail.bodies)])[:PAGE_TEXT]
