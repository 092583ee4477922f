"""Checks of what belongs to us: settings, keys, database. None raises; nothing is written."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mailbot.config import Config
from mailbot.doctor.finding import Finding, error, note, ok, warning
from mailbot.endpoints import PostgresDatabase, SqliteFile, is_loopback
from mailbot.keys import KeyFileError, Keyring, load_keyring
from mailbot.store import migrate, schema
from mailbot.store.codec import from_json
from mailbot.store.faults import StoreUnready

_LONGEST_DOMAIN = 17
_EXAMPLES = (".example", ".example.com", ".example.org", ".example.net", ".test", ".invalid")


def settings_of(config: Config) -> Iterator[Finding]:
    """What the configuration says that a person should know."""
    if config.sender.trust == "none":
        yield warning(
            "sender", "trust is none: a From line alone counts as proof", "set sender.trust before real people use this"
        )
    else:
        yield ok("sender", f"trust is {config.sender.trust}")
    if len(config.domain) > _LONGEST_DOMAIN:
        what = f"{config.domain} has {len(config.domain)} characters"
        yield note("domain", what, f"up to {_LONGEST_DOMAIN} survive every forwarder (SRS has room for no more)")
    else:
        yield ok("domain", config.domain)
    if is_example(config.domain):
        yield warning("domain", f"{config.domain} is an example", "set domain and public_url to your own")
    if config.public_url.startswith("http://"):
        yield warning("domain", f"{config.public_url} is not https", "put a TLS proxy in front and set public_url")
    open_doors = [str(address) for address in config.smtp.listen if not is_loopback(address.host)]
    if open_doors and config.smtp.tls_cert is None:
        what = f"{', '.join(open_doors)} takes mail without TLS"
        yield warning("tls", what, "set smtp.tls_cert and smtp.tls_key: others read what is sent in clear")
    if open_doors and config.sender.trust == "none":
        yield error("sender", "trust is none, and the mail port is open to others", "set sender.trust to verify")
    if config.webhooks.allow_private:
        yield warning(
            "webhooks", "webhooks may reach into your own network", "set webhooks.allow_private = false in the open"
        )
    if config.lab:
        yield warning("lab", "the lab shows every mail to everybody", "set lab = false where others reach the pages")


def is_example(domain: str) -> bool:
    """Whether nobody can have that domain (RFC 2606)."""
    return domain.endswith(_EXAMPLES)


def keys_of(config: Config) -> tuple[Finding, Keyring | None]:
    """The key file, and what was in it."""
    path = config.keys_file
    if not path.exists():
        return note("keys", f"{path} is not there yet", "run mailbot init; it makes them"), None
    try:
        keyring = load_keyring(path)
    except KeyFileError as wrong:
        return error("keys", str(wrong), "correct the file, or bring back the right one"), None
    marks = ", ".join(f"{key.kid} {key.state} {key.fingerprint}" for key in keyring.keys)
    return ok("keys", f"{path}: {marks}"), keyring


def database(config: Config, keyring: Keyring | None) -> Iterator[Finding]:
    """Whether the database can be served, by whom it is, and whether the keys are its own."""
    where = config.database.url
    if not isinstance(where, SqliteFile):
        yield from _server(where)
        return
    path = where.path
    if not path.exists():
        yield note("database", f"{path} is not there yet", "run mailbot init, or mailbot serve")
        return
    try:
        migrate.check(path)
    except StoreUnready as wrong:
        yield error("database", str(wrong), "see there")
        return
    yield ok("database", f"{path}: schema {schema.REVISION}, pages sound, {path.stat().st_size} bytes")
    yield from _contents(path, keyring)


def _server(where: PostgresDatabase) -> Iterator[Finding]:
    try:
        migrate.check(where.url)
    except StoreUnready as wrong:
        yield error("database", str(wrong), "see there")
    else:
        yield ok("database", f"{where.name}: schema {schema.REVISION}")


def is_served(config: Config) -> bool:
    """Whether a service of ours holds this database file; of a server any number of them may."""
    where = config.database.url
    if not isinstance(where, SqliteFile):
        return False
    lock = where.path.with_name(where.path.name + ".lock")
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _contents(path: Path, keyring: Keyring | None) -> Iterator[Finding]:
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as conn:
        settings = {key: from_json(value) for key, value in conn.execute("SELECT key, value FROM settings")}
        waiting = dict(conn.execute("SELECT disposition, count(*) FROM inbox GROUP BY disposition"))
        given_up = conn.execute("SELECT count(*) FROM outbox WHERE state IN ('bounced', 'expired')").fetchone()[0]
    yield from _fingerprints(settings, keyring)
    yield from _pauses(settings)
    for disposition in ("held", "quarantined"):
        if waiting.get(disposition):
            do = f"mailbot inbox list --disposition {disposition}"
            yield note("inbox", f"{waiting[disposition]} mails are {disposition}", do)
    if given_up:
        yield note("outbox", f"{given_up} mails did not arrive", "mailbot outbox list --state bounced (or expired)")


def _pauses(settings: dict[str, Any]) -> Iterator[Finding]:
    if settings.get("paused.sending"):
        yield warning("pauses", "sending is paused", "mailbot resume sending")
    if settings.get("paused.timers"):
        yield warning("pauses", "timers are paused", "mailbot resume timers")
    if settings.get("clock_jumped"):
        do = "set the clock right, or `mailbot resume timers` if it is now"
        yield warning("pauses", "timers stand still because the clock jumped", do)


def _fingerprints(settings: dict[str, Any], keyring: Keyring | None) -> Iterator[Finding]:
    known = {int(kid): mark for kid, mark in (settings.get("key_fingerprints") or {}).items()}
    if keyring is None:
        return
    present = keyring.fingerprints()
    if known and any(present.get(kid) != mark for kid, mark in known.items()):
        yield error("keys", "these are not the keys this database was used with", "bring back its own key file")
    elif known:
        yield ok("keys", "the database knows these keys")
