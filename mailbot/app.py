"""The composition root: builds store, clock, keys, readers, transport and rooms from a Config; starts and stops it all.

Nothing below this file makes its own clock, randomness, keys or connections. Starting either succeeds as a whole or
closes what was opened and raises; stopping finishes what is in hand and answers nobody 250 who was not stored.
"""

import asyncio
import os
import secrets
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from mailbot import __version__, log
from mailbot.claims.catalogue import Catalogue, shipped_catalogue
from mailbot.claims.policy import Policy, dump_policy, parse_policy
from mailbot.clock import Clock, SystemClock
from mailbot.config import Config
from mailbot.endpoints import HostPort, Maildir
from mailbot.engine.acceptance import Acceptance
from mailbot.engine.clockwork import Clockwork
from mailbot.engine.desk import Desk
from mailbot.engine.digests import Digests
from mailbot.engine.dispatch import Dispatcher
from mailbot.engine.engine import Engine
from mailbot.engine.housekeeping import sweep
from mailbot.engine.mailroom import Mailroom
from mailbot.engine.uploads import Uploads
from mailbot.engine.workspace import Office
from mailbot.ids import Ids
from mailbot.inbound.interpretation import Keys
from mailbot.inbound.listener import Listener, ListenerConfig, listen
from mailbot.inbound.readers import Readers
from mailbot.inbound.reception import Ports
from mailbot.keys import KeyFileError, Keyring, load_keyring, new_keyring, save_keyring
from mailbot.outbound.compose import Composer
from mailbot.outbound.delivery import Delivery
from mailbot.outbound.maildir import MaildirTransport
from mailbot.outbound.retrying import Schedule
from mailbot.outbound.smarthost import SmarthostTransport, Timeouts
from mailbot.outbound.transport import Transport
from mailbot.outbound.webhooks import WebhookDelivery, http_client
from mailbot.pulse import Pulse
from mailbot.scheduler import BEAT_SECONDS, SWEEP_SECONDS, TICK_SECONDS, Ticker
from mailbot.store import policies, settings
from mailbot.store.database import Store
from mailbot.store.leases import forget_leases
from mailbot.templates import Templates
from mailbot.tokens import Tokens
from mailbot.web.app import create_app
from mailbot.web_server import WebServer
from mailbot.wording.words import MARKERS

Role = Literal["all", "listener", "worker", "web", "scheduler"]

_GRACE_SECONDS = 30.0
_SPOOL = "spool"


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


@dataclass(slots=True)
class Service:
    """A running process. Made by `start`, ended by `stop`."""

    rooms: Rooms
    role: Role
    listener: Listener | None = None
    web: WebServer | None = None
    hooks: WebhookDelivery | None = None
    ticker: Ticker = field(default_factory=Ticker)
    pulses: list[Pulse] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def plays(self, role: str) -> bool:
        """Whether this process has that role."""
        return self.role in ("all", role)

    async def stop(self, grace: float = _GRACE_SECONDS) -> int:
        """Finishes what is in hand; returns how many messages could not be stored in time (nobody heard 250)."""
        until = asyncio.get_running_loop().time() + grace
        self.ticker.stop()
        for pulse in self.pulses:
            pulse.stop()
        unfinished, _ = await asyncio.gather(self._close_listener(grace), self._close_web(grace))
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=max(until - asyncio.get_running_loop().time(), 0))
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        if self.hooks:
            await self.hooks.close()
        await close_rooms(self.rooms)
        log.stopped(unfinished)
        return unfinished

    async def _close_listener(self, grace: float) -> int:
        return await self.listener.close(grace) if self.listener else 0

    async def _close_web(self, grace: float) -> None:
        if self.web:
            await self.web.stop(grace)


async def open_rooms(config: Config, *, clock: Clock | None = None, lock: bool = True, create: bool = True) -> Rooms:
    """Opens the database and builds everything that serves no socket. Raises StoreUnready, KeyFileError."""
    clock = clock or SystemClock()
    url, blobs_url = f"sqlite:///{config.database.url.path}", f"file:{config.blobs.url.path}"
    store = await Store.open(url, blobs_url, clock=clock, create=create, lock=lock)
    try:
        return await _build(config, store, clock)
    except BaseException:
        await store.close()
        raise


async def close_rooms(rooms: Rooms) -> None:
    """Gives back connections, reader processes and the database."""
    await rooms.readers.close()
    await rooms.transport.close()
    await rooms.store.close()


async def start(config: Config, role: Role = "all", *, clock: Clock | None = None) -> Service:
    """A service that accepts mail, serves pages and works. Raises OSError when an address cannot be had."""
    rooms = await open_rooms(config, clock=clock)
    service = Service(rooms=rooms, role=role)
    try:
        await _start_roles(service)
    except BaseException:
        await service.stop(0)
        raise
    log.started(role, smtp=_smtp_addresses(service), http=_http_address(service), version=__version__)
    if config.sender.trust == "none":
        log.trusting()
    return service


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
        await store.write(lambda conn: settings.put_fingerprints(conn, present))
    return keyring


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
    readers = Readers(_reading_keys(config, tokens))
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
        dispatcher=Dispatcher(composer, ids, office),
        tokens=tokens,
        catalogue=catalogue,
        random=secrets.token_bytes,
    )


