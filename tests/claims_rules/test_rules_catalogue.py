"""The shipped catalogue, found the way people write products."""

from datetime import date

import pytest

from mailbot.claims.catalogue import parse_catalogue, shipped_catalogue

SMALL = """
version = "t"
[defaults]
claimable = true
earning = true
reportable = true
subscription_bound = false
[solution_areas.modern_work_security]
name = "Modern Work"
[activities]
usage = { name = "Usage" }
[programs]
osu = { name = "OSU", solution_area = "modern_work_security", activity = "usage" }
[products.modern_work_security]
old = { name = "Old", since = 2020-01-01, until = 2022-12-31 }
gone = { name = "Gone", claimable = false }
"""


@pytest.mark.parametrize(
    "name",
    [
        "Exchange Online", "SharePoint Online", "Teams", "Teams Meetings", "Teams Phone", "Teams Platform",
        "Microsoft 365 Apps", "Microsoft 365 Apps (ProPlus)", "ProPlus", "Intune", "Yammer", "Viva Insights",
        "Viva Topics", "Viva Learning", "Viva Connections", "Azure AD Premium", "Defender for Office 365",
        "Defender for Endpoint", "Defender for Identity", "Information Protection",
    ],
)  # fmt: skip
def test_microsoft_365_products_are_there_and_bound_to_no_subscription(name):
    product = shipped_catalogue().find(name)
    assert product is not None
    assert product.solution_area == "modern_work_security"
    assert product.claimable
    assert not product.subscription_bound


@pytest.mark.parametrize(
    "name",
    [
        "Business Central", "Finance & Operations", "Customer Engagement", "Power Apps", "Power Automate", "Power BI",
        "Remote Assist", "Guides", "Retail", "Core HR",
    ],
)  # fmt: skip
def test_business_applications_are_there_and_bound_to_a_subscription(name):
    product = shipped_catalogue().find(name)
    assert product is not None
    assert product.solution_area == "business_applications"
    assert product.subscription_bound


def test_yammer_earns_nothing_and_is_the_only_one():
    products = shipped_catalogue().products.values()
    assert [product.code for product in products if not product.earning] == ["yammer"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("exchange_online", "exchange_online"),
        ("  EXCHANGE   online ", "exchange_online"),
        ("Microsoft Exchange-Online", "exchange_online"),
        ("Dynamics 365 Business Central", "business_central"),
        ("Microsoft Dynamics 365 Business Central", "business_central"),
        ("Finance and Operations", "finance_and_operations"),
        ("F&O", "finance_and_operations"),
        ("MS Teams", "teams"),
        ("microsoft 365 apps", "microsoft_365_apps"),
        ("PowerBI", "power_bi"),
        ("Microsoft", None),
        ("Microsoft 365", None),
        ("Exchange Onlin", None),
        ("", None),
        ("—", None),
    ],
)
def test_a_product_is_found_however_it_is_written(text, code):
    product = shipped_catalogue().find(text)
    assert (product and product.code) == code


def test_areas_and_activities_are_found_by_code_name_or_synonym():
    catalogue = shipped_catalogue()
    assert catalogue.find_solution_area("Business Applications") == "business_applications"
    assert catalogue.find_solution_area("Microsoft 365") == "modern_work_security"
    assert catalogue.find_solution_area("modern work & security") == "modern_work_security"
    assert catalogue.find_solution_area("gardening") is None
    assert catalogue.find_activity("Pre-Sales") == "presales"
    assert catalogue.find_activity("revenue association") == "revenue_association"
    assert catalogue.find_activity("sleep") is None


@pytest.mark.parametrize(
    ("area", "activity", "program"),
    [
        ("business_applications", "presales", "osa_sell"),
        ("business_applications", "usage", "osu_business_applications"),
        ("business_applications", "revenue_association", "revenue_association"),
        ("modern_work_security", "usage", "osu_microsoft_365"),
        ("modern_work_security", "presales", None),
        ("", "", None),
    ],
)
def test_area_and_activity_lead_to_the_programme(area, activity, program):
    assert shipped_catalogue().program_for(area, activity) == program


def test_an_area_knows_its_activities_and_everything_has_a_name():
    catalogue = shipped_catalogue()
    assert catalogue.activities_of("business_applications") == ("presales", "usage", "revenue_association")
    assert catalogue.activities_of("modern_work_security") == ("usage",)
    assert catalogue.solution_areas["business_applications"] == "Business Applications"
    assert catalogue.activities["presales"] == "Presales"
    assert catalogue.programs["osa_sell"].name == "OSA Sell"


def test_a_product_can_be_claimed_from_its_first_to_its_last_day():
    old, gone = parse_catalogue(SMALL).products.values()
    assert old.claimable_on(date(2020, 1, 1))
    assert old.claimable_on(date(2022, 12, 31))
    assert not old.claimable_on(date(2019, 12, 31))
    assert not old.claimable_on(date(2023, 1, 1))
    assert not gone.claimable_on(date(2021, 1, 1))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('new = { name = "New", colour = "red" }', "catalogue product new:"),
        ("new = { }", "catalogue product new:"),
        ('new = { name = "OLD" }', 'catalogue product new: "OLD" already means old'),
    ],
)
def test_a_defective_catalogue_is_refused(line, said):
    with pytest.raises(ValueError, match=said):
        parse_catalogue(SMALL + line)
