"""Signing keys change under a running office: no node refuses what another one signed (security §3.3); and a weak
installation is named.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from cli_home import CONFIG, Home

from mailbot.keys import load_keyring
from mailbot.tokens import Tokens

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NEVER = date(2030, 1, 1)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    it = Home(tmp_path)
    it.with_people()
    return it


@pytest.mark.parametrize("step", ["prepare", "rotate"])
@pytest.mark.parametrize("reader", ["old", "new"])
@pytest.mark.parametrize("signer", ["old", "new"])
def test_a_rotation_in_two_steps_is_safe_on_every_node(home: Home, step: str, reader: str, signer: str) -> None:
    """Prepare everywhere, then sign: at each step both nodes read what either of them signs."""
    home.done("signing-key", "rotate")
    if step == "rotate":
        home.done("signing-key", "rotate", "--prepare")
    before = Tokens(load_keyring(home.config.keys_file))
    home.done("signing-key", "rotate", *(["--prepare"] if step == "prepare" else []))
    nodes = {"old": before, "new": Tokens(load_keyring(home.config.keys_file))}
    token = nodes[signer].address("r", 7, NEVER)
    read = nodes[reader].read(token)
    assert read is not None
    assert not read.expired(NOW.date())
    link = nodes[signer].dumps("sign-in", ["x"], NOW)
    assert nodes[reader].loads("sign-in", link, timedelta(hours=1), NOW) == ["x"]


@pytest.mark.parametrize(("option", "mark"), [((), "compromised"), (("--retire",), "retired")])
def test_an_address_of_a_key_that_was_given_up_is_still_known_as_ours(
    home: Home, option: tuple[str, ...], mark: Literal["compromised", "retired"]
) -> None:
    home.done("signing-key", "rotate")
    ring = load_keyring(home.config.keys_file)
    old = Tokens(ring).address("r", 7, NEVER)
    home.done("signing-key", "revoke", str(ring.signing.kid), *option)
    after = Tokens(load_keyring(home.config.keys_file))
    read = after.read(old)
    assert read is not None
    assert getattr(read, mark)
    assert read.expired(NOW.date())
    fresh = after.read(after.address("r", 8, NEVER))
    assert fresh is not None
    assert not fresh.expired(NOW.date())


def test_the_doctor_names_what_is_weak_in_the_open(tmp_path: Path) -> None:
    home = Home(tmp_path, CONFIG.replace("127.0.0.1:0", "0.0.0.0:0", 1) + "[webhooks]\nallow_private = true\n")
    found = home.run("doctor").output
    assert "takes mail without TLS" in found
    assert "trust is none, and the mail port is open to others" in found
    assert "webhooks may reach into your own network" in found
    assert "is not https" in found


def test_the_doctor_names_a_short_key(home: Home) -> None:
    home.config.keys_file.write_text('[[key]]\nkid = 1\nstate = "signing"\nsecret = "c2hvcnQ="\n')
    home.config.keys_file.chmod(0o600)
    result = home.run("doctor")
    assert result.exit_code == 1
    assert "keys" in result.output
