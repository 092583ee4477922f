"""A claim as flat form fields and back: what the edit and new-claim forms show and read.

Pure. Defects are BadForm with the dotted field name, so that a form can show each beside its field.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from mailbot.claims.catalogue import shipped_catalogue
from mailbot.claims.model import Claim, Contact, Status
from mailbot.claims.places import LANGUAGES
from mailbot.web.forms import nested, parse
from mailbot.web.schemas import ClaimPatch

PLAIN = (
    "name",
    "location_id",
    "tenant_id",
    "tenant_domain",
    "domain_reason",
    "solution_area",
    "activity",
    "seller",
    "solution",
)
CONTACTS = ("customer", "second", "tenant_admin", "partner")
ALL_FIELDS = frozenset({*PLAIN, *CONTACTS, "products"})
_CONTACT_FIELDS = ("name", "email", "title", "country", "language", "time_zone")
_SPARE_ROWS = 3
_TONGUES = {"en": "English", "cs": "Čeština", "pl": "Polski", "hu": "Magyar", "zh-TW": "繁體中文"}


def form_of(claim: Claim) -> dict[str, str]:
    """The claim's editable values under their form names."""
    form = {name: str(getattr(claim, name) or "") for name in PLAIN}
    for number, product in enumerate(claim.products):
        ends = product.ends.isoformat() if product.ends else ""
        form |= {f"products.{number}.code": product.code, f"products.{number}.subscription_id": product.subscription_id}
        form[f"products.{number}.ends"] = ends
    for party in CONTACTS:
        contact: Contact | None = getattr(claim, party)
        for name in _CONTACT_FIELDS if contact else ():
            form[f"{party}.{name}"] = str(getattr(contact, name) or "")
    return form


def patch_of(fields: Mapping[str, str], wanted: Iterable[str], claim: Claim) -> ClaimPatch:
    """The changes a form asks for, among the `wanted` fields. Blank optional fields are emptied, a second contact
    without any value is removed. Raises BadForm."""
    tree = nested(fields)
    given: dict[str, Any] = {}
    for name in wanted:
        if name in tree:
            given[name] = _product_rows(tree[name]) if name == "products" else tree[name]
        elif name in ("second", "tenant_admin"):
            given[name] = None
        elif name in ("tenant_domain", "domain_reason", "seller", "solution"):
            given[name] = ""
        elif getattr(claim, name, None):
            given[name] = [] if name == "products" else {} if name in CONTACTS else ""
    return parse(ClaimPatch, given)


def choices(fields: Mapping[str, str], locations: Iterable[str]) -> dict[str, Any]:
    """What the form's lists offer. A value the catalogue does not know stays choosable, so that it is not lost."""
    catalogue = shipped_catalogue()
    products = [(p.code, p.name) for p in catalogue.products.values() if p.claimable]
    chosen = [fields[name] for name in fields if name.startswith("products.") and name.endswith(".code")]
    products += [(code, code) for code in chosen if code and code not in catalogue.products]
    return {
        "areas": _options(catalogue.solution_areas.items()),
        "activities": _options(catalogue.activities.items()),
        "products": _options(sorted(products, key=lambda pair: pair[1].casefold())),
        "locations": _options((place, place) for place in locations),
        "languages": _options((tag, _TONGUES[tag]) for tag in LANGUAGES),
        "rows": len(chosen) + _SPARE_ROWS,
    }


def may_change_everything(claim: Claim) -> bool:
    """Whether the claim is still a draft, whose every field can be edited."""
    return claim.status is Status.DRAFT


def _options(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"code": code, "text": text} for code, text in pairs]


def _product_rows(rows: Any) -> Any:
    """Rows without a product are blank rows, whatever else a browser filled in."""
    return [row for row in rows if isinstance(row, dict) and row.get("code")] if isinstance(rows, list) else rows
