"""Many claims by one sheet: checked cell by cell and shown, and only then made; and drafts as a sheet again."""

import zipfile
from io import BytesIO
from typing import Any

import pytest
from engine_house import PETR, House, pdf
from python_calamine import CalamineWorkbook
from web_visitors import Browser

from mailbot.web.draft_sheet import letter, pack, sheet_of, unpack
from mailbot.web.tables import UnreadableTableError, as_csv, as_xlsx, read

HEAD = [
    "Name", "Lokalita", "Tenant", "Tenant domain", "Solution area", "Activity", "Product",
    "Customer name", "Customer title", "Customer email", "Customer country", "Evidence",
]  # fmt: skip


def row(number: int, **changes: str) -> list[str]:
    """A row as right as any; each about a tenant of its own."""
    cells = {
        "name": f"Roll-out {number}", "location": "4567890", "tenant": f"3f2504e0-4f89-41d3-9a0c-{number:012d}",
        "domain": "customer.example", "area": "Microsoft 365", "activity": "usage", "product": "Teams",
        "person": "Jana Nováková", "title": "CIO", "email": "jana@customer.example", "country": "CZ", "evidence": "",
    }  # fmt: skip
    return list((cells | changes).values())


async def hands_in(browser: Browser, content: bytes, name: str = "claims.csv") -> str:
    await browser.open("/claims/sheet")
    return await browser.press("/claims/sheet", files={"file": (name, content)})


def rows_of(browser: Browser) -> dict[str, str]:
    return browser.form("/claims/sheet")


async def test_forty_rows_are_checked_shown_and_then_made(home: House, signed_in: Any) -> None:
    petr = await signed_in(PETR)
    sheet = as_xlsx([HEAD, *(row(n, evidence=f"sow-{n}.pdf" if n == 7 else "") for n in range(1, 41))])
    shown = await hands_in(petr, sheet, "claims.xlsx")
    assert "40 rows were checked, and all are right" in shown
    assert (await petr.open("/claims")).count("Roll-out") == 0

    await hands_in(petr, sheet, "claims.xlsx")
    shown = await petr.press("/claims/sheet", files={"file": ("SOW-7.pdf", pdf("seven"))})
    assert "40 claims were made." in shown
    assert petr.page.text.count('class="badge draft"') == 39
    assert petr.page.text.count('class="badge submitted"') == 1
    assert len(petr.page.content) < 60 * 1024

    again = read((await petr.http.get("/claims/drafts.csv")).content)
    assert len(again) == 40
    assert sheet_of(again).wrong == ()


async def test_the_same_form_twice_makes_the_claims_once(home: House, signed_in: Any) -> None:
    petr = await signed_in(PETR)
    await hands_in(petr, as_csv([HEAD, row(1), row(2)]))
    form = rows_of(petr)
    headers = {"origin": "null", "sec-fetch-site": "same-origin"}
    for _ in range(2):
        answer = await petr.http.post("/claims/sheet", data=form, files={"x": b""}, headers=headers)
        assert "2 claims were made." in answer.text
    assert (await petr.open("/claims")).count("Roll-out") == 2


async def test_every_wrong_cell_is_named_and_nothing_is_made(home: House, signed_in: Any) -> None:
    petr = await signed_in(PETR)
    rows = [
        HEAD,
        row(1, tenant="nonsense"),
        [],
        row(2, product="Teem", email="not an address"),
        row(3),
        row(3, name=""),
        row(4, name="x" * 301),
    ]
    shown = await hands_in(petr, as_csv(rows))
    assert petr.page.status_code == 422
    for cell, words in {
        "C2": "Tenant : The tenant id is not a GUID",
        "G4": "Products : The catalogue has no such product. (read: Teem)",
        "J4": "Customer email : This is no mail address.",
        "A6": "Name : This is missing.",
        "G6": "Products : Row 5 claims the same.",
        "A7": "Name : This is too long: 300 characters at most.",
    }.items():
        assert f"{cell} {words}" in shown, shown
    assert "6 cells need a correction" in shown
    assert not petr.has("rows")
    assert (await petr.open("/claims")).count("Roll-out") == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04 no workbook", "This is no CSV or XLSX file"),
        (b"some, words\r\nand, more", "Please start from the template"),
        (as_csv([HEAD]), "There is no claim below"),
        (as_csv([[*HEAD, "Colour"], [*row(1), "red"]]), "M1 everything : We do not know a column of this name."),
        (as_csv([HEAD, *(row(n) for n in range(101))]), "This is too much: 100 at most."),
    ],
)
async def test_what_is_no_sheet_is_said_to_be_none(home: House, signed_in: Any, content: bytes, words: str) -> None:
    assert words in await hands_in(await signed_in(PETR), content)


async def test_the_template_speaks_the_language_of_its_reader_and_is_read(home: House, signed_in: Any) -> None:
    petr = await signed_in(PETR)
    template = await petr.http.get("/claims/sheet.xlsx")
    assert len(CalamineWorkbook.from_filelike(BytesIO(template.content)).get_sheet_by_index(0).to_python()) == 1
    head = read((await petr.http.get("/claims/sheet.csv")).content)
    assert len(sheet_of([*head, row(1)]).letters) == len(head[0]) == 17


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_a_sheet_is_read_as_spreadsheets_save_it(encoding: str, separator: str) -> None:
    text = separator.join(["Název", "Prodejce"]) + "\r\n" + separator.join(["Zavedení", "Žofie"]) + "\r\n"
    assert sheet_of(read(text.encode(encoding))).lines[0].cells == {"name": "Zavedení", "seller": "Žofie"}


def test_a_formula_is_text_on_its_way_out_and_back() -> None:
    for write in (as_csv, as_xlsx):
        assert b"'=1+1" in write([["=1+1"]]) or write is as_xlsx
        assert read(write([["Name"], ["=1+1"]])) == [["Name"], ["=1+1"]]


def test_a_workbook_that_unpacks_to_too_much_is_refused() -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (21 * 1024 * 1024))
    with pytest.raises(UnreadableTableError):
        read(out.getvalue())


def test_what_comes_back_from_a_form_is_what_was_shown_or_nothing() -> None:
    sheet = sheet_of([HEAD, row(1)])
    assert unpack(pack(sheet)) == sheet
    assert [unpack(text) for text in ("", "nonsense", "eJw=", "é")] == [None] * 4
    assert [letter(n) for n in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
