"""What a claim needs before it can be submitted: each defect by its field and code (domain §3, §8)."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from claims_desk import FACTS, MONDAY, PRAGUE, TENANT, new_claim, paper

from mailbot.claims import addresses
from mailbot.claims.catalogue import shipped_catalogue
from mailbot.claims.events import Defect, Facts
from mailbot.claims.model import Claim, Contact, Product
from mailbot.claims.policy import load_policy
from mailbot.claims.validation import defects, draft_defects, is_guid

SUBSCRIPTION = "0a1b2c3d-4e5f-4a7b-8c9d-0e1f2a3b4c5d"
BUSINESS: dict[str, Any] = {
    "solution_area": "business_applications",
    "activity": "usage",
    "program": "osu_business_applications",
    "products": (Product(code="business_central", subscription_id=SUBSCRIPTION),),
}


def found(claim: Claim, facts: Facts = FACTS) -> list[tuple[str, str]]:
    """Fields and codes of all defects."""
    return [(d.field, d.code) for d in all_of(claim, facts)]


def all_of(claim: Claim, facts: Facts = FACTS) -> tuple[Defect, ...]:
    """All defects."""
    return defects(claim, facts, load_policy("2021"), shipped_catalogue(), MONDAY)


def with_customer(**fields: Any) -> Claim:
    """A claim whose contact differs."""
    return new_claim(customer=replace(new_claim().customer, **fields))


def test_a_complete_claim_has_no_defects() -> None:
    assert found(new_claim()) == []
    assert found(new_claim(**BUSINESS)) == []
    assert found(new_claim(tenant_domain="")) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": "  "}, ("name", "missing")),
        ({"location_id": ""}, ("location_id", "missing")),
        ({"location_id": "999"}, ("location_id", "unknown_location")),
        ({"tenant_id": ""}, ("tenant_id", "missing")),
        ({"tenant_id": "customer.example"}, ("tenant_id", "malformed_guid")),
        ({"tenant_domain": "no domain"}, ("tenant_domain", "malformed_domain")),
        ({"solution_area": "gardening"}, ("solution_area", "unknown_area")),
        ({"activity": "presales"}, ("activity", "unknown_activity")),
        ({"activity": ""}, ("activity", "missing")),
        ({"products": ()}, ("products", "missing")),
        ({"products": (Product(code="abacus"),)}, ("products[0]", "unknown_product")),
        ({"products": (Product(code="business_central"),)}, ("products[0]", "other_area")),
        ({"products": (Product(code="teams"), Product(code="teams"))}, ("products[1]", "twice")),
        ({"products": (Product(code="teams", ends=date(2026, 3, 1)),)}, ("products[0].ends", "ended")),
        ({"evidence": ()}, ("evidence", "missing")),
        ({"evidence": (paper(at=MONDAY - timedelta(days=366)),)}, ("evidence", "evidence_too_old")),
        ({"partner": Contact()}, ("partner.name", "missing")),
        ({"partner": Contact(name="P", email="nobody")}, ("partner.email", "malformed_address")),
        ({"second": Contact(name="O", email="nobody")}, ("second.email", "malformed_address")),
        ({"tenant_admin": Contact(email="it@fabrikam.example")}, ("tenant_admin.email", "partner_domain")),
    ],
)
def test_each_defect_is_named_with_its_field(fields: dict[str, Any], expected: tuple[str, str]) -> None:
    assert expected in found(new_claim(**fields))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": ""}, ("customer.name", "missing")),
        ({"title": ""}, ("customer.title", "missing")),
        ({"email": ""}, ("customer.email", "missing")),
        ({"email": "jana"}, ("customer.email", "malformed_address")),
        ({"country": ""}, ("customer.country", "missing")),
        ({"country": "Czechia"}, ("customer.country", "malformed_country")),
        ({"email": "jana@mail.fabrikam.example"}, ("customer.email", "partner_domain")),
        ({"email": "jana@holding.example"}, ("domain_reason", "domain_mismatch")),
    ],
)
def test_each_defect_of_the_customer_contact_is_named(fields: dict[str, Any], expected: tuple[str, str]) -> None:
    assert expected in found(with_customer(**fields))


def test_what_was_read_stands_beside_the_defect() -> None:
    (defect,) = all_of(new_claim(tenant_id="customer.example"))
    assert defect.read == "customer.example"
    assert "GUID" in defect.text


def test_a_reason_excuses_an_address_outside_the_tenants_domain() -> None:
    claim = replace(with_customer(email="jana@holding.example"), domain_reason="the holding's address")
    assert found(claim) == []
    assert found(with_customer(email="jana@mail.customer.example")) == []


def test_a_location_has_to_be_enrolled_in_the_programme_and_the_firms_own() -> None:
    claim = new_claim(program="osu_microsoft_365")
    bare = replace(FACTS, location=replace(PRAGUE, enrolled=frozenset()))
    assert found(claim, bare) == [("location_id", "not_enrolled")]
    other = replace(FACTS, location=replace(PRAGUE, organisation_id="contoso"))
    assert found(claim, other) == [("location_id", "unknown_location")]
    assert found(claim, replace(FACTS, location=None)) == [("location_id", "unknown_location")]


def test_business_applications_need_a_subscription_that_is_not_the_tenant() -> None:
    def business(subscription: str) -> list[tuple[str, str]]:
        product = Product(code="business_central", subscription_id=subscription)
        return found(new_claim(**BUSINESS | {"products": (product,)}))

    field = "products[0].subscription_id"
    assert business("") == [(field, "subscription_missing")]
    assert business("12") == [(field, "malformed_guid")]
    assert business(f"{{{TENANT.upper()}}}") == [(field, "tenant_as_subscription")]
    assert business(SUBSCRIPTION) == []


def test_a_product_that_cannot_be_claimed_names_its_line_and_leaves_the_rest() -> None:
    catalogue = shipped_catalogue()
    closed = replace(catalogue.products["intune"], claimable=False)
    limited = replace(catalogue, products={**catalogue.products, "intune": closed})
    claim = new_claim(products=(Product(code="teams"), Product(code="intune")))
    (defect,) = defects(claim, FACTS, load_policy("2021"), limited, MONDAY)
    assert (defect.field, defect.code, defect.read) == ("products[1]", "not_claimable", "intune")


def test_revenue_association_needs_seller_and_solution() -> None:
    claim = new_claim(**BUSINESS | {"activity": "revenue_association", "program": "revenue_association"})
    assert found(claim) == [("seller", "missing"), ("solution", "missing")]


def test_some_old_evidence_beside_newer_is_fine() -> None:
    old = paper("old", at=MONDAY - timedelta(days=900))
    assert found(new_claim(evidence=(old, paper()))) == []


def test_a_draft_may_lack_things_but_not_say_wrong_ones() -> None:
    empty = Claim(
        id="CLM-X", version=0, policy="2021", created_at=MONDAY, organisation_id="fabrikam", organisation_name="F"
    )
    assert draft_defects(empty, FACTS, load_policy("2021"), shipped_catalogue(), MONDAY) == ()
    assert len(found(empty)) == 13
    unknown = replace(empty, activity="gardening")
    assert found(unknown)[0] == ("activity", "unknown_activity")


@pytest.mark.parametrize("text", [TENANT, TENANT.upper(), f"{{{TENANT}}}", TENANT.replace("-", "")])
def test_guids_are_read_in_their_usual_spellings(text: str) -> None:
    assert is_guid(text)


@pytest.mark.parametrize("text", ["", "abc", TENANT + "0", TENANT[:-1] + "g", "customer.example"])
def test_what_is_no_guid(text: str) -> None:
    assert not is_guid(text)


def test_addresses_and_domains_are_compared_plainly() -> None:
    assert addresses.fits("jana@Customer.Example", "customer.example.")
    assert addresses.fits("jana@mail.customer.example", "customer.example")
    assert not addresses.fits("jana@notcustomer.example", "customer.example")
    assert not addresses.fits("jana", "customer.example")
    assert not addresses.fits("jana@customer.example", "")
    assert addresses.is_domain("příklad.example")
    assert not addresses.is_domain("localhost")
    assert not addresses.is_domain("a..example")
    assert not addresses.is_address("a@b@customer.example")
    assert not addresses.is_address("Jana <jana@customer.example>")
