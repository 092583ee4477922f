"""Runs the service until it is told to stop: signals in, exit code out.

SIGTERM and SIGINT finish what is in hand within 30 s and end with 0; a second one stops waiting for it. SIGHUP reads
the certificate again. A broken disk ends with 1, since nothing more may be promised. Whatever cannot start raises.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from importlib import import_module

from mailbot import log
from mailbot.config import Config
from mailbot.service import Role, Service, start

_GRACE_SECONDS = 25.0
_LAST_SECONDS = 4.0


def serve(config: Config, role: Role) -> int:
    """The exit code of a whole service. Raises StoreUnready, KeyFileError and OSError when it cannot start."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(config, role))


async def _serve(config: Config, role: Role) -> int:
    told = _Signals()
    told.listen()
    service = await start(config, role)
    told.on_reload = lambda: _reload(service)
    broken = asyncio.create_task(service.rooms.store.broken.wait())
    stop = asyncio.create_task(told.stop.wait())
    await asyncio.wait((broken, stop), return_when=asyncio.FIRST_COMPLETED)
    if broken.done():
        log.disk_broken()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(service.stop(0), _LAST_SECONDS)
        return 1
    broken.cancel()
    await _stop(service, told)
    return 0


async def _stop(service: Service, told: "_Signals") -> None:
    """Ends in good order, or at once when somebody is in a hurry: what is not finished is done after the next start."""
    ending = asyncio.create_task(service.stop(_GRACE_SECONDS))
    hurry = asyncio.create_task(told.hurry.wait())
    await asyncio.wait((ending, hurry), return_when=asyncio.FIRST_COMPLETED, timeout=_GRACE_SECONDS + _LAST_SECONDS)
    hurry.cancel()
    if not ending.done():
        ending.cancel()
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(ending, _LAST_SECONDS)
        log.stopped_early()
        return
    ending.result()


def _reload(service: Service) -> None:
    if service.listener is None:
        return
    try:
        service.listener.reload_certificate()
    except OSError as error:
        log.certificate_unfit(error)
    else:
        log.certificate_read()


class _Signals:
    """What the operator said so far."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()
        self.on_reload: Callable[[], None] = lambda: None

    def listen(self) -> None:
        """From now on signals are ours."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        loop.add_signal_handler(signal.SIGHUP, self._reload)

    def _reload(self) -> None:
        self.on_reload()

    def _end(self) -> None:
        (self.hurry if self.stop.is_set() else self.stop).set()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's loop where it is installed; everything works without it."""
    try:
        loop: Callable[[], asyncio.AbstractEventLoop] = import_module("uvloop").new_event_loop
    except ImportError:
        return None
    return loop
