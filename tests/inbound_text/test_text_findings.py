"""Text found in evidence proposes ticks, with the page: in five languages, and never what is not there."""

from datetime import date

import pytest

from mailbot.inbound.findings import Finding, Sheet, Sought, findings

SOUGHT = Sought(
    partner=("Fabrikam",),
    customer=("Jana Nováková", "contoso.example"),
    tenant=("3f2504e0-4f89-41d3-9a0c-0305e82c3301", "contoso.example"),
    products={"teams": ("Teams",), "exchange_online": ("Exchange Online", "EXO")},
    oldest=date(2025, 3, 2),
    today=date(2026, 3, 2),
)
LETTERS = {
    "en": "Statement of work. Fabrikam deployed Teams for Jana Novakova. Signed by Jana Novakova on 15 January 2026.",
    "cs": "Rozsah prací: Fabrikam zavedl Teams. Za zákazníka podepsala Jana Nováková dne 15. ledna 2026.",
    "pl": "Zakres prac: Fabrikam, usługa Teams. Podpisała Jana Nováková, 15 stycznia 2026.",
    "hu": "Elvégzett munka: Teams, Fabrikam. Aláírta: Jana Nováková, 2026. január 15.",
    "zh": "工作範圍：Fabrikam 部署 Teams。客戶簽署：Jana Nováková，2026年1月15日",
}


def found(*texts: str, sought: Sought = SOUGHT) -> dict[str, Finding]:
    return findings([Sheet(file="sow.pdf", page=n, text=text) for n, text in enumerate(texts, 1)], sought)


@pytest.mark.parametrize("language", LETTERS)
def test_a_letter_of_each_language_shows_all_but_the_tenant_and_the_other_product(language: str) -> None:
    assert set(found(LETTERS[language])) == {"parties", "signature", "date", "work", "product:teams"}


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-15",
        "15.1.2026",
        "15. 01. 2026",
        "01/15/2026",
        "15/01/2026",
        "January 15th, 2026",
        "2026年1月15日",
        "2026. 01. 15.",
        "15. ledna 2026",
        "15 stycznia 2026",
        "2026. január 15.",
    ],
)
def test_a_day_is_read_as_it_is_written(written: str) -> None:
    day = Sought(partner=(), customer=(), tenant=(), products={}, oldest=date(2026, 1, 15), today=date(2026, 1, 15))
    assert set(found(f"Brno, {written} here", sought=day)) == {"date"}


@pytest.mark.parametrize(
    "written", ["15 January 2024", "3 March 2026", "31.2.2026", "1234-2026-1", "version 2.1.2026.4"]
)
def test_a_day_too_old_or_to_come_or_that_is_none_shows_nothing(written: str) -> None:
    assert found(f"Brno, {written}") == {}


def test_the_page_is_named_and_the_words_around_the_place() -> None:
    page = found(
        "Introduction", "In this project " + "x " * 30 + "we moved mail to  Exchange\nOnline for good." + " y" * 30
    )
    assert page["product:exchange_online"].page == 2
    assert "moved mail to Exchange Online for good." in page["product:exchange_online"].words
    assert page["product:exchange_online"].words[0] == page["product:exchange_online"].words[-1] == "…"


def test_a_name_inside_another_word_is_none() -> None:
    assert found("Steamship designed at contoso.examples; unsigned") == {}


def test_parties_are_shown_by_a_page_that_names_both() -> None:
    assert "parties" not in found("Fabrikam", "contoso.example")
    assert found("Fabrikam", "Fabrikam and contoso.example")["parties"].page == 2


def test_a_signature_beside_the_customers_name_goes_before_one_that_stands_alone() -> None:
    assert found("Signature of the partner", "Signature of Jana Nováková")["signature"].page == 2
    assert found("Signature of somebody")["signature"].page == 1


def test_the_tenant_is_found_in_either_case() -> None:
    assert found("Tenant 3F2504E0-4F89-41D3-9A0C-0305E82C3301")["tenant"].page == 1


def test_a_file_without_pages_has_findings_without_one() -> None:
    assert findings([Sheet(file="a.docx", page=0, text="Teams")], SOUGHT)["product:teams"].page == 0


def test_of_a_book_only_the_beginning_is_searched() -> None:
    assert found("x" * 600_000, "Teams") == {}
