"""Who plays: the partner, the office, the customers, their firms, and rules that count in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a mailbox outside."""

    name: str
    email: str
    language: str = "en"


DOMAIN = "mail.example"
PETR = Person("Petr Dvořák", "petr@fabrikam.example")
RITA = Person("Rita Office", "rita@office.example")
ADA = Person("Ada Office", "ada@office.example")
JANA = Person("Jana Nováková", "jana@contoso.example", "cs")
OLGA = Person("Olga Former", "olga@tailspin.example")
KLARA = Person("Klára Malá", "klara@tailspin.example")

CONTOSO_TENANT = "11111111-2222-3333-4444-555555555555"
TAILSPIN_TENANT = "66666666-7777-8888-9999-aaaaaaaaaaaa"

PEOPLE = f"""
[[organisation]]
name = "Fabrikam"
country = "CZ"
time_zone = "Europe/Prague"
domains = ["fabrikam.example"]
  [[organisation.location]]
  id = "4567890"
  enrolled = ["osa_sell", "osu_microsoft_365", "osu_business_applications", "revenue_association"]
  [[organisation.person]]
  name = "{PETR.name}"
  email = "{PETR.email}"
  roles = ["incentives_admin"]
[[reviewer]]
name = "{RITA.name}"
email = "{RITA.email}"
roles = ["reviewer"]
[[reviewer]]
name = "{ADA.name}"
email = "{ADA.email}"
roles = ["office_admin"]
"""

POLICY = """
extends = "2021"
name = "demo"
[clocks]
join = "1 second"
delivery_slack = "2 seconds"
consent_window = "8 seconds"
absence = "10 seconds"
absence_undated = "10 seconds"
"""

CLAIM_MAIL = f"""Dear office,

please register our claim.

Name: Teams roll-out at Contoso
Location: 4567890
Tenant: {CONTOSO_TENANT}
Tenant domain: contoso.example
Solution area: Microsoft 365
Activity: Usage
Product: Teams
Product: Exchange Online
Customer name: {JANA.name}
Customer title: IT manager
Customer email: {JANA.email}
Customer country: CZ
Customer language: cs

Regards
Petr
"""

CLAIM_BODY = {
    "name": "Device management at Tailspin",
    "location_id": "4567890",
    "tenant_id": TAILSPIN_TENANT,
    "tenant_domain": "tailspin.example",
    "solution_area": "modern_work_security",
    "activity": "usage",
    "products": [{"code": "intune"}],
    "customer": {"name": OLGA.name, "title": "CIO", "email": OLGA.email, "country": "US", "language": "en"},
    "partner": {"name": PETR.name, "email": PETR.email, "language": "en"},
}
