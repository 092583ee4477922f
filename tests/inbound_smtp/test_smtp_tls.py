"""STARTTLS: once, with nothing carried over from the clear, and certificates that change while running."""

import ssl
from pathlib import Path

import pytest
import trustme
from smtp_bench import Bench, Serve


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def secure(serve: Serve, authority: trustme.CA, tmp_path: Path) -> Bench:
    _issue(authority, tmp_path)
    return await serve(tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem", max_message_bytes=3_000_000)


async def test_mail_over_tls_is_marked_and_arrives_whole(secure: Bench, authority: trustme.CA) -> None:
    peer = await secure.connect()
    await peer.reply()
    assert "STARTTLS" in await peer.say("EHLO peer.test")
    await peer.start_tls(_trusting(authority))
    assert (await peer.say("MAIL FROM:<a@b.test>")).startswith("503 5.5.1 send HELO")
    assert "STARTTLS" not in await peer.say("EHLO peer.test")
    content = b"0123456789abcdef" * 160_000 + b"\r\n"
    assert (await peer.mail(content)).startswith("250 ")
    assert secure.store.contents == [content]
    assert secure.store.kept[0].tls
    assert await peer.say("QUIT") == "221 2.0.0 goodbye"


async def test_a_second_starttls_is_503_and_the_session_lives(secure: Bench, authority: trustme.CA) -> None:
    peer = await secure.peer()
    await peer.start_tls(_trusting(authority))
    await peer.say("EHLO peer.test")
    assert (await peer.say("STARTTLS")).startswith("503 5.5.1")
    assert (await peer.mail()).startswith("250 ")


async def test_commands_injected_in_clear_behind_starttls_are_discarded(secure: Bench, authority: trustme.CA) -> None:
    peer = await secure.peer()
    await peer.send(b"STARTTLS\r\nMAIL FROM:<evil@x.test>\r\nNOOP\r\n")
    assert (await peer.reply()).startswith("220 2.0.0")
    await peer.writer.start_tls(_trusting(authority), server_hostname="localhost")
    assert await peer.say("NOOP injected") == "250 2.0.0 ok"
    assert (await peer.say("MAIL FROM:<a@b.test>")).startswith("503 5.5.1 send HELO")


async def test_starttls_with_an_argument_is_501(secure: Bench) -> None:
    peer = await secure.peer()
    assert (await peer.say("STARTTLS now")).startswith("501 5.5.4")


async def test_a_handshake_that_fails_ends_the_session_without_a_fault(secure: Bench) -> None:
    peer = await secure.peer()
    assert (await peer.say("STARTTLS")).startswith("220 ")
    await peer.send(b"this is not a handshake\r\n" * 4)
    while await peer.reader.read(4096):
        pass
    assert secure.faults == []
    assert (await (await secure.peer()).mail()).startswith("250 ")


async def test_old_tls_versions_are_refused(secure: Bench, authority: trustme.CA) -> None:
    context = _trusting(authority)
    peer = await secure.peer()
    await peer.start_tls(context)
    assert peer.writer.get_extra_info("ssl_object").version() in ("TLSv1.2", "TLSv1.3")


async def test_a_peer_that_vanishes_inside_tls_leaves_nothing(secure: Bench, authority: trustme.CA) -> None:
    peer = await secure.peer()
    await peer.start_tls(_trusting(authority))
    await peer.say("EHLO peer.test")
    await peer.begin()
    await peer.send(b"half of it")
    peer.writer.transport.abort()
    assert (await (await secure.peer()).mail()).startswith("250 ")
    assert secure.faults == []


async def test_a_renewed_certificate_is_used_without_a_restart(
    secure: Bench, authority: trustme.CA, tmp_path: Path
) -> None:
    before = await _serial(secure, authority)
    _issue(authority, tmp_path)
    secure.listener.reload_certificate()
    assert await _serial(secure, authority) != before


async def test_a_broken_certificate_is_an_error_and_the_old_one_stays(
    secure: Bench, authority: trustme.CA, tmp_path: Path
) -> None:
    before = await _serial(secure, authority)
    (tmp_path / "cert.pem").write_text("nothing")
    with pytest.raises(ssl.SSLError):
        secure.listener.reload_certificate()
    assert await _serial(secure, authority) == before


async def test_a_listener_without_a_usable_certificate_does_not_start(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        await serve(tls_cert=tmp_path / "none.pem", tls_key=tmp_path / "none.key")


async def test_a_listener_that_cannot_bind_leaves_no_socket_behind(serve: Serve) -> None:
    taken = await serve()
    host, port = taken.address
    with pytest.raises(OSError, match=r"(?i)address already in use"):
        await serve(listen=["127.0.0.1:0", f"{host}:{port}"])


async def _serial(bench: Bench, authority: trustme.CA) -> object:
    peer = await bench.peer()
    await peer.start_tls(_trusting(authority))
    serial = peer.writer.get_extra_info("peercert")["serialNumber"]
    await peer.close()
    return serial


def _issue(authority: trustme.CA, folder: Path) -> None:
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")


def _trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context
