"""A running process: which rooms it opens for its role, in what order they start, and how they end.

Starting either succeeds as a whole or closes what was opened and raises; stopping finishes what is in hand within the
grace and answers nobody 250 whose mail was not stored.
"""

import asyncio
import os
import shutil
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Literal

from mailbot import __version__, log
from mailbot.app import Rooms, close_rooms, open_rooms
from mailbot.clock import Clock, CorrectedClock, SystemClock, steady_seconds
from mailbot.config import Config
from mailbot.endpoints import HostPort
from mailbot.engine import heads
from mailbot.engine.acceptance import Acceptance
from mailbot.engine.clockwork import Clockwork
from mailbot.engine.digests import Digests
from mailbot.engine.housekeeping import compact, sweep
from mailbot.engine.jumps import LONGEST_WAIT, Jumps
from mailbot.engine.mailroom import Mailroom
from mailbot.engine.rescans import Rescans
from mailbot.engine.standins import StandIns
from mailbot.failpoints import failpoint
from mailbot.inbound.listener import Listener, ListenerConfig, listen
from mailbot.inbound.reception import Ports
from mailbot.outbound.delivery import Delivery
from mailbot.outbound.retrying import Schedule
from mailbot.outbound.webhooks import WebhookDelivery, http_client
from mailbot.pulse import Pulse
from mailbot.scheduler import (
    BEAT_SECONDS,
    COMPACT_SECONDS,
    HEADS_SECONDS,
    RESCAN_SECONDS,
    SWEEP_SECONDS,
    TICK_SECONDS,
    WATCH_SECONDS,
    Ticker,
)
from mailbot.store import outbox, settings
from mailbot.store.leases import Watch, forget_leases
from mailbot.web.app import create_app
from mailbot.web_server import WebServer

Role = Literal["all", "listener", "worker", "web", "scheduler"]

_GRACE_SECONDS = 30.0
_SPOOL = "spool"


@dataclass(slots=True)
class Service:
    """A running process. Made by `start`, ended by `stop`."""

    rooms: Rooms
    role: Role
    node: str
    jumps: Jumps
    listener: Listener | None = None
    web: WebServer | None = None
    hooks: WebhookDelivery | None = None
    ticker: Ticker = field(default_factory=Ticker)
    pulses: list[Pulse] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def plays(self, role: str) -> bool:
        """Whether this process has that role."""
        return self.role in ("all", role)

    def repeat(self, name: str, step: Callable[[], Awaitable[int]]) -> None:
        """Has `step` repeated while it finds work; what it did may have put mail into the outbox.

        Everything is tried at each tick anyhow: only who waits for a mail is woken before.
        """
        self.pulses.append(Pulse(name, step, partial(self.kick, "delivery")))

    async def by_a_right_clock(self, step: Callable[[], Awaitable[int]]) -> int:
        """Has `step` done once a clock that jumped was noticed."""
        await self.jumps.look()
        return await step()

    def kick(self, *names: str) -> None:
        """There may be work for the pulses of these names, or for all."""
        for pulse in self.pulses:
            if not names or pulse.name in names:
                pulse.kick()

    async def stop(self, grace: float = _GRACE_SECONDS) -> int:
        """Finishes what is in hand; returns how many messages could not be stored in time (nobody heard 250)."""
        failpoint("service.stopping")
        until = asyncio.get_running_loop().time() + grace
        for pulse in self.pulses:
            pulse.stop()
        await self.ticker.stop(grace)
        unfinished, _ = await asyncio.gather(self._close_listener(grace), self._close_web(grace))
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=max(until - asyncio.get_running_loop().time(), 0))
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        failpoint("service.quiet")
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


async def start(config: Config, role: Role = "all", *, clock: Clock | None = None) -> Service:
    """A service that accepts mail, serves pages and works. Raises OSError when an address cannot be had."""
    clock = clock or CorrectedClock(SystemClock())
    node = f"{socket.gethostname()[:30]}:{os.getpid()}:{int(clock.now().timestamp())}"
    rooms = await open_rooms(config, clock=clock, node=node)
    service = Service(rooms=rooms, role=role, node=node, jumps=Jumps(rooms.store, clock, steady_seconds))
    try:
        await _start_roles(service)
    except BaseException:
        await service.stop(0)
        raise
    log.started(role, smtp=_smtp_addresses(service), http=_http_address(service), version=__version__)
    if config.sender.trust == "none":
        log.trusting()
    return service


