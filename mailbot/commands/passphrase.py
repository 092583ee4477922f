"""The passphrase under which a backup's keys lie: from a file, or typed on a terminal. Nowhere else."""

import sys
from pathlib import Path

import click

from mailbot.commands.setup import Failed

passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file whose first line is the passphrase of the keys (default: asked for on a terminal).",
)


def passphrase(file: Path | None, *, twice: bool) -> str:
    """The passphrase; `twice` lets it be typed again. Raises Failed when there is none."""
    if file is not None:
        first = file.read_text(encoding="utf-8").partition("\n")[0].strip()
    elif sys.stdin.isatty():
        first = click.prompt("Passphrase for the keys", hide_input=True, confirmation_prompt=twice, err=True)
    else:
        raise Failed("the keys in a backup are encrypted: give --passphrase-file")
    if len(first) < 8:
        raise Failed("the passphrase has at least 8 characters")
    return first
