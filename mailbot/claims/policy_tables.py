"""The tables of a policy file, read and checked: clocks, reminders, editing, roles, proof.

Every reader takes the raw table and a list to which it appends one sentence for each defect it finds; it goes on after
a defect so that all of them are named at once. What it returns is only good if nothing was appended.
"""

from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from mailbot.claims.deadlines import reminder_lead
from mailbot.claims.durations import Duration
from mailbot.claims.model import Role, Status

ESCALATIONS = frozenset({"start_review", "review", "decision", "dispute_review", "customer_question", "data_request"})
"""Clocks that only call for help: the ones a policy may leave out by writing "none"."""

CLOCKS = ESCALATIONS | {
    "partner_action", "consent_window", "dispute", "delivery_slack", "absence", "absence_undated", "undo",
    "held_delay", "evidence_age", "take_back", "join",
}  # fmt: skip
"""The names of domain §5, without `max_disputes`, which is a number."""

CUSTOMER_CONTACTS = frozenset({"customer", "second", "tenant_admin", "domain_reason"})
FIELD_GROUPS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "location": frozenset({"location_id"}),
        "products": frozenset({"products"}),
        "contacts": CUSTOMER_CONTACTS | {"partner"},
        "all": CUSTOMER_CONTACTS
        | {"name", "location_id", "tenant_id", "tenant_domain", "solution_area", "activity", "products", "partner"}
        | {"seller", "solution"},
    }
)
"""What the words of `[editing] fields` mean as fields of the claim."""

ACTIONS = frozenset(
    {
        "read", "comment", "draft", "add_evidence", "answer", "submit", "cancel", "edit", "dispute", "withdraw",
        "disassociate", "start_review", "request_info", "approve", "reject", "arbitrate", "uphold", "answer_customer",
        "resend_notice", "record_decline", "manage_people", "manage_keys", "manage_policies", "manage_mail",
        "decline", "undo", "accept", "ask",
    }
)  # fmt: skip
"""Every act a role can be given (contract.md's verbs, with underscores)."""

MAIL_ACTS = frozenset(
    {
        "decline", "ask", "undo", "accept", "answer", "add_evidence", "comment", "edit", "submit", "cancel", "dispute",
        "withdraw", "disassociate", "draft", "start_review", "request_info", "approve", "reject", "arbitrate", "uphold",
    }
)  # fmt: skip
"""The acts that can be done by mail and therefore need a rule of proof (architecture.md, Proof needed per act)."""

PROOFS = frozenset({"token", "address_of_record", "known_person", "aligned", "role", "page", "second_step"})
PERMISSIONS = frozenset({"yes", "no", "add_only", "with_dispute"})
FALLBACKS = frozenset({"step_up", "hold_and_step_up", "hold"})

Defects = list[str]


@dataclass(frozen=True, slots=True)
class EditRule:
    """What may change in one status: claim fields by name, evidence and comments by permission word (domain §4.5)."""

    fields: frozenset[str]
    evidence: str
    comment: str


@dataclass(frozen=True, slots=True)
class ProofRule:
    """How well an act must be proved: any one of the alternatives in full, else `otherwise` happens."""

    enough: tuple[frozenset[str], ...]
    otherwise: str

    def met(self, proved: Set[str]) -> bool:
        """Whether what was proved is enough."""
        return any(needs <= proved for needs in self.enough)

    def missing(self, proved: Set[str]) -> frozenset[str]:
        """The fewest proofs still needed; empty if it is enough."""
        return min((frozenset(needs - proved) for needs in self.enough), key=len)


def read_clocks(table: Mapping[str, Any], defects: Defects) -> Mapping[str, Duration | None]:
    """The durations of domain §5 by name; None for an escalation that is switched off."""
    _known("clocks", table, CLOCKS | {"max_disputes"}, defects)
    _complete("clocks", table, CLOCKS | {"max_disputes"}, defects)
    return MappingProxyType({name: _clock(name, table[name], defects) for name in sorted(CLOCKS & table.keys())})


def read_max_disputes(table: Mapping[str, Any], defects: Defects) -> int:
    """How often a rejection may be disputed."""
    value = table.get("max_disputes", 0)
    if type(value) is int and 0 <= value <= 10:
        return value
    defects.append(f"clocks.max_disputes: read {value!r}, allowed is a whole number from 0 to 10")
    return 0


def read_reminders(table: Mapping[str, Any], defects: Defects) -> Mapping[str, tuple[str, ...]]:
    """When to remind, by clock; `subscription` counts back from a product's `ends`."""
    _known("reminders", table, CLOCKS | {"subscription"}, defects)
    found = {name: _words(f"reminders.{name}", value, None, defects) for name, value in table.items()}
    for name, specs in found.items():
        for spec in specs:
            _attempt(f"reminders.{name}", reminder_lead, spec, defects)
    return MappingProxyType(found)


