"""`mailbot webhooks`: the endpoints that are told what happens to claims, and calls made to them again."""

from typing import TYPE_CHECKING

import click

from mailbot.commands.output import plain, print_json, print_table
from mailbot.commands.setup import Failed, as_json, configured, opened, run

if TYPE_CHECKING:
    from mailbot.config import Config
    from mailbot.store.webhooks import Endpoint


@click.group()
def command() -> None:
    """Endpoints that are told of claims: list, replay."""


@command.command("list")
@configured
@as_json
def list_webhooks(config: "Config", json_out: bool) -> None:
    """List the live endpoints; never their secrets."""
    from mailbot.store import people, webhooks

    async def work() -> "list[tuple[Endpoint, str]]":
        async with opened(config) as store, store.read() as conn:
            found = await webhooks.endpoints(conn)
            firms = await people.organisations(conn, [one.organisation_id for one in found if one.organisation_id])
        return [(one, firms[one.organisation_id].name if one.organisation_id in firms else "") for one in found]

    found = run(work())
    if json_out:
        print_json([_facts(one) | {"organisation": firm} for one, firm in found])
        return
    rows = [(one.id, one.url, ", ".join(one.types) or "all", firm, one.created_at) for one, firm in found]
    print_table(("id", "url", "types", "organisation", "created"), rows, "no endpoints")


@command.command()
@configured
@click.argument("endpoint_id", type=int)
@click.option("--since", required=True, help='From then on: a day, an instant, or "7 days".')
@click.option("--until", default="", help="Until before then (default: now).")
@click.option("--type", "types", multiple=True, help="Only calls of this type; may be given several times.")
def replay(config: "Config", endpoint_id: int, since: str, until: str, types: tuple[str, ...]) -> None:
    """Make the calls of a time again, told or not, with their ids and bytes."""
    from mailbot.commands.since import read_since
    from mailbot.store import outbox_office, webhooks

    async def work() -> int:
        async with opened(config) as store:
            now = store.clock.now()
            try:
                first, last = read_since(since, now), read_since(until, now) if until else now
            except ValueError as error:
                raise click.UsageError(str(error)) from None
            async with store.read() as conn:
                if await webhooks.get(conn, endpoint_id) is None:
                    raise Failed(f"there is no live endpoint {endpoint_id}; see 'mailbot webhooks list'")
            return await store.write(lambda conn: outbox_office.replay(conn, endpoint_id, first, last, types, now))

    click.echo(f"{run(work())} calls are queued")


def _facts(endpoint: "Endpoint") -> dict[str, object]:
    facts: dict[str, object] = plain(endpoint)
    facts.pop("secret", None)
    return facts
