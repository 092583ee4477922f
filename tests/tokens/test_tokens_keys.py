"""Keys: what is refused, what rotation may do, and a file that only its owner reads."""

import stat
from pathlib import Path

import pytest

from mailbot.keys import KeyFileError, Keyring, SigningKey, load_keyring, new_keyring, render_keyring, save_keyring

SECRET = bytes(range(100, 132))
OTHER = bytes(range(200, 232))


@pytest.mark.parametrize(
    ("secret", "complaint"),
    [
        (SECRET[:31], "31 bytes"),
        (b"\x00" * 32, "sample or a pattern"),
        (b"abcabcabcabcabcabcabcabcabcabcabc", "sample or a pattern"),
        (b"this-is-the-SAMPLE-key-of-the-docs", "sample or a pattern"),
    ],
)
def test_short_and_sample_keys_are_refused(secret: bytes, complaint: str) -> None:
    with pytest.raises(KeyFileError, match=complaint):
        SigningKey(1, secret, "signing")


def test_a_keyring_has_exactly_one_signing_key_and_no_doubles() -> None:
    one = SigningKey(1, SECRET, "signing")
    for keys in ((), (SigningKey(1, SECRET),), (one, SigningKey(2, OTHER, "signing"))):
        with pytest.raises(KeyFileError, match="exactly one"):
            Keyring(keys)
    with pytest.raises(KeyFileError, match="same number"):
        Keyring((one, SigningKey(1, OTHER)))
    with pytest.raises(KeyFileError, match="same secret"):
        Keyring((one, SigningKey(2, SECRET)))


def test_unknown_numbers_and_states_are_refused() -> None:
    with pytest.raises(KeyFileError, match="between 0 and 255"):
        SigningKey(256, SECRET)
    with pytest.raises(KeyFileError, match="state must be"):
        SigningKey(1, SECRET, "asleep")  # type: ignore[arg-type]
    with pytest.raises(KeyFileError, match="no key 9"):
        new_keyring(SECRET).signing_with(9)


def test_the_signing_key_cannot_be_retired_and_a_retired_one_cannot_come_back() -> None:
    ring = new_keyring(SECRET).with_new_key(OTHER)
    with pytest.raises(KeyFileError, match="is signing"):
        ring.marked(1, "revoked")
    with pytest.raises(KeyFileError, match="cannot sign again"):
        ring.signing_with(2).marked(1, "retired").signing_with(1)


def test_a_saved_keyring_loads_again_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "var" / "keys.toml"
    ring = new_keyring(SECRET).with_new_key(OTHER).signing_with(2).marked(1, "retired")
    save_keyring(path, new_keyring(SECRET))
    save_keyring(path, ring)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_keyring(path) == ring
    assert [p.name for p in path.parent.iterdir()] == ["keys.toml"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_open_to_others_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys.toml"
    save_keyring(path, new_keyring(SECRET))
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_keyring(path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("key = 1", "nothing but"),
        ("", "nothing but"),
        ("[[key]]\nkid = 1", "kid, state and secret"),
        ('[[key]]\nkid = "1"\nstate = "signing"\nsecret = ""', "kid is a number"),
        ('[[key]]\nkid = true\nstate = "signing"\nsecret = ""', "kid is a number"),
        ('[[key]]\nkid = 1\nstate = "signing"\nsecret = "*"', "not base64"),
        ('[[key]]\nkid = 1\nstate = "signing"\nsecret = "AAAA"', "3 bytes"),
        ("[[key", "not a valid TOML"),
        (render_keyring(new_keyring(SECRET)) + "extra = 1", "and nothing else"),
    ],
)
def test_a_malformed_file_says_what_is_wrong_in_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=complaint) as caught:
        load_keyring(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"none\.toml: cannot be read"):
        load_keyring(tmp_path / "none.toml")


def test_nothing_shows_a_secret() -> None:
    ring = new_keyring(SECRET)
    assert repr(SECRET)[2:-1] not in repr(ring)
    assert ring.fingerprints() == {1: ring.signing.fingerprint}
    assert len(ring.signing.fingerprint) == 16
