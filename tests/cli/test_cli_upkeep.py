"""Setting up, looking after, backing up: init, migrate, pauses, preview, simulate, doctor, verify, backup, restore."""

import socket
from contextlib import closing
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]
from cli_home import CLAIM, CONFIG, Home
from click.testing import CliRunner

from mailbot.cli import cli

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def words(home: Home) -> Path:
    file = home.folder / "words"
    file.write_text("correct horse battery\n")
    return file


def test_init_makes_everything_once_and_keeps_it_afterwards(tmp_path: Path) -> None:
    file = tmp_path / "new/mailbot.toml"
    first = CliRunner().invoke(cli, ["init", "--config", str(file)])
    assert first.exit_code == 0, first.output
    keys = tmp_path / "new/var/keys.toml"
    assert keys.stat().st_mode & 0o777 == 0o600
    before = keys.read_bytes(), file.read_bytes()
    assert "sender.trust is verify" in first.stdout
    second = CliRunner().invoke(cli, ["init", "--config", str(file)])
    assert "is kept" in second.stdout
    assert (keys.read_bytes(), file.read_bytes()) == before


def test_migrate_makes_a_database_and_can_be_repeated(home: Home) -> None:
    assert "has schema" in home.done("migrate")
    assert home.done("migrate") == home.done("migrate")


def test_a_pause_is_kept_until_it_is_resumed(home: Home) -> None:
    home.done("migrate")
    for what in ("sending", "timers"):
        home.done("pause", what)
        assert f"mailbot resume {what}" in home.done("doctor")
        home.done("resume", what)
        assert f"mailbot resume {what}" not in home.done("doctor")


def test_the_command_of_every_alert_runs(home: Home) -> None:
    home.done("init")
    rules = yaml.safe_load((ROOT / "deploy/alerts.yml").read_text())["groups"][0]["rules"]
    for rule in rules:
        for what in ("sending", "timers"):
            words = rule["annotations"]["run"].replace("{{ $labels.what }}", what).split()
            home.done(*words[1:])


def test_preview_writes_every_mail_under_its_code(home: Home) -> None:
    out = home.folder / "mails"
    assert "files in" in home.done("preview", "--lang", "en", "--out", out)
    names = {path.name for path in out.iterdir()}
    assert {"index.html", "consent_prompt-customer.en.html", "consent_prompt-customer.en.txt"} <= names
    assert not any(name.endswith(".cs.txt") for name in names)
    assert home.run("preview", "--lang", "tlh", "--out", out).exit_code == 2


def test_a_simulation_counts_outcomes_and_breaks_no_rule(home: Home) -> None:
    report = home.json("simulate", "--claims", 40, "--seed", 7)
    assert (report["claims"], report["seed"], report["broken"]) == (40, 7, {})
    assert home.json("simulate", "--claims", 40, "--seed", 7)["outcomes"] == report["outcomes"]
    assert "40 claims" in home.done("simulate", "--claims", 40)


def test_the_doctor_finds_a_new_installation_fit_and_says_what_to_know(home: Home) -> None:
    home.done("init")
    findings = home.json("doctor")
    assert {f["area"] for f in findings} >= {
        "sender",
        "domain",
        "keys",
        "database",
        "python",
        "sqlite",
        "clock",
        "disk",
    }
    assert not [f for f in findings if f["level"] == "error"]
    assert all(f["do"] for f in findings if f["level"] != "ok")
    assert "→ " in home.done("doctor")


def test_the_doctor_names_a_dead_relay_a_taken_port_and_open_keys(home: Home) -> None:
    home.done("init")
    (home.folder / "var/keys.toml").chmod(0o640)
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        text = CONFIG.replace('["127.0.0.1:0"]', f'["127.0.0.1:{port}"]')
        home.file.write_text(text + '[delivery]\nurl = "smtp://127.0.0.1:1?tls=none"\n')
        result = home.run("doctor", "--json")
    assert result.exit_code == 1
    for area in ("delivery", "ports", "keys"):
        assert f'"area": "{area}"' in result.stdout
    assert result.stdout.count('"level": "error"') == 3


def test_the_doctor_looks_before_anything_was_made(home: Home) -> None:
    assert "run mailbot init" in home.done("doctor")
    assert not home.database.exists()


