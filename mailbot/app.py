"""The composition root: builds store, clock, keys, readers, transport and rooms from a Config; starts and stops it all.

Nothing below this file makes its own clock, randomness, keys or connections. Starting either succeeds as a whole or
closes what was opened and raises; stopping finishes what is in hand and answers nobody 250 who was not stored.
"""

import secrets
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot import log
from mailbot.claims.catalogue import Catalogue, shipped_catalogue
from mailbot.claims.policy import SHIPPED, Policy, dump_policy, load_policy, parse_policy
from mailbot.clock import Clock, CorrectedClock, SystemClock
from mailbot.config import Config
from mailbot.endpoints import Maildir
from mailbot.engine.desk import Desk
from mailbot.engine.dispatch import Dispatcher
from mailbot.engine.engine import Engine
from mailbot.engine.uploads import Uploads
from mailbot.engine.workspace import Office
from mailbot.ids import Ids
from mailbot.inbound.antivirus import Clamd, Scanner
from mailbot.inbound.authentication.resolver import Resolver
from mailbot.inbound.authentication.verify import Verifier
from mailbot.inbound.interpretation import Keys
from mailbot.inbound.readers import Readers
from mailbot.inbound.viewer import Viewer, lookers
from mailbot.keys import KeyFileError, Keyring, load_keyring, new_keyring, save_keyring
from mailbot.outbound.compose import Composer
from mailbot.outbound.maildir import MaildirTransport
from mailbot.outbound.smarthost import SmarthostTransport, Timeouts
from mailbot.outbound.transport import Transport
from mailbot.store import policies, settings
from mailbot.store.database import Store
from mailbot.store.leases import NAME
from mailbot.store.locking import hold
from mailbot.templates import Templates
from mailbot.tokens import Tokens
from mailbot.wording.words import MARKERS


@dataclass(slots=True)
class Rooms:
    """What a process is made of, whichever roles it plays."""

    config: Config
    store: Store
    tokens: Tokens
    engine: Engine
    desk: Desk
    templates: Templates
    transport: Transport
    readers: Readers
    viewer: Viewer
    verifier: Verifier | None
    scanner: Scanner | None


async def open_rooms(
    config: Config, *, clock: Clock | None = None, lock: bool = True, create: bool = True, node: str = "command"
) -> Rooms:
    """Opens the database and builds everything that serves no socket. Raises StoreUnready, KeyFileError.

    `node` is this process's name among those that share the database.
    """
    clock = clock or CorrectedClock(SystemClock())
    store = await Store.open(
        config.database.url.url, config.blobs.url.url, clock=clock, create=create, lock=lock, name=f"{NAME}{node}"
    )
    try:
        return await _build(config, store, clock)
    except BaseException:
        await store.close()
        raise


async def close_rooms(rooms: Rooms) -> None:
    """Gives back connections, reader processes and the database."""
    await rooms.readers.close()
    await rooms.viewer.close()
    await rooms.transport.close()
    await rooms.store.close()


async def load_keys(config: Config, store: Store) -> Keyring:
    """The keys of this installation; made once, while the database belongs to no keys yet.

    Raises KeyFileError when the file is unfit, or its keys are not those the database was used with.
    """
    async with store.read() as conn:
        known = await settings.fingerprints(conn)
    if not known and not config.keys_file.exists():
        save_keyring(config.keys_file, new_keyring(secrets.token_bytes(32)))
        log.keys_made(str(config.keys_file))
    keyring = load_keyring(config.keys_file)
    present = keyring.fingerprints()
    if any(present.get(kid) != mark for kid, mark in known.items()):
        raise KeyFileError(f"{config.keys_file}: these are not the keys this database was used with; bring them back")
    if present != known:
        await store.write(partial(_note_keys, known=known, present=present, file=config.keys_file))
    return keyring


async def _note_keys(conn: AsyncConnection, *, known: dict[int, str], present: dict[int, str], file: Path) -> None:
    """The first node's keys are the keys; another one that started in the same moment with its own does not serve."""
    await hold(conn, ["keys"])
    if await settings.fingerprints(conn) != known:
        raise KeyFileError(f"{file}: another node has noted its keys meanwhile; give every node the same file")
    await settings.put_fingerprints(conn, present)


async def _build(config: Config, store: Store, clock: Clock) -> Rooms:
    random = secrets.SystemRandom()
    ids = Ids(clock, random)
    tokens = Tokens(await load_keys(config, store))
    catalogue = shipped_catalogue()
    templates = Templates({product.code: product.name for product in catalogue.products.values()})
    composer = Composer(
        templates=templates,
        tokens=tokens,
        domain=config.domain,
        public_url=config.public_url,
        office_name=config.office_name,
        office_zone=config.office_time_zone,
    )
    rules = await _policies(store, config.policy)
    desk = _desk(config, store, clock, ids, tokens, catalogue, composer, rules)
    scanner = Clamd(config.clamav.url) if config.clamav.url else None
    keys = _reading_keys(config, tokens)
    readers = Readers(keys, scanner=scanner)
    engine = Engine(desk, Uploads(readers, clock).judge)
    return Rooms(
        config=config,
        store=store,
        tokens=tokens,
        engine=engine,
        desk=desk,
        templates=templates,
        transport=_transport(config),
        readers=readers,
        viewer=Viewer(lookers(keys)),
        verifier=_verifier(config),
        scanner=scanner,
    )


def _desk(
    config: Config,
    store: Store,
    clock: Clock,
    ids: Ids,
    tokens: Tokens,
    catalogue: Catalogue,
    composer: Composer,
    rules: dict[str, Policy],
) -> Desk:
    office = Office(country=config.office_country, time_zone=config.office_time_zone, policies=rules)
    return Desk(
        store=store,
        clock=clock,
        ids=ids,
        office=office,
        policy=config.policy,
        dispatcher=Dispatcher(composer, ids, office, config.limits.answers_per_day),
        tokens=tokens,
        catalogue=catalogue,
        random=secrets.token_bytes,
    )


async def _policies(store: Store, present: Policy) -> dict[str, Policy]:
    """Every policy a claim of this database may be pinned to: those of old, the shipped ones and the configured one."""
    for rules in (*(load_policy(name) for name in SHIPPED), present):
        await store.write(partial(policies.pin, version=rules.version, text=dump_policy(rules)))
    async with store.read() as conn:
        texts = await policies.load(conn)
    return {version: parse_policy(text) for version, text in texts.items()}


def _reading_keys(config: Config, tokens: Tokens) -> Keys:
    return Keys(
        domain=config.domain,
        markers=MARKERS,
        own_addresses=(f"claims@{config.domain}",),
        trust=config.sender.trust,
        tokens=tokens,
        limits=config.limits,
    )


def _verifier(config: Config) -> Verifier | None:
    if config.sender.trust != "verify":
        return None
    return Verifier(Resolver(), upstream=config.sender.upstream, limits=config.limits)


def _transport(config: Config) -> Transport:
    target = config.delivery.url
    if isinstance(target, Maildir):
        return MaildirTransport(target.path)
    limits, secret = config.limits, config.delivery.password_file
    timeouts = Timeouts(
        connect=limits.outbound_connect_seconds,
        command=limits.outbound_command_seconds,
        start=limits.outbound_data_start_seconds,
        block=limits.outbound_data_block_seconds,
        final=limits.outbound_data_end_seconds,
    )
    password = (lambda: secret.read_text(encoding="utf-8").strip()) if secret else None
    return SmarthostTransport(target, helo=config.domain, password=password, timeouts=timeouts)
