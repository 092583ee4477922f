"""`mailbot signing-key`: the keys behind addresses and links. Secrets are never printed.

A service reads its keys when it starts: after a change it has to be restarted. With several nodes a new key is
prepared and brought to all of them before it signs.
"""

import secrets
from typing import TYPE_CHECKING

import click

from mailbot.commands.output import print_json, print_table
from mailbot.commands.setup import as_json, configured, opened, run

if TYPE_CHECKING:
    from mailbot.config import Config
    from mailbot.keys import Keyring

_AFTERWARDS = "restart the service, and keep a new copy of the key file"


@click.group()
def command() -> None:
    """The keys behind addresses and links: list, rotate, revoke."""


@command.command("list")
@configured
@as_json
def list_keys(config: "Config", json_out: bool) -> None:
    """List keys by number, state and fingerprint."""
    from mailbot.keys import load_keyring

    keys = load_keyring(config.keys_file).keys
    if json_out:
        print_json([{"kid": key.kid, "state": key.state, "fingerprint": key.fingerprint} for key in keys])
        return
    print_table(("key", "state", "fingerprint"), [(k.kid, k.state, k.fingerprint) for k in keys], "no keys")


@command.command()
@configured
@click.option("--prepare", is_flag=True, help="Only add a key that checks; it signs after the next rotate.")
def rotate(config: "Config", prepare: bool) -> None:
    """Let a new key sign; the old ones go on checking what they signed."""
    keyring = run(_keys(config))
    newest = keyring.keys[-1]
    if prepare or newest.state != "active" or newest.kid < keyring.signing.kid:
        keyring = keyring.with_new_key(secrets.token_bytes(32))
    if not prepare:
        keyring = keyring.signing_with(keyring.keys[-1].kid)
    run(_save(config, keyring))
    state = "is ready" if prepare else "signs"
    click.echo(f"key {keyring.keys[-1].kid} {state} now; {_AFTERWARDS}")


@command.command()
@configured
@click.argument("kid", type=int)
@click.option("--retire", is_flag=True, help="It is only old: its addresses count as expired.")
def revoke(config: "Config", kid: int, retire: bool) -> None:
    """Trust a key no more, because others may have it; a signing one is replaced first."""
    keyring = run(_keys(config))
    if keyring.signing.kid == kid:
        keyring = keyring.with_new_key(secrets.token_bytes(32))
        keyring = keyring.signing_with(keyring.keys[-1].kid)
    keyring = keyring.marked(kid, "retired" if retire else "revoked")
    run(_save(config, keyring))
    click.echo(f"key {kid} is {'retired' if retire else 'revoked'}, key {keyring.signing.kid} signs; {_AFTERWARDS}")


async def _keys(config: "Config") -> "Keyring":
    """The keys, made now if this installation has none yet, refused if they are another one's."""
    from mailbot.app import load_keys

    async with opened(config, create=True) as store:
        return await load_keys(config, store)


async def _save(config: "Config", keyring: "Keyring") -> None:
    """The file first: a database that knows a key which no file has would refuse every service."""
    from mailbot.keys import save_keyring
    from mailbot.store import settings

    async with opened(config) as store:
        save_keyring(config.keys_file, keyring)
        await store.write(lambda conn: settings.put_fingerprints(conn, keyring.fingerprints()))
