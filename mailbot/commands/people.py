"""`mailbot people`: who is known, and a way in for somebody when mail is down."""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailbot.addresses import canonical
from mailbot.commands.output import print_json, print_table
from mailbot.commands.setup import Failed, as_json, configured, opened, run

if TYPE_CHECKING:
    from mailbot.config import Config
    from mailbot.store.people import Person
    from mailbot.store.people_import import People


@click.group()
def command() -> None:
    """Organisations and persons: import, list, remove, link, away, back."""


@command.command("import")
@configured
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def import_file(config: "Config", file: Path) -> None:
    """Add and update what FILE (people.toml) says; nobody is ever removed by it."""
    from mailbot.store.people_import import import_people

    found = _read(file)

    async def work() -> None:
        async with opened(config, create=True) as store:
            await store.write(lambda conn: import_people(conn, found, store.clock.now()))

    run(work())
    persons = sum(len(firm.people) for firm in found.organisations) + len(found.reviewers)
    click.echo(f"{len(found.organisations)} organisations and {persons} persons are known now")


@command.command("list")
@configured
@as_json
def list_people(config: "Config", json_out: bool) -> None:
    """List everybody who is known."""
    from mailbot.store import people

    async def work() -> "tuple[Person, ...]":
        async with opened(config) as store, store.read() as conn:
            return await people.list_people(conn)

    persons = run(work())
    if json_out:
        print_json(persons)
        return
    rows = [
        (
            p.email,
            p.name,
            p.organisation_name or "claims office",
            ", ".join(sorted(p.roles)),
            p.language,
            ", ".join(sorted(p.locations)),
        )
        for p in persons
    ]
    print_table(("e-mail", "name", "organisation", "roles", "language", "locations"), rows, "nobody is known yet")


@command.command()
@configured
@click.argument("email")
def remove(config: "Config", email: str) -> None:
    """Take a person's roles away; claims keep their contacts."""
    from mailbot.store import people

    async def work() -> bool:
        async with opened(config) as store:
            return await store.write(lambda conn: people.remove(conn, email, store.clock.now()))

    if not run(work()):
        raise Failed(f"nobody is known as {email}")
    click.echo(f"{email} is not known any more")


@command.command()
@configured
@click.argument("email")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The last day away.")
def away(config: "Config", email: str, until: datetime) -> None:
    """Note that one of the office is absent: their claims go to others."""
    from mailbot.claims.deadlines import day_end
    from mailbot.claims.places import Place
    from mailbot.store import absences, people

    async def work() -> bool:
        async with opened(config) as store:
            async with store.read() as conn:
                known = canonical(email) in {person.email for person in await people.reviewers(conn)}
            last = day_end(until.date(), Place(config.office_country, config.office_time_zone))
            if known:
                await store.write(lambda conn: absences.put(conn, email, last))
            return known

    if not run(work()):
        raise Failed(f"nobody of the office is known as {email}")
    click.echo(f"{canonical(email)} is away until the end of {until:%Y-%m-%d}")


@command.command()
@configured
@click.argument("email")
def back(config: "Config", email: str) -> None:
    """Note that somebody is there again."""
    from mailbot.store import absences

    async def work() -> None:
        async with opened(config) as store:
            await store.write(lambda conn: absences.end(conn, email))

    run(work())
    click.echo(f"{canonical(email)} is there")


@command.command()
@configured
@click.argument("email")
def link(config: "Config", email: str) -> None:
    """Print a sign-in link for a known person: it works once, for a quarter of an hour."""
    click.echo(run(_link(config, email)))


async def _link(config: "Config", email: str) -> str:
    from mailbot.app import close_rooms, open_rooms
    from mailbot.store import people
    from mailbot.web.signin import sign_in_link

    rooms = await open_rooms(config, lock=False, create=False)
    try:
        async with rooms.store.read() as conn:
            known = await people.find_people(conn, [email])
        if not known:
            raise Failed(f"nobody is known as {email}")
        row, now = rooms.engine.ids.row(), rooms.engine.clock.now()
        return sign_in_link(rooms.tokens, config.public_url, next(iter(known)), row, now)
    finally:
        await close_rooms(rooms)


def _read(file: Path) -> "People":
    from mailbot.commands.people_file import people_of

    try:
        document: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise Failed(f"{file}: not a TOML file: {error}") from error
    try:
        return people_of(document)
    except ValueError as error:
        raise Failed(f"{file}: {error}") from error
