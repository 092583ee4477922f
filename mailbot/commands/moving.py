"""`mailbot export` and `mailbot import`: everything from one kind of database into another.

Both want the service stopped: what came in after an export is not in it. An import that is interrupted or finds a
difference leaves the new database without rows.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailbot.commands.output import progress
from mailbot.commands.setup import Failed, configured, opened, run

if TYPE_CHECKING:
    from mailbot.config import Config
    from mailbot.store.moving import Moved


@click.command()
@configured
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export(config: "Config", file: Path) -> None:
    """Write all rows and large files into FILE, for 'mailbot import'. The keys stay where they are."""
    from mailbot.store.moving import write_out

    async def work() -> "Moved":
        async with opened(config) as store:
            return await write_out(store, file)

    if file.exists():
        raise Failed(f"{file}: is there already")
    progress("writing …")
    try:
        moved = run(work())
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    click.echo(f"{file}: {moved.rows} rows and {moved.files} large files, {file.stat().st_size} bytes")
    click.echo(f"take {config.keys_file} along: without it no address of yours is known any more")


@click.command("import")
@configured
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def import_(config: "Config", file: Path) -> None:
    """Fill a freshly migrated database from FILE, and verify that everything is there."""
    from mailbot.store.moving import read_in
    from mailbot.verification import verify

    async def work() -> "tuple[Moved, int]":
        async with opened(config) as store:
            moved = await read_in(store, file)
            return moved, len(await verify(store))

    progress("reading, comparing and verifying …")
    moved, defects = run(work())
    if defects:
        raise Failed(f"{defects} defects, and they were in the export too: run mailbot verify")
    click.echo(f"{config.database.url.name}: {moved.rows} rows and {moved.files} large files, verified")
