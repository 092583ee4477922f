"""`mailbot doctor`: looks for what is wrong and says what to do. Exits 1 when the service could not work like this."""

import sys
from typing import TYPE_CHECKING

import click

from mailbot.commands.output import print_json
from mailbot.commands.setup import as_json, configured, run

if TYPE_CHECKING:
    from mailbot.config import Config
    from mailbot.doctor.finding import Finding

_COLOURS = {"ok": "green", "note": "cyan", "warning": "yellow", "error": "red"}


@click.command()
@configured
@click.option("--dns", is_flag=True, help="Print the DNS records to publish, and look at nothing.")
@click.option(
    "--selector", "selectors", multiple=True, help="A DKIM key of your relay, by the name it is published under."
)
@click.option("--wait", type=click.FloatRange(0, 3600), default=30, help="How many seconds a probe mail may take (30).")
@as_json
def command(config: "Config", dns: bool, selectors: tuple[str, ...], wait: float, json_out: bool) -> None:
    """Check configuration, keys, database, machine, DNS and relay, and send a mail round."""
    if dns:
        from mailbot.doctor.records import records

        click.echo("\n".join(records(config, selectors)))
        return
    findings = _examined(config, selectors, wait)
    if json_out:
        print_json(findings)
    else:
        for finding in findings:
            level = click.style(finding.level.ljust(8), fg=_COLOURS[finding.level])
            click.echo(f"{level}{finding.area.ljust(12)}{finding.what}")
            if finding.do:
                click.echo(f"{'':20}→ {finding.do}")
    if any(finding.level == "error" for finding in findings):
        sys.exit(1)


def _examined(config: "Config", selectors: tuple[str, ...], wait: float) -> "list[Finding]":
    import secrets

    from mailbot.clock import SystemClock
    from mailbot.doctor.checkup import checkup
    from mailbot.doctor.outside import Outside
    from mailbot.ids import Ids

    clock = SystemClock()
    outside = Outside(selectors=selectors, patience=wait)
    return run(checkup(config, clock, Ids(clock, secrets.SystemRandom()), outside))
