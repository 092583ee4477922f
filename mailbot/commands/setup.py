"""What commands share: the options `--config` and `--json`, the configuration, and an open database.

Heavy rooms are imported when a command runs. A command that fails raises Failed (or an error that `failures` knows).
"""

import functools
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from mailbot.clock import Clock
    from mailbot.config import Config
    from mailbot.store.database import Store

T = TypeVar("T")
Command = Callable[..., Any]

CONFIG_HELP = "The configuration file (default: mailbot.toml in this folder, else the embedded defaults)."
as_json = click.option("--json", "json_out", is_flag=True, help="Print JSON.")


class Failed(click.ClickException):
    """The command could not do it; the message is for the operator, usually one line."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        """On standard error, each line with our name."""
        for line in self.message.splitlines():
            click.echo(f"mailbot: {line}", err=True)


def configured(command: Command) -> Command:
    """Gives a command the option `--config` and, as its first argument, the configuration."""

    @click.option("--config", "config_file", type=click.Path(path_type=Path, dir_okay=False), help=CONFIG_HELP)
    @click.pass_context
    @functools.wraps(command)
    def with_config(ctx: click.Context, /, config_file: Path | None, **rest: Any) -> Any:
        return command(read_config(config_file or ctx.find_root().obj), **rest)

    return with_config


def read_config(path: Path | None) -> "Config":
    """The configuration of that file, else of the current folder. The operator's log goes to standard error."""
    from mailbot import log
    from mailbot.config import find_config, load_config

    config = load_config(path or find_config(Path.cwd()), os.environ)
    log.configure(config.log.format)
    return config


def sqlite_file(config: "Config", otherwise: str) -> Path:
    """The database's file. Raises Failed when it is not SQLite: `otherwise` says what to do instead."""
    from mailbot.endpoints import SqliteFile

    where = config.database.url
    if not isinstance(where, SqliteFile):
        raise Failed(f"{where.name} is not a file: {otherwise}")
    return where.path


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a command's asynchronous part."""
    import asyncio

    return asyncio.run(work)


@asynccontextmanager
async def opened(
    config: "Config", *, clock: "Clock | None" = None, create: bool = False, alone: bool = False
) -> "AsyncIterator[Store]":
    """The database beside a service that may run: it is never checkpointed here. `create` makes a missing one.

    `alone` takes the service's place while none runs (`store.is_alone`).
    """
    from mailbot.clock import CorrectedClock, SystemClock
    from mailbot.endpoints import SqliteFile
    from mailbot.store.database import Store

    where = config.database.url
    file = where.path if isinstance(where, SqliteFile) else None
    store = await Store.open(
        where.url,
        config.blobs.url.url,
        clock=clock or CorrectedClock(SystemClock()),
        create=create and not (file and file.exists()),
        lock=alone and file is not None and not _served(file),
    )
    async with store:
        yield store


def _served(database: Path) -> bool:
    from mailbot.store.faults import StoreUnready
    from mailbot.store.places import Lock

    try:
        Lock.take(database).release()
    except StoreUnready:
        return True
    return False
