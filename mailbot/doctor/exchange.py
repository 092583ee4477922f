"""The mail exchanger that the DNS names, asked as a stranger's server asks: no mail is given to it.

What stands in front of us has to refuse unknown addresses while it is asked: once it has taken a mail, it can only
send a bounce to whom the mail claims to come from.
"""

import ssl
from collections.abc import AsyncIterator

from aiosmtplib import SMTP, SMTPException

from mailbot.config import Config
from mailbot.doctor.finding import Finding, error, ok, warning
from mailbot.doctor.installation import is_example
from mailbot.doctor.outside import SECONDS, Outside
from mailbot.doctor.published import exchangers
from mailbot.inbound.authentication.resolver import BadName, DnsFault

_STRANGER = "nobody-has-this-name"


async def exchange(config: Config, outside: Outside) -> AsyncIterator[Finding]:
    """Nothing where the DNS names nobody: `published` says that."""
    if is_example(config.domain):
        return
    try:
        found = await exchangers(config.domain, outside.dns)
    except (DnsFault, BadName):
        return
    first = next((one for one in found if one.addresses), None)
    if first is None:
        return
    client = SMTP(
        hostname=first.addresses[0],
        port=outside.mail_port,
        local_hostname=config.domain,
        timeout=SECONDS,
        start_tls=False,
        tls_context=_any_certificate(),
    )
    try:
        async with client:
            async for finding in _asked(client, first.host, config):
                yield finding
    except (SMTPException, OSError) as wrong:
        what = f"{first.host} port {outside.mail_port}: {wrong or type(wrong).__name__}"
        yield warning("exchanger", what, "let it answer; if only this machine cannot reach it, all is well")


async def _asked(client: SMTP, host: str, config: Config) -> AsyncIterator[Finding]:
    await client.ehlo()
    if client.supports_extension("starttls"):
        await client.starttls()
        await client.ehlo()
        yield ok("exchanger", f"{host} answers and offers TLS")
    else:
        yield warning("exchanger", f"{host} offers no TLS", "give it a certificate: others read what is sent in clear")
    size = client.esmtp_extensions.get("size", "")
    if size.isdigit() and 0 < int(size) < config.smtp.max_message_bytes:
        what = f"{host} takes {int(size) // 2**20} MiB, smtp.max_message_mib is {config.smtp.max_message_mib}"
        yield error("exchanger", what, "make message_size_limit there as large: evidence is sent as files")
    await client.mail("")
    answer = (await client.execute_command(f"RCPT TO:<{_STRANGER}@{config.domain}>".encode())).code
    if answer < 400:
        do = "let it ask us while it is asked (reject_unverified_recipient): it bounces to strangers otherwise"
        yield warning("strangers", f"{host} takes mail for anybody", do)
    else:
        yield ok("strangers", f"{host} refuses unknown addresses ({answer})")


def _any_certificate() -> ssl.SSLContext:
    """Between servers certificates are rarely checked, and we only look whether there is TLS."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