def read_editing(table: Mapping[str, Any], defects: Defects) -> Mapping[str, EditRule]:
    """What may be edited, by status."""
    statuses = frozenset(map(str, Status))
    _known("editing", table, statuses, defects)
    _complete("editing", table, statuses, defects)
    return MappingProxyType({status: _edit_rule(status, rule, defects) for status, rule in table.items()})


def read_roles(table: Mapping[str, Any], defects: Defects) -> Mapping[str, frozenset[str]]:
    """What each role may do. A role without a line may do nothing."""
    _known("roles", table, frozenset(map(str, Role)), defects)
    return MappingProxyType(
        {role: frozenset(_words(f"roles.{role}", acts, ACTIONS, defects)) for role, acts in table.items()}
    )


def read_proof(table: Mapping[str, Any], defects: Defects) -> Mapping[str, ProofRule]:
    """The proof needed, by act."""
    _known("proof", table, MAIL_ACTS, defects)
    _complete("proof", table, MAIL_ACTS, defects)
    return MappingProxyType({act: _proof_rule(act, rule, defects) for act, rule in table.items()})


def _clock(name: str, value: object, defects: Defects) -> Duration | None:
    if value == "none" and name in ESCALATIONS:
        return None
    if isinstance(value, str):
        return _attempt(f"clocks.{name}", Duration.parse, value, defects)
    defects.append(f'clocks.{name}: read {value!r}, allowed is a duration like "5 business days"')
    return None


def _edit_rule(status: str, rule: object, defects: Defects) -> EditRule:
    table = _table(f"editing.{status}", rule, ("fields", "evidence", "comment"), defects)
    # Tenant, solution area and activity are never editable after draft, whatever a policy says (domain §4.5).
    groups = frozenset(FIELD_GROUPS) if status == Status.DRAFT else FIELD_GROUPS.keys() - {"all"}
    words = _words(f"editing.{status}.fields", table.get("fields"), groups, defects)
    return EditRule(
        fields=frozenset().union(*(FIELD_GROUPS[word] for word in words if word in FIELD_GROUPS)),
        evidence=_word(f"editing.{status}.evidence", table.get("evidence"), PERMISSIONS, defects),
        comment=_word(f"editing.{status}.comment", table.get("comment"), PERMISSIONS, defects),
    )


def _proof_rule(act: str, rule: object, defects: Defects) -> ProofRule:
    where = f"proof.{act}"
    table = _table(where, rule, ("enough", "otherwise"), defects)
    enough = table.get("enough")
    if not isinstance(enough, list) or not enough or [] in enough:
        defects.append(f'{where}.enough: read {enough!r}, allowed is a list of lists like [["token", "aligned"]]')
        enough = []
    needs = tuple(frozenset(_words(f"{where}.enough", words, PROOFS, defects)) for words in enough)
    return ProofRule(needs, _word(f"{where}.otherwise", table.get("otherwise"), FALLBACKS, defects))


def _table(where: str, value: object, keys: tuple[str, ...], defects: Defects) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        defects.append(f"{where}: read {value!r}, allowed is a table with {', '.join(keys)}")
        return dict.fromkeys(keys)
    _known(where, value, keys, defects)
    return value


def _words(where: str, value: object, allowed: Collection[str] | None, defects: Defects) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        defects.append(f"{where}: read {value!r}, allowed is a list of texts")
        return ()
    for word in value:
        if allowed is not None:
            _word(where, word, allowed, defects)
    return tuple(value)


def _word(where: str, value: object, allowed: Collection[str], defects: Defects) -> str:
    if isinstance(value, str) and value in allowed:
        return value
    defects.append(f"{where}: read {value!r}, allowed is {', '.join(sorted(allowed))}")
    return ""


def _known(where: str, table: Mapping[str, Any], allowed: Collection[str], defects: Defects) -> None:
    for key in sorted(table.keys() - set(allowed)):
        defects.append(f"{where}.{key}: unknown; known are {', '.join(sorted(allowed))}")


def _complete(where: str, table: Mapping[str, Any], wanted: Collection[str], defects: Defects) -> None:
    for key in sorted(set(wanted) - table.keys()):
        defects.append(f'{where}.{key}: missing; write it, or extends = "2021" at the top')


def _attempt(where: str, read: Callable[[str], Duration | None], text: str, defects: Defects) -> Duration | None:
    try:
        return read(text)
    except ValueError as error:
        defects.append(f"{where}: {error}")
        return None
