"""What the visitor reads: who did what, the words that matter, where a claim stands, and the seconds since the start.

A step that fails is raised as StepFailed with its name; the play ends there.
"""

import contextlib
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

_WIDTH = 96
_INDENT = " " * 9
_GREETING, _FOOTER = ("---", "Hello ", "Dobrý den"), "-- "


class StepFailed(Exception):  # noqa: N818
    """Something the play waited for did not happen; the text says what."""


class Transcript:
    """Prints the play. `clock` gives seconds."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def title(self, text: str) -> None:
        """A new act."""
        click.echo("")
        click.secho(f"── {text} {'─' * max(_WIDTH - len(text) - 4, 2)}", bold=True)

    def happens(self, text: str) -> None:
        """Somebody does something."""
        click.echo("")
        click.echo(f"{time.monotonic() - self._start:6.1f} s " + click.style(text, fg="cyan"))

    def words(self, text: str, most: int = 6) -> None:
        """The words that matter, indented; `most` lines of them."""
        lines = [line for paragraph in text.splitlines() if paragraph.strip() for line in _wrapped(paragraph)]
        for line in lines[:most]:
            click.echo(f"{_INDENT}│ {line}")
        if len(lines) > most:
            click.secho(f"{_INDENT}│ …", dim=True)

    def line(self, text: str) -> None:
        """A remark."""
        click.echo(f"{_INDENT}{text}" if text else "")

    def stands(self, claim: dict[str, Any]) -> None:
        """Where a claim stands."""
        parts = [claim["status"], f"consent {claim['consent']}", f"association {claim['association']}"]
        if claim["reason"]:
            parts.insert(1, f"({claim['reason']})")
        if claim["suspended_by"]:
            parts.append(f"suspended: {claim['suspended_by']}")
        click.secho(f"{_INDENT}● {claim['id']}: {', '.join(parts)}", fg="green")

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One step of the play: whatever goes wrong within is a StepFailed that names it."""
        try:
            yield
        except StepFailed as failure:
            raise StepFailed(f"{name}: {failure}") from failure
        except Exception as error:
            raise StepFailed(f"{name}: {type(error).__name__}: {error}") from error

    def failed(self, failure: StepFailed, folder: Path) -> None:
        """The play ends here."""
        click.secho(f"\nThis did not happen: {failure}", fg="red", err=True)
        click.echo(f"Look into {folder}", err=True)


def gist(text: str) -> str:
    """What a mail of ours says: without the reply line, the greeting, empty lines and the footer."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.rstrip() == _FOOTER.rstrip():
            break
        if line.strip() and not line.startswith(_GREETING):
            lines.append(line.rstrip())
    return "\n".join(lines)


def _wrapped(paragraph: str) -> list[str]:
    return textwrap.wrap(paragraph, _WIDTH - 12, break_long_words=False, break_on_hyphens=False)
