"""Tables as people exchange them, CSV and XLSX: written safe to open in a spreadsheet, read whatever wrote them.

CSV is written as UTF-8 with a byte order mark (domain §9) and read in the encodings and with the separators that
spreadsheets of our five languages save. A text that a spreadsheet would take for a formula gets an apostrophe in front
(security item 29), which reading takes off again. Everything is text. Pure; `read` raises UnreadableTableError.
"""

import csv
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from io import BytesIO, StringIO

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_ENCODINGS = ("utf-8-sig", "cp1250")
_SEPARATORS = ";,\t"
_MOST_UNPACKED = 20 * 1024 * 1024
_CHUNK = 64 * 1024
_ZIP = b"PK\x03\x04"

Row = Sequence[str]
_Cell = int | float | str | bool | time | date | datetime | timedelta


class UnreadableTableError(Exception):
    """The bytes are no table, or one that is far too large."""


def as_csv(rows: Iterable[Row]) -> bytes:
    """The rows as CSV."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8")


def as_xlsx(rows: Iterable[Row]) -> bytes:
    """The rows as a workbook of one sheet, the first its head; every cell is text."""
    out = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, options)
    sheet = book.add_worksheet("Claims")
    bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    width = 0
    for number, row in enumerate(rows):
        width = max(width, len(row))
        for column, cell in enumerate(row):
            sheet.write_string(number, column, guarded(cell), text if number else bold)
    sheet.set_column(0, max(width - 1, 0), 18, text)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, 0, max(width - 1, 0))
    book.close()
    return out.getvalue()


def guarded(cell: str) -> str:
    """The text, with an apostrophe in front if a spreadsheet would run it."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def read(content: bytes) -> list[Row]:
    """The rows of a CSV file or of a workbook's first sheet, trimmed, empty ones too: a row's place is its number."""
    rows = _of_workbook(content) if content.startswith(_ZIP) else _of_csv(content)
    return [[_unguarded(" ".join(cell.split())) for cell in row] for row in rows]


def _of_csv(content: bytes) -> list[Row]:
    text = _decoded(content)
    if "\x00" in text:
        raise UnreadableTableError
    head = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=head.count)
    try:
        return list(csv.reader(StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        raise UnreadableTableError from error


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableTableError


def _of_workbook(content: bytes) -> list[Row]:
    _weigh(content)
    try:
        sheet = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0)
        # Empty rows above the head count too: people look for the number that their program shows.
        return [[_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    except (CalamineError, IndexError, OSError, ValueError) as error:
        raise UnreadableTableError from error


def _weigh(content: bytes) -> None:
    """Counts what really comes out of the archive: the announced size is the stranger's word."""
    left = _MOST_UNPACKED
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            for entry in archive.infolist():
                with archive.open(entry) as stream:
                    while chunk := stream.read(_CHUNK):
                        left -= len(chunk)
                        if left < 0:
                            raise UnreadableTableError
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
        raise UnreadableTableError from error


def _text(cell: _Cell) -> str:
    """A cell as it was meant: whole numbers without a fraction, days as ISO dates."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return str(cell)


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
