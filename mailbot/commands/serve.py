"""`mailbot serve`: the service until a signal ends it."""

import sys
from typing import TYPE_CHECKING

import click

from mailbot.commands.setup import configured

if TYPE_CHECKING:
    from mailbot.config import Config
    from mailbot.service import Role

_ROLES = ("all", "listener", "worker", "web", "scheduler")


@click.command()
@configured
@click.option("--role", type=click.Choice(_ROLES), default="all", show_default=True, help="What this process does.")
def command(config: "Config", role: "Role") -> None:
    """Run the service.

    SIGTERM or Ctrl-C finishes what is in hand within 30 seconds; a second one does not wait for it. SIGHUP reads the
    TLS certificate again. One machine needs one service: a second one on the same database refuses to start.
    """
    from mailbot.serve import serve

    sys.exit(serve(config, role))
