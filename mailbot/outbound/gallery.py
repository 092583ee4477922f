"""Every mail in every language with example values, as files to look at: what `mailbot preview` shows of the mails.

Names start with the mail's code: `<code>-<party>[-<variant>].<language>.{txt,html,eml}`; `index.html` opens them all.
Addresses and links are made up and open nothing. Writing into an unusable folder raises OSError.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from mailbot.claims.events import Mail
from mailbot.claims.mails import MAILS
from mailbot.claims.model import Claim, Contact, Evidence, Party, Product, Status
from mailbot.outbound.compose import CUSTOMERS, Composer, Order, Outgoing
from mailbot.outbound.gallery_page import page
from mailbot.templates import Rendered, Templates
from mailbot.tokens import Purpose
from mailbot.wording.catalogues import LANGUAGES

_NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_TENANT = "11111111-2222-3333-4444-555555555555"

PARTNER = Contact(name="Petr Dvořák", email="petr@fabrikam.example", country="CZ", language="en")
CUSTOMER = Contact(name="Jana Nováková", title="IT manager", email="jana@customer.example", country="CZ", language="en")
OFFICE = Contact(name="Rita Office", email="rita@office.example", country="US", language="en")

CLAIM = Claim(
    id="CLM-7K3QF2",
    version=4,
    policy="2021",
    created_at=_NOW,
    organisation_id="fabrikam",
    organisation_name="Fabrikam",
    name="Teams roll-out",
    location_id="4567890",
    tenant_id=_TENANT,
    tenant_domain="customer.example",
    solution_area="modern_work_security",
    activity="usage",
    products=(Product(code="teams"), Product(code="exchange_online")),
    customer=CUSTOMER,
    partner=PARTNER,
    effective_date=date(2026, 2, 20),
    evidence=(
        Evidence(
            sha256="0" * 64,
            name="acceptance protocol.pdf",
            media_type="application/pdf",
            size=48_213,
            verdict="accepted",
            by=PARTNER.email,
            at=_NOW,
        ),
    ),
    status=Status.APPROVED,
)
SECOND_CLAIM = replace(
    CLAIM,
    id="CLM-9XB2MD",
    organisation_name="Northwind Traders",
    name="ERP project",
    solution_area="business_applications",
    activity="presales",
    products=(Product(code="business_central", subscription_id="aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"),),
    partner=Contact(name="Olga Kowalska", email="olga@northwind.example", country="PL", language="pl"),
)

# What differs much from the example values of MAILS: name of the variant → values.
VARIANTS: Mapping[str, Mapping[str, Mapping[str, object]]] = {
    "claim_received": {
        "complete": {"defects": []},
        "changed": {
            "defects": [],
            "files": [],
            "changed": [{"field": "products", "before": "Teams, Yammer", "after": "Teams"}],
        },
    },
    "claim_submitted": {"again": {"again": True, "editable": []}},
    "info_request": {"again": {"again": True}, "in_dispute": {"in_dispute": True}, "exact": {"exact": True}},
    "evidence_receipt": {"complete": {"items": [], "defects": [], "due": None}},
    "action_reminder": {"dispute": {"clock": "dispute", "items": []}},
    "arbitration_notice": {"incumbent": {"incumbent": True}},
    "claim_approved": {"unverified": {"contact_verified": False}, "arbitrated": {"arbitrated": True}},
    "claim_rejected": {"final": {"final": True, "dispute_until": None}, "request": {"dispute_until": None}},
    "customer_declined": {"ended": {"ended": True}, "undone": {"undone": True}},
    "dispute_decided": {"approved": {"result": "approved"}},
    "consent_prompt": {
        "unverified": {"contact_verified": False, "replaces": []},
        "again": {"again": True},
        "away": {"away": True},
        "exact": {"exact": True},
    },
    "consent_reminder": {"unverified": {"contact_verified": False}},
    "decline_confirmed": {"ended": {"ended": True, "undo_until": None}, "phone": {"how": "phone"}},
    "question_answered": {"late": {"last_day": None}},
    "claim_ended": {"final": {"disputable": False, "reason": ""}},
    "association_active": {"accepted": {"accepted": True}},
    "delivery_problem": {
        "wrong_person": {"cause": "wrong_person", "status": ""},
        "ended": {"ended": True, "suspended": False},
        "delayed": {"cause": "delayed", "permanent": False},
    },
    "review_assigned": {
        "dispute": {"round": "dispute", "case": "We did deliver it.", "answers": []},
        "contested": {"contested": True},
    },
    "not_understood": {
        "refused": {"reason": "nothing_answered", "read": "No open question was answered; open are 1 and 2."}
    },
    "office_attention": {"none": {"items": []}},
    "help": {"reviewer": {"role": "reviewer"}},
    "status": {"none": {"claims": []}},
}

_WITHOUT_CLAIM = frozenset({"sign_in", "help", "status", "daily_digest", "confirm_act", "office_attention"})


class _Sample:
    """Addresses that look like ours and belong to nobody."""

    def address(self, purpose: Purpose, handle: int, expires: date | None) -> str:
        return purpose + "example" * 4 + "abcd"


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One mail of the gallery; `name` is its file name without language and ending."""

    name: str
    order: Order


