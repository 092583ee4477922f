"""`mailbot migrate`: brings the database to this version. Wants the service stopped, and sees to it."""

from typing import TYPE_CHECKING

import click

from mailbot.commands.setup import configured

if TYPE_CHECKING:
    from mailbot.config import Config


@click.command()
@configured
def command(config: "Config") -> None:
    """Make the database if it is missing and bring it to this version."""
    from mailbot.store import migrate, schema
    from mailbot.store.places import Lock

    path = config.database.url.path
    lock = Lock.take(path)
    try:
        migrate.upgrade(path)
        migrate.check(path)
    finally:
        lock.release()
    click.echo(f"{path} has schema {schema.REVISION}")
