"""The table of commands: everything the contract names is there, with its options, and wrong usage is told apart."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from mailbot import __version__
from mailbot.cli import cli

_CONTRACT = {
    "serve": (), "init": (), "try": (), "claim": ("list", "show", "history", "evidence"),
    "inbox": ("list", "show", "replay", "attach"), "outbox": ("list", "retry", "cancel"),
    "webhooks": ("list", "replay"), "trace": (), "pause": (),
    "resume": (), "people": ("import", "list", "remove", "link"), "key": ("create", "list", "revoke"),
    "signing-key": ("list", "rotate", "revoke"), "preview": (), "simulate": (), "doctor": (), "migrate": (),
    "backup": (), "restore": (), "verify": (),
}  # fmt: skip
_LISTS = (
    "claim list", "claim show", "claim history", "claim evidence", "inbox list", "inbox show", "outbox list",
    "outbox show", "webhooks list", "people list", "key list", "signing-key list", "trace", "try", "simulate", "doctor",
    "verify",
)  # fmt: skip


def commands() -> dict[str, click.Command]:
    """Every command that does something, by its words."""
    ctx = click.Context(cli)
    found: dict[str, click.Command] = {}
    for name in cli.list_commands(ctx):
        command = cli.get_command(ctx, name)
        assert command is not None
        if isinstance(command, click.Group):
            found |= {f"{name} {inner}": leaf for inner, leaf in command.commands.items()}
        else:
            found[name] = command
    return found


def test_every_command_of_the_contract_is_there() -> None:
    words = set(commands())
    for name, inner in _CONTRACT.items():
        assert {f"{name} {leaf}" for leaf in inner} <= words if inner else name in words


@pytest.mark.parametrize("words", sorted(commands()))
def test_every_command_takes_a_configuration_and_says_what_it_does(words: str) -> None:
    command = commands()[words]
    assert "--config" in {opt for param in command.params for opt in param.opts}
    result = CliRunner().invoke(cli, [*words.split(), "--help"])
    assert result.exit_code == 0
    assert command.help
    assert command.help.strip().endswith(".")


@pytest.mark.parametrize("words", _LISTS)
def test_what_shows_something_shows_it_to_programs_too(words: str) -> None:
    assert "--json" in {opt for param in commands()[words].params for opt in param.opts}


def test_wrong_usage_is_two_and_says_how_to_get_help() -> None:
    for words in (["dance"], ["claim"], ["claim", "show"], ["pause", "everything"], ["serve", "--role", "cook"]):
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == 2, words


def test_help_is_quick_because_nothing_heavy_is_imported() -> None:
    script = "import sys; from mailbot.cli import cli; cli(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"sqlalchemy", "fastapi", "pydantic", "lxml", "cryptography", "asyncio"}


def test_the_module_runs_like_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "mailbot", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"mailbot, version {__version__}\n"


def test_a_reader_who_leaves_early_causes_no_complaint(tmp_path: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m mailbot simulate --claims 20 --json | head -c 1",
        shell=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.stderr == ""