def composer(templates: Templates) -> Composer:
    """Composes as an imaginary office that nobody can answer."""
    return Composer(
        templates=templates,
        tokens=_Sample(),
        domain="mail.example",
        public_url="https://mail.example",
        office_name="Claims office",
        office_zone="UTC",
    )


def exhibits(language: str) -> Iterator[Exhibit]:
    """Every code to every party it goes to, its variants, and the three notices joined in one mail."""
    for code, kind in MAILS.items():
        for party in kind.to:
            plain = Mail(code=code, to=party, key=code, context=kind.context, joins=kind.joins, answer=kind.answer)
            yield Exhibit(f"{code}-{party}", _order(plain, language))
            for variant, changes in VARIANTS.get(code, {}).items():
                changed = replace(plain, context={**kind.context, **changes})
                yield Exhibit(f"{code}-{party}-{variant}", _order(changed, language))
        if kind.joins:
            yield Exhibit(f"{code}-customer-joined", _joined(code, language))


def write(folder: Path, templates: Templates, languages: Sequence[str] = LANGUAGES) -> list[Path]:
    """Writes all exhibits and the page to browse them; returns the files in the order written."""
    folder.mkdir(parents=True, exist_ok=True)
    make = composer(templates)
    written: list[Path] = []
    subjects: dict[str, str] = {}
    for language in languages:
        for exhibit in exhibits(language):
            rendered = make.words(exhibit.order)
            subjects.setdefault(exhibit.name, rendered.subject)
            base = folder / f"{exhibit.name}.{language}"
            written += _files(base, rendered, make.compose(exhibit.order))
    index = folder / "index.html"
    index.write_text(page(subjects, languages), encoding="utf-8")
    return [*written, index]


def _order(mail: Mail, language: str) -> Order:
    person = CUSTOMER if mail.to in CUSTOMERS else PARTNER if mail.to in (Party.PARTNER, Party.PERSON) else OFFICE
    return Order(
        mail=mail,
        claims=() if mail.code in _WITHOUT_CLAIM else (CLAIM,),
        recipient=replace(person, language=language),
        handle=1,
        now=_NOW,
        expires=None,
    )


def _joined(code: str, language: str) -> Order:
    first = Mail(code=code, to=Party.CUSTOMER, key="joined", context=MAILS[code].context, joins=True)
    other = "customer_heads_up" if code != "customer_heads_up" else code
    second = Mail(code=other, to=Party.CUSTOMER, key="joined", context=MAILS[other].context, joins=True)
    return replace(_order(first, language), claims=(CLAIM, SECOND_CLAIM), joined=(second,))


def _files(base: Path, rendered: Rendered, outgoing: Outgoing) -> Iterable[Path]:
    contents = {"txt": rendered.text.encode(), "html": rendered.html.encode(), "eml": outgoing.raw}
    for ending, content in contents.items():
        path = base.with_name(f"{base.name}.{ending}")
        path.write_bytes(content)
        yield path
