"""The parts of the configuration and what each key may hold (contract.md, Configuration).

Texts become values here: paths absolute, addresses parsed, the policy read. What does not fit raises pydantic's
ValidationError, which `config` turns into lines. The defaults stand in defaults.toml.
"""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from mailbot.claims.places import Place, check_country, zone
from mailbot.claims.policy import SHIPPED, Policy, load_policy
from mailbot.endpoints import (
    BlobBucket,
    BlobFolder,
    HostPort,
    Maildir,
    Network,
    PostgresDatabase,
    Relay,
    SqliteFile,
    read_blobs,
    read_clamav,
    read_database,
    read_delivery,
    read_heads,
    read_host,
    read_listen,
    read_network,
    read_public_url,
)
from mailbot.limits import Limits


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("allowed is a text in quotes")
    return value


def _read(reader: Callable[[str], Any]) -> BeforeValidator:
    return BeforeValidator(lambda value: reader(_text(value)))


def _read_in_folder(reader: Callable[[str, Path], Any]) -> BeforeValidator:
    """For values with relative paths: the validation context is the folder they start from."""

    def read(value: object, info: ValidationInfo) -> Any:
        folder: Any = info.context
        return reader(_text(value), folder)

    return BeforeValidator(read)


def _checked(check: Callable[[str], object]) -> BeforeValidator:
    def read(value: object) -> str:
        check(_text(value))
        return _text(value)

    return BeforeValidator(read)


def _file(text: str, folder: Path) -> Path:
    if not text:
        raise ValueError("allowed is the path of a file")
    return folder / text


def _optional_file(text: str, folder: Path) -> Path | None:
    return folder / text if text else None


def _not_empty(values: tuple[HostPort, ...]) -> tuple[HostPort, ...]:
    if not values:
        raise ValueError("allowed is a list that is not empty")
    return values


def _policy(text: str, folder: Path) -> Policy:
    if text in SHIPPED:
        return load_policy(text)
    try:
        return load_policy((folder / text).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8 text"
        raise ValueError(f"allowed is {', '.join(SHIPPED)} or the path of a policy file ({why})") from None


def _trust(text: str) -> str:
    host = text.removeprefix("authserv-id:")
    if text not in ("verify", "none") and (host == text or not host or any(c.isspace() or c == ";" for c in host)):
        raise ValueError("allowed is verify, authserv-id:<host> or none")
    return text


def _scanner(text: str) -> HostPort | None:
    address = read_clamav(text)
    if address is not None and find_spec("aioclamd") is None:
        raise ValueError("virus scanning needs the extra `clamav`: pip install 'mailbot[clamav]'")
    return address


FilePath = Annotated[Path, _read_in_folder(_file)]
OptionalFile = Annotated[Path | None, _read_in_folder(_optional_file)]
Networks = tuple[Annotated[Network, _read(read_network)], ...]


class Section(BaseModel):
    """What all parts have in common: nothing changes, nothing unknown gets in. Defaults stand in defaults.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Database(Section):
    """Where the rows are."""

    url: Annotated[SqliteFile | PostgresDatabase, _read_in_folder(read_database)]


class Blobs(Section):
    """Where large files are."""

    url: Annotated[BlobFolder | BlobBucket, _read_in_folder(read_blobs)]


class Smtp(Section):
    """How mail comes in."""

    listen: Annotated[tuple[Annotated[HostPort, _read(read_listen)], ...], AfterValidator(_not_empty)]
    tls_cert: OptionalFile
    tls_key: OptionalFile
    max_message_mib: int = Field(ge=1, le=1024)

    @model_validator(mode="after")
    def _both_or_none(self) -> "Smtp":
        if (self.tls_cert is None) != (self.tls_key is None):
            missing = "tls_cert" if self.tls_cert is None else "tls_key"
            raise ValueError(f"{missing}: missing; tls_cert and tls_key go together")
        return self

    @property
    def max_message_bytes(self) -> int:
        """The advertised SIZE."""
        return self.max_message_mib * 1024 * 1024


class Http(Section):
    """Where pages and API are served."""

    listen: Annotated[HostPort, _read(read_listen)]
    trusted_proxies: Networks


class Delivery(Section):
    """How mail goes out."""

    url: Annotated[Maildir | Relay, _read_in_folder(read_delivery)]
    password_file: OptionalFile

    @model_validator(mode="after")
    def _user_with_password(self) -> "Delivery":
        user = isinstance(self.url, Relay) and bool(self.url.user)
        if user and self.password_file is None:
            raise ValueError("password_file: missing; the relay's user needs one")
        if self.password_file is not None and not user:
            raise ValueError("password_file: of no use; delivery.url names no user")
        return self


class Sender(Section):
    """How far a From address is believed. `trust` is "verify", "authserv-id:<host>" or "none"."""

    trust: Annotated[str, _read(_trust)]
    upstream: Networks


class Clamav(Section):
    """Where files are scanned for viruses; None: nowhere."""

    url: Annotated[HostPort | None, _read(_scanner)]


class Webhooks(Section):
    """Where webhooks may go."""

    allow_private: bool


class History(Section):
    """Where the signed ends of all histories go once a day; None: nowhere."""

    heads: Annotated[Path | None, _read_in_folder(read_heads)]


class Log(Section):
    """How the operator's log looks."""

    format: Literal["console", "json"]


class Config(Section):
    """Everything an installation can choose (contract.md, Configuration). Paths are absolute."""

    domain: Annotated[str, _read(read_host)]
    public_url: Annotated[str, _read(read_public_url)]
    office_name: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
    office_country: Annotated[str, _read(check_country)]
    office_time_zone: Annotated[str, _checked(zone)]
    keys_file: FilePath
    policy: Annotated[Policy, _read_in_folder(_policy)]
    lab: bool
    database: Database
    blobs: Blobs
    smtp: Smtp
    http: Http
    delivery: Delivery
    sender: Sender
    clamav: Clamav
    webhooks: Webhooks
    history: History
    log: Log
    limits: Limits

    @property
    def folder(self) -> Path:
        """Where this machine keeps what is in no database, such as mail on its way in: beside the SQLite file or,
        where there is none, beside the keys."""
        url = self.database.url
        return url.path.parent if isinstance(url, SqliteFile) else self.keys_file.parent

    @property
    def office_place(self) -> Place:
        """Where the office's business days are counted."""
        return Place(self.office_country, self.office_time_zone)
