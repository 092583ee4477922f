"""Addresses, networks and URLs as the configuration writes them."""

from pathlib import Path

import pytest

from mailbot.endpoints import (
    HostPort,
    Relay,
    read_database,
    read_delivery,
    read_host,
    read_listen,
    read_network,
    read_public_url,
    within,
)

HERE = Path("/srv/mailbot")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:25", HostPort("127.0.0.1", 25)),
        ("0.0.0.0:0", HostPort("0.0.0.0", 0)),
        ("[::]:65535", HostPort("::", 65535)),
        ("localhost:8025", HostPort("localhost", 8025)),
    ],
)
def test_a_listener_is_host_and_port(text, expected):
    assert read_listen(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize("text", ["", "25", ":25", "::1:25", "127.0.0.1:", "127.0.0.1:x", "a b:25", "127.0.0.1:999999"])
def test_a_listener_is_nothing_else(text):
    with pytest.raises(ValueError, match="allowed is"):
        read_listen(text)


@pytest.mark.parametrize(
    ("peer", "inside"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("192.0.2.1", False),
        ("fe80::1%eth0", True),
        ("2001:db8::1", False),
        ("", False),
        ("/run/socket", False),
    ],
)
def test_a_peer_lies_in_a_network_or_not(peer, inside):
    assert within(peer, [read_network("10.0.0.5/8"), read_network("fe80::/10")]) is inside


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("smtp://relay.fabrikam.example", Relay("relay.fabrikam.example", 587, "", tls=True)),
        ("smtp://relay.fabrikam.example:25?tls=required", Relay("relay.fabrikam.example", 25, "", tls=True)),
        ("smtp://u%40v@relay.fabrikam.example/", Relay("relay.fabrikam.example", 587, "u@v", tls=True)),
        ("smtp://127.0.0.1:1025?tls=none", Relay("127.0.0.1", 1025, "", tls=False)),
        ("smtp://[::1]:1025?tls=none", Relay("::1", 1025, "", tls=False)),
        ("smtp://localhost:1025?tls=none", Relay("localhost", 1025, "", tls=False)),
    ],
)
def test_a_relay_demands_tls_unless_it_is_on_loopback(text, expected):
    assert read_delivery(text, HERE) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "maildir:", "smtp://", "smtp:relay", "smtps://relay.fabrikam.example", "smtp://relay.fabrikam.example/path",
        "smtp://relay.fabrikam.example:99999", "smtp://relay fabrikam", "smtp://relay.fabrikam.example#x",
        "smtp://192.0.2.1?tls=none", "smtp://relay.fabrikam.example?tls=", "smtp://[::1",
    ],
)  # fmt: skip
def test_any_other_delivery_is_refused(text):
    with pytest.raises(ValueError, match="allowed"):
        read_delivery(text, HERE)


def test_a_database_path_may_be_escaped():
    assert read_database("sqlite:///a%20b.db", HERE).path == HERE / "a b.db"


def test_a_postgresql_url_shows_its_password_to_nobody():
    read = read_database("postgresql://mailbot:secret@db.fabrikam.example/mailbot", HERE)
    assert read.name == "PostgreSQL db.fabrikam.example/mailbot"
    assert "secret" not in repr(read)


@pytest.mark.parametrize("text", ["sqlite:///", "sqlite:///a?mode=ro", "mysql://x", "postgresql+psycopg://x"])
def test_any_other_database_is_refused(text):
    with pytest.raises(ValueError, match="allowed is sqlite:///<path>"):
        read_database(text, HERE)


def test_host_names_are_folded_and_addresses_trimmed():
    assert read_host("Mail.Fabrikam.Example") == "mail.fabrikam.example"
    assert read_public_url("http://127.0.0.1:8080/") == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    "text", ["", "a", "-a.example", "a-.example", "a..example", "a_b.example", f"{'a' * 64}.example"]
)
def test_what_is_no_host_name_is_refused(text):
    with pytest.raises(ValueError, match="allowed is a host name"):
        read_host(text)


@pytest.mark.parametrize(
    "text", ["", "ftp://a.example", "https://", "https://u@a.example", "https://a b", "https://a:x"]
)
def test_what_is_no_public_address_is_refused(text):
    with pytest.raises(ValueError, match="allowed is an address"):
        read_public_url(text)
