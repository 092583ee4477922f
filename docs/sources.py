"""What the tables of the docs say, asked from the code itself: commands, keys, limits, codes, clocks, products.

Codes that the code only utters (`Refusal(code="…")`) are read from its source. Nothing here is written by hand.
"""

import ast
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import click
from babel.messages.pofile import read_po
from fastapi import FastAPI
from pydantic import BaseModel

import mailbot
from mailbot.claims import model
from mailbot.claims.catalogue import shipped_catalogue
from mailbot.claims.events import Refusal
from mailbot.claims.mails import MAILS, MailKind
from mailbot.claims.policy import load_policy
from mailbot.claims.reasons import QUESTIONS, REJECTIONS
from mailbot.cli import cli
from mailbot.doctor.finding import Area
from mailbot.inbound import replies
from mailbot.inbound.bounces import NOTHING
from mailbot.inbound.classify import Class
from mailbot.inbound.intent import Intent
from mailbot.inbound.interpretation import Automatic, FileVerdict, Sender
from mailbot.inbound.lexicon.load import lexicon
from mailbot.inbound.replies import Reply
from mailbot.inbound.verdict import disposition_of
from mailbot.limits import Limits
from mailbot.outbound import gallery
from mailbot.outbound.compose import REMINDERS
from mailbot.templates import Templates
from mailbot.web import api
from mailbot.web.api_webhooks import TYPES
from mailbot.web.problems import refused
from mailbot.web.verbs import VERBS
from mailbot.wording import extract
from mailbot.wording.catalogues import LANGUAGES

