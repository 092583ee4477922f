"""The relay, gone to as a mail would go: connection, TLS, certificate, log-in; and no mail is given to it."""

from collections.abc import AsyncIterator

from mailbot.config import Config
from mailbot.doctor.finding import Area, Finding, error, note, ok
from mailbot.doctor.outside import SECONDS, Outside
from mailbot.endpoints import Maildir, Relay
from mailbot.outbound.smarthost import SmarthostTransport, Timeouts
from mailbot.outbound.transport import Stage, TemporaryFailure

_WAITS = Timeouts(connect=SECONDS, command=SECONDS, start=SECONDS, block=SECONDS, final=6 * SECONDS)
_WHERE: dict[Stage, tuple[Area, str]] = {
    "tls": (
        "relay-tls",
        "let the relay offer STARTTLS with a certificate for the name in delivery.url; nothing is sent without",
    ),
    "auth": ("relay-login", "correct the user in delivery.url and the password in delivery.password_file"),
}
_CONNECT: tuple[Area, str] = ("delivery", "start the relay, or correct delivery.url")


async def relay(config: Config, outside: Outside) -> AsyncIterator[Finding]:
    """Whether the relay would take our mail."""
    where = config.delivery.url
    if isinstance(where, Maildir):
        yield ok("delivery", f"mails are dropped into {where.path}; nobody receives them")
        return
    transport = transport_to(where, config, outside)
    try:
        offered = await transport.greet()
    except TemporaryFailure as failure:
        area, do = _WHERE.get(failure.stage, _CONNECT)
        yield error(area, f"{where.host}:{where.port}: {failure.text}", do)
        return
    yield ok("delivery", f"{where.host}:{where.port} answers" + (", by TLS" if where.tls else ""))
    if "dsn" not in offered:
        what = f"{where.host}:{where.port} reports no successes (DSN)"
        yield note(
            "delivery", what, "let the relay offer DSN if it can: consent windows then open when a notice arrives"
        )


def transport_to(where: Relay, config: Config, outside: Outside) -> SmarthostTransport:
    """The relay as mails go to it, with little patience."""
    secret = config.delivery.password_file
    password = (lambda: secret.read_text(encoding="utf-8").strip()) if secret else None
    return SmarthostTransport(where, helo=config.domain, password=password, tls=outside.tls, timeouts=_WAITS)
