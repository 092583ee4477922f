"""Files: a verdict each, harmless names, bombs refused, pictures of a signature left aside (security item 25)."""

import base64
import hashlib
import io
import os
import struct
import zipfile
import zlib

import pytest
from mime_letters import letter, read, with_file

from mailbot.inbound.attachments import MAX_FILE
from mailbot.inbound.filenames import clean_name
from mailbot.inbound.filetypes import DOCX, XLSX
from mailbot.inbound.interpretation import Attachment

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj\ntrailer<</Size 4/Root 1 0 R>>\n%%EOF\n"
)
LOCKED_PDF = PDF.replace(
    b"/Root 1 0 R",
    b"/Root 1 0 R/ID[<" + b"0f" * 16 + b"><" + b"0f" * 16 + b">]/Encrypt<</Filter/Standard/V 1/R 2/P -4"
    b"/O<" + b"11" * 32 + b">/U<" + b"22" * 32 + b">>>",
)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int = 1, height: int = 1, padding: int = 0) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pad = chunk(b"tEXt", b"p" * padding) if padding else b""
    pixels = zlib.compress(b"\0\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + pad + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def jpeg(size: int = 9000) -> bytes:
    return b"\xff\xd8\xff\xc0\x00\x11\x08\x10\x00\x0c\x00\x03" + b"\x01" * size


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", ".").replace("_in_", "/"), content)
    return out.getvalue()


def office(main: str, *more: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("[Content_Types].xml", main, *more):
            archive.writestr(name, "<x/>")
    return out.getvalue()


def one(content: bytes, name: str = "file.bin", media_type: str = "application/octet-stream") -> Attachment:
    found = read(with_file(content, name, media_type)).attachments
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("content", "name", "media_type", "verdict"),
    [
        (PDF, "a.pdf", "application/pdf", "accepted"),
        (b"\n\n" + PDF, "a.bin", "application/pdf", "accepted"),
        (LOCKED_PDF, "a.pdf", "application/pdf", "password_protected"),
        (b"%PDF-1.7 and nothing more", "a.pdf", "application/pdf", "unreadable"),
        (png(), "a.png", "image/png", "accepted"),
        (png()[:-30], "a.png", "image/png", "unreadable"),
        (png(60_000, 60_000), "flood.png", "image/png", "too_large"),
        (jpeg(), "a.jpg", "image/jpeg", "accepted"),
        (b"\xff\xd8\xff\xe0", "a.jpg", "image/jpeg", "unreadable"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x0cmeta\0\0\0\0", "a.heic", "image/heic", "accepted"),
        (b"II*\0\x08\0\0\0\0\0\0\0\0\0\0\0", "a.tif", "image/tiff", "accepted"),
        (b"II*\0\xff\xff\xff\xff", "a.tif", "image/tiff", "unreadable"),
        (office("word/document.xml"), "a.docx", DOCX, "accepted"),
        (office("xl/workbook.xml"), "a.xlsx", XLSX, "accepted"),
        (office("word/document.xml", "word/vbaProject.bin"), "a.docm", DOCX, "wrong_type"),
        (office("ppt/presentation.xml"), "a.pptx", "application/vnd.openxmlformats-officedocument", "wrong_type"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "a.docx",
            "application/x-ole-storage",
            "password_protected",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "a.doc", "application/x-ole-storage", "wrong_type"),
        (b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR", "eicar.com", "application/octet-stream", "wrong_type"),
        (b"MZ\x90\0", "poe.pdf", "application/pdf", "unreadable"),
        (b"GIF89a%PDF-1.4", "a.gif", "application/octet-stream", "wrong_type"),
        (b"<html>%PDF-1.4", "a.pdf", "application/pdf", "unreadable"),
        (b"", "a.pdf", "application/octet-stream", "empty"),
        (b"From: a@b.example\nSubject: order\n\nText\n", "order.eml", "message/rfc822", "accepted"),
        (b"no mail at all", "order.eml", "message/rfc822", "unreadable"),
    ],
)
def test_a_file_is_known_by_its_first_octets(content: bytes, name: str, media_type: str, verdict: str) -> None:
    found = one(content, name)
    assert (found.media_type, found.verdict) == (media_type, verdict)
    assert (found.size, found.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (found.content is not None) == (verdict == "accepted")


def test_twenty_five_megabytes_are_the_most() -> None:
    assert one(jpeg(MAX_FILE - 12), "a.jpg").verdict == "accepted"
    assert one(jpeg(MAX_FILE - 11), "a.jpg").verdict == "too_large"


NAMES = [
    ("../../etc/passwd", "passwd"),
    ("..\\..\\windows\\system32\\evil.pdf", "evil.pdf"),
    ("/etc/shadow", "shadow"),
    ("C:\\Users\\ann\\poe.pdf", "poe.pdf"),
    ("....//....//poe.pdf", "poe.pdf"),
    ("poe.pdf\x00.exe", "poe.pdf.exe"),
    ("\u202efdp.exe", "fdp.exe"),
    ("a\r\nb.pdf", "a b.pdf"),
    ("..", "unnamed.pdf"),
    (".", "unnamed.pdf"),
    ("", "unnamed.pdf"),
    ("/", "unnamed.pdf"),
    (".htaccess", "htaccess"),
    ("con\u2215poe.pdf", "poe.pdf"),
    ("\uff0e\uff0e\uff0fpoe.pdf", "poe.pdf"),
    ("a<b>:c|d?.pdf", "abcd.pdf"),
    ("  poe .pdf ", "poe .pdf"),
    ("e\u0301vidence.pdf", "évidence.pdf"),
    ("x" * 400 + ".pdf", "x" * 146 + ".pdf"),
    ("x" * 400, "x" * 150),
    ("%2e%2e%2fpoe.pdf", "%2e%2e%2fpoe.pdf"),
    ("zero\u200bwidth.pdf", "zerowidth.pdf"),
]


@pytest.mark.parametrize(("given", "kept"), NAMES)
def test_a_name_is_data_and_never_a_path(given: str, kept: str) -> None:
    assert clean_name(given, "application/pdf") == kept


def test_a_zip_is_replaced_by_what_it_holds() -> None:
    found = read(with_file(zipped(a__pdf=PDF, sub_in_b__png=png(), note__txt=b"hi"), "all.zip")).attachments
    assert [(file.name, file.verdict) for file in found] == [
        ("a.pdf", "accepted"),
        ("b.png", "accepted"),
        ("note.txt", "wrong_type"),
    ]


def test_a_name_inside_a_zip_cannot_leave_it() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../../../etc/cron.d/a.pdf", PDF)
    assert [file.name for file in read(with_file(out.getvalue(), "slip.zip")).attachments] == ["a.pdf"]


def test_a_locked_zip_says_so() -> None:
    content = bytearray(zipped(a__pdf=PDF))
    content[6] |= 1
    content[content.rfind(b"PK\x01\x02") + 8] |= 1
    assert one(bytes(content), "a.zip").verdict == "password_protected"


def test_a_broken_zip_says_so() -> None:
    assert one(b"PK\x03\x04" + os.urandom(400), "a.zip").verdict == "unreadable"


def test_a_zip_entry_without_a_name_is_a_file_like_any() -> None:
    content = zipped(x=PDF)
    at = content.rfind(b"PK\x01\x02")
    nameless = content[: at + 28] + b"\0\0" + content[at + 30 : at + 46] + content[at + 47 :]
    end = nameless.rfind(b"PK\x05\x06")
    size = int.from_bytes(nameless[end + 12 : end + 16], "little") - 1
    nameless = nameless[: end + 12] + size.to_bytes(4, "little") + nameless[end + 16 :]
    assert read(with_file(nameless, "a.zip")).reason != "reader_fault"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_packed_in_a_way_that_asks_for_any_memory_is_not_opened(method: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("a.pdf", PDF)
    assert one(out.getvalue(), "a.zip").verdict == "unreadable"


def test_a_zip_bomb_is_too_large() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(9):
            archive.writestr(f"{number}.pdf", bytes(24_000_000))
    assert "too_large" in {file.verdict for file in read(with_file(out.getvalue(), "bomb.zip")).attachments}


def test_a_zip_with_too_many_entries_is_too_large() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(1001):
            archive.writestr(f"{number}.txt", b"x")
    assert read(with_file(out.getvalue(), "many.zip")).attachments[-1].verdict == "too_large"


def test_a_zip_in_a_zip_in_a_zip_is_not_opened() -> None:
    inner = zipped(c__zip=zipped(d__zip=zipped(a__pdf=PDF)))
    assert [file.verdict for file in read(with_file(inner, "a.zip")).attachments] == ["wrong_type"]


def test_the_same_file_twice_is_a_duplicate() -> None:
    found = read(with_file(zipped(a__pdf=PDF, b__pdf=PDF), "a.zip")).attachments
    assert [file.verdict for file in found] == ["accepted", "duplicate"]


def test_of_many_files_fifty_are_kept() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(52):
            archive.writestr(f"{number}.jpg", jpeg(100 + number))
    verdicts = [file.verdict for file in read(with_file(out.getvalue(), "a.zip")).attachments]
    assert (verdicts.count("accepted"), verdicts.count("held")) == (50, 2)


def tnef(name: str, content: bytes) -> bytes:
    """A TNEF stream with one attachment, as Outlook packs it."""

    def item(level: int, tag: int, data: bytes) -> bytes:
        return struct.pack("<BII", level, tag, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)

    return (
        struct.pack("<IH", 0x223E9F78, 1)
        + item(1, 0x00089006, struct.pack("<I", 0x10000))
        + item(2, 0x00069002, bytes(14))
        + item(2, 0x00018010, name.encode() + b"\0")
        + item(2, 0x0006800F, content)
    )


def test_winmail_is_replaced_by_what_it_holds() -> None:
    found = read(with_file(tnef("poe.pdf", PDF), "winmail.dat", "application/ms-tnef")).attachments
    assert [(file.name, file.verdict) for file in found] == [("poe.pdf", "accepted")]


def test_a_broken_winmail_says_so() -> None:
    broken = tnef("poe.pdf", PDF)[:60]
    assert [file.verdict for file in read(with_file(broken, "winmail.dat")).attachments] in (["unreadable"], ["empty"])


def test_a_winmail_of_many_crumbs_is_too_large() -> None:
    crumbs = struct.pack("<IH", 0x223E9F78, 1) + struct.pack("<BIIH", 1, 0x00089006, 0, 0) * 3000
    assert one(crumbs, "winmail.dat").verdict == "too_large"


def related(html: str, *, inline: bytes) -> bytes:
    body = (
        f"--r\r\nContent-Type: text/html\r\n\r\n{html}\r\n--r\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\n"
        "Content-Disposition: inline; filename=logo.png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    ).encode() + base64.encodebytes(inline)
    return letter(body + b"--r--\r\n", Content_Type="multipart/related; boundary=r")


def test_a_picture_that_the_mail_shows_is_no_evidence() -> None:
    found = read(related('<p>Hi</p><img src="cid:logo">', inline=png(padding=50_000))).attachments
    assert [file.verdict for file in found] == ["inline"]


def test_a_picture_that_the_mail_does_not_show_is_evidence() -> None:
    found = read(related("<p>Hi</p>", inline=png(padding=50_000))).attachments
    assert [file.verdict for file in found] == ["accepted"]


@pytest.mark.parametrize("media_type", ["application/pkcs7-signature", "application/pgp-signature", "text/vcard"])
def test_a_signature_is_no_evidence(media_type: str) -> None:
    assert one(b"x" * 100, "s", media_type).verdict == "inline"


def test_files_are_judged_whoever_sent_them() -> None:
    assert [file.verdict for file in read(with_file(PDF, "a.pdf"), mail_from="").attachments] == ["accepted"]
