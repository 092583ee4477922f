"""Claims by mail: fields in five languages and any dress, products, several claims, and what is not understood."""

import pickle
import tomllib
from pathlib import Path

import pytest

from mailbot.inbound.claimform import ClaimForm, ProductLine, read_claim_forms
from mailbot.inbound.htmltext import plain_text
from mailbot.inbound.quoting import split_html, split_text

TENANT = "11111111-2222-3333-4444-555555555555"
SUBSCRIPTION = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
FORMS = tomllib.loads((Path(__file__).parent / "forms.toml").read_text(encoding="utf-8"))

EXPECTED = {
    "name": "Contoso Teams",
    "location_id": "4567890",
    "tenant_id": TENANT,
    "tenant_domain": "contoso.example",
    "domain_reason": "merger",
    "solution_area": "Microsoft 365",
    "activity": "usage",
    "customer.name": "Jana Nová",
    "customer.title": "CIO",
    "customer.email": "jana@contoso.example",
    "customer.country": "CZ",
    "customer.language": "cs",
    "second.email": "petr@contoso.example",
    "tenant_admin.email": "admin@contoso.example",
    "partner.name": "Eva Malá",
    "partner.email": "eva@fabrikam.example",
    "seller": "Carl",
    "solution": "Widget",
    "effective_date": "2025-05-05",
}


def form_lines(language: str) -> list[str]:
    """A complete form in the labels of one language."""
    return [f"{label}: {EXPECTED[name]}" for name, label in FORMS[language].items() if name in EXPECTED]


def only(text: str) -> ClaimForm:
    """The one form of a text."""
    (form,) = read_claim_forms(text)
    return form


@pytest.mark.parametrize("language", FORMS)
def test_every_label_of_a_language_is_known(language: str) -> None:
    assert set(FORMS[language]) == {*EXPECTED, "products", "evidence", "draft"}
    assert only("\n".join(form_lines(language))).fields == EXPECTED


@pytest.mark.parametrize("language", FORMS)
def test_fields_come_in_any_order(language: str) -> None:
    lines = form_lines(language)
    assert only("\n".join([lines[0], *reversed(lines[1:])])).fields == EXPECTED


@pytest.mark.parametrize("language", FORMS)
@pytest.mark.parametrize(
    "dress",
    [
        "{0}:{1}",
        "{0} : {1}",
        "  {0}:   {1}  ",
        "* {0}: {1}",
        "- {0}: {1}",
        "• {0}: {1}",
        "**{0}:** {1}",
        "{0}：{1}",
        "{0}\t{1}",
        "{0} = {1}",
        "| {0} | {1} |",
    ],
)
def test_fields_are_read_in_any_dress(language: str, dress: str) -> None:
    if "|" in dress:
        dress = "| {0}: {1} |"
    lines = [dress.format(label, EXPECTED[name]) for name, label in FORMS[language].items() if name in EXPECTED]
    assert only("Hello,\n\n" + "\n".join(lines) + "\n\nRegards\nEva").fields == EXPECTED


@pytest.mark.parametrize("language", FORMS)
def test_capitals_and_missing_diacritics_are_forgiven(language: str) -> None:
    text = "\n".join(
        f"{label.upper()}: {EXPECTED[name]}" for name, label in FORMS[language].items() if name in EXPECTED
    )
    assert only(text).fields == EXPECTED


def test_the_names_of_the_domain_are_labels_too() -> None:
    assert only("\n".join(f"{name}: {value}" for name, value in EXPECTED.items())).fields == EXPECTED


@pytest.mark.parametrize("language", FORMS)
def test_products_evidence_and_draft_have_labels_in_every_language(language: str) -> None:
    labels = FORMS[language]
    yes = {"en": "yes", "cs": "ano", "pl": "tak", "hu": "igen", "zh_tw": "是"}[language]
    text = f"{labels['products']}: teams\n{labels['evidence']}: a.pdf, b.pdf\n{labels['draft']}: {yes}"
    assert only(text) == ClaimForm(fields={}, products=(ProductLine("teams"),), evidence=("a.pdf", "b.pdf"), draft=True)


def test_an_html_table_reads_as_a_form() -> None:
    rows = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in EXPECTED.items())
    assert only(plain_text(f"<p>Hello</p><table>{rows}</table>")).fields == EXPECTED
    assert only(split_html(f"<p>Hello</p><table>{rows}</table>").reply).fields == EXPECTED


def test_a_label_on_a_line_of_its_own_takes_the_line_below() -> None:
    form = only("Tenant ID:\n" + TENANT + "\n\nCustomer name\nJana Nová\nCustomer email\njana@contoso.example\n")
    assert form.fields == {"tenant_id": TENANT, "customer.name": "Jana Nová", "customer.email": "jana@contoso.example"}


def test_products_come_with_subscription_and_end() -> None:
    form = only(f"Product: business_central {SUBSCRIPTION} ends 31.12.2026\nProduct: teams")
    assert form.products == (ProductLine("business_central", SUBSCRIPTION, "2026-12-31"), ProductLine("teams"))


@pytest.mark.parametrize(
    "text",
    [
        "Products: teams, exchange_online, intune",
        "Products: teams; exchange_online; intune",
        "Products:\n- teams\n- exchange_online\n- intune\n",
        "Product: teams\nProduct: exchange_online\nProduct: intune",
        "Produkty: teams a exchange_online a intune",
        "產品：teams、exchange_online、intune",
    ],
)
def test_several_products_in_any_form(text: str) -> None:
    assert [line.code for line in only(text).products] == ["teams", "exchange_online", "intune"]


