"""`mailbot migrate`: brings the database to this version.

A SQLite file wants its service stopped, and this sees to it; nodes on PostgreSQL go on meanwhile.
"""

import contextlib
from typing import TYPE_CHECKING

import click

from mailbot.commands.setup import configured

if TYPE_CHECKING:
    from mailbot.config import Config


@click.command()
@configured
def command(config: "Config") -> None:
    """Make the database if it is missing and bring it to this version."""
    from mailbot.endpoints import SqliteFile
    from mailbot.store import migrate, schema
    from mailbot.store.places import Lock

    where = config.database.url
    with contextlib.ExitStack() as stack:
        if isinstance(where, SqliteFile):
            stack.callback(Lock.take(where.path).release)
        place = where.path if isinstance(where, SqliteFile) else where.url
        migrate.upgrade(place)
        migrate.check(place)
    click.echo(f"{where.name} has schema {schema.REVISION}")
