"""`mailbot restore`: brings a backup back, paused. Wants the service stopped, and sees to it.

The database comes last, in one rename, with the pauses already in it: killed half way, the old state is still there.
What is in the way is refused, or moved aside with --replace, never deleted.
"""

import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailbot.commands.output import progress
from mailbot.commands.passphrase import passphrase, passphrase_option
from mailbot.commands.setup import Failed, configured, run, sqlite_file

if TYPE_CHECKING:
    from mailbot.archive import Archive
    from mailbot.config import Config

_SERVER = "restore a server with its own tools, or import what 'mailbot export' wrote"
_ASIDE = ".before-restore"
_DATABASE_FILES = ("", "-wal", "-shm")


@click.command()
@configured
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--replace", is_flag=True, help="Move the present database and keys aside.")
@passphrase_option
def command(config: "Config", file: Path, replace: bool, passphrase_file: Path | None) -> None:
    """Bring back what `mailbot backup` saved into FILE. Sending and timers are paused afterwards."""
    from mailbot import archive
    from mailbot.store.places import Lock

    database = sqlite_file(config, _SERVER)
    lock = Lock.take(database)
    try:
        _refuse_or_go_on(config, database, replace)
        words = passphrase(passphrase_file, twice=False)
        with archive.opened(file) as saved:
            _restore(config, database, saved, saved.keys(words))
            made_at = saved.manifest.made_at
    except archive.ArchiveError as error:
        raise Failed(str(error)) from error
    finally:
        lock.release()
    click.echo(f"{database}: restored as of {made_at}")
    click.echo("sending and timers are paused; look around, then: mailbot resume sending, mailbot resume timers")


def _refuse_or_go_on(config: "Config", database: Path, replace: bool) -> None:
    there = [path for path in (database, config.keys_file) if path.exists()]
    if there and not replace:
        raise Failed(f"{there[0]}: is there already; --replace moves it aside")


def _restore(config: "Config", database: Path, saved: "Archive", keys: bytes) -> None:
    from mailbot.keys import parse_keyring, save_keyring
    from mailbot.store import migrate

    draft = database.with_name(f"{database.name}.restoring")
    keyring = parse_keyring(tomllib.loads(keys.decode("ascii")), "the keys in the backup")
    progress("unpacking …")
    saved.database(draft)
    migrate.upgrade(draft)
    run(_prepare(config, draft, saved))
    _into_one_file(draft)
    for path in (*(database.with_name(database.name + end) for end in _DATABASE_FILES), config.keys_file):
        _move_aside(path)
    save_keyring(config.keys_file, keyring)
    draft.replace(database)


async def _prepare(config: "Config", draft: Path, saved: "Archive") -> None:
    """The large files, and the marks that keep the next start quiet until somebody has looked."""
    from mailbot.clock import SystemClock
    from mailbot.store import settings
    from mailbot.store.database import Store

    store = await Store.open(f"sqlite:///{draft}", config.blobs.url.url, clock=SystemClock(), lock=False)
    async with store:
        for _, content in saved.blobs():
            await store.blobs.keep(content)
        await store.write(lambda conn: settings.put(conn, "restored", True))
        await store.write(lambda conn: settings.pause(conn, "sending", paused=True))
        await store.write(lambda conn: settings.pause(conn, "timers", paused=True))


def _into_one_file(database: Path) -> None:
    with closing(sqlite3.connect(database)) as conn:
        conn.execute("PRAGMA journal_mode=DELETE")


def _move_aside(path: Path) -> None:
    if not path.exists():
        return
    number = 1
    while (aside := path.with_name(f"{path.name}{_ASIDE}-{number}")).exists():
        number += 1
    path.rename(aside)
    click.echo(f"{path.name} is now {aside.name}", err=True)
