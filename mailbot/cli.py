"""What a person types: the table of commands, and how a failure becomes one line and an exit code.

Commands are imported when they are called, so that `--help` is quick. Exit codes: 0 done, 1 it failed and says why in
one line on standard error, 2 wrong usage. A defect of ours is not hidden: it keeps its traceback.
"""

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import click

from mailbot import __version__
from mailbot.commands.setup import CONFIG_HELP, Failed

# Command → (module, attribute, what it does).
_TABLE = {
    "serve": ("serve", "command", "Run the service."),
    "init": ("init", "command", "Write a configuration, make keys, prepare the database."),
    "try": ("try_mail", "command", "Read mails without acting: what would happen, and why."),
    "claim": ("claim", "command", "Claims: list, show, history, evidence."),
    "inbox": ("inbox", "command", "Mail that came in: list, show, replay, attach."),
    "outbox": ("outbox", "command", "Mail that goes out: list, retry, cancel."),
    "webhooks": ("webhooks", "command", "Endpoints that are told of claims: list, replay."),
    "trace": ("trace", "command", "Everything known about an address, Message-ID, claim or IP."),
    "pause": ("pause", "pause", "Stop sending or timers until they are resumed."),
    "resume": ("pause", "resume", "Let sending or timers go on."),
    "people": ("people", "command", "Organisations and persons: import, list, remove, link, away, back."),
    "key": ("key", "command", "API keys: create, list, revoke."),
    "signing-key": ("signing_key", "command", "The keys behind addresses and links: list, rotate, revoke."),
    "preview": ("preview", "command", "Every mail in every language as files."),
    "simulate": ("simulate", "command", "Random claims on a fake clock, with every rule checked."),
    "doctor": ("doctor", "command", "Look for what is wrong and say what to do."),
    "migrate": ("migrate", "command", "Bring the database to this version."),
    "backup": ("backup", "command", "Save database, files and keys while the service runs."),
    "restore": ("restore", "command", "Bring a backup back; starts paused."),
    "erase": ("erase", "command", "Forget a claim or a person for good."),
    "export": ("moving", "export", "Write everything into a file, for another database."),
    "import": ("moving", "import_", "Fill a new database from such a file."),
    "verify": ("verify", "command", "Check history chains, integrity and invariants."),
}


class Desk(click.Group):
    """The commands of the table, each imported when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table: what runs the service first, what looks after it last."""
        return list(_TABLE)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in _TABLE:
            return None
        module, attribute, _ = _TABLE[cmd_name]
        command: click.Command = getattr(importlib.import_module(f"mailbot.commands.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in _TABLE.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Runs a command; a failure with a known reason becomes its line."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            from mailbot.commands.failures import lines_of

            lines = lines_of(error)
            if not lines:
                raise
            raise Failed("\n".join(lines)) from error


@click.group(cls=Desk, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", "config_file", type=click.Path(path_type=Path, dir_okay=False), help=CONFIG_HELP)
@click.version_option(__version__, prog_name="mailbot")
@click.pass_context
def cli(ctx: click.Context, config_file: Path | None) -> None:
    """Claims and consent by e-mail: every step backed by mail evidence."""
    ctx.obj = config_file


def main(run: Callable[..., object] = cli) -> None:
    """The entry point `mailbot`."""
    try:
        run(prog_name="mailbot")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Who reads our output has gone; Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
