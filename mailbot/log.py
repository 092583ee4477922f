"""The operator's log: one function per happening, one vocabulary. Never a token, never a body, never an address.

Handles and row ids name things instead; `mailbot trace` and `mailbot inbox show` tell the rest from the database.
"""

import logging
import sys
from typing import Literal

import structlog

_events = structlog.get_logger("mailbot")


def configure(form: Literal["console", "json"]) -> None:
    """Sets up logging for the process: one line per happening on standard error."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    shared: list[structlog.typing.Processor] = [
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    # aiosmtpd writes every command with its address at INFO (security A13).
    logging.getLogger("mail.log").setLevel(logging.WARNING)


def started(role: str, *, smtp: list[str], http: str, version: str) -> None:
    """The service is up."""
    _events.info("started", role=role, smtp=smtp, http=http, version=version)


def stopped(unfinished: int) -> None:
    """The service has ended; `unfinished` messages were not answered 250."""
    _events.info("stopped", unfinished=unfinished)


def stopped_early() -> None:
    """The operator did not wait: what was in hand is done after the next start."""
    _events.warning("stopped_early", meaning="unfinished work lies in the database and is done after the next start")


def certificate_read() -> None:
    """The TLS certificate was read again."""
    _events.info("certificate_read")


def certificate_unfit(error: BaseException) -> None:
    """The new TLS certificate cannot be used; the old one stays."""
    _events.error("certificate_unfit", error=str(error)[:300], do="correct the files, then send SIGHUP again")


def trusting() -> None:
    """The sender is believed without proof: fit for development only."""
    _events.warning("sender_trust_none", meaning="the From line alone counts as proof; do not use this in the open")


def outage(cause: str, seconds: int) -> None:
    """Nobody listened for a while; verdicts wait (domain §4.4)."""
    _events.warning("outage", cause=cause, seconds=seconds)


def clock_jumped(seconds: int) -> None:
    """The wall clock was moved; no timer rings until it is right, or a person says that it is."""
    _events.error("clock_jumped", seconds=seconds, do="set the clock right, or `mailbot resume timers` if it is now")


def clock_right() -> None:
    """The wall clock is where it would be had nobody moved it; the timers go on."""
    _events.warning("clock_right")


def step_failed(name: str, error: BaseException, pause: float) -> None:
    """A worker's step failed and will be tried again."""
    _events.error("step_failed", step=name, error=type(error).__name__, detail=str(error)[:300], pause=pause)


def listener_fault(error: BaseException) -> None:
    """A message could not be stored; its sender was asked to try again."""
    _events.error("listener_fault", error=type(error).__name__, detail=str(error)[:300])


def item_failed(item_id: int, error: BaseException) -> None:
    """An inbox item could not be settled."""
    _events.error("item_failed", inbox=item_id, error=type(error).__name__, exc_info=error)


def disk_broken() -> None:
    """The disk or the database lies: the process ends so that a restart reads what is really there."""
    _events.critical("disk_broken", do="check the disk, then start again; `mailbot verify` tells what is there")


def keys_made(path: str) -> None:
    """Keys were made for a new installation; without them its addresses and links are lost."""
    _events.warning("keys_made", file=path, do="keep a copy of this file in a safe place")


def request_failed(method: str, route: str, error: BaseException) -> None:
    """A page or API call failed in a way nobody foresaw; its caller was told only that it did."""
    _events.error("request_failed", method=method, route=route, error=type(error).__name__, exc_info=error)
