"""Mail of ours on its real way: to the relay, through the world, back to our listener.

Two are sent, one of them to an address with something before a `+`. Both are from our own domain, so that a service
takes them for its own mail that came back and does nothing. A probe that nobody can deliver comes back as a report and
is held like any report about a mail we do not know.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime

from mailbot.clock import Clock
from mailbot.config import Config
from mailbot.doctor.finding import Finding, error, note, ok, warning
from mailbot.doctor.outside import Outside
from mailbot.doctor.relay import transport_to
from mailbot.endpoints import Maildir
from mailbot.engine.mailroom import envelope_of
from mailbot.ids import Ids
from mailbot.inbound.authentication.verify import Verifier
from mailbot.outbound.transport import Failure, Message
from mailbot.scheduler import BEAT_SECONDS
from mailbot.store import inbox, settings
from mailbot.store.database import Store
from mailbot.store.inbox import Item
from mailbot.tokens import Tokens

_LIFE = timedelta(days=7)
_LOOK_SECONDS = 0.2
_UPSTREAM = "authserv-id:"


@dataclass(frozen=True, slots=True)
class _Probe:
    """`handle` is the row of an address that nobody has: by it a mail that came in is known again."""

    handle: int
    message: Message


class Rounds:
    """Probes of one installation."""

    def __init__(self, config: Config, store: Store, tokens: Tokens, clock: Clock, ids: Ids, outside: Outside) -> None:
        self._config = config
        self._store = store
        self._tokens = tokens
        self._clock = clock
        self._ids = ids
        self._outside = outside

    async def made(self) -> AsyncIterator[Finding]:
        """What became of the probes. Nothing is sent while no listener would take them, or nobody would carry them."""
        if isinstance(self._config.delivery.url, Maildir):
            return
        if not await self._listening():
            yield note("probe", "no listener runs, so no mail was sent round", "start it, then look again")
            return
        plain, tagged = self._probe(), self._probe("doctor+")
        try:
            await self._send(plain, tagged)
        except Failure as failure:
            yield error("probe", f"the relay does not take our mail: {failure}", "let it take mail from our domain")
            return
        found = await self._arrived(plain, tagged)
        first = found.get(plain.handle)
        if first is None or first.purpose == "b":
            yield self._lost(plain, first)
            return
        yield ok("probe", f"came back by {first.peer}{' with TLS' if first.tls else ''}")
        yield _tagged(found.get(tagged.handle))
        yield await self._signed(first)
        if self._config.sender.trust.startswith(_UPSTREAM) and not first.upstream:
            yield error("upstream", f"mail comes by {first.peer}, who is not believed", "name it in sender.upstream")

    async def _listening(self) -> bool:
        now = self._clock.now()
        async with self._store.read() as conn:
            last = (await settings.uptime(conn, now)).last_beat
        return last is not None and now - last < timedelta(seconds=3 * BEAT_SECONDS)

    def _probe(self, before: str = "") -> _Probe:
        handle, now, domain = self._ids.handle(), self._clock.now(), self._config.domain
        last = (now + _LIFE).date()
        back, bounce = (self._tokens.address(purpose, handle, last) for purpose in ("r", "b"))
        rcpt = f"{before}{back}@{domain}"
        return _Probe(handle, Message(f"{bounce}@{domain}", rcpt, letter(domain, rcpt, back, now)))

    async def _send(self, *probes: _Probe) -> None:
        where = self._config.delivery.url
        assert not isinstance(where, Maildir)
        transport = transport_to(where, self._config, self._outside)
        try:
            for probe in probes:
                await transport.send(probe.message)
        finally:
            await transport.close()

    async def _arrived(self, *probes: _Probe) -> Mapping[int, Item]:
        """The first that came to each, as soon as all did or the patience is at its end."""
        handles, found = [probe.handle for probe in probes], dict[int, Item]()
        for _ in range(int(self._outside.patience / _LOOK_SECONDS) + 1):
            async with self._store.read() as conn:
                items = await inbox.to_handles(conn, handles)
            found = {item.handle: item for item in reversed(items) if item.handle is not None}
            if len(found) == len(handles):
                break
            await asyncio.sleep(_LOOK_SECONDS)
        return found

    def _lost(self, probe: _Probe, report: Item | None) -> Finding:
        if report is not None:
            return error("probe", "our mail could not be delivered to us", f"mailbot inbox show {report.id} says why")
        what = f"our mail did not come back within {self._outside.patience:g} s"
        sender = self._tokens.read(probe.message.mail_from)
        return error("probe", what, f"look into the relay's queue and log for it ({sender}): the MX has to lead to us")

    async def _signed(self, item: Item) -> Finding:
        """Whether strangers can prove our mail by its signature, asked as we ask about theirs."""
        do = f"let the relay sign with DKIM for {self._config.domain}"
        verifier = Verifier(self._outside.dns, upstream=self._config.sender.upstream)
        known = await verifier.verify(item.raw or b"", envelope_of(item))
        checks = [check for check in known.checks if check.method == "dkim" and check.domain]
        if not checks:
            return warning("dkim", "our mail is not signed", do)
        if not any(check.result == "pass" for check in checks):
            what = f"{checks[0].domain}: {checks[0].result}, {checks[0].detail}"
            return error("dkim", what, "publish the record that the relay made with its key")
        if known.result != "pass":
            return warning("dkim", f"signed by {checks[0].domain}, which does not speak for us", do)
        return ok("dkim", f"our mail is signed by {checks[0].domain}")


def _tagged(item: Item | None) -> Finding:
    if item is None or item.purpose == "b":
        do = "let what stands in front of us pass addresses with a + unchanged: forwarders make such"
        return warning("sub-address", "mail to doctor+address did not come back", do)
    return ok("sub-address", "mail to doctor+address came back")


def letter(domain: str, rcpt: str, token: str, now: datetime) -> bytes:
    """The probe itself, with every mark of our own mail (security item 35)."""
    fields = (
        f"From: <claims@{domain}>",
        f"To: <{rcpt}>",
        "Subject: a probe of mailbot doctor",
        f"Date: {format_datetime(now)}",
        f"Message-ID: <{token}@{domain}>",
        f"X-Loop: {token}@{domain}",
        "Auto-Submitted: auto-generated",
    )
    return "\r\n".join((*fields, "", "Nobody has to answer this.", "")).encode("ascii")
