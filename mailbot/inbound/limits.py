"""How much of everything the listener takes before it says no: one frozen value, the defaults of security §8.

Pure data; the configuration's [limits] keys are the field names. The message size is not here: it is [smtp].
"""

from dataclasses import dataclass

_MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of connections, sessions, messages and floods. Seconds, bytes and plain counts; each is the last allowed.

    Whole listener:
        `connections`: open at once; one more takes the place of the session idle longest, if any is idle for
        `idle_evicted_seconds`, else it gets 421.
        `connections_per_ip`, `new_connections_per_ip_minute`: of one IPv4 address or IPv6 /64; upstream peers exempt.
        `overload_percent`: above this share of `connections`, `overload_idle_seconds` and `overload_errors` rule.
        `bytes_in_flight`: content received and not yet stored, all sessions together.
    One session (the counts do not hold for upstream peers, the times do):
        `session_seconds`, `session_with_data_seconds`: whole life, before and after the first DATA.
        `idle_seconds`: waiting for a command. `command_bytes`: one command line.
        `commands`, `errors` (5xx replies), `unknown_commands`, `bad_recipients`, `messages_per_session`: then 421.
    One message:
        `recipients_per_message`: then 452.
        `data_seconds`, `data_block_seconds`: the whole of DATA, and between two pieces of it.
        `data_min_rate`: bytes a second on average, asked for after `data_rate_grace_seconds`.
        `store_seconds`: after which the peer hears 451, while the storing goes on.
        `memory_bytes`: content kept in memory; what is larger goes through a spool file.
    Floods (counted in memory, a restart forgets them):
        `messages_per_handle_day`, `bytes_per_handle_day`: to one signed address a UTC day.
        `messages_per_ip_minute` (upstream peers exempt), `messages_per_domain_minute` (of the sender).
    """

    connections: int = 500
    connections_per_ip: int = 20
    new_connections_per_ip_minute: int = 60
    idle_evicted_seconds: float = 3
    overload_percent: int = 80
    overload_idle_seconds: float = 10
    overload_errors: int = 1
    bytes_in_flight: int = 256 * _MIB

    session_seconds: float = 15 * 60
    session_with_data_seconds: float = 30 * 60
    idle_seconds: float = 5 * 60
    command_bytes: int = 2048
    commands: int = 500
    errors: int = 20
    unknown_commands: int = 5
    bad_recipients: int = 5
    messages_per_session: int = 100

    recipients_per_message: int = 100
    data_seconds: float = 30 * 60
    data_block_seconds: float = 3 * 60
    data_min_rate: int = 500
    data_rate_grace_seconds: float = 60
    store_seconds: float = 5 * 60
    memory_bytes: int = _MIB

    messages_per_handle_day: int = 20
    bytes_per_handle_day: int = 100_000_000
    messages_per_ip_minute: int = 100
    messages_per_domain_minute: int = 300
