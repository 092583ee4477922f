"""`mailbot try`: reads mails without acting. It exits 0 for any bytes; a file that cannot be opened exits 1."""

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailbot.commands.setup import read_config, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from mailbot.inbound.trial import Form


@click.command("try")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--json", "json_out", is_flag=True, help="Print one JSON object a file, a line each.")
@click.option(
    "--live", is_flag=True, help="Ask the database and the keys too: which claim, who may, what would follow."
)
@click.option("--rcpt", default="", help="The address it came to.")
@click.option("--as", "form", type=click.Choice(("text", "html")), help="The files are bare bodies, not mails.")
@click.option("--config", "config_file", type=click.Path(path_type=Path, dir_okay=False), help="Used with --live only.")
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[Path, ...],
    json_out: bool,
    live: bool,
    rcpt: str,
    form: "Form | None",
    config_file: Path | None,
) -> None:
    """Read mails without acting: who, which claim, what is meant, what would happen, and why.

    Without --live neither database nor keys nor configuration are looked at.
    """
    found = _live(files, form or "mail", rcpt, config_file or ctx.find_root().obj) if live else _dry(files, form, rcpt)
    run(_print_all(found, json_out))


async def _print_all(found: "AsyncIterator[dict[str, Any]]", json_out: bool) -> None:
    from mailbot.commands.try_page import print_page

    async for reading in found:
        if json_out:
            # UTF-8 whatever the terminal speaks; a file name may hold octets that are no text at all.
            click.echo(json.dumps(reading, ensure_ascii=False).encode("utf-8", "replace"))
        else:
            print_page(reading)


def _dry(files: tuple[Path, ...], form: "Form | None", rcpt: str) -> "AsyncIterator[dict[str, Any]]":
    from mailbot.clock import SystemClock
    from mailbot.inbound.trial import trials

    return trials(_contents(files), form or "mail", rcpt, now=SystemClock().now(), seconds=time.perf_counter)


def _live(
    files: tuple[Path, ...], form: "Form", rcpt: str, config_file: Path | None
) -> "AsyncIterator[dict[str, Any]]":
    from mailbot.commands.try_live import live_trials

    return live_trials(read_config(config_file), _contents(files), form, rcpt, seconds=time.perf_counter)


def _contents(files: tuple[Path, ...]) -> "Iterator[tuple[str, bytes]]":
    for file in files:
        if str(file) == "-":
            yield "-", sys.stdin.buffer.read()
        else:
            yield str(file), file.read_bytes()
