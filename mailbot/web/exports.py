"""The list of claims as CSV and XLSX, safe to open in a spreadsheet.

CSV is UTF-8 with a byte order mark (domain §9). A text that a spreadsheet would take for a formula gets an apostrophe
in front (security item 29). Pure.
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO, StringIO

import xlsxwriter

from mailbot.claims.model import Claim

MOST_ROWS = 50_000
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_COLUMNS = (
    "id", "name", "status", "consent", "association", "reason", "contested", "organisation", "location_id",
    "tenant_id", "tenant_domain", "solution_area", "activity", "program", "products", "subscriptions",
    "customer_name", "customer_email", "partner_email", "effective_date", "created_at", "submitted_at", "decided_at",
    "active_since", "ended_at", "next_due", "policy",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def as_csv(claims: Iterable[Claim]) -> bytes:
    """The claims as CSV."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    writer.writerows([guarded(cell) for cell in _row(claim)] for claim in claims)
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8")


def as_xlsx(claims: Iterable[Claim]) -> bytes:
    """The claims as a workbook of one sheet; every cell is text."""
    out = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, options)
    sheet = book.add_worksheet("Claims")
    bold = book.add_format({"bold": True})
    for column, name in enumerate(_COLUMNS):
        sheet.write_string(0, column, name, bold)
    for number, claim in enumerate(claims, start=1):
        for column, cell in enumerate(_row(claim)):
            sheet.write_string(number, column, guarded(cell))
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, 0, len(_COLUMNS) - 1)
    book.close()
    return out.getvalue()


def guarded(cell: str) -> str:
    """The text, with an apostrophe in front if a spreadsheet would run it."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _row(claim: Claim) -> Sequence[str]:
    due = min((clock.due for clock in claim.clocks if clock.paused_at is None), default=None)
    return (
        claim.id, claim.name, claim.status, claim.consent, claim.association, claim.reason,
        "yes" if claim.contested else "no", claim.organisation_name, claim.location_id, claim.tenant_id,
        claim.tenant_domain, claim.solution_area, claim.activity, claim.program,
        " ".join(product.code for product in claim.products),
        " ".join(product.subscription_id for product in claim.products if product.subscription_id),
        claim.customer.name, claim.customer.email, claim.partner.email,
        claim.effective_date.isoformat() if claim.effective_date else "",
        _at(claim.created_at), _at(claim.submitted_at), _at(claim.decided_at), _at(claim.active_since),
        _at(claim.ended_at), _at(due), claim.policy,
    )  # fmt: skip


def _at(instant: datetime | None) -> str:
    return instant.isoformat(timespec="seconds") if instant else ""
