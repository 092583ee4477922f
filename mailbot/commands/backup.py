"""`mailbot backup`: database, large files and keys in one file, while the service runs."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailbot.commands.output import progress
from mailbot.commands.passphrase import passphrase, passphrase_option
from mailbot.commands.setup import Failed, configured, sqlite_file

if TYPE_CHECKING:
    from mailbot.config import Config

_RANDOM_BYTES = 28
_SERVER = "back it up with its own tools (docs/operators.md), or take it elsewhere with 'mailbot export'"


@click.command()
@configured
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@passphrase_option
def command(config: "Config", file: Path, passphrase_file: Path | None) -> None:
    """Save everything into FILE as of one instant. Without the passphrase the keys in it are lost."""
    from mailbot.keys import load_keyring, render_keyring
    from mailbot.store import migrate

    if file.exists():
        raise Failed(f"{file}: is there already")
    database = sqlite_file(config, _SERVER)
    migrate.check(database)
    keys = render_keyring(load_keyring(config.keys_file)).encode()
    words = passphrase(passphrase_file, twice=True)
    copy = file.with_name(f".{file.name}.db")
    try:
        blobs = _write(config, database, file, copy, keys, words)
    finally:
        copy.unlink(missing_ok=True)
    click.echo(f"{file}: database, {blobs} large files and the keys, {file.stat().st_size} bytes")


def _write(config: "Config", database: Path, file: Path, copy: Path, keys: bytes, words: str) -> int:
    from mailbot import __version__, archive
    from mailbot.clock import SystemClock
    from mailbot.store import schema
    from mailbot.store.blobs import BlobLost, Blobs
    from mailbot.store.faults import StoreFault
    from mailbot.store.places import blob_place

    progress("copying the database …")
    archive.snapshot(database, copy)
    digests, blobs = archive.large_blobs(copy), Blobs(blob_place(config.blobs.url.url))
    manifest = archive.Manifest(
        format=archive.FORMAT,
        version=__version__,
        revision=schema.REVISION,
        made_at=SystemClock().now().isoformat(timespec="seconds"),
        database_sha256=archive.file_digest(copy),
        blobs=len(digests),
    )
    progress(f"packing {len(digests)} files …")
    sealed = archive.seal(keys, words, secrets.token_bytes(_RANDOM_BYTES))
    files = ((digest, blobs.read(digest)) for digest in digests)
    try:
        archive.write(file, manifest, sealed, copy, files)
    except (BlobLost, StoreFault) as error:
        raise Failed(f"{error}; no backup was written") from error
    return len(digests)
