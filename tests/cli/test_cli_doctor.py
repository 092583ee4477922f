"""What the doctor says about the machine and its surroundings, finding by finding."""

import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli_home import CONFIG, Home

from mailbot.doctor.finding import Finding
from mailbot.doctor.installation import settings_of
from mailbot.doctor.machine import machine
from mailbot.doctor.surroundings import surroundings

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


def of(findings: Iterator[Finding], area: str) -> list[Finding]:
    return [finding for finding in findings if finding.area == area]


def test_a_service_that_listens_elsewhere_than_configured_is_noticed(home: Home) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home.file.write_text(CONFIG.replace('["127.0.0.1:0"]', f'["127.0.0.1:{port}"]'))
    found = of(surroundings(home.config, NOW, served=True), "ports")
    assert found[0].level == "error"
    assert "another configuration" in found[0].do


@pytest.mark.parametrize("now", [datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)])
def test_a_clock_that_stands_in_the_past_is_an_error(home: Home, now: datetime) -> None:
    home.done("migrate")
    written = datetime(2026, 6, 1, tzinfo=UTC).timestamp()
    os.utime(home.database, (written, written))
    [clock] = of(machine(home.config, now), "clock")
    assert (clock.level, clock.do) == ("error", "set the clock, and keep it with NTP")


def test_a_file_where_a_folder_should_be_is_an_error(home: Home) -> None:
    (home.folder / "var").write_text("in the way")
    folders = of(machine(home.config, NOW), "folders")
    assert {finding.level for finding in folders} == {"error"}


def test_settings_that_will_hurt_are_said_before_they_do(tmp_path: Path) -> None:
    text = 'domain = "claims.reply.fabrikam.com"\npublic_url = "https://x.com"\nlab = true\n'
    home = Home(tmp_path, text + '[sender]\ntrust = "authserv-id:mx.fabrikam.com"\n')
    found = {finding.area: finding.level for finding in settings_of(home.config)}
    assert found == {"sender": "ok", "domain": "note", "lab": "warning"}


def test_the_records_to_publish_are_lines_of_a_zone(home: Home) -> None:
    home.file.write_text(CONFIG + '[delivery]\nurl = "smtp://relay.example"\n')
    lines = home.done("doctor", "--dns", "--selector", "k1").splitlines()
    zone = [line.split(None, 4) for line in lines if not line.startswith(";")]
    assert [(name, kind) for name, _, _, kind, _ in zone] == [
        ("mail.test.", "MX"),
        ("mail.test.", "A"),
        ("mail.test.", "TXT"),
        ("_dmarc.mail.test.", "TXT"),
        ("k1._domainkey.mail.test.", "TXT"),
    ]
    assert zone[2][4] == '"v=spf1 a:relay.example -all"'
