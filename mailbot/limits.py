"""Every limit of security §8 in one value, with the numbers that ship; `[limits]` of the configuration changes them.

Each is tested at the limit and one above it where it is enforced. Sizes are bytes, times are seconds, unless the name
says otherwise. A value below 1 makes no sense anywhere and raises ValueError. The message size stands in `[smtp]`.
"""

from dataclasses import dataclass, fields

_KIB = 1024
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the service allows before it says no. Per-address and per-session counts do not apply to upstream peers."""

    bytes_in_flight: int = 256 * _MIB
    """Message bytes being received by all sessions together."""

    connections: int = 500
    connections_per_ip: int = 20
    new_connections_per_ip_per_minute: int = 60

    session_seconds: int = 15 * 60
    session_with_data_seconds: int = 30 * 60
    idle_seconds: int = 5 * 60
    data_block_seconds: int = 3 * 60
    data_seconds: int = 30 * 60
    data_bytes_per_second: int = 500
    """Slowest sender that is put up with, measured after `data_rate_grace_seconds`."""
    data_rate_grace_seconds: int = 60

    overload_percent: int = 80
    """Share of `connections` in use from which the two overload limits apply."""
    overload_idle_seconds: int = 10
    overload_errors: int = 1

    errors: int = 20
    unknown_commands: int = 5
    bad_recipients: int = 5

    recipients: int = 100
    messages_per_session: int = 100

    messages_per_ip_per_minute: int = 100
    messages_per_domain_per_minute: int = 300
    messages_per_address_per_day: int = 20
    bytes_per_address_per_day: int = 100 * _MIB

    header_count: int = 200
    header_bytes: int = 64 * _KIB
    header_line_bytes: int = 16 * _KIB
    mime_depth: int = 20
    mime_parts: int = 200
    attachments: int = 50
    text_bytes: int = 256 * _KIB
    text_lines: int = 2000
    received_hops: int = 50

    reader_seconds: int = 5
    """Wall and processor time for reading one message."""
    reader_bytes: int = 512 * _MIB

    answers_per_day: int = 5
    """Answers to mail per claim and address in 24 hours."""

    retry_first_seconds: int = 5 * 60
    retry_most_seconds: int = 4000
    retry_days: int = 5
    outbound_connect_seconds: int = 30
    outbound_command_seconds: int = 300
    outbound_data_start_seconds: int = 120
    outbound_data_block_seconds: int = 180
    outbound_data_end_seconds: int = 600

    def __post_init__(self) -> None:
        too_small = [name for name in LIMIT_NAMES if getattr(self, name) < 1]
        if too_small:
            raise ValueError(
                "\n".join(f"{n}: read {getattr(self, n)}, allowed is a whole number from 1" for n in too_small)
            )


LIMIT_NAMES = tuple(f.name for f in fields(Limits))
"""The keys `[limits]` knows, in the order of security §8."""
