"""How the doctor reaches the world: name servers, certificates, the port of mail. Values that a test may choose."""

import ssl
from dataclasses import dataclass, field

from mailbot.inbound.authentication.resolver import Resolver

SECONDS = 5.0
"""How long anybody outside may take to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """`mail_port` is where mail exchangers listen, `patience` how many seconds a probe may travel.

    `selectors` are names of DKIM keys to look for beside the one that a probe comes back with.
    """

    dns: Resolver = field(default_factory=Resolver)
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    mail_port: int = 25
    patience: float = 30
    selectors: tuple[str, ...] = ()
