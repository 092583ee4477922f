"""The real process: what was promised survives signals and kills, and nothing is done twice.

Where the start itself is no matter, the process is forked from a nursery: that saves seconds of loading each time.
"""

import os
import signal
import smtplib
import socket
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path

import httpx
import trustme
from cli_home import CONFIG, Home
from cli_service import Service, Writer, is_listening, mail, serving, until
from crash_house import Nursery


def unread(home: Home) -> int:
    return int(home.sql("SELECT count(*) FROM inbox WHERE disposition = 'accepted'")[0][0])


def subjects(home: Home) -> Counter[str]:
    """Subjects of settled mail, each with how often it is there."""
    return Counter(row[0] for row in home.sql("SELECT subject FROM inbox WHERE disposition <> 'accepted'"))


def test_it_says_where_it_listens_and_ends_with_0_on_sigterm(home: Home) -> None:
    home.with_people()
    with serving(home) as service:
        assert httpx.get(f"{service.url}/readyz", trust_env=False).json()["ready"] is True
        with smtplib.SMTP("127.0.0.1", service.smtp_port, timeout=10) as client:
            assert client.ehlo()[0] == 250
        assert service.happened("sender_trust_none")
        service.tell(signal.SIGTERM)
        assert service.ended() == 0
        assert service.happened("stopped") == service.log[-1]


def test_the_command_itself_answers_signals_in_this_very_process(home: Home) -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home.file.write_text(CONFIG.replace('listen = "127.0.0.1:0"', f'listen = "127.0.0.1:{port}"'))

    def operator() -> None:
        until(lambda: is_listening(port), "it serves pages")
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=operator)
    thread.start()
    home.done("serve", "--role", "web")
    thread.join()


def test_ctrl_c_ends_it_with_0_too(home: Home) -> None:
    with serving(home) as service:
        service.tell(signal.SIGINT)
        assert service.ended() == 0


def test_a_second_service_on_the_same_database_is_refused_in_one_line(home: Home, nursery: Nursery) -> None:
    with serving(home, nursery) as service:
        assert home.refused("serve") == f"{home.database} is served by another process; stop it first"
        assert home.refused("migrate") == f"{home.database} is served by another process; stop it first"
        assert service.process.poll() is None


def test_commands_work_beside_a_running_service(home: Home, nursery: Nursery) -> None:
    with serving(home, nursery) as service:
        home.with_people()
        home.done("key", "create", "--role", "admin")
        home.done("pause", "sending")
        with smtplib.SMTP("127.0.0.1", service.smtp_port, timeout=10) as client:
            client.sendmail(
                "petr@fabrikam.example", ["claims@mail.test"], mail("help", "petr@fabrikam.example", "help")
            )
        until(lambda: bool(home.json("outbox", "list")), "the answer was written")
        [answer] = home.json("outbox", "list")
        assert (answer["code"], answer["state"]) == ("help", "queued")
        home.done("resume", "sending")
        until(lambda: home.json("outbox", "list")[0]["state"] == "sent", "the answer was sent")
        held = home.with_held_mail()
        home.done("inbox", "replay", held)
        until(lambda: home.json("inbox", "list", "--disposition", "held") != [], "it was read again, and held again")
        assert home.done("verify") == "everything is as it was written\n"
    assert len(list((home.folder / "var/sent/new").iterdir())) == 1


def test_a_restored_service_takes_mail_and_sends_nothing_until_it_is_resumed(
    claimed: Home, tmp_path: Path, nursery: Nursery
) -> None:
    """The rehearsal: what docs/operators.md tells to do after a restore, step by step, with the real process."""
    words, saved = claimed.folder / "words", claimed.folder / "saved.tar"
    words.write_text("correct horse battery\n")
    claimed.done("backup", saved, "--passphrase-file", words)
    (tmp_path / "there").mkdir()
    there = Home(tmp_path / "there")
    there.done("restore", saved, "--passphrase-file", words)
    assert there.done("verify") == "everything is as it was written\n"
    with serving(there, nursery) as service:
        ready = httpx.get(f"{service.url}/readyz", trust_env=False).json()
        assert (ready["ready"], sorted(ready["paused"])) == (True, ["sending", "timers"])
        with smtplib.SMTP("127.0.0.1", service.smtp_port, timeout=10) as client:
            ask = mail("help", "petr@fabrikam.example", "help")
            client.sendmail("petr@fabrikam.example", ["claims@mail.test"], ask)
        until(lambda: "help" in {item["code"] for item in there.json("outbox", "list")}, "the answer was written")
        assert {item["state"] for item in there.json("outbox", "list")} == {"queued"}
        there.done("resume", "sending")
        there.done("resume", "timers")
        until(lambda: {item["state"] for item in there.json("outbox", "list")} == {"sent"}, "everything was sent")


def test_the_doctor_knows_our_own_service_from_a_stranger(home: Home, nursery: Nursery) -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home.file.write_text(CONFIG.replace('["127.0.0.1:0"]', f'["127.0.0.1:{port}"]'))
    with serving(home, nursery):
        assert f"127.0.0.1:{port} is in use, our service runs" in home.done("doctor")


