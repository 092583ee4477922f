"""How much of everything mailbot takes before it says no: one frozen value with the defaults of security §8.

The field names are the keys of the configuration's `[limits]`. Sizes are bytes, times seconds, the rest plain counts;
each is the last value allowed. One that is not positive raises ValueError. The message size stands in `[smtp]`.
"""

from dataclasses import dataclass, fields

_KIB = 2**10
_MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of the listener, of reading and of sending.

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
    Reading one message (over the structural ones it is quarantined, of the text only the beginning is examined):
        `header_count`, `header_bytes`, `header_line_bytes`, `mime_depth`, `mime_parts`, `attachments`,
        `received_hops`; `text_bytes`, `text_lines`.
        `reader_seconds`: processor time of a reader process (four times as much by the clock on the wall),
        `reader_bytes`: its memory.
    Answering and sending:
        `answers_per_day`: answers to mail for one claim and address in 24 hours.
        `retry_first_seconds` doubling to `retry_most_seconds`, given up after `retry_days`.
        `outbound_*_seconds`: connecting, EHLO/MAIL/RCPT, DATA, between two blocks, the final reply.
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

    header_count: int = 200
    header_bytes: int = 64 * _KIB
    header_line_bytes: int = 16 * _KIB
    mime_depth: int = 20
    mime_parts: int = 200
    attachments: int = 50
    text_bytes: int = 256 * _KIB
    text_lines: int = 2000
    received_hops: int = 50
    reader_seconds: float = 5
    reader_bytes: int = 512 * _MIB

    answers_per_day: int = 5
    retry_first_seconds: float = 5 * 60
    retry_most_seconds: float = 4000
    retry_days: float = 5
    outbound_connect_seconds: float = 30
    outbound_command_seconds: float = 300
    outbound_data_start_seconds: float = 120
    outbound_data_block_seconds: float = 180
    outbound_data_end_seconds: float = 600

    def __post_init__(self) -> None:
        wrong = [name for name in LIMIT_NAMES if not 0 < getattr(self, name) < float("inf")]
        if wrong:
            raise ValueError("\n".join(f"{n}: read {getattr(self, n)}, allowed is a number above 0" for n in wrong))


LIMIT_NAMES = tuple(f.name for f in fields(Limits))
"""The keys `[limits]` knows, in the order they are documented."""