async def _policies(store: Store, present: Policy) -> dict[str, Policy]:
    """Every policy a claim of this database may be pinned to; the configured one is pinned now."""
    await store.write(lambda conn: policies.pin(conn, present.version, dump_policy(present)))
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


def _schedule(config: Config) -> Schedule:
    limits = config.limits
    return Schedule(
        first=timedelta(seconds=limits.retry_first_seconds),
        most=timedelta(seconds=limits.retry_most_seconds),
        lifetime=timedelta(days=limits.retry_days),
    )


def _transport(config: Config) -> Transport:
    target = config.delivery.url
    if isinstance(target, Maildir):
        return MaildirTransport(target.path)
    limits, secret = config.limits, config.delivery.password_file
    timeouts = Timeouts(
        connect=limits.outbound_connect_seconds,
        command=limits.outbound_command_seconds,
        final=limits.outbound_data_end_seconds,
    )
    password = (lambda: secret.read_text(encoding="utf-8").strip()) if secret else None
    return SmarthostTransport(target, helo=config.domain, password=password, timeouts=timeouts)


async def _start_roles(service: Service) -> None:
    rooms, config = service.rooms, service.rooms.config
    await rooms.store.write(lambda conn: settings.beat(conn, rooms.desk.clock.now()))
    await rooms.store.write(forget_leases)
    kick = _kicker(service)
    if service.plays("worker") or service.plays("web"):
        await rooms.readers.start()
    if service.plays("worker"):
        await _start_worker(service)
    if service.plays("scheduler"):
        _start_scheduler(service)
    if service.plays("web"):
        app = create_app(rooms.engine, rooms.store, rooms.tokens, rooms.templates, config)
        service.web = await WebServer.start(app, config.http.listen.host, config.http.listen.port, on_request=kick)
    if service.plays("listener"):
        service.listener = await _start_listener(service, kick)
    service.ticker.every(TICK_SECONDS, kick)
    service.ticker.start()
    service.tasks += [asyncio.create_task(pulse.run(), name=pulse.name) for pulse in service.pulses]


async def _start_worker(service: Service) -> None:
    rooms, config = service.rooms, service.rooms.config
    clock, node = rooms.desk.clock, f"{socket.gethostname()}:{os.getpid()}"
    schedule = _schedule(config)
    delivery = Delivery(rooms.store, rooms.transport, clock, node=node, schedule=schedule)
    hooks = service.hooks = WebhookDelivery(
        rooms.store,
        http_client(),
        clock,
        node=node,
        allow_private=config.webhooks.allow_private,
        schedule=schedule,
    )
    mailroom = Mailroom(rooms.desk, rooms.readers)
    clockwork = Clockwork(rooms.desk)
    service.pulses += [
        Pulse("mailroom", mailroom.step),
        Pulse("report", clockwork.report),
        Pulse("leave", clockwork.leave),
        Pulse("delivery", lambda: delivery.step(clock.now())),
        Pulse("webhooks", lambda: hooks.step(clock.now())),
    ]


def _start_scheduler(service: Service) -> None:
    rooms = service.rooms
    digests = Digests(rooms.desk)
    service.pulses += [Pulse("ring", Clockwork(rooms.desk).ring), Pulse("digests", digests.step)]
    service.ticker.every(SWEEP_SECONDS, lambda: sweep(rooms.desk))


async def _start_listener(service: Service, kick: Callable[[], None]) -> Listener:
    rooms, config = service.rooms, service.rooms.config
    acceptance = Acceptance(rooms.store, rooms.desk.ids, kick)
    folder = config.database.url.path.parent
    ports = Ports(
        store=acceptance.keep,
        refused=acceptance.note_refusal,
        fault=log.listener_fault,
        clock=rooms.desk.clock.now,
        disk_free=lambda: shutil.disk_usage(folder).free,
    )
    service.ticker.every(BEAT_SECONDS, acceptance.beat)
    return await listen(_listener_config(config), rooms.tokens, ports)


def _listener_config(config: Config) -> ListenerConfig:
    return ListenerConfig(
        listen=[str(address) for address in config.smtp.listen],
        domain=config.domain,
        spool_folder=config.database.url.path.parent / _SPOOL,
        max_message_bytes=config.smtp.max_message_mib * 1024 * 1024,
        upstream=[str(network) for network in config.sender.upstream],
        tls_cert=config.smtp.tls_cert,
        tls_key=config.smtp.tls_key,
        limits=config.limits,
    )


def _kicker(service: Service) -> Callable[[], None]:
    def kick() -> None:
        for pulse in service.pulses:
            pulse.kick()

    return kick


def _smtp_addresses(service: Service) -> list[str]:
    return [f"{host}:{port}" for host, port in service.listener.addresses] if service.listener else []


def _http_address(service: Service) -> str:
    return str(HostPort(*service.web.address)) if service.web else ""
