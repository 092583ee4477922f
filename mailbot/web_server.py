"""The HTTP server in our own loop: uvicorn without its signal handling, which is the service's (stack.md, signals).

`start` returns once the socket is open and raises OSError when it cannot be; `stop` lets requests in hand finish.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

_GRACE_SECONDS = 20
_BACKLOG = 512


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebServer:
    """A running HTTP server."""

    def __init__(self, server: uvicorn.Server, task: "asyncio.Task[None]", address: tuple[str, int]) -> None:
        self._server = server
        self._task = task
        self.address = address

    @classmethod
    async def start(
        cls, app: Any, host: str, port: int, *, on_request: Callable[[], None], share_port: bool = False
    ) -> "WebServer":
        """Serves `app`; `on_request` is called after each request, since it may have made work.

        `share_port` lets other processes of this machine serve the same address.
        """
        listening = _bind(host, port, share_port)
        config = uvicorn.Config(
            _noticing(app, on_request),
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=True,
            proxy_headers=False,
            lifespan="off",
            timeout_graceful_shutdown=_GRACE_SECONDS,
            backlog=_BACKLOG,
        )
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]), name="web")
        ready = asyncio.create_task(server.ready.wait())
        await asyncio.wait((ready, task), return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        return cls(server, task, listening.getsockname()[:2])

    async def stop(self, grace: float) -> None:
        """Ends after the requests in hand, at the latest after `grace` seconds."""
        self._server.config.timeout_graceful_shutdown = max(int(min(grace, _GRACE_SECONDS)), 0)
        self._server.should_exit = True
        await self._task


def _bind(host: str, port: int, share: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(share))
        listening.bind((host, port))
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise OSError(error.errno, f"{host}:{port}: {error.strerror}") from error
    return listening


def _noticing(app: Any, notice: Callable[[], None]) -> Any:
    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        try:
            await app(scope, receive, send)
        finally:
            notice()

    return wrapped
