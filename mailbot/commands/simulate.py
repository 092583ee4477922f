"""`mailbot simulate`: random claims on a fake clock, every rule checked after every step."""

import time
from typing import TYPE_CHECKING

import click

from mailbot.commands.output import print_json, progress
from mailbot.commands.setup import Failed, as_json, configured

if TYPE_CHECKING:
    from collections import Counter

    from mailbot.config import Config
    from mailbot.simulate import Report


@click.command()
@configured
@click.option("--claims", type=click.IntRange(1), default=1000, show_default=True, help="How many claims to play.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed plays the same claims.")
@as_json
def command(config: "Config", claims: int, seed: int, json_out: bool) -> None:
    """Play the lifecycle under the configured policy: outcome counts, clocks kept, invariants."""
    from mailbot.simulate import simulate

    progress(f"playing {claims} claims …")
    report = simulate(claims, seed, config.policy, time.perf_counter)
    if json_out:
        print_json(report)
    else:
        _print(report)
    if report.broken:
        raise Failed(f"{sum(report.broken.values())} broken rules; --seed {seed} --claims {claims} shows them again")


def _print(report: "Report") -> None:
    click.echo(
        f"{report.claims} claims, {report.events} events in {report.seconds:.2f} s ({report.rate:,.0f} a second), "
        f"policy {report.policy}, seed {report.seed}"
    )
    _count("how they stand in the end", report.outcomes)
    _count("clocks", report.clocks)
    _count("mails ordered", report.mails)
    _count("rules that were broken", report.broken)
    click.echo(f"\n{report.checks} checks, {sum(report.broken.values())} broken")


def _count(title: str, counted: "Counter[str]") -> None:
    if counted:
        click.echo(f"\n{title}")
        for name, number in counted.most_common():
            click.echo(f"  {number:>8}  {name}")