async def _start_roles(service: Service) -> None:
    rooms, config = service.rooms, service.rooms.config
    if service.plays("listener"):
        await rooms.store.write(lambda conn: settings.beat(conn, rooms.desk.clock.now()))
    if not rooms.store.shared:
        await rooms.store.write(forget_leases)
        await rooms.store.write(lambda conn: outbox.call_back(conn, rooms.desk.clock.now(), LONGEST_WAIT))
    failpoint("service.begun")
    if service.plays("worker") or service.plays("web"):
        await rooms.readers.start()
    if service.plays("worker"):
        await _start_worker(service)
    if service.plays("scheduler"):
        _start_scheduler(service)
    if service.plays("web"):
        app = create_app(rooms.engine, rooms.store, rooms.tokens, rooms.templates, config, rooms.viewer)
        service.web = await WebServer.start(
            app,
            config.http.listen.host,
            config.http.listen.port,
            on_request=service.kick,
            share_port=rooms.store.shared,
        )
    if service.plays("listener"):
        service.listener = await _start_listener(service)
    service.ticker.every(TICK_SECONDS, service.kick)
    service.ticker.start()
    service.tasks += [asyncio.create_task(pulse.run(), name=pulse.name) for pulse in service.pulses]


async def _start_worker(service: Service) -> None:
    rooms, config = service.rooms, service.rooms.config
    clock, node = rooms.desk.clock, service.node
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
    mailroom = Mailroom(rooms.desk, rooms.readers, rooms.verifier.verify if rooms.verifier else None, node)
    clockwork = Clockwork(rooms.desk)
    if rooms.scanner is not None:
        service.ticker.every(RESCAN_SECONDS, Rescans(rooms.store, clock, rooms.scanner).step)
    if rooms.store.shared:
        service.ticker.every(WATCH_SECONDS, Watch(rooms.store, node).look)
    service.repeat("mailroom", mailroom.step)
    service.repeat("report", clockwork.report)
    service.repeat("leave", clockwork.leave)
    service.repeat("delivery", lambda: service.by_a_right_clock(lambda: delivery.step(clock.now())))
    service.repeat("webhooks", lambda: service.by_a_right_clock(lambda: hooks.step(clock.now())))


def _start_scheduler(service: Service) -> None:
    rooms = service.rooms
    digests = Digests(rooms.desk)
    service.repeat("ring", partial(service.by_a_right_clock, Clockwork(rooms.desk).ring))
    service.repeat("digests", digests.step)
    service.repeat("stand-ins", StandIns(rooms.desk).step)
    service.ticker.every(SWEEP_SECONDS, lambda: sweep(rooms.desk))
    service.ticker.every(COMPACT_SECONDS, lambda: compact(rooms.store))
    if (folder := rooms.config.history.heads) is not None:
        clock = rooms.desk.clock
        service.ticker.every(HEADS_SECONDS, lambda: heads.export(rooms.store, rooms.tokens, folder, clock.now()))


async def _start_listener(service: Service) -> Listener:
    rooms, config = service.rooms, service.rooms.config
    acceptance = Acceptance(rooms.store, rooms.desk.ids, partial(service.kick, "mailroom"))
    folder = config.folder
    ports = Ports(
        store=acceptance.keep,
        refused=acceptance.note_refusal,
        fault=log.listener_fault,
        clock=rooms.desk.clock.now,
        disk_free=lambda: shutil.disk_usage(folder).free,
    )
    service.ticker.every(BEAT_SECONDS, acceptance.beat)
    return await listen(_listener_config(config, share_ports=rooms.store.shared), rooms.tokens, ports)


def _schedule(config: Config) -> Schedule:
    limits = config.limits
    return Schedule(
        first=timedelta(seconds=limits.retry_first_seconds),
        most=timedelta(seconds=limits.retry_most_seconds),
        lifetime=timedelta(days=limits.retry_days),
    )


def _listener_config(config: Config, *, share_ports: bool) -> ListenerConfig:
    return ListenerConfig(
        listen=[str(address) for address in config.smtp.listen],
        domain=config.domain,
        spool_folder=config.folder / _SPOOL,
        max_message_bytes=config.smtp.max_message_mib * 1024 * 1024,
        upstream=[str(network) for network in config.sender.upstream],
        tls_cert=config.smtp.tls_cert,
        tls_key=config.smtp.tls_key,
        limits=config.limits,
        share_ports=share_ports,
    )


def _smtp_addresses(service: Service) -> list[str]:
    return [f"{host}:{port}" for host, port in service.listener.addresses] if service.listener else []


def _http_address(service: Service) -> str:
    return str(HostPort(*service.web.address)) if service.web else ""
