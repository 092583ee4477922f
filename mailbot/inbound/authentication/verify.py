"""The sender check as a whole: SPF and DKIM side by side, then whether one of them speaks for the From domain.

Total, and over within its deadline whatever the DNS and the mail do: what could not be found out in time is
`temperror`, which holds a mail and fails nobody. `pass` needs an SPF or DKIM pass that is aligned by DMARC (RFC 9989),
or for exactly the From domain, whatever its policy is (decision 0013).
"""

import asyncio
from collections.abc import Sequence

from mailbot.endpoints import Network, within
from mailbot.inbound.authentication.dkim import check_dkim
from mailbot.inbound.authentication.dmarc import Walk, exists, requested, walk
from mailbot.inbound.authentication.outline import Outline, outline
from mailbot.inbound.authentication.resolver import DnsFault, Resolver
from mailbot.inbound.authentication.spf import check_spf
from mailbot.inbound.interpretation import Authentication, AuthenticationResult, Check, Envelope
from mailbot.limits import Limits

DEADLINE_SECONDS = 10.0
AT_ONCE = 32


class Verifier:
    """Checks senders, at most `AT_ONCE` at a time.

    `upstream` are our own servers: where one of them brought a mail and did not say from whom, SPF has nobody to ask
    about.
    """

    def __init__(
        self,
        dns: Resolver,
        *,
        upstream: Sequence[Network] = (),
        limits: Limits | None = None,
        deadline: float = DEADLINE_SECONDS,
    ) -> None:
        self._dns = dns
        self._upstream = tuple(upstream)
        self._limits = limits or Limits()
        self._deadline = deadline
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def verify(self, raw: bytes, envelope: Envelope) -> Authentication:
        """The result for one mail. Never raises, never takes longer than the deadline once it has begun."""
        async with self._turn:
            head = outline(raw, self._limits)
            if not head.domain:
                return Authentication(domain="", result="none", detail=head.why)
            try:
                async with asyncio.timeout(self._deadline):
                    return await self._verified(raw, head, envelope)
            except TimeoutError:
                return Authentication(domain=head.domain, result="temperror", detail="the DNS took too long")
            except Exception as error:  # a fault of ours must not stop the mailroom; the mail waits for a person
                return Authentication(domain=head.domain, result="temperror", detail=f"fault: {type(error).__name__}")

    async def _verified(self, raw: bytes, head: Outline, envelope: Envelope) -> Authentication:
        peer = "" if self._unsaid(envelope) else envelope.peer
        spf, dkim, found = await asyncio.gather(
            check_spf(peer, envelope.mail_from, envelope.helo, self._dns),
            check_dkim(raw, head, envelope.received_at, self._dns),
            self._walk(head.domain),
        )
        checks = (spf, *dkim)
        result, detail = await self._aligned(head, found, checks)
        dmarc = await self._policy(head.domain, found, result)
        return Authentication(domain=head.domain, result=result, detail=detail, checks=(*checks, dmarc))

    async def _aligned(
        self, head: Outline, found: Walk | DnsFault, checks: Sequence[Check]
    ) -> tuple[AuthenticationResult, str]:
        passed = [check for check in checks if check.result == "pass"]
        for check in passed:
            if check.domain == head.domain:
                return "pass", f"{check.method} {check.domain}"
        if isinstance(found, DnsFault):
            return "temperror", str(found)
        try:
            for check in passed:
                if await self._same_organisation(check, found):
                    return "pass", f"{check.method} {check.domain} of {found.organisation}"
        except DnsFault as fault:
            return "temperror", str(fault)
        why = head.why or _reasons(checks)
        if any(check.result == "temperror" for check in checks):
            return "temperror", why
        return ("fail", why) if found.record else ("none", f"no policy is published; {why}")

    async def _same_organisation(self, check: Check, found: Walk) -> bool:
        """Relaxed alignment (RFC 9989 §3.2.10); names without a common end are not looked up."""
        record = found.record
        if record is None or (record.strict_dkim if check.method == "dkim" else record.strict_spf):
            return False
        top = found.organisation
        if check.domain != top and not check.domain.endswith(f".{top}"):
            return False
        return (await walk(check.domain, self._dns)).organisation == top

    async def _walk(self, domain: str) -> Walk | DnsFault:
        try:
            return await walk(domain, self._dns)
        except DnsFault as fault:
            return fault

    async def _policy(self, domain: str, found: Walk | DnsFault, result: str) -> Check:
        if isinstance(found, DnsFault):
            return Check(method="dmarc", result="temperror", domain=domain, detail=str(found))
        record = found.record
        if record is None:
            return Check(method="dmarc", result="none", domain=domain, detail="no policy is published")
        try:
            there = record.domain == domain or await exists(domain, self._dns)
        except DnsFault:
            there = True
        asked = requested(found, exists=there)
        return Check(method="dmarc", result=result, domain=record.domain, detail=asked, record=record.text)

    def _unsaid(self, envelope: Envelope) -> bool:
        """Whether the peer is our own server, which forwarded no other (XFORWARD), or nobody."""
        return not envelope.peer or (envelope.upstream and within(envelope.peer, self._upstream))


def _reasons(checks: Sequence[Check]) -> str:
    """Why nothing speaks for the From domain, in few words."""
    said = [f"{c.method} {c.result}" + (f" for {c.domain}" if c.domain else "") for c in checks]
    if len(checks) == 1:
        said.append("no DKIM signature")
    return ", ".join(said)
