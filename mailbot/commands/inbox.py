"""`mailbot inbox`: mail that came in, and what a person does with held mail.

Replay and attach only give the item back; the service reads it again within a second, or when it next runs. A dry run
of replay reads here and writes nothing.
"""

import sys
from typing import TYPE_CHECKING

import click

from mailbot.commands.output import plain, print_fields, print_json, print_table, print_text, shown
from mailbot.commands.setup import Failed, as_json, configured, opened, run

if TYPE_CHECKING:
    from mailbot.config import Config
    from mailbot.store.inbox import Disposition, Item

_DISPOSITIONS = ("accepted", "applied", "ignored", "held", "quarantined")


@click.group()
def command() -> None:
    """Mail that came in: list, show, replay, attach."""


@command.command("list")
@configured
@click.option("--disposition", type=click.Choice(_DISPOSITIONS), help="Only these.")
@click.option("--claim", "claim_id", default="", help="Only mail about this claim.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@as_json
def list_inbox(config: "Config", disposition: "Disposition | None", claim_id: str, limit: int, json_out: bool) -> None:
    """List mail, newest first."""
    from mailbot.store import inbox

    async def work() -> "tuple[Item, ...]":
        async with opened(config) as store, store.read() as conn:
            if claim_id:
                return await inbox.of_claim(conn, claim_id.upper(), limit)
            return await inbox.list_items(conn, disposition, limit)

    items = run(work())
    if json_out:
        print_json([_facts(item) for item in items])
        return
    rows = [(i.id, i.received_at, i.disposition, i.reason, i.claim_id, i.sender, i.subject) for i in items]
    print_table(("id", "received", "disposition", "reason", "claim", "from", "subject"), rows, "no mail")


@command.command()
@configured
@click.argument("item_id", type=int)
@click.option("--raw", is_flag=True, help="Print the mail itself, byte for byte.")
@as_json
def show(config: "Config", item_id: int, raw: bool, json_out: bool) -> None:
    """Show one mail: what was read from it and every check; with --raw the mail itself."""
    from mailbot.store import inbox

    async def work() -> "tuple[Item, bytes]":
        async with opened(config) as store, store.read() as conn:
            item = await inbox.get(conn, item_id)
            if item is None:
                raise Failed(f"there is no mail {item_id}")
            return item, await inbox.raw(conn, item, store.blobs) if raw else b""

    item, content = run(work())
    if raw:
        sys.stdout.buffer.write(content)
    elif json_out:
        print_json(_facts(item) | {"reading": plain(item.reading)})
    else:
        _print_item(item)


@command.command()
@configured
@click.argument("item_id", type=int, required=False)
@click.option("--dry-run", is_flag=True, help="Read all past mail again and show what would be read differently.")
@click.option("--since", default="", metavar="DAY|TIME", help='With --dry-run: from when, like 2026-03-01 or "7 days".')
@as_json
def replay(config: "Config", item_id: int | None, dry_run: bool, since: str, json_out: bool) -> None:
    """Have a held, ignored or quarantined mail read again; with --dry-run compare past readings, changing nothing."""
    if dry_run:
        if item_id is not None or not since:
            raise click.UsageError("--dry-run goes with --since, not with the id of a mail")
        _compare(config, since, json_out)
    elif item_id is None or since:
        raise click.UsageError("name the mail to read again, or use --dry-run with --since")
    else:
        run(_reopen(config, item_id, None))


def _compare(config: "Config", since: str, json_out: bool) -> None:
    from mailbot.clock import SystemClock
    from mailbot.commands.rereading import print_reread, reread
    from mailbot.commands.since import read_since

    try:
        start = read_since(since, SystemClock().now())
    except ValueError as error:
        raise click.UsageError(f"--since: {error}") from None
    print_reread(*run(reread(config, start)), json_out)


@command.command()
@configured
@click.argument("item_id", type=int)
@click.argument("claim_id")
def attach(config: "Config", item_id: int, claim_id: str) -> None:
    """Have a mail read again as mail about a claim."""
    run(_reopen(config, item_id, claim_id.upper()))


async def _reopen(config: "Config", item_id: int, claim_id: str | None) -> None:
    from mailbot.store import claims, inbox

    async with opened(config) as store:
        async with store.read() as conn:
            if claim_id and claim_id not in await claims.load(conn, [claim_id]):
                raise Failed(f"there is no claim {claim_id}")
            item = await inbox.get(conn, item_id)
        if item is None:
            raise Failed(f"there is no mail {item_id}")
        if not await store.write(lambda conn: inbox.reopen(conn, item_id, claim_id=claim_id)):
            raise Failed(f"mail {item_id} is {item.disposition} and is not read again")
    click.echo(f"{item_id} will be read again")


def _facts(item: "Item") -> dict[str, object]:
    facts: dict[str, object] = plain(item)
    for name in ("raw", "reading", "handle", "rcpt"):
        # The address it came to is a key to the claim; the handle in it says as much to an operator.
        facts.pop(name, None)
    return facts | {"handle": item.handle or None}


def _print_item(item: "Item") -> None:
    print_fields((name, value) for name, value in _facts(item).items() if name != "trace")
    for step in item.trace or ():
        click.echo(shown("  ".join(str(part) for part in step if part), widest=0))
    reading = item.reading if isinstance(item.reading, dict) else {}
    for name, value in reading.items():
        if value not in (None, "", [], {}):
            click.echo(f"{name}:")
            print_text(str(value))
