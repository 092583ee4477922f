"""Read claims out of a mail: `Field: value` lines in five languages, any order, any dressing (contract, Mail).

Several claims may stand in one mail: each name line starts another. A reply with only the missing lines is read too,
as one form without a name. Quoted lines are not read. Pure, total, linear; what is not understood is kept.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mailbot.inbound.claimlabels import field_of, inner_field_of, is_word, split_field
from mailbot.inbound.claimtable import LISTS, table_lines
from mailbot.inbound.claimvalues import ProductLine, clean_address, read_contact, read_date, read_files, read_products

__all__ = ["ClaimForm", "ProductLine", "read_claim_forms"]

MAX_LINES = 2000
MAX_VALUE = 2000
MAX_UNKNOWN = 40
MAX_FORMS = 100

_HEADINGS = ("customer", "second", "tenant_admin", "partner")


@dataclass(frozen=True, slots=True)
class ClaimForm:
    """What one form says: `fields` by their canonical (dotted) names, `unknown` lines that only look like fields."""

    fields: Mapping[str, str]
    products: tuple[ProductLine, ...] = ()
    evidence: tuple[str, ...] = ()
    draft: bool = False
    unknown: tuple[str, ...] = ()


@dataclass(slots=True)
class _Draft:
    fields: dict[str, str] = field(default_factory=dict)
    products: list[ProductLine] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    draft: bool = False

    @property
    def empty(self) -> bool:
        return not (self.fields or self.products or self.evidence or self.draft)

    def form(self) -> ClaimForm:
        return ClaimForm(
            fields=dict(self.fields),
            products=tuple(self.products),
            evidence=tuple(self.evidence),
            draft=self.draft,
            unknown=tuple(self.unknown),
        )


def read_claim_forms(text: str) -> tuple[ClaimForm, ...]:
    """Every form in `text`, in order; empty when no known field is there."""
    done: list[_Draft] = []
    draft = _Draft()
    for name, value, raw in _entries(text):
        if name == "name" and "name" in draft.fields:
            done.append(draft)
            if len(done) == MAX_FORMS:
                draft = _Draft()
                break
            draft = _Draft()
        _enter(draft, name, value, raw)
    return tuple(one.form() for one in (*done, draft) if not one.empty)


def _enter(draft: _Draft, name: str, value: str, raw: str) -> None:
    """Put one entry where it belongs; the first value of a field stands."""
    match name:
        case "":
            if len(draft.unknown) < MAX_UNKNOWN:
                draft.unknown.append(raw.strip())
        case "products":
            draft.products += read_products(value)
        case "subscription" | "ends":
            _amend(draft, name, value)
        case "evidence":
            draft.evidence += [one for one in read_files(value) if one not in draft.evidence]
        case "draft":
            draft.draft = is_word(value, "yes") or not value
        case "effective_date":
            draft.fields.setdefault(name, read_date(value))
        case _ if name in _HEADINGS:
            for part, content in read_contact(value).items():
                draft.fields.setdefault(f"{name}.{part}", content)
        case _:
            draft.fields.setdefault(name, clean_address(value) if name.endswith(".email") else value)


def _amend(draft: _Draft, name: str, value: str) -> None:
    """A subscription or an end date on its own line belongs to the product above it."""
    if not draft.products:
        draft.unknown.append(f"{name}: {value}")
        return
    last = draft.products[-1]
    if name == "subscription":
        draft.products[-1] = ProductLine(last.code, last.subscription_id or value, last.ends)
    else:
        draft.products[-1] = ProductLine(last.code, last.subscription_id, last.ends or read_date(value))


def _entries(text: str) -> Iterator[tuple[str, str, str]]:
    """(canonical name or "", value, line) of each entry; a label alone takes the line (or list) below it."""
    lines = list(table_lines(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:MAX_LINES]))
    heading = ""
    at = 0
    while at < len(lines):
        line = lines[at][:MAX_VALUE]
        at += 1
        if not line.strip() or line.lstrip().startswith(">"):
            heading = heading if line.strip() else ""
            continue
        pair = split_field(line)
        name, value, known = _read_line(line, pair, heading)
        if not known:
            if pair and _looks_like_field(*pair):
                yield "", "", line
            continue
        if value:
            yield name, value, line
            heading = name if name in _HEADINGS else heading
            continue
        heading = name if name in _HEADINGS else heading
        if name in _HEADINGS and _next_is_inner(lines, at):
            continue
        taken = list(_values_below(lines, at, many=name in LISTS))
        for content in taken:
            yield name, content, line
        at += len(taken)


def _read_line(line: str, pair: tuple[str, str] | None, heading: str) -> tuple[str, str, bool]:
    """(name, value, whether the line is a known field); a bare label line is a field with an empty value."""
    label, value = pair if pair else (line.strip(" \t*_•·-–|\xa0\u3000"), "")
    inner = inner_field_of(label) if heading else None
    if inner:
        return f"{heading}.{inner}", value, True
    name = field_of(label)
    if name is None or (pair is None and not _bare_label(line, name)):
        return "", "", False
    return name, value, True


def _bare_label(line: str, name: str) -> bool:
    """A label without a colon (a table cell on its own line) must be more than one everyday word."""
    return "." in name or "_" in name or len(line.split()) > 1


def _next_is_inner(lines: list[str], at: int) -> bool:
    pair = split_field(lines[at]) if at < len(lines) else None
    return pair is not None and inner_field_of(pair[0]) is not None


def _values_below(lines: list[str], at: int, *, many: bool) -> Iterator[str]:
    """The value line(s) under a label that stands alone; a list goes on until a blank line or the next field."""
    for line in lines[at : at + (60 if many else 1)]:
        bare = line.strip(" \t\xa0\u3000*•·‣▪-–|")[:MAX_VALUE]
        pair = split_field(line)
        if not bare or line.lstrip().startswith(">") or (pair and field_of(pair[0])) or field_of(bare):
            return
        yield bare


def _looks_like_field(label: str, value: str) -> bool:
    return (
        bool(value)
        and len(label.split()) <= 4
        and not value.startswith("//")
        and not label[:1].isdigit()
        and "@" not in label
    )
