"""`mailbot outbox`: mail and webhook calls on their way out."""

import sys
from typing import TYPE_CHECKING

import click

from mailbot.commands.output import plain, print_fields, print_json, print_table
from mailbot.commands.setup import Failed, as_json, configured, opened, run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mailbot.config import Config
    from mailbot.store.outbox import State
    from mailbot.store.outbox_office import OutboxItem

_STATES = ("queued", "deferred", "sent", "bounced", "expired", "cancelled")
_SECRET = ("body", "mail_from", "message_id")


@click.group()
def command() -> None:
    """Mail that goes out: list, show, retry, cancel."""


@command.command("list")
@configured
@click.option("--state", type=click.Choice(_STATES), help="Only these.")
@click.option("--claim", "claim_id", default="", help="Only what is about this claim.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@as_json
def list_outbox(config: "Config", state: "State | None", claim_id: str, limit: int, json_out: bool) -> None:
    """List what goes or went out, newest first."""
    from mailbot.store import outbox_office

    async def work() -> "tuple[OutboxItem, ...]":
        async with opened(config) as store, store.read() as conn:
            if claim_id:
                return await outbox_office.of_claim(conn, claim_id.upper(), limit)
            return await outbox_office.list_items(conn, state, limit)

    items = run(work())
    if json_out:
        print_json([_facts(item) for item in items])
        return
    rows = [
        (i.id, i.created_at, i.state, i.attempts, i.code, i.email or i.target, i.claim_id, i.last_error) for i in items
    ]
    print_table(("id", "created", "state", "tries", "code", "to", "claim", "last error"), rows, "nothing")


@command.command()
@configured
@click.argument("item_id", type=int)
@click.option("--raw", is_flag=True, help="Print the mail or the call itself; its address is a key to the claim.")
@as_json
def show(config: "Config", item_id: int, raw: bool, json_out: bool) -> None:
    """Show one item with its whole story; with --raw its bytes."""
    from mailbot.store import outbox_office

    async def work() -> "OutboxItem | None":
        async with opened(config) as store, store.read() as conn:
            return await outbox_office.get(conn, item_id)

    item = run(work())
    if item is None:
        raise Failed(f"there is no outgoing item {item_id}")
    if raw:
        sys.stdout.buffer.write(item.body or b"")
    elif json_out:
        print_json(_facts(item))
    else:
        print_fields(_facts(item).items())


@command.command()
@configured
@click.argument("item_id", type=int)
def retry(config: "Config", item_id: int) -> None:
    """Send a bounced, expired or deferred item again."""
    from mailbot.store import outbox_office

    run(_act(config, item_id, outbox_office.retry, "is not bounced, expired or deferred"))
    click.echo(f"{item_id} is queued")


@command.command()
@configured
@click.argument("item_id", type=int)
def cancel(config: "Config", item_id: int) -> None:
    """Never send an item that was not sent yet."""
    from mailbot.store import outbox_office

    run(_act(config, item_id, outbox_office.cancel, "is not waiting to be sent"))
    click.echo(f"{item_id} is cancelled")


async def _act(config: "Config", item_id: int, act: "Callable[..., Awaitable[bool]]", why_not: str) -> None:
    async with opened(config) as store:
        if not await store.write(lambda conn: act(conn, item_id, store.clock.now())):
            raise Failed(f"outgoing item {item_id} does not exist or {why_not}")


def _facts(item: "OutboxItem") -> dict[str, object]:
    facts: dict[str, object] = plain(item)
    for name in _SECRET:
        # Bounce address and Message-ID carry the token.
        facts.pop(name, None)
    return facts
