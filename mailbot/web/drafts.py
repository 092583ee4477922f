"""A new claim from a body: the draft as the engine is to write it down, for form and API alike.

Raises BadForm when the actor has no firm, or names a policy nobody pinned. Everything else wrong with the fields is
the domain's to name: the draft is kept and says what it lacks.
"""

import hashlib
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.claims.events import Actor, Drafted
from mailbot.claims.model import Claim, Contact
from mailbot.claims.policy import parse_policy
from mailbot.engine.engine import Outcome
from mailbot.ids import CLAIM_ALPHABET
from mailbot.store import people, policies
from mailbot.web.forms import BadForm, FieldError
from mailbot.web.schemas import ClaimBody, ContactBody, Stamp
from mailbot.web.site import Site

_DRAWS = 5
_TAKEN = "wrong_state"


async def create_draft(site: Site, claim: Claim, stamp: Stamp) -> Outcome:
    """Writes the draft down, once however often the same stamp comes.

    Its id follows from the event's, so that a call or form sent again meets the claim it made; an id that another
    claim has already is drawn again.
    """
    for number in range(_DRAWS):
        draft = replace(claim, id=_claim_id(f"{stamp.id}:{number}"))
        outcome = await site.engine.create(Drafted(claim=draft, **stamp.fields()))
        if outcome.refusal is None or outcome.refusal.code != _TAKEN:
            return outcome
    return outcome


async def draft_of(site: Site, conn: AsyncConnection, actor: Actor, body: ClaimBody) -> Claim:
    """The draft, not yet with an id, of the actor's firm."""
    firm = await people.organisation(conn, actor.organisation_id) if actor.organisation_id else None
    if firm is None:
        raise BadForm([FieldError("partner", "no_organisation", "Only a partner's people can make a claim.")])
    return Claim(
        id="",
        version=0,
        policy=await _policy(site, conn, body.policy),
        created_at=site.now(),
        organisation_id=firm.id,
        organisation_name=firm.name,
        name=body.name,
        location_id=body.location_id,
        tenant_id=body.tenant_id,
        tenant_domain=body.tenant_domain,
        domain_reason=body.domain_reason,
        solution_area=body.solution_area,
        activity=body.activity,
        products=tuple(product.value() for product in body.products),
        customer=body.customer.value(),
        second=_contact(body.second),
        tenant_admin=_contact(body.tenant_admin),
        partner=body.partner.value(),
        seller=body.seller,
        solution=body.solution,
    )


def _claim_id(seed: str) -> str:
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest(), "big")
    size = len(CLAIM_ALPHABET)
    return "CLM-" + "".join(CLAIM_ALPHABET[number // size**place % size] for place in range(6))


def _contact(body: ContactBody | None) -> Contact | None:
    return body.value() if body else None


async def _policy(site: Site, conn: AsyncConnection, name: str) -> str:
    """The version of the named policy; the office's own if none is named."""
    present = site.engine.default_policy
    if name in ("", present.name, present.version):
        return present.version
    known = [parse_policy(text) for text in (await policies.load(conn)).values()]
    found = next((policy for policy in known if name in (policy.name, policy.version)), None)
    if found is None:
        raise BadForm([FieldError("policy", "unknown_policy", f"There is no policy {name} here.")])
    return found.version
