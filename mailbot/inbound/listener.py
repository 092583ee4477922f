"""The sockets on which mail arrives: opens them, hands each connection to a session, closes them in good order.

`listen` fails at once with OSError when an address or a certificate cannot be used. When the process runs out of file
descriptors the event loop stops accepting for a second and goes on by itself. After `close` nobody has been told 250
whose message was not stored.
"""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mailbot.inbound.gate import Gate
from mailbot.inbound.reception import Ports, Premises, Reception
from mailbot.inbound.smtp import Session
from mailbot.inbound.spool import sweep
from mailbot.limits import Limits
from mailbot.tokens import Tokens

_BACKLOG = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerConfig:
    """Where and how to listen.

    `listen`: "host:port" or "[v6]:port", port 0 for any free one. `domain`: ours, and our name in the greeting.
    `spool_folder`: for messages too large for memory, made if missing. `upstream`: addresses or networks of peers whose
    XFORWARD is believed and whom the limits per peer spare. `tls_cert`, `tls_key`: PEM files, no STARTTLS without them.
    `share_ports` lets other processes of this machine listen there too, and the kernel deals out the peers.
    """

    listen: Sequence[str]
    domain: str
    spool_folder: Path
    max_message_bytes: int
    upstream: Sequence[str] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    limits: Limits = field(default_factory=Limits)
    share_ports: bool = False


class Listener:
    """Open sockets and their sessions."""

    def __init__(self, config: ListenerConfig, tokens: Tokens, ports: Ports) -> None:
        self._config = config
        premises = Premises(
            domain=config.domain,
            max_message_bytes=config.max_message_bytes,
            spool_folder=config.spool_folder,
            limits=config.limits,
        )
        self._reception = Reception(premises, tokens, ports)
        self._gate = Gate(config.limits, config.upstream)
        self._tls_context: ssl.SSLContext | None = None
        self._servers: list[asyncio.Server] = []
        self.reload_certificate()

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where it listens, with the ports that were really taken."""
        return [socket.getsockname()[:2] for server in self._servers for socket in server.sockets]

    @property
    def session_count(self) -> int:
        """How many sessions are open."""
        return len(self._gate)

    def reload_certificate(self) -> None:
        """Read the certificate again; sessions that start TLS from now on use it.

        Raises OSError (ssl.SSLError is one) and keeps the previous certificate when the files cannot be used.
        """
        if self._config.tls_cert is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_cert_chain(self._config.tls_cert, self._config.tls_key)
            self._tls_context = context

    async def open(self) -> None:
        """Bind every address, or none."""
        try:
            for text in self._config.listen:
                host, port = split_host_port(text)
                bound = asyncio.get_running_loop().create_server(
                    self._session, host, port, backlog=_BACKLOG, reuse_port=self._config.share_ports
                )
                self._servers.append(await bound)
        except OSError:
            await self.close(0)
            raise

    async def close(self, grace_seconds: float) -> int:
        """Stop accepting, answer 421 to the idle, let the others finish within the grace, then cut them off.

        Returns how many messages were still being stored when the grace ended; 0 is the normal case.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + grace_seconds
        for server in self._servers:
            server.close()
        await self._gate.close(grace_seconds)
        unfinished = await self._reception.close(max(end - loop.time(), 0))
        for server in self._servers:
            await server.wait_closed()
        return unfinished

    def _session(self) -> Session:
        return Session(self._reception, self._gate, lambda: self._tls_context)


async def listen(config: ListenerConfig, tokens: Tokens, ports: Ports) -> Listener:
    """A listener that accepts mail now."""
    config.spool_folder.mkdir(parents=True, exist_ok=True)
    sweep(config.spool_folder, ports.clock().timestamp())
    listener = Listener(config, tokens, ports)
    await listener.open()
    return listener


def split_host_port(text: str) -> tuple[str, int]:
    """Host and port of "host:port" or "[v6]:port"; ValueError when it is neither."""
    host, colon, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if (
        not colon
        or not bare
        or not port.isascii()
        or not port.isdigit()
        or int(port) > 65535
        or (":" in bare and bare == host)
    ):
        raise ValueError(f"{text!r} is not host:port")
    return bare, int(port)
