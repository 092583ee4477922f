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

_SHOWN = ("reply_text", "signature", "quoted_text")


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
    async for reading in found:
        if json_out:
            click.echo(json.dumps(reading, ensure_ascii=False))
        else:
            _print(reading)


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


def _print(reading: dict[str, Any]) -> None:
    from mailbot.commands.output import print_fields, print_text, shown

    sender, intent = reading["sender"] or {}, reading["intent"] or {}
    click.secho(reading["file"], bold=True)
    pairs: list[tuple[str, object]] = [
        ("  would be", _joined(reading["disposition"], reading["reason"])),
        ("  event", reading["event"]),
        ("  claim", reading["claim"]),
        ("  from", _joined(sender.get("address"), sender.get("verdict"))),
        ("  automatic", reading["automatic"]),
        ("  bounce", _bounce(reading["bounce"])),
        ("  away", _joined(*(reading["out_of_office"] or {}).values())),
        ("  meaning", _joined(intent.get("meaning"), intent.get("language"), intent.get("evidence"))),
    ]
    pairs += [("  file", _joined(f["name"], f["type"], f["size"], f["verdict"])) for f in reading["attachments"]]
    pairs += [(f"  answer {a['question']}", a["text"]) for a in reading["answers"]]
    print_fields(pairs)
    for part in _SHOWN:
        if reading[part]:
            click.echo(f"  {part.replace('_', ' ')}:")
            print_text(reading[part])
    for step in reading["trace"]:
        click.secho(f"  {shown(_joined(*step.values()), widest=0)}", dim=True)


def _joined(*parts: object) -> str:
    return ", ".join(str(part) for part in parts if part not in (None, ""))


def _bounce(bounce: dict[str, Any] | None) -> str:
    if bounce is None:
        return ""
    kind = "delayed" if bounce["delayed"] else ""
    told = [_joined(r["address"], r["status"], "permanent" if r["permanent"] else "") for r in bounce["recipients"]]
    return _joined(kind, *told)
