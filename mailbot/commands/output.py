"""How commands print: JSON for programs, aligned columns for people. Nothing here fails."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

import click

_WIDEST = 60


def plain(value: object) -> Any:
    """A frozen value as JSON can say it; bytes are left out."""
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Mapping():
            return {str(key): plain(inner) for key, inner in value.items() if not isinstance(inner, bytes)}
        case set() | frozenset():
            return sorted(plain(inner) for inner in value)
        case list() | tuple():
            return [plain(inner) for inner in value]
    if is_dataclass(value) and not isinstance(value, type):
        shown = {field.name: getattr(value, field.name) for field in fields(value)}
        return plain({name: inner for name, inner in shown.items() if not isinstance(inner, bytes)})
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def print_json(value: object) -> None:
    """One JSON document."""
    click.echo(json.dumps(plain(value), ensure_ascii=False, indent=2))


def print_table(heads: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> None:
    """Columns as wide as they need to be; `empty` when there is no row."""
    texts = [[shown(cell) for cell in row] for row in rows]
    if not texts:
        click.echo(empty)
        return
    widths = [max(len(row[n]) for row in [list(heads), *texts]) for n in range(len(heads))]
    for row in [list(heads), *texts]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_fields(pairs: Iterable[tuple[str, object]]) -> None:
    """Name and value a line; what is empty is left out."""
    filled = [(name, shown(value, widest=0)) for name, value in pairs if value not in (None, "", (), [])]
    width = max((len(name) for name, _ in filled), default=0)
    for name, text in filled:
        click.echo(f"{name.ljust(width)}  {text}")


def print_text(text: str) -> None:
    """Words that somebody wrote, line by line."""
    for line in text.splitlines():
        click.echo(f"    | {shown(line, widest=0)}")


def shown(value: object, widest: int = _WIDEST) -> str:
    """A cell: instants to the second, nothing that could steer a terminal, cut at `widest` (0: never)."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
    text = "" if value is None else str(value.value if isinstance(value, Enum) else value)
    clean = "".join(letter if letter.isprintable() else " " for letter in text)
    return clean if not widest or len(clean) <= widest else f"{clean[: widest - 1]}…"


def progress(text: str) -> None:
    """Says what goes on, on a terminal only."""
    if sys.stderr.isatty():
        click.echo(text, err=True)
