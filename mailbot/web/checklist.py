"""What the evidence must show, as the reviewer’s form (domain §3): what is not ticked becomes the request (§6).

Pure. The form lists its own items, so that a claim that changed meanwhile is decided as it was seen.
"""

from collections.abc import Callable, Mapping
from typing import Any

from mailbot.claims.catalogue import shipped_catalogue
from mailbot.claims.model import Claim
from mailbot.web.forms import nested
from mailbot.wording.marking import mark

_PRODUCT = "product:"
_ITEMS = {
    "parties": (mark("Both parties"), "missing_all_poe", mark("Please send evidence that names you and the customer.")),
    "tenant": (mark("The tenant"), "missing_all_poe", mark("Please send evidence that names the customer’s tenant.")),
    "signature": (
        mark("The customer’s signature"),
        "missing_customer_ack",
        mark("Please send an acknowledgement that the customer has signed."),
    ),
    "date": (
        mark("A date that is not too old"),
        "missing_or_old_dates",
        mark("Please send an acknowledgement with a recent date."),
    ),
    "work": (
        mark("The work done"),
        "missing_partner_solution",
        mark("Please send evidence that describes the work you did."),
    ),
}
_ASK_FOR_PRODUCT = mark("Please send evidence that names this product: %(product)s.")
_OURS = frozenset({"listed", "check", "page", "ask"})
_ELSEWHERE = frozenset({"contact_verified", "contact_source", "effective_date"})

Translate = Callable[[str, str], str]


def checklist(claim: Claim, translate: Translate, language: str) -> list[dict[str, str]]:
    """The items for this claim: labels in the reviewer's language, requests in the partner’s."""
    theirs = claim.partner.language
    general = [
        {"code": code, "label": translate(label, language), "ask": translate(ask, theirs)}
        for code, (label, _, ask) in _ITEMS.items()
    ]
    known = shipped_catalogue().products
    names = {p.code: known[p.code].name if p.code in known else p.code for p in claim.products}
    request = translate(_ASK_FOR_PRODUCT, theirs)
    return general + [
        {"code": _PRODUCT + code, "label": name, "ask": request % {"product": name}} for code, name in names.items()
    ]


def asked(given: Mapping[str, str]) -> list[dict[str, str]]:
    """What was listed and not ticked, as items of a request: reason and words."""
    return [
        {"reason": _reason(code), "text": given.get(f"ask.{code}", "")}
        for code in _listed(given)
        if f"check.{code}" not in given
    ]


def request_fields(given: Mapping[str, str]) -> dict[str, Any]:
    """The body of a request: what is not ticked, then what the reviewer asks beside."""
    beside = nested({name: value for name, value in _plain(given).items() if name not in _ELSEWHERE})
    return beside | {"items": [*asked(given), *beside.get("items", ())]}


def approval_fields(given: Mapping[str, str]) -> dict[str, Any]:
    """The body of an approval."""
    return nested({name: value for name, value in _plain(given).items() if not name.startswith("items.")})


def found(given: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What was ticked, with its page, as the history keeps it for the office."""
    ticked = [code for code in _listed(given) if f"check.{code}" in given]
    words = [f"{code} p. {given[f'page.{code}']}" if f"page.{code}" in given else code for code in ticked]
    return (("shown", ", ".join(words)),) if words else ()


def _listed(given: Mapping[str, str]) -> list[str]:
    return [name.removeprefix("listed.") for name in given if name.startswith("listed.")]


def _reason(code: str) -> str:
    return _ITEMS[code][1] if code in _ITEMS else "missing_products"


def _plain(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name.partition(".")[0] not in _OURS}
