"""`mailbot key`: API keys. A new key is printed once, alone on standard output; only its digest is kept."""

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from mailbot.commands.output import plain, print_json, print_table
from mailbot.commands.setup import Failed, as_json, configured, opened, run

if TYPE_CHECKING:
    from mailbot.config import Config
    from mailbot.store.api_keys import ApiKey
    from mailbot.store.database import Store

_ROLES = ("partner", "reviewer", "admin")


@click.group()
def command() -> None:
    """API keys: create, list, revoke."""


@command.command()
@configured
@click.option("--role", type=click.Choice(_ROLES), required=True, help="What the key may do.")
@click.option("--organisation", default="", help="The partner it acts for (role partner).")
@click.option("--label", default="", help="What it is for; shown in lists and histories.")
@click.option("--days", type=click.IntRange(1), help="How long it lives (default: until it is revoked).")
def create(config: "Config", role: str, organisation: str, label: str, days: int | None) -> None:
    """Make a key and print it, alone on standard output."""
    if (role == "partner") != bool(organisation):
        raise click.UsageError("--organisation goes with --role partner, and with no other role")
    secret = f"mbk_{secrets.token_urlsafe(32)}"
    life = timedelta(days=days) if days else None
    key = run(_create(config, role, organisation, label, life, secret))
    click.echo(f"key {key.id} ({role}{f' of {organisation}' if organisation else ''}); it is shown only now:", err=True)
    click.echo(secret)


@command.command("list")
@configured
@as_json
def list_keys(config: "Config", json_out: bool) -> None:
    """List keys, revoked ones too; never their secrets."""
    from mailbot.store import api_keys, people

    async def work() -> "list[tuple[ApiKey, str]]":
        async with opened(config) as store, store.read() as conn:
            keys = await api_keys.list_keys(conn)
            firms = await people.organisations(conn, [key.organisation_id for key in keys if key.organisation_id])
        return [(key, firms[key.organisation_id].name if key.organisation_id in firms else "") for key in keys]

    found = run(work())
    if json_out:
        print_json([plain(key) | {"organisation": firm} for key, firm in found])
        return
    rows = [(k.id, k.role, firm, k.label, k.created_at, k.expires, k.revoked_at) for k, firm in found]
    print_table(("id", "role", "organisation", "label", "created", "expires", "revoked"), rows, "no keys")


@command.command()
@configured
@click.argument("key_id", type=int)
def revoke(config: "Config", key_id: int) -> None:
    """End a key at once."""
    from mailbot.store import api_keys

    async def work() -> bool:
        async with opened(config) as store:
            return await store.write(lambda conn: api_keys.revoke(conn, key_id, store.clock.now()))

    if not run(work()):
        raise Failed(f"there is no live key {key_id}")
    click.echo(f"key {key_id} is revoked")


async def _create(
    config: "Config", role: str, organisation: str, label: str, life: timedelta | None, secret: str
) -> "ApiKey":
    from mailbot.ids import Ids
    from mailbot.store import api_keys

    async with opened(config, create=True) as store:
        now = store.clock.now()
        key = api_keys.ApiKey(
            id=Ids(store.clock, secrets.SystemRandom()).row(),
            role=role,
            organisation_id=await _organisation_id(store, organisation) if organisation else None,
            label=label,
            created_at=now,
            expires=now + life if life else None,
        )
        await store.write(lambda conn: api_keys.create(conn, key, secret))
    return key


async def _organisation_id(store: "Store", name: str) -> str:
    from mailbot.store import people

    async with store.read() as conn:
        firm = await people.organisation_named(conn, name)
        if firm is None:
            known = ", ".join(other.name for other in await people.list_organisations(conn)) or "none yet"
            raise Failed(f"there is no organisation {name}; known are: {known}")
    return firm.id
