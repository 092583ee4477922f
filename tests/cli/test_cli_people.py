"""People, API keys and signing keys, and a way in when mail is down."""

import re

import pytest
from cli_home import Home

from mailbot.keys import load_keyring


def test_people_are_imported_updated_and_listed(home: Home) -> None:
    assert home.with_people().done("people", "import", home.folder / "people.toml").startswith("1 organisations and 2")
    people = {person["email"]: person for person in home.json("people", "list")}
    assert people["petr@fabrikam.example"]["roles"] == ["incentives_admin"]
    assert people["rita@office.example"]["organisation_id"] is None
    assert "claims office" in home.done("people", "list")


def test_a_removed_person_is_unknown_until_imported_again(home: Home) -> None:
    home.with_people().done("people", "remove", "Rita@office.example")
    assert "rita@" not in home.done("people", "list")
    assert home.refused("people", "remove", "rita@office.example") == "nobody is known as rita@office.example"
    assert "rita@" in home.with_people().done("people", "list")


_DEFECTS = {
    'reviewers = "Rita"': "unknown key reviewers",
    '[[reviewer]]\nname = "R"\nemail = "r@office.example"\nroles = "reviewer"': "roles is a list of texts",
    '[[reviewer]]\nname = "R"\nemail = "r@office.example"\nroles = [1]': "roles is a list of texts",
    '[[reviewer]]\nname = "R"\nemail = "r@office.example"\nroles = ["king"]': "roles are office_admin, reviewer",
    '[[reviewer]]\nname = "R"\nroles = ["reviewer"]': "email missing",
    '[[reviewer]]\nname = "R"\nemail = "nowhere"\nroles = ["reviewer"]': "'nowhere' is not a mail address",
    '[[reviewer]]\nname = "R"\nemail = "r@office.example"\nroles = ["reviewer"]\nlanguage = "de"': "language is one of",
    '[[organisation]]\nname = "F"\ncountry = "Czechia"': "is not a country code",
    '[[organisation]]\nname = "F"\ntime_zone = "Prague"': "is not a time zone",
    '[[organisation]]\nname = "F"\nlocation = ["1"]': "write it as [[…]]",
    "[organisation": "not a TOML file",
}


@pytest.mark.parametrize(("text", "told"), _DEFECTS.items())
def test_a_people_file_with_a_defect_changes_nothing_and_says_where(home: Home, text: str, told: str) -> None:
    home.with_people()
    file = home.folder / "more.toml"
    file.write_text(text, encoding="utf-8")
    assert told in home.refused("people", "import", file)
    assert len(home.json("people", "list")) == 2


def test_a_language_is_understood_with_either_stroke(home: Home) -> None:
    file = home.folder / "people.toml"
    file.write_text(file.read_text().replace('language = "cs"', 'language = "zh_TW"'))
    home.with_people()
    assert {person["language"] for person in home.json("people", "list")} == {"zh-TW", ""}


def test_a_sign_in_link_is_for_known_people_only(home: Home) -> None:
    home.with_people()
    link = home.done("people", "link", "rita@office.example").strip()
    assert re.fullmatch(r"http://mail\.test/login/[\w.-]+", link)
    assert home.refused("people", "link", "who@knows.example") == "nobody is known as who@knows.example"


def test_a_new_key_stands_alone_on_standard_output_and_is_kept_nowhere(home: Home) -> None:
    secret = home.with_people().done(
        "key", "create", "--role", "partner", "--organisation", "Fabrikam", "--label", "ERP"
    )
    assert re.fullmatch(r"mbk_[\w-]{43}\n", secret)
    [key] = home.json("key", "list")
    assert (key["role"], key["organisation"], key["label"], key["revoked_at"]) == ("partner", "Fabrikam", "ERP", None)
    assert secret.strip().encode() not in home.database.read_bytes()


def test_a_key_ends_when_it_was_told_to_or_is_revoked(home: Home) -> None:
    home.done("key", "create", "--role", "admin", "--days", 3)
    [key] = home.json("key", "list")
    assert key["expires"] > key["created_at"]
    assert home.done("key", "revoke", key["id"]) == f"key {key['id']} is revoked\n"
    assert home.refused("key", "revoke", key["id"]) == f"there is no live key {key['id']}"
    assert home.json("key", "list")[0]["revoked_at"]


def test_a_partner_key_needs_an_organisation_that_exists(home: Home) -> None:
    home.with_people()
    assert home.run("key", "create", "--role", "partner").exit_code == 2
    assert home.run("key", "create", "--role", "admin", "--organisation", "Fabrikam").exit_code == 2
    refused = home.refused("key", "create", "--role", "partner", "--organisation", "Contoso")
    assert refused == "there is no organisation Contoso; known are: Fabrikam"


def test_signing_keys_rotate_and_the_old_one_goes_on_checking(home: Home) -> None:
    home.done("init")
    assert "key 2 signs now" in home.done("signing-key", "rotate")
    assert [(k["kid"], k["state"]) for k in home.json("signing-key", "list")] == [(1, "active"), (2, "signing")]
    assert "signing" in home.done("signing-key", "list")
    assert (home.folder / "var/keys.toml").stat().st_mode & 0o777 == 0o600
    home.with_people().done("people", "link", "rita@office.example")


def test_a_prepared_key_signs_after_the_next_rotation(home: Home) -> None:
    home.done("init")
    assert "key 2 is ready now" in home.done("signing-key", "rotate", "--prepare")
    assert load_keyring(home.config.keys_file).signing.kid == 1
    home.done("signing-key", "rotate")
    assert load_keyring(home.config.keys_file).signing.kid == 2


def test_a_signing_key_in_strange_hands_is_replaced_and_revoked(home: Home) -> None:
    home.done("init")
    assert "key 1 is revoked, key 2 signs" in home.done("signing-key", "revoke", 1)
    assert "key 2 is retired, key 3 signs" in home.done("signing-key", "revoke", 2, "--retire")
    assert home.refused("signing-key", "revoke", 9) == "there is no key 9"


def test_secrets_of_signing_keys_are_never_printed(home: Home) -> None:
    home.done("init")
    secret = re.search(r'secret = "(.+)"', (home.folder / "var/keys.toml").read_text())
    assert secret
    for words in (("list",), ("list", "--json"), ("rotate",)):
        assert secret[1] not in home.run("signing-key", *words).output


def test_only_a_reviewer_is_noted_as_away_and_as_back(home: Home) -> None:
    home.with_people()
    noted = home.done("people", "away", "Rita@office.example", "--until", "2026-07-31")
    assert noted.strip() == "rita@office.example is away until the end of 2026-07-31"
    assert home.done("people", "back", "rita@office.example").strip() == "rita@office.example is there"
    told = home.refused("people", "away", "petr@fabrikam.example", "--until", "2026-07-31")
    assert told == "nobody of the office is known as petr@fabrikam.example"
