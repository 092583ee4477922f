"""`mailbot init`: a new installation in one step. What is there already is kept, so it can be repeated."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailbot.commands.setup import opened, read_config, run

if TYPE_CHECKING:
    from mailbot.config import Config


@click.command()
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the configuration is to be written (default: mailbot.toml in this folder).",
)
@click.pass_context
def command(ctx: click.Context, config_file: Path | None) -> None:
    """Write a commented mailbot.toml, make keys (mode 0600), prepare the database."""
    from mailbot.config import FILE_NAME

    path = config_file or ctx.find_root().obj or Path(FILE_NAME)
    click.echo(f"{path} {'is kept' if path.exists() else 'is written'}")
    if not path.exists():
        _write(path)
    config = read_config(path)
    had_keys = config.keys_file.exists()
    fingerprint = run(_prepare(config))
    click.echo(
        f"{config.keys_file} {'is kept' if had_keys else 'is written, mode 0600: keep a copy of it'} ({fingerprint})"
    )
    click.echo(f"{config.database.url.name} is ready")
    click.echo(_trust(config.sender.trust))
    click.echo("next: mailbot people import people.toml, then mailbot serve")


def _trust(trust: str) -> str:
    if trust == "none":
        return "sender.trust is none: a From line alone counts as proof. Good for trying out, never in the open."
    if trust == "verify":
        return (
            "sender.trust is verify: senders are proved in the DNS, mail from nowhere is held. "
            'To try things out on this machine alone, set trust = "none".'
        )
    return f"sender.trust is {trust}"


def _write(path: Path) -> None:
    from mailbot.config import sample_toml

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sample_toml(), encoding="utf-8")


async def _prepare(config: "Config") -> str:
    from mailbot.app import load_keys

    async with opened(config, create=True) as store:
        keyring = await load_keys(config, store)
    return f"key {keyring.signing.kid}, fingerprint {keyring.signing.fingerprint}"
