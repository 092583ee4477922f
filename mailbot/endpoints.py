"""Where things are, as the configuration writes it: listening addresses, networks, files and URLs.

Every reader takes the text (and the folder that relative paths start from) and gives a frozen value; a text it cannot
accept raises ValueError with what is allowed. Nothing is opened, resolved by DNS or created here.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

Network = IPv4Network | IPv6Network

_LISTEN = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]/]+)):([0-9]{1,5})", re.ASCII)
_HOST = re.compile(r"(?=.{1,253}\Z)(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*", re.ASCII)


@dataclass(frozen=True, slots=True)
class HostPort:
    """A host name or address without brackets, and a TCP port (0: any free one)."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A SQLite database."""

    path: Path

    @property
    def url(self) -> str:
        """As the store opens it."""
        return f"sqlite:///{self.path}"

    @property
    def name(self) -> str:
        """As a person is told of it."""
        return str(self.path)


@dataclass(frozen=True, slots=True)
class PostgresDatabase:
    """A database on a PostgreSQL server. `url` may hold a password: it is shown nowhere."""

    url: str = field(repr=False)

    @property
    def name(self) -> str:
        """As a person is told of it: where, and which."""
        parts = urlsplit(self.url)
        return f"PostgreSQL {parts.netloc.rpartition('@')[2]}{parts.path}"


@dataclass(frozen=True, slots=True)
class BlobFolder:
    """Content-addressed files in a folder of this machine."""

    path: Path

    @property
    def url(self) -> str:
        """As the store opens it."""
        return f"file:{self.path}"


@dataclass(frozen=True, slots=True)
class BlobBucket:
    """Object storage that every node shares. Its keys come from the environment, so `url` holds no secret."""

    url: str


@dataclass(frozen=True, slots=True)
class Maildir:
    """Outgoing mail is dropped into a maildir instead of being sent."""

    path: Path


@dataclass(frozen=True, slots=True)
class Relay:
    """The smarthost that outgoing mail is handed to. `tls`: TLS is demanded; without it only on loopback."""

    host: str
    port: int
    user: str
    tls: bool


def read_listen(text: str) -> HostPort:
    """`host:port` or `[IPv6]:port`."""
    match = _LISTEN.fullmatch(text)
    if match is None or int(match[3]) > 65535:
        raise ValueError('allowed is "host:port" or "[IPv6 address]:port"')
    return HostPort(match[1] or match[2], int(match[3]))


def read_network(text: str) -> Network:
    """An IP address or a network in CIDR notation."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ValueError("allowed is an IP address or a network like 10.0.0.0/8") from None


def within(address: str, networks: Iterable[Network]) -> bool:
    """Whether a peer's address lies in one of the networks; False for what is no address (a Unix socket's peer)."""
    try:
        peer = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(peer, "ipv4_mapped", None)
    return any((mapped or peer) in network for network in networks)


def read_host(text: str) -> str:
    """A host name in lower case, with at least one dot."""
    host = text.lower()
    if not _HOST.fullmatch(host) or "." not in host:
        raise ValueError('allowed is a host name like "mail.fabrikam.example" (ASCII, with a dot)')
    return host


def read_public_url(text: str) -> str:
    """An http or https address without query, user or trailing slash."""
    parts = _split(text)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError('allowed is an address like "https://mail.fabrikam.example"')
    if parts.query or parts.fragment:
        raise ValueError("allowed is an address without ? and #")
    return text.rstrip("/")


def read_database(text: str, folder: Path) -> SqliteFile | PostgresDatabase:
    """`sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://user@host/name?options`."""
    if text.startswith(("postgresql://", "postgres://")):
        return _read_postgres(text)
    path = text.removeprefix("sqlite:///")
    if path == text or not path or path == ":memory:" or "?" in path:
        raise ValueError("allowed is sqlite:///<path>, with four slashes for an absolute path")
    return SqliteFile(folder / unquote(path))


def _read_postgres(text: str) -> PostgresDatabase:
    if find_spec("psycopg") is None:
        raise ValueError("PostgreSQL needs the extra `postgres`: pip install 'mailbot[postgres]'")
    if any(c.isspace() for c in text) or not urlsplit(text).path.strip("/"):
        raise ValueError("allowed is postgresql://user@host/name")
    return PostgresDatabase(text)


def read_blobs(text: str, folder: Path) -> BlobFolder | BlobBucket:
    """`file:relative/path`, `file:/absolute/path`, or `s3://`, `gs://`, `az://` with a bucket and perhaps a prefix."""
    if text.startswith(("s3:", "gs:", "az:")):
        return _read_bucket(text)
    path = text.removeprefix("file:")
    if path == text or not path:
        raise ValueError("allowed is file:<folder>, s3://<bucket>/<prefix>, gs://… or az://…")
    return BlobFolder(folder / path)


def _read_bucket(text: str) -> BlobBucket:
    if find_spec("obstore") is None:
        raise ValueError("object storage needs the extra `objects`: pip install 'mailbot[objects]'")
    parts = _split(text)
    if parts is None or not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("allowed is s3://<bucket>/<prefix>; keys, region and endpoint come from the environment")
    return BlobBucket(text.rstrip("/"))


def read_heads(text: str, folder: Path) -> Path | None:
    """`file:folder`; an empty text: none."""
    if not text:
        return None
    path = text.removeprefix("file:")
    if path == text or not path:
        raise ValueError("allowed is file:<folder>, or an empty text")
    return folder / path


def read_clamav(text: str) -> HostPort | None:
    """`tcp://host:port` of a ClamAV daemon; an empty text: none."""
    parts = _split(text)
    if not text:
        return None
    if parts is None or parts.scheme != "tcp" or not parts.hostname or parts.path.strip("/") or "@" in parts.netloc:
        raise ValueError("allowed is tcp://host:port of a ClamAV daemon, or an empty text")
    return HostPort(parts.hostname, parts.port or 3310)


def read_delivery(text: str, folder: Path) -> Maildir | Relay:
    """`maildir:path` or `smtp://user@host:port?tls=required|none`; `tls=none` on loopback only."""
    if text.startswith("maildir:") and text != "maildir:":
        return Maildir(folder / text.removeprefix("maildir:"))
    parts = _split(text)
    if parts is None or parts.scheme != "smtp" or not parts.hostname or parts.path.strip("/") or parts.fragment:
        raise ValueError("allowed is maildir:<folder> or smtp://user@host:port?tls=required")
    if parts.password is not None:
        raise ValueError("a password does not belong here; put it into the file that delivery.password_file names")
    return Relay(parts.hostname, parts.port or 587, unquote(parts.username or ""), _tls(parts))


def _tls(parts: SplitResult) -> bool:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    wish = options.pop("tls", "required")
    if options or wish not in ("required", "none"):
        raise ValueError("allowed after ? is tls=required or tls=none")
    if wish == "none" and not is_loopback(parts.hostname or ""):
        raise ValueError("tls=none is allowed for a relay on loopback only")
    return wish == "required"


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine is meant."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return None if any(c.isspace() for c in text) else parts
