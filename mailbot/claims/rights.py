"""Who may do what to which claim: the policy's table of rights and the rules no table can say (domain §2).

Answers a Refusal that names who may, or None. Proof of identity is not looked at here; it was settled before.
"""

from mailbot.claims.events import Refusal
from mailbot.claims.model import Role
from mailbot.claims.step import Step

ANYONE = ("*",)
"""Acts of machines that speak for somebody: an absence, an unsubscribe click."""
INTERNAL: tuple[str, ...] = ()
"""Acts of nobody: the post, the clock, other claims."""

PARTNERS = frozenset({Role.INCENTIVES_USER, Role.INCENTIVES_ADMIN, Role.BILLING_ADMIN, Role.GLOBAL_ADMIN})
OFFICE = frozenset({Role.REVIEWER, Role.OFFICE_ADMIN})


def forbidden(step: Step, acts: tuple[str, ...]) -> Refusal | None:
    """Why the actor may not do any of these acts to this claim, if so."""
    roles = step.actor.roles
    if acts == ANYONE:
        return None
    if acts == INTERNAL:
        return None if Role.SYSTEM in roles else Refusal(code="not_allowed", text="Only mailbot itself does this.")
    able = frozenset(role for role in roles if any(step.policy.may((role,), act) for act in acts))
    if not able:
        who = sorted({role for act in acts for role in step.policy.who_may(act)})
        return Refusal(code="not_allowed", text=f"This may be done by: {', '.join(who) or 'nobody'}.")
    at_home = step.actor.organisation_id == step.claim.organisation_id
    as_partner = able <= PARTNERS or (at_home and able & PARTNERS)
    return _foreign(step) if as_partner else _own_firm(step, able)


def _foreign(step: Step) -> Refusal | None:
    """A partner's person acts for their own firm, and where it is limited to locations, for those."""
    actor, claim = step.actor, step.claim
    if actor.organisation_id != claim.organisation_id:
        return Refusal(code="not_yours", text="This claim belongs to another firm.")
    if actor.locations and claim.location_id and claim.location_id not in actor.locations:
        places = ", ".join(sorted(actor.locations))
        return Refusal(code="other_location", text=f"You act for {places}; this claim is for {claim.location_id}.")
    return None


def _own_firm(step: Step, able: frozenset[Role]) -> Refusal | None:
    firm = step.actor.organisation_id
    if able & OFFICE and firm and firm == step.claim.organisation_id:
        return Refusal(code="own_firm", text="Nobody in the office decides a claim of their own firm.")
    return None
