"""`mailbot claim`: what an operator wants to know about claims. Nothing here changes one."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailbot.commands.output import plain, print_fields, print_json, print_table
from mailbot.commands.setup import Failed, as_json, configured, opened, run

if TYPE_CHECKING:
    from mailbot.claims.model import Claim, Evidence
    from mailbot.config import Config
    from mailbot.store.history import Entry

_PAGE = 500


@click.group()
def command() -> None:
    """Claims: list, show, history, evidence."""


@command.command("list")
@configured
@click.argument("text", default="")
@click.option("--status", multiple=True, help="Only claims of this status; may be repeated.")
@click.option("--open", "only_open", is_flag=True, help="Only claims that are not decided yet.")
@click.option("--sort", default="-created", show_default=True, help="created, changed, due, name …; a minus reverses.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@as_json
def list_claims(
    config: "Config", text: str, status: tuple[str, ...], only_open: bool, sort: str, limit: int, json_out: bool
) -> None:
    """List claims; TEXT is the beginning of an id, a name, a tenant domain or an address."""
    from mailbot.store.claim_lists import ClaimFilter, page

    async def work() -> "tuple[Claim, ...]":
        which = ClaimFilter(q=text, status=status, open=True if only_open else None)
        async with opened(config) as store, store.read() as conn:
            return (await page(conn, which, sort, limit)).items

    claims = run(work())
    if json_out:
        print_json([_facts(claim) for claim in claims])
        return
    rows = [(c.id, c.status, c.consent, c.association, _due(c), c.customer.email, c.name) for c in claims]
    print_table(("claim", "status", "consent", "association", "due", "customer", "name"), rows, "no claims")


@command.command()
@configured
@click.argument("claim_id")
@as_json
def show(config: "Config", claim_id: str, json_out: bool) -> None:
    """Show one claim as it stands."""
    claim = run(_load(config, claim_id))
    if json_out:
        print_json(_facts(claim))
        return
    print_fields(_shown(claim))


@command.command()
@configured
@click.argument("claim_id")
@as_json
def history(config: "Config", claim_id: str, json_out: bool) -> None:
    """Show everything that happened to a claim, oldest first."""
    from mailbot.store.history import of_claim

    async def work() -> "list[Entry]":
        entries: list[Entry] = []
        async with opened(config) as store, store.read() as conn:
            while more := await of_claim(conn, claim_id.upper(), after_seq=len(entries), limit=_PAGE):
                entries += more
        return entries

    entries = run(work())
    if not entries:
        raise Failed(f"there is no claim {claim_id}")
    if json_out:
        print_json(entries)
        return
    for entry in entries:
        click.echo(f"{entry.seq:>4}  {entry.at:%Y-%m-%d %H:%M:%S}Z  {entry.kind}  by {_actor(entry)} ({entry.channel})")
        for name, change in {**entry.public, **entry.private}.items():
            if name != "by" and change:
                click.echo(f"      {name}: {_change(change)}")


@command.command()
@configured
@click.argument("claim_id")
@click.option("--save", type=click.Path(path_type=Path, file_okay=False), help="Write the files into this folder.")
@click.option("--bundle", type=click.Path(path_type=Path, dir_okay=False), help="Write all there is into this tar.")
@as_json
def evidence(config: "Config", claim_id: str, save: Path | None, bundle: Path | None, json_out: bool) -> None:
    """List the files of a claim, save them, or bundle all that proves what happened."""
    claim = run(_load(config, claim_id))
    if bundle is not None:
        run(_bundle(config, claim, bundle))
        return
    if save is not None:
        _save(run(_contents(config, claim)), save)
        return
    if json_out:
        print_json(claim.evidence)
        return
    rows = [(f.name, f.size, f.verdict, f.by, f.at, f.sha256[:12]) for f in claim.evidence]
    print_table(("file", "bytes", "verdict", "by", "at", "sha256"), rows, "no files")


def _facts(claim: "Claim") -> dict[str, Any]:
    from mailbot.claims.view import claim_view

    return claim_view(claim)


async def _load(config: "Config", claim_id: str) -> "Claim":
    from mailbot.store.claims import load

    async with opened(config) as store, store.read() as conn:
        found = (await load(conn, [claim_id.upper()])).get(claim_id.upper())
    if found is None:
        raise Failed(f"there is no claim {claim_id}")
    return found


async def _contents(config: "Config", claim: "Claim") -> dict[str, bytes]:
    async with opened(config) as store, store.read() as conn:
        accepted = [file for file in claim.evidence if file.verdict == "accepted"]
        return {_file_name(file): await store.blobs.get(conn, file.sha256) for file in accepted}


async def _bundle(config: "Config", claim: "Claim", target: Path) -> None:
    from mailbot.bundle import pack

    async with opened(config) as store, store.read() as conn:
        found = await pack.contents(conn, claim, store.blobs)
    pack.write(target, claim.id, found)
    click.echo(f"{target}: {len(found)} files; unpack it and run 'python3 check.py' in it")


def _save(contents: dict[str, bytes], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
        click.echo(str(folder / name))


def _file_name(file: "Evidence") -> str:
    """The digest first: two files may have one name, and a stranger's name is only decoration."""
    safe = "".join(c if c.isalnum() or c in ".-_" else "_" for c in file.name).lstrip(".")
    return f"{file.sha256[:12]}-{safe[-80:]}"


def _due(claim: "Claim") -> object:
    return min((clock.due for clock in claim.clocks if clock.paused_at is None), default=None)


def _shown(claim: "Claim") -> list[tuple[str, object]]:
    pairs: list[tuple[str, object]] = []
    for name, value in plain(claim).items():
        if isinstance(value, dict):
            pairs.append((name, " · ".join(str(v) for v in value.values() if v)))
        elif isinstance(value, list):
            pairs += [(name, _change(item)) for item in value]
        else:
            pairs.append((name, value))
    return pairs


def _actor(entry: "Entry") -> str:
    by = entry.private.get("by") or {}
    return str(by.get("email") or entry.actor or "mailbot")


def _change(value: object) -> str:
    if isinstance(value, dict) and value.keys() <= {"before", "after"}:
        return " → ".join(_change(value[side]) or "–" for side in ("before", "after") if side in value)
    if isinstance(value, dict):
        return " · ".join(f"{name} {_change(inner)}" for name, inner in value.items() if inner not in (None, "", []))
    if isinstance(value, list | tuple):
        return " → ".join(_change(inner) or "–" for inner in value)
    return str(value)
