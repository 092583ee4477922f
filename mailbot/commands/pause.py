"""`mailbot pause` and `mailbot resume`: a stop that survives restarts and is shown on every office page."""

from typing import TYPE_CHECKING

import click

from mailbot.commands.setup import configured, opened, run

if TYPE_CHECKING:
    from mailbot.config import Config
    from mailbot.store.settings import Pausable

_what = click.argument("what", type=click.Choice(("sending", "timers")))


@click.command()
@configured
@_what
def pause(config: "Config", what: "Pausable") -> None:
    """Stop sending mail, or stop timers, until they are resumed."""
    run(_set(config, what, True))
    click.echo(f"{what} paused; 'mailbot resume {what}' goes on")


@click.command()
@configured
@_what
def resume(config: "Config", what: "Pausable") -> None:
    """Let sending or timers go on."""
    run(_set(config, what, False))
    click.echo(f"{what} resumed")


async def _set(config: "Config", what: "Pausable", paused: bool) -> None:
    from mailbot.store import settings

    async with opened(config) as store:
        await store.write(lambda conn: settings.pause(conn, what, paused=paused))
