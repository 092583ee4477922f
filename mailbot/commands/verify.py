"""`mailbot verify`: whether everything stored is what was written. Changes nothing; exits 1 when it is not."""

from typing import TYPE_CHECKING

import click

from mailbot.commands.output import print_json, print_table, progress
from mailbot.commands.setup import Failed, as_json, configured, opened, run

if TYPE_CHECKING:
    from mailbot.config import Config
    from mailbot.verification import Defect


@click.command()
@configured
@as_json
def command(config: "Config", json_out: bool) -> None:
    """Check history chains, database integrity, files and invariants."""
    from mailbot.verification import verify

    async def work() -> "list[Defect]":
        async with opened(config) as store:
            return await verify(store)

    progress("checking …")
    defects = run(work())
    if json_out:
        print_json(defects)
    else:
        rows = [(defect.area, defect.where, defect.what) for defect in defects]
        print_table(("area", "where", "what"), rows, "everything is as it was written")
    if defects:
        raise Failed(f"{len(defects)} defects; keep the files as they are and restore a backup elsewhere to compare")