def test_the_doctor_names_foreign_keys_held_mail_and_a_damaged_database(claimed: Home) -> None:
    claimed.with_held_mail()
    assert "mailbot inbox list --disposition held" in claimed.done("doctor")
    claimed.sql("""UPDATE settings SET value = '{"1": "0000000000000000"}' WHERE key = 'key_fingerprints'""")
    assert "bring back its own key file" in claimed.run("doctor").stdout
    claimed.database.write_bytes(b"x" * 5000)
    assert "is not a SQLite database" in claimed.run("doctor").stdout


def test_verify_finds_nothing_where_nothing_was_changed(claimed: Home) -> None:
    assert claimed.done("verify") == "everything is as it was written\n"


def test_verify_names_what_was_changed_behind_our_back(claimed: Home) -> None:
    claimed.sql("UPDATE history SET public = replace(public, 'draft', 'drift') WHERE seq = 3")
    claimed.sql("UPDATE claims SET status = 'approved'")
    claimed.sql("DELETE FROM timers")
    claimed.sql("DELETE FROM blobs")
    result = claimed.run("verify", "--json")
    assert result.exit_code == 1
    for area in ("history", "claims", "timers", "database"):
        assert f'"area": "{area}"' in result.stdout


def test_a_backup_comes_back_whole_and_paused(claimed: Home, words: Path) -> None:
    big = b"%PDF-1.4\n" + b"x" * 100_000
    (claimed.config.blobs.url.path / "ab").mkdir(parents=True)
    name = _sha256(big)
    (claimed.config.blobs.url.path / name[:2]).mkdir(exist_ok=True)
    (claimed.config.blobs.url.path / name[:2] / name).write_bytes(big)
    claimed.sql("INSERT INTO blobs (sha256, size, created_at) VALUES (?, ?, 0)", name, len(big))
    saved = claimed.folder / "saved.tar"
    assert "1 large files" in claimed.done("backup", saved, "--passphrase-file", words)
    assert saved.stat().st_mode & 0o777 == 0o600
    there = Home(_made(claimed.folder / "there"))
    told = there.done("restore", saved, "--passphrase-file", words)
    assert "paused" in told
    assert there.json("claim", "list") == claimed.json("claim", "list")
    assert there.done("verify") == "everything is as it was written\n"
    assert (there.folder / "var/keys.toml").read_bytes() == (claimed.folder / "var/keys.toml").read_bytes()
    assert (there.config.blobs.url.path / name[:2] / name).read_bytes() == big
    assert there.done("doctor").count("mailbot resume") == 2
    assert there.sql("SELECT value FROM settings WHERE key = 'restored'") == [("true",)]


def test_a_restore_refuses_to_replace_and_moves_aside_when_told(claimed: Home, words: Path) -> None:
    saved = claimed.folder / "saved.tar"
    claimed.done("backup", saved, "--passphrase-file", words)
    assert "--replace moves it aside" in claimed.refused("restore", saved, "--passphrase-file", words)
    claimed.done("restore", saved, "--replace", "--passphrase-file", words)
    assert (claimed.folder / "var/mailbot.db.before-restore-1").is_file()
    assert (claimed.folder / "var/keys.toml.before-restore-1").is_file()
    assert CLAIM in claimed.done("claim", "list")


def test_a_backup_needs_its_passphrase(claimed: Home, words: Path) -> None:
    saved = claimed.folder / "saved.tar"
    assert "--passphrase-file" in claimed.refused("backup", saved)
    words.write_text("short\n")
    assert "at least 8" in claimed.refused("backup", saved, "--passphrase-file", words)
    words.write_text("correct horse battery\n")
    claimed.done("backup", saved, "--passphrase-file", words)
    assert "is there already" in claimed.refused("backup", saved, "--passphrase-file", words)
    words.write_text("another horse\n")
    refused = claimed.refused("restore", saved, "--replace", "--passphrase-file", words)
    assert refused == "the keys do not open with this passphrase"
    assert CLAIM in claimed.done("claim", "list")


def test_a_damaged_backup_changes_nothing(claimed: Home, words: Path) -> None:
    saved = claimed.folder / "saved.tar"
    claimed.done("backup", saved, "--passphrase-file", words)
    content = bytearray(saved.read_bytes())
    content[content.index(b"SQLite format 3") + 9000] ^= 1
    saved.write_bytes(content)
    assert "damaged" in claimed.refused("restore", saved, "--replace", "--passphrase-file", words)
    saved.write_bytes(b"no tar at all" * 100)
    assert "not a backup" in claimed.refused("restore", saved, "--replace", "--passphrase-file", words)
    assert CLAIM in claimed.done("claim", "list")


def _sha256(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