PACKAGE = Path(mailbot.__file__).parent
_POLICIES = ("2021", "2023")
_SOURCE = re.compile(r" \((?:domain|contract|security|architecture)[^)]*\)")


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` gives the cells of the columns `from_code`; those `by_hand` stand in the page only."""

    from_code: tuple[str, ...]
    by_hand: tuple[str, ...]
    rows: Callable[[], Iterable[tuple[str, ...]]]


def code(text: object) -> str:
    """A cell in typewriter letters."""
    return f"`{text}`"


# --- commands and configuration --------------------------------------------------------------------------------------


def commands() -> Iterator[tuple[str, ...]]:
    """Every command with what it takes and what it does."""
    for words, command in leaves(cli, ()):
        takes = [_shown(p) for p in command.params if p.name not in ("help", "config_file", "_config_file")]
        yield code(" ".join(("mailbot", *words))), " ".join(takes), command.get_short_help_str(200)


def leaves(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """(words, command) of every command that does something itself."""
    if not isinstance(command, click.Group):
        yield words, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from leaves(inner, (*words, name))


def _shown(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Argument):
        name = (parameter.name or "").upper()
        many = " …" if parameter.nargs == -1 else ""
        return code(name + many if parameter.required else f"[{name}]")
    assert isinstance(parameter, click.Option)
    choice = parameter.type
    value = " " + "/".join(choice.choices) if isinstance(choice, click.Choice) else " …"
    flag = parameter.opts[-1] if parameter.is_flag else parameter.opts[-1] + value
    return code(flag if not parameter.required else f"{flag} (needed)")


def keys() -> Iterator[tuple[str, ...]]:
    """Every configuration key but the limits, with its default."""
    document = tomllib.loads(files("mailbot").joinpath("defaults.toml").read_text(encoding="utf-8"))
    document.pop("limits")
    for name, value in document.items():
        inner = value.items() if isinstance(value, dict) else [("", value)]
        for key, default in inner:
            yield code(f"{name}.{key}".rstrip(".")), code(_toml(default))


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def limits() -> Iterator[tuple[str, ...]]:
    """Every limit with its default."""
    for name, value in asdict(Limits()).items():
        yield code(name), f"{value:g}" if isinstance(value, float) else f"{value:,}".replace(",", " ")


def happenings() -> Iterator[tuple[str, ...]]:
    """Every line of the operator's log: its event, its level and its fields."""
    tree = ast.parse(PACKAGE.joinpath("log.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Attribute(ast.Name("_events"), level), [ast.Constant(value=event)], fields):
                named = (code(field.arg) for field in fields if field.arg != "exc_info")
                yield code(event), level, " ".join(named) or "–"


# --- what the process says -------------------------------------------------------------------------------------------


def smtp_reasons() -> Iterator[tuple[str, ...]]:
    """Every refusal of the listener that carries a stable reason, by that reason."""
    found: dict[str, list[str]] = {}
    for reply in _replies():
        if reply.reason:
            words = f"{reply.code} {reply.status} {reply.text}"
            found.setdefault(reply.reason, []).append(words)
    for reason, said in sorted(found.items()):
        yield code(reason), " · ".join(dict.fromkeys(said))


def smtp_others() -> Iterator[tuple[str, ...]]:
    """Every refusal without a stable reason: mistakes in the conversation itself."""
    for reply in _replies():
        if reply.code >= 400 and not reply.reason:
            yield (code(f"{reply.code} {reply.status} {reply.text}"),)


def _replies() -> list[Reply]:
    return [value for value in vars(replies).values() if isinstance(value, Reply)]


def mails() -> Iterator[tuple[str, ...]]:
    """Every mail: to whom, and how it leaves."""
    for kind in MAILS.values():
        yield code(kind.code), ", ".join(dict.fromkeys(_PARTIES[party] for party in kind.to)), ", ".join(_ways(kind))


_PARTIES = {
    model.Party.PARTNER: "partner",
    model.Party.CUSTOMER: "customer",
    model.Party.SECOND: "second contact",
    model.Party.TENANT_ADMIN: "tenant-admin contact",
    model.Party.REVIEWER: "reviewer",
    model.Party.OFFICE: "office admins",
    model.Party.PERSON: "one known person",
}


def _ways(kind: MailKind) -> Iterator[str]:
    if kind.joins:
        yield "joined with others to the same contact"
    if kind.answer:
        yield "answer"
    if kind.sets_clock:
        yield f"starts `{kind.sets_clock}`"
    if kind.code in REMINDERS:
        yield "one-click unsubscribe"


def subjects() -> Iterator[tuple[str, ...]]:
    """Every mail in every language, by its subject there; empty where it cannot be written."""
    templates = Templates({p.code: p.name for p in shipped_catalogue().products.values()}, folders=("mail",))
    make = gallery.composer(templates)
    shown = [{exhibit.name: exhibit.order for exhibit in gallery.exhibits(tongue)} for tongue in LANGUAGES]
    for kind in MAILS.values():
        orders = [of[f"{kind.code}-{kind.to[0]}"] for of in shown]
        yield code(kind.code), *(make.words(order).subject for order in orders)


def catalogues() -> Iterator[tuple[str, ...]]:
    """How much of what mailbot says each catalogue translates."""
    said = [message.id for message in extract.collect() if message.id]
    for tongue in LANGUAGES[1:]:
        with (extract.FOLDER / f"{tongue}.po").open("rb") as file:
            known = read_po(file, locale=tongue)
        done = [known.get(i) for i in said]
        whole = sum(1 for m in done if m is not None and m.string and all(m.string) and not m.fuzzy)
        yield code(tongue), str(len(said)), str(whole), str(len(said) - whole)


def rejections() -> Iterator[tuple[str, ...]]:
    """Why claims are rejected."""
    for reason in REJECTIONS.values():
        yield code(reason.code), reason.text, str(reason.giver), "yes" if reason.disputable else "no"


def questions() -> Iterator[tuple[str, ...]]:
    """What reviewers ask for."""
    for reason in QUESTIONS.values():
        yield code(reason.code), reason.text


def defects() -> Iterator[tuple[str, ...]]:
    """What may be wrong with a field."""
    return ((code(name),) for name in sorted(uttered("claims", "Defect", "code")))


def refusals() -> Iterator[tuple[str, ...]]:
    """Why an act changes nothing, with the status the API gives to it."""
    claim = model.Claim(
        id="", version=0, policy="", created_at=datetime.now(UTC), organisation_id="", organisation_name=""
    )
    for name in sorted(uttered("claims", "Refusal", "code")):
        yield code(name), str(refused(Refusal(code=name, text=""), claim).status)


def inbox_reasons() -> Iterator[tuple[str, ...]]:
    """Why a mail was ignored, held or put aside."""
    found = {(name, "held") for name in uttered("engine", "held", 0) | {"postmaster", "abuse"}}
    found |= {(name, "ignored") for name in uttered("engine", "ignored", 0) | {"no_command"}}
    found |= {(name, "ignored") for name in uttered("engine", "unclear", 2) | uttered("engine", "_answer", 1)}
    found |= {(str(kind), ends) for kind in get_args(Automatic) for ends in _robots(kind)}
    found |= {(name, "quarantined") for name in uttered("inbound", "StructureError", 0) | {"unreadable"}}
    found |= {(f"reader_{cause}", "quarantined") for cause in ("killed", "memory", "timeout")}
    by_name: dict[str, list[str]] = {}
    for name, ends in sorted(found):
        by_name.setdefault(name, []).append(ends)
    return ((code(name), " or ".join(ends)) for name, ends in by_name.items())


def _robots(kind: Automatic) -> set[str]:
    """How mail of that kind ends, with and without words."""
    robot = Class(kind, suppress_response=True, own_mail=False, hops=0, why="")
    return {
        disposition_of(
            robot,
            bounce=NOTHING,
            complaint=None,
            sender=Sender(address=None, name="", verdict=None),
            believed=False,
            intent=Intent("none", "en", ""),
            text=text,
            files=(),
        )[0]
        for text in ("", "words")
    }


def uttered(room: str, call: str, which: int | str) -> set[str]:
    """The texts that a room's sources hand to a call: as keyword `which`, or at that place."""
    found: set[str] = set()
    for path in sorted((PACKAGE / room).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == call:
                found |= _texts(_argument(node, which), tree)
    return found


def _argument(node: ast.Call, which: int | str) -> ast.expr | None:
    if isinstance(which, int):
        return node.args[which] if which < len(node.args) else None
    return next((keyword.value for keyword in node.keywords if keyword.arg == which), None)


def _texts(value: ast.expr | None, tree: ast.Module) -> set[str]:
    """The text itself, both of an either-or, or whatever a variable of that name is given in the file."""
    match value:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp():
            return _texts(value.body, tree) | _texts(value.orelse, tree)
        case ast.Name():
            given = (n.value for n in ast.walk(tree) if isinstance(n, ast.Assign) and _names(n, value.id))
            return {text for other in given if not isinstance(other, ast.Name) for text in _texts(other, tree)}
    return set()


def _names(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)


# --- rules as data ---------------------------------------------------------------------------------------------------


def clocks() -> Iterator[tuple[str, ...]]:
    """Every clock in both shipped policies."""
    tables = [_table(name)["clocks"] for name in _POLICIES]
    for name in tables[0]:
        values = [str(table.get(name, tables[0][name])) for table in tables]
        yield code(name), *("none" if value == "none" else value for value in values)


def roles() -> Iterator[tuple[str, ...]]:
    """Every role with its acts."""
    first, second = (load_policy(name) for name in _POLICIES)
    table = {name: _acts(acts) for name, acts in _table("2021")["roles"].items()}
    changed = {name: _acts(acts) for name, acts in _table("2023")["roles"].items()}
    assert first.version != second.version
    for name, acts in table.items():
        yield code(name), acts, changed.get(name, "the same")


def _acts(acts: Iterable[str]) -> str:
    return ", ".join(act.replace("_", " ") for act in acts)


def _table(policy: str) -> Any:
    return tomllib.loads(files("mailbot.claims").joinpath("data", f"{policy}.toml").read_text(encoding="utf-8"))


def products() -> Iterator[tuple[str, ...]]:
    """Every product of the catalogue."""
    for product in shipped_catalogue().products.values():
        needs = "yes" if product.subscription_bound else "no"
        yield code(product.code), product.name, code(product.solution_area), needs, "yes" if product.earning else "no"


def programs() -> Iterator[tuple[str, ...]]:
    """Which area and activity make which programme."""
    document = tomllib.loads(files("mailbot.claims").joinpath("data/catalogue.toml").read_text(encoding="utf-8"))
    for name, program in document["programs"].items():
        yield code(name), program["name"], code(program["solution_area"]), code(program["activity"])


def form_fields() -> Iterator[tuple[str, ...]]:
    """Every field of the claim form."""
    return ((code(name),) for name in lexicon("claimform")["fields"])


def form_commands() -> Iterator[tuple[str, ...]]:
    """Every first-line command."""
    tables = lexicon("commands")
    for who in ("partner", "reviewer", "anyone"):
        for verb in tables[who]:
            yield code(verb if who != "reviewer" or verb not in tables["partner"] else f"{verb} (reviewer)"), who


def verbs() -> Iterator[tuple[str, ...]]:
    """Every verb of the API with its body."""
    return ((code(verb), code(_body(schema)) if schema.model_fields else "–") for verb, schema in VERBS.items())


def routes() -> Iterator[tuple[str, ...]]:
    """Every other call of the API."""
    app = FastAPI()
    app.include_router(api.router)
    for path, item in app.openapi()["paths"].items():
        for method, operation in item.items():
            if "verbs" not in operation["tags"]:
                text = _SOURCE.sub("", " ".join(operation.get("description", "").split()))
                yield code(f"{method.upper()} {path}"), text.partition(". ")[0].rstrip(".")


def _body(schema: type[BaseModel]) -> str:
    return "{" + ", ".join(_field(name, field) for name, field in schema.model_fields.items()) + "}"


def _field(name: str, field: Any) -> str:
    inner = [a for a in (field.annotation, *get_args(field.annotation)) if isinstance(a, type)]
    nested = next((a for a in inner if issubclass(a, BaseModel)), None)
    shown = name if field.is_required() else f"{name}?"
    if nested is None:
        return shown
    return f"{shown}: [{_body(nested)}]" if "list" in str(field.annotation) else f"{shown}: {_body(nested)}"


def _enumeration(kind: Any) -> Callable[[], Iterator[tuple[str, ...]]]:
    return lambda: ((code(member.value),) for member in kind)


def _words(kind: Any) -> Callable[[], Iterator[tuple[str, ...]]]:
    return lambda: ((code(word),) for word in get_args(kind))


TABLES: Mapping[str, Table] = {
    "commands": Table(("command", "takes", "does"), (), commands),
    "keys": Table(("key", "default"), ("what it says",), keys),
    "limits": Table(("key", "default"), ("what it bounds",), limits),
    "doctor": Table(("area",), ("what is looked at",), lambda: ((code(name),) for name in get_args(Area))),
    "log": Table(("event", "level", "fields"), ("what happened, and what to do",), happenings),
    "smtp-reasons": Table(("reason", "reply"), ("why, and what to do",), smtp_reasons),
    "smtp-others": Table(("reply",), ("what went wrong",), smtp_others),
    "mails": Table(("code", "to", "how it leaves"), ("when, and what it says",), mails),
    "subjects": Table(("mail", *LANGUAGES), (), subjects),
    "catalogues": Table(("catalogue", "messages", "translated", "missing"), (), catalogues),
    "rejections": Table(("code", "sentence", "given by", "disputable"), ("what to do",), rejections),
    "questions": Table(("code", "sentence"), ("what to do",), questions),
    "defects": Table(("code",), ("what it means", "what to do"), defects),
    "refusals": Table(("code", "API status"), ("why nothing changed",), refusals),
    "inbox-reasons": Table(("reason", "mail is"), ("what happened, and what a person does",), inbox_reasons),
    "clocks": Table(("clock", "policy `2021`", "policy `2023`"), ("what runs, and what follows",), clocks),
    "roles": Table(("role", "policy `2021`", "policy `2023`"), (), roles),
    "products": Table(("code", "name", "solution area", "needs a subscription id", "earning"), (), products),
    "programs": Table(("programme", "name", "solution area", "activity"), (), programs),
    "form-fields": Table(("field",), ("English", "cs", "pl", "hu", "zh-TW", "what to write"), form_fields),
    "form-commands": Table(("command", "who"), ("English", "cs", "pl", "hu", "zh-TW", "what it does"), form_commands),
    "routes": Table(("call", "does"), ("body, parameters, answer",), routes),
    "verbs": Table(("verb", "body"), ("who, and what it does",), verbs),
    "webhook-types": Table(("type",), ("when",), lambda: ((code(name),) for name in TYPES)),
    "statuses": Table(("status",), ("meaning",), _enumeration(model.Status)),
    "consents": Table(("consent",), ("meaning",), _enumeration(model.Consent)),
    "associations": Table(("association",), ("meaning",), _enumeration(model.Association)),
    "causes": Table(("suspended by",), ("meaning",), _enumeration(model.Cause)),
    "clock-kinds": Table(("clock",), ("meaning",), _enumeration(model.ClockKind)),
    "file-verdicts": Table(("verdict",), ("meaning",), _words(FileVerdict)),
}
