"""Asks ClamAV about every file that would count as evidence (security item 25).

Edge: the only importer of aioclamd. A file with a virus becomes `infected`; when no scanner answers, or answers what
nobody understands, it becomes `held` and the reading says so. Nothing is raised: no answer is an answer too.
"""

import asyncio
import io
from dataclasses import replace
from typing import Any, Literal, Protocol

from mailbot.endpoints import HostPort
from mailbot.inbound.interpretation import Attachment, FileVerdict, Interpretation, TraceStep

Finding = Literal["clean", "infected", "unknown"]

_SECONDS = 30.0
_REST = 30.0
_CHUNK = 256 * 1024
_VERDICTS: dict[Finding, FileVerdict] = {"clean": "accepted", "infected": "infected", "unknown": "held"}


class Scanner(Protocol):
    """Says whether a file carries a virus; never raises."""

    async def scan(self, content: bytes) -> Finding:
        """`unknown` when nobody could tell."""
        ...

    async def reachable(self) -> bool:
        """Whether there is somebody to ask."""
        ...


class Clamd:
    """A ClamAV daemon behind a TCP port.

    `seconds` bounds one question. A daemon that did not answer is not asked again for `rest` seconds: the mails behind
    must not wait for it one by one.

    Raises:
        ImportError: the extra `clamav` is not installed.
    """

    def __init__(self, address: HostPort, *, seconds: float = _SECONDS, rest: float = _REST) -> None:
        from aioclamd import ClamdAsyncClient  # an extra: only those who configure a scanner have it

        self._client: Any = ClamdAsyncClient(address.host, address.port, timeout=seconds)
        self._rest = rest
        self._spared_until = 0.0

    async def scan(self, content: bytes) -> Finding:
        """One INSTREAM question."""
        if asyncio.get_running_loop().time() < self._spared_until:
            return "unknown"
        try:
            answer: dict[str, tuple[str, str | None]] | None = await self._client.instream(_Pieces(content))
        except Exception:  # refused, too slow, torn off, or not the words of clamd: nobody has looked at the file
            self._spared_until = asyncio.get_running_loop().time() + self._rest
            return "unknown"
        status = next(iter(answer.values()))[0] if answer else ""
        return "clean" if status == "OK" else "infected" if status == "FOUND" else "unknown"

    async def reachable(self) -> bool:
        """Asks even while it is spared; an answer ends that."""
        try:
            alive: bool = await self._client.ping() == "PONG"
        except Exception:  # whatever went wrong, it was no answer
            return False
        if alive:
            self._spared_until = 0.0
        return alive


class _Pieces(io.BytesIO):
    """The client asks for a KiB at a time and hops to a thread for each: it gets more than it asked for."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(_CHUNK if size is not None and size > 0 else -1)


async def screened(reading: Interpretation, scanner: Scanner) -> Interpretation:
    """The reading with the scanner's word on each accepted file; only clean contents are kept."""
    asked = {f.sha256: f.content for f in reading.attachments if f.verdict == "accepted" and f.content is not None}
    if not asked:
        return reading
    findings = dict(zip(asked, await asyncio.gather(*map(scanner.scan, asked.values())), strict=True))
    steps = tuple(TraceStep("virus", finding, _names(reading, digest)) for digest, finding in findings.items())
    return replace(
        reading,
        attachments=tuple(_judged(file, findings.get(file.sha256)) for file in reading.attachments),
        unscanned=frozenset(digest for digest, finding in findings.items() if finding == "unknown"),
        trace=(*reading.trace, *steps),
    )


def _judged(file: Attachment, finding: Finding | None) -> Attachment:
    if finding is None or finding == "clean" or file.verdict not in ("accepted", "duplicate"):
        return file
    return replace(file, verdict=_VERDICTS[finding], content=None)


def _names(reading: Interpretation, digest: str) -> str:
    return ", ".join(file.name for file in reading.attachments if file.sha256 == digest)
