"""The configuration: defaults, file, environment, and one folder per bad file with the lines it must produce."""

import tomllib
from dataclasses import asdict
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError

from mailbot.claims.places import Place
from mailbot.config import ConfigError, find_config, load_config, sample_toml
from mailbot.endpoints import BlobFolder, HostPort, Maildir, Relay, SqliteFile
from mailbot.limits import LIMIT_NAMES, Limits

BAD = sorted((Path(__file__).parent / "bad").iterdir())


def written(folder: Path, text: str) -> Path:
    path = folder / "mailbot.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("folder", BAD, ids=lambda folder: folder.name)
def test_a_bad_file_is_refused_with_one_line_per_defect(folder):
    with pytest.raises(ConfigError) as refusal:
        load_config(folder / "mailbot.toml", {})
    lines = [line.replace(f"{folder}/", "") for line in refusal.value.defects]
    assert lines == (folder / "expected").read_text(encoding="utf-8").splitlines()
    assert str(refusal.value) == "\n".join(refusal.value.defects)


def test_without_a_file_the_defaults_of_the_contract_hold():
    here = Path.cwd()
    config = load_config(None, {})
    assert (config.domain, config.public_url) == ("mail.example.com", "https://mail.example.com")
    assert (config.office_name, config.office_place) == ("Claims office", Place("US", "UTC"))
    assert config.keys_file == here / "var/keys.toml"
    assert config.policy.name == "2021"
    assert config.lab is False
    assert config.database.url == SqliteFile(here / "var/mailbot.db")
    assert config.blobs.url == BlobFolder(here / "var/blobs")
    assert config.smtp.listen == (HostPort("127.0.0.1", 8025),)
    assert (config.smtp.tls_cert, config.smtp.tls_key) == (None, None)
    assert config.smtp.max_message_bytes == 36 * 1024 * 1024
    assert config.http.listen == HostPort("127.0.0.1", 8080)
    assert config.http.trusted_proxies == ()
    assert config.delivery.url == Maildir(here / "var/sent")
    assert config.delivery.password_file is None
    assert config.sender.upstream == (ip_network("127.0.0.1"),)
    assert config.clamav.url is None
    assert config.webhooks.allow_private is False
    assert config.log.format == "console"
    assert config.limits == Limits()


def test_senders_are_verified_unless_somebody_says_otherwise():
    assert load_config(None, {}).sender.trust == "verify"


def test_the_sample_says_all_defaults_and_is_a_valid_file(tmp_path):
    path = written(tmp_path, sample_toml())
    assert load_config(path, {}) == load_config(written(tmp_path, ""), {})
    for name, value in asdict(Limits()).items():
        assert f"# {name} = {value}\n" in sample_toml()


def test_the_sample_can_be_uncommented(tmp_path):
    text = sample_toml()
    for name in LIMIT_NAMES:
        text = text.replace(f"# {name} = ", f"{name} = ")
    assert tomllib.loads(text)["limits"] == asdict(Limits())
    assert load_config(written(tmp_path, text), {}).limits == Limits()


def test_relative_paths_start_from_the_folder_of_the_file(tmp_path):
    (tmp_path / "rules.toml").write_text('extends = "2023"\nname = "quick"\n[clocks]\nundo = "20 seconds"\n')
    config = load_config(
        written(
            tmp_path,
            """
            keys_file = "k.toml"
            policy = "rules.toml"
            [database]
            url = "sqlite:////srv/mailbot.db"
            [blobs]
            url = "file:/srv/blobs"
            [smtp]
            tls_cert = "cert.pem"
            tls_key = "/etc/key.pem"
            [delivery]
            url = "smtp://office%40fabrikam.example@relay.fabrikam.example"
            password_file = "secret"
            """,
        ),
        {},
    )
    assert config.keys_file == tmp_path / "k.toml"
    assert config.policy.name == "quick"
    assert config.database.url.path == Path("/srv/mailbot.db")
    assert config.blobs.url.path == Path("/srv/blobs")
    assert (config.smtp.tls_cert, config.smtp.tls_key) == (tmp_path / "cert.pem", Path("/etc/key.pem"))
    assert config.delivery.url == Relay("relay.fabrikam.example", 587, "office@fabrikam.example", tls=True)
    assert config.delivery.password_file == tmp_path / "secret"


