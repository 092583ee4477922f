"""A sheet of drafts: one row a claim, its head the labels of the claim form in any of the five languages.

A row is read as the lines of a claim mail are (inbound/claimform.py): what a mail may say, a row may say. Pure. Reading
finds what is wrong with the sheet itself; what is wrong with a claim is for its validation to say.
"""

import base64
import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mailbot.claims.events import Defect
from mailbot.claims.model import Claim, Contact
from mailbot.inbound.claimform import ClaimForm, read_claim_forms
from mailbot.inbound.claimlabels import field_of
from mailbot.web.tables import Row
from mailbot.wording.words import word

MOST_DRAFTS = 100
LONGEST_CELL = 300
COLUMNS = (
    "name", "location_id", "tenant_id", "tenant_domain", "domain_reason", "solution_area", "activity", "products",
    "customer.name", "customer.title", "customer.email", "customer.country", "partner.name", "partner.email",
    "seller", "solution", "evidence",
)  # fmt: skip
"""What the template offers; other labels of the claim form are read as well."""

_MOST_PACKED = 400 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the sheet with its number there: what its cells say, by the form's field names."""

    number: int
    cells: Mapping[str, str]

    def form(self) -> ClaimForm:
        """The row read like the lines of a mail."""
        text = "\n".join(f"{field}: {cell}" for field, cell in self.cells.items())
        forms = read_claim_forms(text)
        return forms[0] if forms else ClaimForm(fields={})


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with one cell: row and column as the reader's program shows them, what was read, and the code."""

    row: int
    column: str
    field: str
    code: str
    text: str
    read: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a sheet, the letter of each field's column, and what is wrong with the sheet itself."""

    lines: tuple[Line, ...]
    letters: Mapping[str, str]
    wrong: tuple[Wrong, ...] = ()

    def blamed(self, line: Line, defect: Defect) -> Wrong:
        """A defect of the claim that a row describes, at the cell it comes from."""
        field = "products" if defect.field.startswith("products") else defect.field
        column = self.letters.get(field) or self.letters.get(field.partition(".")[0], "")
        return Wrong(line.number, column, field, defect.code, defect.text, defect.read or "")


def sheet_of(rows: Sequence[Row]) -> Sheet:
    """The sheet in a table: the first row with a known label is its head, empty rows below are passed over."""
    at = next((n for n, row in enumerate(rows) if any(_field(cell) for cell in row)), None)
    if at is None:
        return Sheet((), {}, (Wrong(1, "A", "name", "no_head", "No column of a claim form was found."),))
    fields = [_field(cell) for cell in rows[at]]
    letters = {field: letter(n) for n, field in reversed(list(enumerate(fields))) if field}
    wrong = [
        Wrong(at + 1, letter(n), "all", "unknown_column", "No field of a claim form has this name.", cell)
        for n, cell in enumerate(rows[at])
        if cell and not fields[n]
    ]
    lines = tuple(_lines(rows, at + 1, fields))
    wrong += [_too_long(line, field, letters) for line in lines for field in line.cells if _long(line.cells[field])]
    if len(lines) > MOST_DRAFTS:
        text = f"{MOST_DRAFTS} claims at most."
        wrong.append(Wrong(lines[MOST_DRAFTS].number, "A", "all", "too_many", text, number=MOST_DRAFTS))
    if not lines:
        wrong.append(Wrong(at + 2, "A", "name", "no_rows", "There is no claim below the head."))
    return Sheet(lines, letters, tuple(wrong))


def table_of_drafts(claims: Iterable[Claim], label: Callable[[str], str]) -> list[Row]:
    """Drafts as a sheet that can be read again; without claims, the empty template. `label` translates."""
    head = [label(word("field", field)) for field in COLUMNS]
    return [head, *([_cell(claim, field) for field in COLUMNS] for claim in claims)]


def pack(sheet: Sheet) -> str:
    """The sheet as a text for a form's hidden field, so that nothing has to be kept between two pages."""
    told = [dict(sheet.letters), [[line.number, dict(line.cells)] for line in sheet.lines]]
    return base64.b64encode(zlib.compress(json.dumps(told).encode(), 9)).decode("ascii")


def unpack(text: str) -> Sheet | None:
    """The sheet that was packed; None for anything else."""
    try:
        unzip = zlib.decompressobj()
        content = unzip.decompress(base64.b64decode(text, validate=True), _MOST_PACKED)
        letters, rows = json.loads(content)
        lines = tuple(Line(int(n), {str(f): str(c) for f, c in cells.items()}) for n, cells in rows[:MOST_DRAFTS])
        return Sheet(lines, {str(field): str(column) for field, column in letters.items()})
    except (ValueError, TypeError, AttributeError, RecursionError, zlib.error):
        return None


def letter(column: int) -> str:
    """The name of a column as spreadsheets show it: A, B, … Z, AA."""
    before, last = divmod(column, 26)
    return (letter(before - 1) if before else "") + chr(ord("A") + last)


def _field(cell: str) -> str:
    return (field_of(cell.strip().rstrip("*:")) or "") if cell.strip() else ""


def _lines(rows: Sequence[Row], start: int, fields: Sequence[str]) -> Iterable[Line]:
    for number, row in enumerate(rows[start:], start=start + 1):
        cells: dict[str, str] = {}
        for field, cell in zip(fields, row, strict=False):
            if field and cell:
                cells[field] = f"{cells[field]}; {cell}" if field == "products" and field in cells else cell
        if cells:
            yield Line(number, cells)


def _long(cell: str) -> bool:
    return len(cell) > LONGEST_CELL


def _too_long(line: Line, field: str, letters: Mapping[str, str]) -> Wrong:
    text = f"{LONGEST_CELL} characters at most."
    return Wrong(line.number, letters[field], field, "too_long", text, line.cells[field][:40] + "…", LONGEST_CELL)


def _cell(claim: Claim, field: str) -> str:
    if field == "products":
        return "; ".join(" ".join(filter(None, (p.code, p.subscription_id, _ends(p.ends)))) for p in claim.products)
    if field == "evidence":
        return ", ".join(file.name for file in claim.evidence)
    party, _, part = field.partition(".")
    holder: Claim | Contact | None = getattr(claim, party) if part else claim
    return str(getattr(holder, part or field, "") or "")


def _ends(day: object) -> str:
    return f"ends {day}" if day else ""