def test_sigterm_in_the_middle_of_work_keeps_every_promise(home: Home, nursery: Nursery) -> None:
    with serving(home, nursery) as service:
        writers = [Writer(service.smtp_port, f"w{n}", 400) for n in range(4)]
        for writer in writers:
            writer.start()
        until(lambda: sum(len(writer.promised) for writer in writers) > 40, "mail flowed")
        service.tell(signal.SIGTERM)
        assert service.ended() == 0
        for writer in writers:
            writer.join(30)
    promised = Counter(subject for writer in writers for subject in writer.promised)
    with serving(home, nursery):
        until(lambda: unread(home) == 0, "everything was read")
    found = subjects(home)
    assert promised - found == Counter()
    assert set(found.values()) == {1}


def test_a_kill_in_the_middle_of_work_loses_nothing_and_does_nothing_twice(home: Home, nursery: Nursery) -> None:
    home.with_people()
    promised: Counter[str] = Counter()
    for round_number in range(2):
        with serving(home, nursery) as service:
            writers = [Writer(service.smtp_port, f"r{round_number}w{n}", 400) for n in range(3)]
            for writer in writers:
                writer.start()
            until(lambda writers=writers: sum(len(w.promised) for w in writers) > 40, "mail flowed")  # type: ignore[misc]
            with smtplib.SMTP("127.0.0.1", service.smtp_port, timeout=10) as client:
                asks = mail(f"status r{round_number}", "petr@fabrikam.example", "help\r\n")
                client.sendmail("petr@fabrikam.example", ["claims@mail.test"], asks)
            service.kill()
            for writer in writers:
                writer.join(30)
        promised += Counter(subject for writer in writers for subject in writer.promised)
    with serving(home, nursery) as service:
        until(lambda: unread(home) == 0, "everything was read")
        until(lambda: {i["state"] for i in home.json("outbox", "list")} <= {"sent"}, "everything was sent")
        service.tell(signal.SIGTERM)
        assert service.ended() == 0
    found = subjects(home)
    assert promised - found == Counter()
    assert {found[subject] for subject in promised} == {1}
    answers = [path.name for path in (home.folder / "var/sent/new").iterdir()]
    assert len(answers) == len({item["id"] for item in home.json("outbox", "list")})
    assert home.done("verify") == "everything is as it was written\n"


def test_a_second_signal_does_not_wait_for_a_slow_peer(home: Home, nursery: Nursery) -> None:
    with serving(home, nursery) as service, closing(smtplib.SMTP("127.0.0.1", service.smtp_port, timeout=60)) as client:
        client.ehlo()
        client.mail("who@knows.example")
        client.rcpt("claims@mail.test")
        client.putcmd("data")
        assert client.getreply()[0] == 354
        service.tell(signal.SIGTERM)
        until(lambda: not is_listening(service.smtp_port), "it stopped to listen")
        assert service.process.poll() is None
        service.tell(signal.SIGTERM)
        assert service.ended() == 0
        assert service.happened("stopped_early")


def test_sighup_reads_the_certificate_again_and_keeps_the_old_one_when_the_new_is_unfit(
    home: Home, nursery: Nursery
) -> None:
    _certificate(home.folder)
    home.file.write_text(CONFIG.replace("[smtp]", '[smtp]\ntls_cert = "cert.pem"\ntls_key = "key.pem"'))
    with serving(home, nursery) as service:
        service.tell(signal.SIGHUP)
        until(lambda: service.happened("certificate_read") is not None, "the certificate was read")
        (home.folder / "cert.pem").write_text("no certificate")
        service.tell(signal.SIGHUP)
        until(lambda: service.happened("certificate_unfit") is not None, "the new one was refused")
        with smtplib.SMTP("127.0.0.1", service.smtp_port, timeout=10) as client:
            assert client.starttls()[0] == 220


def test_roles_open_only_their_own_doors(home: Home, nursery: Nursery) -> None:
    with serving(home, nursery, role="web") as service:
        started = service.happened("started")
        assert started
        assert (started["smtp"], started["role"]) == ([], "web")
        assert httpx.get(f"{service.url}/healthz", trust_env=False).status_code == 200


def test_a_database_that_was_damaged_meanwhile_ends_it_with_1(home: Home, nursery: Nursery) -> None:
    with serving(home, nursery) as service:
        with home.database.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (home.database.stat().st_size - 4096))
        until(lambda: service.process.poll() is not None or not _reads(service), "the damage was met")
        assert service.ended() == 1
        assert service.happened("disk_broken")


def test_a_kill_during_the_start_leaves_nothing_in_the_way(home: Home) -> None:
    service = Service(home, home.folder / "service.log")
    until(lambda: home.database.exists(), "it began")
    service.kill()
    with serving(home) as again:
        again.tell(signal.SIGTERM)
        assert again.ended() == 0


def _reads(service: Service) -> bool:
    """Has the service look at its tables; False once it is gone."""
    try:
        httpx.get(f"{service.url}/metrics", trust_env=False)
    except httpx.TransportError:
        return False
    return True


def _certificate(folder: Path) -> None:
    issued = trustme.CA().issue_cert("mail.test")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