def test_product_names_may_have_several_words() -> None:
    assert only(f"Product: Business Central, subscription: {SUBSCRIPTION}").products == (
        ProductLine("Business Central", SUBSCRIPTION),
    )
    assert only("Product: Microsoft 365 Apps").products == (ProductLine("Microsoft 365 Apps"),)


def test_a_subscription_on_its_own_line_belongs_to_the_product_above() -> None:
    form = only(f"Product: Guides\nSubscription: {SUBSCRIPTION}\nEnds: 2026-01-31\nProduct: Retail")
    assert form.products == (ProductLine("Guides", SUBSCRIPTION, "2026-01-31"), ProductLine("Retail"))


def test_a_malformed_subscription_is_kept_as_written() -> None:
    assert (
        only("Product: Guides aaaaaaaa-bbbb-cccc-dddd-eee1").products[0].subscription_id
        == "aaaaaaaa-bbbb-cccc-dddd-eee1"
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2025-05-05", "2025-05-05"),
        ("5.5.2025", "2025-05-05"),
        ("5. 5. 2025", "2025-05-05"),
        ("2025. 05. 05.", "2025-05-05"),
        ("2025年5月5日", "2025-05-05"),
        ("25/12/2025", "2025-12-25"),
        ("12/25/2025", "2025-12-25"),
        ("5/6/2025", "5/6/2025"),
    ],
)
def test_dates_of_unmistakable_order_become_iso(written: str, read: str) -> None:
    assert only(f"Effective date: {written}").fields == {"effective_date": read}


@pytest.mark.parametrize(
    "value", ["Petr Malý <petr@contoso.example>", "Petr Malý, petr@contoso.example", "petr@contoso.example (Petr Malý)"]
)
def test_a_contact_is_name_and_address_on_one_line(value: str) -> None:
    assert only(f"Second contact: {value}").fields == {
        "second.name": "Petr Malý",
        "second.email": "petr@contoso.example",
    }


def test_a_heading_gives_short_labels_their_meaning() -> None:
    form = only("Name: Big claim\nCustomer:\n  Name: Jana Nová\n  E-mail: jana@contoso.example\n  Country: CZ\n")
    assert form.fields == {
        "name": "Big claim",
        "customer.name": "Jana Nová",
        "customer.email": "jana@contoso.example",
        "customer.country": "CZ",
    }


def test_each_name_starts_another_claim() -> None:
    first, second = read_claim_forms("Name: One\nProduct: teams\n\nNázev: Two\nProduct: intune\nEvidence: b.pdf\n")
    assert (first.fields["name"], [p.code for p in first.products], first.evidence) == ("One", ["teams"], ())
    assert (second.fields["name"], [p.code for p in second.products], second.evidence) == (
        "Two",
        ["intune"],
        ("b.pdf",),
    )


def test_a_reply_with_only_the_missing_lines_is_a_form_without_a_name() -> None:
    assert only("Hello,\n\nTenant: 1234\n\nEva").fields == {"tenant_id": "1234"}


def test_lines_that_only_look_like_fields_are_named() -> None:
    form = only("Name: One\nFavourite colour: blue\nPlease note: https://contoso.example\n")
    assert "Favourite colour: blue" in form.unknown


def test_quoted_lines_are_not_read() -> None:
    assert only("> Name: Old\n> Tenant: 1\nTenant: 2").fields == {"tenant_id": "2"}


def test_the_first_value_of_a_field_stands() -> None:
    assert only("Tenant: 1\nTenant: 2").fields == {"tenant_id": "1"}


@pytest.mark.parametrize(
    "text", ["", "Hello", "Thank you for your mail.\nSee you on Monday: 10:00", "https://contoso.example", ":::"]
)
def test_ordinary_words_are_no_form(text: str) -> None:
    assert read_claim_forms(text) == ()


def test_a_form_that_looks_like_a_signature_stays_readable() -> None:
    body = "Hello,\n\nhere it is:\n\nCustomer name: Jana\nCustomer email: jana@contoso.example\nCustomer country: CZ\n"
    assert set(only(split_text(body).reply).fields) == {"customer.name", "customer.email", "customer.country"}


def test_a_form_travels_between_processes() -> None:
    form = only("Name: One\nProduct: teams")
    assert pickle.loads(pickle.dumps(form)) == form


def cells(*rows: tuple[str, ...]) -> str:
    """An HTML table of these rows, as text."""
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return split_html(f"<p>Hello,</p><table>{lines}</table>").reply


@pytest.mark.parametrize(
    "listed", ["Teams<br>Intune", "<ul><li>Teams</li><li>Intune</li></ul>", "<p>Teams</p><p>Intune</p>"]
)
def test_every_product_of_one_cell_is_read(listed: str) -> None:
    (form,) = read_claim_forms(
        cells(("Name", "Contoso"), ("Tenant", TENANT), ("<p>Products</p>" if "<p>" in listed else "Products", listed))
    )
    assert [product.code for product in form.products] == ["Teams", "Intune"]


def test_a_table_with_a_row_of_labels_is_a_claim_a_row() -> None:
    forms = read_claim_forms(
        cells(
            ("Name", "Location", "Tenant", "Product"),
            ("Contoso A", "4567890", TENANT, "Teams<br>Intune"),
            ("Contoso B", "4567891", TENANT, "Power BI"),
        )
    )
    assert [(form.fields["name"], form.fields["location_id"]) for form in forms] == [
        ("Contoso A", "4567890"),
        ("Contoso B", "4567891"),
    ]
    assert [[product.code for product in form.products] for form in forms] == [["Teams", "Intune"], ["Power BI"]]
