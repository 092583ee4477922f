"""Decides whether an address on the network may be called, so that a webhook cannot reach into our own network.

The name is resolved once and the checked address is what gets connected to, so a name that changes its mind between
check and call gains nothing (DNS rebinding).
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")

Resolve = Callable[[str, int], Awaitable[list[str]]]


class TargetRefused(Exception):  # noqa: N818
    """The target is private, loopback or otherwise not on the public internet."""


async def resolve(host: str, port: int) -> list[str]:
    """The machine's resolver. Raises OSError when the name has no address."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[4][0]) for address in found]


async def checked_address(host: str, port: int, *, allow_private: bool, resolver: Resolve = resolve) -> str:
    """An address of the host that may be called. Raises TargetRefused, or OSError when there is none.

    One private address among several public ones refuses the name: somebody is trying something.
    """
    addresses = await resolver(host, port)
    if not addresses:
        raise OSError(f"{host} has no address")
    if not allow_private:
        for address in addresses:
            if not is_public(address):
                raise TargetRefused(f"{host} is {address}, which is not on the public internet")
    return addresses[0]


def is_public(text: str) -> bool:
    """Whether an IP address is on the public internet; addresses that wrap another are judged by that one too."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return all(a.is_global and not a.is_multicast for a in (address, *_wrapped(address)))


def _wrapped(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    if isinstance(address, IPv4Address):
        return []
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    # RFC 6052: a translator would carry this to the IPv4 address in its last bits.
    if address in _NAT64:
        inner.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [a for a in inner if a is not None]
