"""What is wrong with an installation is said in one clear line, with exit code 1 and without a traceback."""

from pathlib import Path

import pytest
from cli_home import CONFIG, Home
from click.testing import CliRunner

from mailbot.cli import cli
from mailbot.commands.failures import lines_of


def test_an_unknown_key_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path, 'domian = "mail.test"\n')
    assert home.refused("claim", "list") == "domian: unknown key; did you mean domain?"


def test_every_defect_has_its_line(tmp_path: Path) -> None:
    home = Home(tmp_path, "lab = 3\ndomian = 4\n")
    result = home.run("claim", "list")
    assert result.exit_code == 1
    assert [line.partition(":")[2].split(":")[0].strip() for line in result.stderr.splitlines()] == ["lab", "domian"]


def test_a_bad_duration_in_a_policy_is_named(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text('extends = "2021"\nname = "x"\n[clocks]\nreview = "soon"\n')
    line = Home(tmp_path, 'policy = "policy.toml"\n').refused("simulate")
    assert "review" in line
    assert "soon" in line


def test_a_configuration_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["claim", "list", "--config", str(tmp_path / "no.toml")])
    assert result.exit_code == 1
    assert result.stderr == f"mailbot: {tmp_path}/no.toml: No such file or directory\n"


def test_the_configuration_can_be_named_before_the_command(home: Home) -> None:
    home.with_people()
    result = CliRunner().invoke(cli, ["--config", str(home.file), "people", "list"])
    assert result.exit_code == 0
    assert "rita@office.example" in result.stdout


def test_without_a_database_the_way_to_one_is_told(home: Home) -> None:
    assert home.refused("claim", "list") == f"{home.database}: there is no database; run 'mailbot migrate'"


def test_a_folder_that_is_a_file_is_named(home: Home) -> None:
    (home.folder / "var").write_text("in the way")
    assert str(home.folder / "var") in home.refused("migrate")
    assert str(home.folder / "var") in home.refused("serve")


def test_a_file_that_is_no_database_is_refused_and_kept(home: Home) -> None:
    home.database.parent.mkdir()
    home.database.write_bytes(b"my diary, do not touch" * 100)
    assert home.refused("claim", "list").startswith(f"{home.database}: is not a SQLite database; ")
    assert home.refused("serve").startswith(str(home.database))
    assert home.database.read_bytes().startswith(b"my diary")


def test_keys_that_others_may_read_are_refused(home: Home) -> None:
    home.done("init")
    (home.folder / "var/keys.toml").chmod(0o644)
    assert "run chmod 600" in home.refused("serve")


def test_a_key_that_is_too_short_is_refused(home: Home) -> None:
    home.done("init")
    keys = home.folder / "var/keys.toml"
    keys.write_text('[[key]]\nkid = 1\nstate = "signing"\nsecret = "c2hvcnQ="\n')
    assert "at least 32" in home.refused("serve")


def test_other_keys_than_the_databases_are_refused(home: Home) -> None:
    home.done("init")
    home.folder.joinpath("var/keys.toml").unlink()
    assert "keys.toml" in home.refused("serve")


def test_a_taken_port_is_named(home: Home) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        home.file.write_text(CONFIG.replace('listen = "127.0.0.1:0"', f'listen = "127.0.0.1:{port}"'))
        assert home.refused("serve") == f"127.0.0.1:{port}: Address already in use"


def test_a_defect_of_ours_keeps_its_traceback() -> None:
    assert lines_of(ZeroDivisionError("division by zero")) == []


@pytest.mark.parametrize("error", [OSError("plain words"), FileNotFoundError(2, "No such file", "/x")])
def test_an_error_of_the_system_is_one_line(error: OSError) -> None:
    assert len(lines_of(error)) == 1
