"""What is shipped for running mailbot says what the program understands: unit, container files, alerts."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from click import Context
from docs_pages import ROOT, read

from mailbot.cli import cli
from mailbot.config import load_config

DEPLOY = ROOT / "deploy"
RULES: list[dict[str, Any]] = yaml.safe_load(read(DEPLOY / "alerts.yml"))["groups"][0]["rules"]
OPERATORS = read(ROOT / "docs" / "operators.md")
METRICS = set(re.findall(r"^\| `(mailbot_\w+)`", OPERATORS, re.MULTILINE))

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def pins(lock: str) -> dict[str, str]:
    """Package → version with its hashes."""
    text = read(ROOT / lock).replace("\\\n", "")
    return {line.partition("==")[0]: " ".join(line.split()) for line in text.splitlines() if "==" in line}


def analyzed(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False, timeout=30)


@needs_systemd
def test_the_unit_is_one_that_systemd_understands(tmp_path: Path) -> None:
    unit = tmp_path / "mailbot.service"
    text = read(DEPLOY / "mailbot.service").replace("/srv/mailbot/.venv/bin/mailbot", shutil.which("true") or "")
    unit.write_text(text, encoding="utf-8")
    found = analyzed("verify", "--man=no", str(unit))
    assert (found.returncode, found.stderr) == (0, "")


@needs_systemd
def test_the_unit_is_hardly_exposed() -> None:
    said = analyzed("security", "--offline=true", "--threshold=25", str(DEPLOY / "mailbot.service"))
    assert said.returncode == 0, said.stdout


def test_the_unit_waits_longer_than_a_stop_takes_and_lets_readers_leave_the_network() -> None:
    lines = read(DEPLOY / "mailbot.service").splitlines()
    assert {"TimeoutStopSec=40", "RestrictNamespaces=user net", "ProtectSystem=strict"} <= set(lines)


def test_the_image_runs_without_root_and_asks_whether_it_is_ready() -> None:
    text = read(DEPLOY / "Containerfile")
    assert "USER 10001:10001" in text
    assert "/readyz" in text[text.index("HEALTHCHECK") :]
    service = yaml.safe_load(read(DEPLOY / "compose.yml"))["services"]["mailbot"]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])


def test_what_the_image_copies_is_there() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", read(DEPLOY / "Containerfile"), re.MULTILINE)
    assert [path for line in copied for path in line.split() if not (ROOT / path).exists()] == []


def test_the_image_is_made_of_pinned_packages_that_the_tests_ran_with() -> None:
    assert "--require-hashes -r requirements-extras.lock" in read(DEPLOY / "Containerfile")
    plain, extras, everything = (pins(f"requirements{name}.lock") for name in ("", "-extras", "-dev"))
    assert plain.items() <= extras.items() <= everything.items()
    assert extras.keys() >= {"aioclamd", "obstore", "psycopg"}
    assert "://" not in read(ROOT / "requirements-extras.lock")


def test_the_builder_gets_what_the_image_copies_and_nothing_private() -> None:
    lines = read(DEPLOY / "Containerfile.dockerignore").splitlines()
    given = {line[1:] for line in lines if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", read(DEPLOY / "Containerfile"), re.MULTILINE)
    assert "*" in lines
    assert given == {path for line in copied for path in line.split()}


def test_the_composed_service_is_configured_with_keys_that_exist() -> None:
    service = yaml.safe_load(read(DEPLOY / "compose.yml"))["services"]["mailbot"]
    settings = {key: value for key, value in service["environment"].items() if key.startswith("MAILBOT_")}
    config = load_config(None, settings)
    assert (config.domain, config.log.format) == ("mail.example.com", "json")


def test_six_alerts_use_metrics_that_are_documented_and_stand_in_the_docs() -> None:
    assert len(RULES) == 6
    for rule in RULES:
        assert set(re.findall(r"mailbot_\w+", rule["expr"])) <= METRICS
        assert f"| `{rule['alert']}` |" in OPERATORS


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_names_one_command_that_exists(rule: dict[str, Any]) -> None:
    program, command, *_ = rule["annotations"]["run"].split()
    assert program == "mailbot"
    assert command in cli.list_commands(Context(cli))
