"""What a file is, by its first bytes, and whether it can be read: our own short allow-list (security item 25).

Total: a file that is damaged, locked or not on the list gets that verdict; nothing is rendered here.
"""

import io
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import Literal

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OFFICE = "application/vnd.openxmlformats-officedocument"
Soundness = Literal["accepted", "unreadable", "password_protected", "wrong_type", "too_large"]
# How zip entries are packed by everybody; bzip2 and LZMA may ask for gigabytes before the first octet comes out.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What the library raises for an entry that is damaged.
TORN = (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError)
MAX_PIXELS = 200_000_000
_MAX_DIRECTORY = 1024 * 1024
_PDF_LOCKED = 4  # FPDF_ERR_PASSWORD
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"mif1", b"msf1", b"heim", b"heis")
_MAIL_START = re.compile(
    rb"(?:From [^\n]{1,300}\n)?(?:received|return-path|from|to|subject|date|message-id|mime-version|delivered-to|"
    rb"content-type|x-[a-z0-9-]{1,60}|dkim-signature|arc-[a-z-]{1,40}):",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class FileType:
    """The type read from the bytes (or the declared one when unknown) and how sound the file is."""

    media_type: str
    soundness: Soundness


def recognise(content: bytes, declared: str, name: str) -> FileType:
    """Type and soundness of a non-empty file; `declared` and `name` matter only for mail, which has no signature."""
    start = content[:1024]
    if start.lstrip(b"\xef\xbb\xbf \t\r\n\x00").startswith(b"%PDF-"):
        return FileType("application/pdf", _pdf(content))
    if start.startswith(b"\xff\xd8\xff"):
        return FileType("image/jpeg", _jpeg(content))
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return FileType("image/png", _png(content))
    if start[4:8] == b"ftyp" and any(brand in start[8:40] for brand in _HEIC_BRANDS):
        return FileType("image/heic", "accepted" if b"meta" in content[:4096] else "unreadable")
    if start.startswith((b"II*\x00", b"MM\x00*")):
        return FileType("image/tiff", _tiff(content))
    if start.startswith(b"PK\x03\x04"):
        return _zipped(content)
    if start.startswith(_OLE):
        locked = "EncryptedPackage".encode("utf-16-le") in content
        return FileType("application/x-ole-storage", "password_protected" if locked else "wrong_type")
    return _without_signature(content, declared, name.lower())


def _without_signature(content: bytes, declared: str, name: str) -> FileType:
    if declared in ("message/rfc822", "message/global") or name.endswith(".eml"):
        mail = _MAIL_START.match(content.lstrip()[:2048])
        return FileType("message/rfc822", "accepted" if mail else "unreadable")
    promised = {
        ".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".docx": DOCX,
        ".xlsx": XLSX, ".heic": "image/heic", ".tif": "image/tiff", ".tiff": "image/tiff", ".zip": "application/zip",
    }  # fmt: skip
    for extension, media_type in promised.items():
        if name.endswith(extension) or declared == media_type:
            return FileType(media_type, "unreadable")
    return FileType(declared or "application/octet-stream", "wrong_type")


def _pdf(content: bytes) -> Soundness:
    """Opened with pdfium, which also tells owner passwords (readable) from user passwords (locked)."""
    from pypdfium2 import PdfDocument, PdfiumError  # costs 60 ms that most mails do not need

    try:
        document = PdfDocument(content)
    except PdfiumError as error:
        return "password_protected" if getattr(error, "err_code", 0) == _PDF_LOCKED else "unreadable"
    try:
        return "accepted" if len(document) > 0 else "unreadable"
    finally:
        document.close()


def _png(content: bytes) -> Soundness:
    if len(content) < 45 or content[12:16] != b"IHDR":
        return "unreadable"
    width, height = struct.unpack(">II", content[16:24])
    if zlib.crc32(content[12:29]) != int.from_bytes(content[29:33], "big") or not width * height:
        return "unreadable"
    if width * height > MAX_PIXELS:
        return "too_large"
    return "accepted" if b"IDAT" in content[33:] and b"IEND" in content[-64:] else "unreadable"


def _jpeg(content: bytes) -> Soundness:
    """Walks the segments to the frame header; a picture cut off before its scan is unreadable."""
    position = 2
    while position + 9 < len(content):
        if content[position] != 0xFF:
            return "unreadable"
        marker = content[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        length = int.from_bytes(content[position + 2 : position + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[position + 5 : position + 9])
            if not width:
                return "unreadable"
            return "too_large" if width * height > MAX_PIXELS else "accepted"
        position += 2 + max(length, 2)
    return "unreadable"


def _tiff(content: bytes) -> Soundness:
    order = "<" if content[:2] == b"II" else ">"
    offset = struct.unpack(order + "I", content[4:8])[0] if len(content) >= 8 else 0
    return "accepted" if 8 <= offset <= len(content) - 6 else "unreadable"


def _zipped(content: bytes) -> FileType:
    """An Office document by its content types; any other archive keeps the type application/zip."""
    archive = open_archive(content)
    if archive is None:
        return FileType("application/zip", "unreadable")
    with archive:
        names = {entry.filename for entry in archive.infolist()}
        if "[Content_Types].xml" not in names:
            return FileType("application/zip", "wrong_type")
        media_type = DOCX if "word/document.xml" in names else XLSX if "xl/workbook.xml" in names else _OFFICE
        if media_type == _OFFICE or any(name.lower().endswith("vbaproject.bin") for name in names):
            return FileType(media_type, "wrong_type")
        return FileType(media_type, _main_part(archive, media_type))


def _main_part(archive: zipfile.ZipFile, media_type: str) -> Soundness:
    entry = archive.getinfo("word/document.xml" if media_type == DOCX else "xl/workbook.xml")
    if entry.flag_bits & 1:
        return "password_protected"
    if entry.compress_type not in METHODS:
        return "unreadable"
    try:
        with archive.open(entry) as stream:
            return "accepted" if b"<" in stream.read(64) else "unreadable"
    except TORN:
        return "unreadable"


def open_archive(content: bytes) -> zipfile.ZipFile | None:
    """A zip whose directory is small enough to be listed, or None when it is broken or a directory bomb."""
    tail = content[-(65536 + 200) :]
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22:
        return None
    if int.from_bytes(tail[end + 12 : end + 16], "little") > _MAX_DIRECTORY or b"PK\x06\x06" in tail:
        return None
    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError, struct.error, OverflowError):
        return None
