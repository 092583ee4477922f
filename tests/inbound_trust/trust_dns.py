"""A name server on loopback for tests: UDP, a handful of records, and names it fails on or never answers."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from mailbot.inbound.authentication.resolver import Resolver


class NameServer(asyncio.DatagramProtocol):
    """`records` maps (name, type) to texts as in a zone file; `servfail` and `silent` are names."""

    def __init__(self, records: Mapping[tuple[str, str], list[str]]) -> None:
        self.records = {(name.lower(), kind): texts for (name, kind), texts in records.items()}
        self.servfail: set[str] = set()
        self.silent: set[str] = set()
        self.asked: Counter[str] = Counter()
        self._transport: Any = None

    def put(self, name: str, kind: str, *texts: str) -> None:
        self.records[name.lower(), kind] = [*texts]

    def txt(self, name: str, *texts: str) -> None:
        """TXT records, each of any length."""
        self.put(name, "TXT", *(_quoted(text) for text in texts))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        self.asked[name] += 1
        if name in self.silent:
            return
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        texts = self.records.get((name, question.rdtype.name), [])
        if name in self.servfail:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif texts:
            reply.answer.append(dns.rrset.from_text_list(question.name, 300, "IN", question.rdtype.name, texts))
        elif not any(known == name or known.endswith(f".{name}") for known, _ in self.records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(reply.to_wire(), addr)


@asynccontextmanager
async def name_server(
    records: Mapping[tuple[str, str], list[str]] | None = None, seconds: float = 2.0
) -> AsyncIterator[tuple[NameServer, Resolver]]:
    """A running server and a resolver that asks it alone."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(lambda: NameServer(records or {}), ("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    try:
        yield server, Resolver([("127.0.0.1", port)], seconds=seconds)
    finally:
        transport.close()


def _quoted(text: str) -> str:
    pieces = [text[start : start + 200] for start in range(0, len(text), 200)] or [""]
    return " ".join('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces)
