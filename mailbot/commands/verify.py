"""`mailbot verify`: whether everything stored is what was written. Changes nothing; exits 1 when it is not."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailbot.commands.output import print_json, print_table, progress
from mailbot.commands.setup import Failed, as_json, configured, opened, run

if TYPE_CHECKING:
    from mailbot.config import Config
    from mailbot.store.history import Head
    from mailbot.verification import Defect


@click.command()
@configured
@click.option("--heads", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Ends kept elsewhere.")
@as_json
def command(config: "Config", heads: Path | None, json_out: bool) -> None:
    """Check history chains, database integrity, files and invariants."""
    from mailbot.verification import verify

    async def work() -> "list[Defect]":
        async with opened(config) as store:
            return await verify(store, anchor)

    anchor = _anchor(config, heads)
    progress("checking …")
    defects = run(work())
    if json_out:
        print_json(defects)
    else:
        rows = [(defect.area, defect.where, defect.what) for defect in defects]
        print_table(("area", "where", "what"), rows, "everything is as it was written")
    if defects:
        raise Failed(f"{len(defects)} defects; keep the files as they are and restore a backup elsewhere to compare")


def _anchor(config: "Config", named: Path | None) -> "dict[str, Head] | None":
    """The ends in the file that was named, else in the newest one where they are configured to go."""
    from mailbot.clock import SystemClock
    from mailbot.engine import heads
    from mailbot.keys import load_keyring
    from mailbot.tokens import Tokens

    folder = config.history.heads
    file = named or (heads.newest(folder) if folder else None)
    if file is None:
        return None
    try:
        return heads.parse(file.read_bytes(), Tokens(load_keyring(config.keys_file)), SystemClock().now())
    except heads.BadHeads as error:
        raise Failed(f"{file}: {error}") from error