def test_the_environment_wins_over_the_file(tmp_path):
    path = written(tmp_path, 'domain = "one.fabrikam.example"\n[smtp]\nmax_message_mib = 1\nlisten = ["[::1]:25"]\n')
    env = {
        "MAILBOT_DOMAIN": "two.fabrikam.example",
        "MAILBOT_LAB": "true",
        "MAILBOT_SMTP__LISTEN": '["127.0.0.1:0", "[::1]:0"]',
        "MAILBOT_HTTP__LISTEN": "[::1]:8080",
        "MAILBOT_SENDER__TRUST": "authserv-id:mx.fabrikam.example",
        "MAILBOT_SENDER__UPSTREAM": "[]",
        "MAILBOT_LIMITS__ERRORS": "7",
        "PATH": "/bin",
        "MAILBOT_TEST_PG_URL": "postgresql://db.fabrikam.example/test",
    }
    config = load_config(path, env)
    assert config.domain == "two.fabrikam.example"
    assert config.lab is True
    assert config.smtp.listen == (HostPort("127.0.0.1", 0), HostPort("::1", 0))
    assert str(config.smtp.listen[1]) == "[::1]:0"
    assert config.smtp.max_message_mib == 1
    assert config.http.listen == HostPort("::1", 8080)
    assert config.sender.trust == "authserv-id:mx.fabrikam.example"
    assert config.sender.upstream == ()
    assert config.limits.errors == 7


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("MAILBOT_DOMAIM", "x", "MAILBOT_DOMAIM: unknown key; did you mean domain?"),
        ("MAILBOT_LOG__COLOUR__RED", "1", "MAILBOT_LOG__COLOUR__RED: unknown key; known are format"),
        ("MAILBOT_LOG", "json", 'MAILBOT_LOG: read "json"; allowed is a table'),
        ("MAILBOT_LAB", "perhaps", 'MAILBOT_LAB: read "perhaps"; allowed is true or false'),
        ("MAILBOT_LIMITS__ERRORS", "0", "MAILBOT_LIMITS__ERRORS: read 0, allowed is a number above 0"),
        (
            "MAILBOT_SMTP__LISTEN",
            '["127.0.0.1:25"',
            'MAILBOT_SMTP__LISTEN: read "[\\"127.0.0.1:25\\""; allowed is a list like ["…"], also in the environment',
        ),
    ],
)
def test_a_bad_variable_is_named_as_it_was_written(name, value, line):
    with pytest.raises(ConfigError) as refusal:
        load_config(None, {name: value})
    assert refusal.value.defects == (line,)


def test_a_section_cross_check_names_the_variable_that_is_missing_nowhere():
    with pytest.raises(ConfigError, match=r"^smtp\.tls_key: missing"):
        load_config(None, {"MAILBOT_SMTP__TLS_CERT": "cert.pem"})


def test_a_long_value_is_shortened_and_a_password_is_never_repeated():
    with pytest.raises(ConfigError) as refusal:
        load_config(None, {"MAILBOT_DOMAIN": "x" * 5000, "MAILBOT_DATABASE__URL": "sqlite://user:hunter2@host/db"})
    assert all(len(line) < 300 for line in refusal.value.defects)
    assert "hunter2" not in str(refusal.value)


def test_a_file_that_is_not_there_or_not_text_is_one_clear_line(tmp_path):
    missing = tmp_path / "none.toml"
    with pytest.raises(ConfigError) as refusal:
        load_config(missing, {})
    assert refusal.value.defects == (f"{missing}: No such file or directory",)
    missing.write_bytes(b"domain = \xff")
    with pytest.raises(ConfigError, match="not a TOML file"):
        load_config(missing, {})


def test_a_byte_order_mark_is_no_defect(tmp_path):
    assert load_config(written(tmp_path, "\ufeff" + 'office_name = "Úřad"\n'), {}).office_name == "Úřad"


def test_a_command_finds_the_file_in_the_current_folder(tmp_path):
    assert find_config(tmp_path) is None
    path = written(tmp_path, "")
    assert find_config(tmp_path) == path


def test_nothing_in_the_configuration_can_be_changed():
    config = load_config(None, {})
    with pytest.raises(ValidationError):
        config.lab = True
    with pytest.raises(AttributeError):
        config.limits.errors = 1
