"""`mailbot doctor`: looks for what is wrong and says what to do. Exits 1 when the service could not work like this."""

import sys
from typing import TYPE_CHECKING

import click

from mailbot.commands.output import print_json
from mailbot.commands.setup import as_json, configured

if TYPE_CHECKING:
    from mailbot.config import Config

_COLOURS = {"ok": "green", "note": "cyan", "warning": "yellow", "error": "red"}


@click.command()
@configured
@as_json
def command(config: "Config", json_out: bool) -> None:
    """Check configuration, keys, database, machine and surroundings."""
    from mailbot.clock import SystemClock
    from mailbot.doctor.checkup import checkup

    findings = checkup(config, SystemClock().now())
    if json_out:
        print_json(findings)
    else:
        for finding in findings:
            level = click.style(finding.level.ljust(8), fg=_COLOURS[finding.level])
            click.echo(f"{level}{finding.area.ljust(10)}{finding.what}")
            if finding.do:
                click.echo(f"{'':18}→ {finding.do}")
    if any(finding.level == "error" for finding in findings):
        sys.exit(1)
