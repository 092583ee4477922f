"""A policy: the versioned rules a claim is pinned to when it is created (domain §2, §4.2, §4.4, §4.5, §5).

Policies are data: TOML files that may extend a shipped one. Loading one names every defect it has in a PolicyError;
afterwards a Policy is a value that never changes and is handed around. The same rules always have the same version.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from mailbot.claims.durations import Duration
from mailbot.claims.policy_tables import (
    ACTIONS,
    CUSTOMER_CONTACTS,
    EditRule,
    ProofRule,
    read_clocks,
    read_editing,
    read_max_disputes,
    read_proof,
    read_reminders,
    read_roles,
)

__all__ = [
    "SHIPPED",
    "EditRule",
    "Policy",
    "PolicyError",
    "ProofRule",
    "act_of",
    "dump_policy",
    "load_policy",
    "parse_policy",
]

SHIPPED = ("2021", "2023")
"""The policies that come with mailbot; a policy file may extend one of them."""

_TABLES = ("clocks", "reminders", "editing", "roles", "proof")
_OUTCOMES = ("rejected", "rejected_final")


class PolicyError(ValueError):
    """A policy that cannot be used. `defects` has one sentence for each thing wrong; the message is their lines."""

    def __init__(self, defects: Iterable[str]) -> None:
        self.defects = tuple(defects)
        super().__init__("\n".join(self.defects))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One version of the rules. Equal versions are equal policies; `text` is what the version was computed from."""

    name: str
    version: str
    text: str = field(compare=False, repr=False)
    clocks: Mapping[str, Duration | None] = field(compare=False, repr=False)
    reminders: Mapping[str, tuple[str, ...]] = field(compare=False, repr=False)
    max_disputes: int = field(compare=False)
    disassociate: str = field(compare=False)
    editing: Mapping[str, EditRule] = field(compare=False, repr=False)
    roles: Mapping[str, frozenset[str]] = field(compare=False, repr=False)
    proof: Mapping[str, ProofRule] = field(compare=False, repr=False)

    def duration(self, clock: str) -> Duration:
        """The length of a clock that every policy has; KeyError for one that is switched off or unknown."""
        length = self.clocks[clock]
        if length is None:
            raise KeyError(f"policy {self.name} has no clock {clock}")
        return length

    def may(self, roles: Iterable[str], action: str) -> bool:
        """Whether any of the roles is given the act; ValueError for an act that does not exist (`act_of`)."""
        act = act_of(action)
        return any(act in self.roles.get(role, ()) for role in roles)

    def who_may(self, action: str) -> tuple[str, ...]:
        """The roles that are given the act, for a refusal that names them; ValueError as in `may`."""
        act = act_of(action)
        return tuple(sorted(role for role, acts in self.roles.items() if act in acts))

    def editable(self, status: str, *, suspended: bool = False) -> frozenset[str]:
        """The claim fields the partner may change; customer contacts under every policy while suspended (§4.2)."""
        fields = self.editing[status].fields
        return fields | CUSTOMER_CONTACTS if suspended else fields


@cache
def act_of(action: str) -> str:
    """An act by its name here or by contract.md's verb: `start-review` is `start_review`, to `create` is to `draft`.

    Raises ValueError for anything else: a misspelt act would otherwise be forbidden to everybody, silently.
    """
    act = action.replace("-", "_")
    act = "draft" if act == "create" else act
    if act not in ACTIONS:
        raise ValueError(f'"{action}" is no act; there are {", ".join(sorted(ACTIONS))}')
    return act


def load_policy(name_or_text: str) -> Policy:
    """A shipped policy by name, or the policy a file's text describes; PolicyError if it is neither or defective."""
    if name_or_text in SHIPPED:
        return _shipped(name_or_text)
    if "=" in name_or_text or name_or_text.lstrip().startswith("{"):
        return parse_policy(name_or_text)
    raise PolicyError([f'"{name_or_text}" is not a shipped policy; there are {", ".join(SHIPPED)}'])


def parse_policy(text: str) -> Policy:
    """The policy of a TOML file or of `dump_policy`; PolicyError names every defect."""
    return _policy(_resolved(_document(text)))


def dump_policy(policy: Policy) -> str:
    """The whole policy as one text (JSON, nothing left to extend); `parse_policy` gives the same version back."""
    return policy.text


@cache
def _shipped(name: str) -> Policy:
    return _policy(_resolved(_shipped_document(name)))


def _shipped_document(name: str) -> dict[str, Any]:
    return tomllib.loads(files("mailbot.claims").joinpath(f"data/{name}.toml").read_text(encoding="utf-8"))


def _document(text: str) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except ValueError as error:
        raise PolicyError([f"the policy cannot be read: {error}"]) from None
    return document


def _resolved(document: dict[str, Any]) -> dict[str, Any]:
    """The document laid over what it extends."""
    base = document.get("extends")
    if base is None:
        return document
    if base not in SHIPPED:
        raise PolicyError([f"extends: read {base!r}, allowed is {', '.join(SHIPPED)}"])
    own = {key: value for key, value in document.items() if key != "extends"}
    return _merged(_resolved(_shipped_document(base)) | {"name": None}, own)


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in own.items():
        below = result.get(key)
        result[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def _policy(document: dict[str, Any]) -> Policy:
    defects: list[str] = []
    tables = {name: _table(document, name, defects) for name in _TABLES}
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, default=str)
    name = _name(document, defects)
    policy = Policy(
        name=name,
        version=f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}",
        text=text,
        clocks=read_clocks(tables["clocks"], defects),
        reminders=read_reminders(tables["reminders"], defects),
        max_disputes=read_max_disputes(tables["clocks"], defects),
        disassociate=_outcome(document, defects),
        editing=read_editing(tables["editing"], defects),
        roles=read_roles(tables["roles"], defects),
        proof=read_proof(tables["proof"], defects),
    )
    known = {"name", "disassociate", *_TABLES}
    defects.extend(f"{key}: unknown; known are {', '.join(sorted(known))}" for key in sorted(document.keys() - known))
    if defects:
        raise PolicyError(defects)
    return policy


def _table(document: dict[str, Any], name: str, defects: list[str]) -> Mapping[str, Any]:
    value = document.get(name, {})
    if isinstance(value, dict):
        return value
    defects.append(f"{name}: read {value!r}, allowed is a table")
    return {}


def _name(document: dict[str, Any], defects: list[str]) -> str:
    name = document.get("name")
    if isinstance(name, str) and 0 < len(name) <= 40 and name.isprintable():
        return name
    defects.append(f"name: read {name!r}, allowed is a text of 1 to 40 characters")
    return ""


def _outcome(document: dict[str, Any], defects: list[str]) -> str:
    outcome = document.get("disassociate")
    if outcome in _OUTCOMES:
        return str(outcome)
    defects.append(f"disassociate: read {outcome!r}, allowed is {' or '.join(_OUTCOMES)}")
    return ""
