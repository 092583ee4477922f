"""Links: purpose, age, skew, rotation and one spelling."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.keys import Keyring, SigningKey
from mailbot.tokens import Tokens

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
RING = Keyring((SigningKey(1, bytes(range(100, 132)), "signing"),))
TOKENS = Tokens(RING)
PAYLOAD = {"id": 42, "person": "petr@fabrikam.example"}
TEXT = TOKENS.dumps("sign-in", PAYLOAD, NOW)


def test_a_link_carries_its_payload_until_its_age_is_over() -> None:
    assert TOKENS.loads("sign-in", TEXT, HOUR, NOW) == PAYLOAD
    assert TOKENS.loads("sign-in", TEXT, HOUR, NOW + HOUR) == PAYLOAD
    assert TOKENS.loads("sign-in", TEXT, HOUR, NOW + HOUR + timedelta(seconds=1)) is None


def test_a_link_for_one_purpose_is_void_for_another() -> None:
    assert TOKENS.loads("session", TEXT, HOUR, NOW) is None


def test_a_node_whose_clock_is_a_little_behind_accepts_a_fresh_link() -> None:
    assert TOKENS.loads("sign-in", TEXT, HOUR, NOW - timedelta(seconds=30)) == PAYLOAD
    assert TOKENS.loads("sign-in", TEXT, HOUR, NOW - timedelta(seconds=31)) is None


def test_only_the_canonical_spelling_is_read() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spellings = [TEXT[:-1] + c for c in alphabet] + [TEXT + "=", TEXT + "\n", " " + TEXT, TEXT + "é"]
    assert [s for s in spellings if TOKENS.loads("sign-in", s, HOUR, NOW)] == [TEXT]


@given(st.text(max_size=200))
def test_arbitrary_text_reads_as_nothing(text: str) -> None:
    assert TOKENS.loads("sign-in", text, HOUR, NOW) is None


@given(st.integers(0, len(TEXT) - 1), st.characters(max_codepoint=255))
def test_no_mutation_is_accepted(position: int, character: str) -> None:
    mutated = TEXT[:position] + character + TEXT[position + 1 :]
    assert (TOKENS.loads("sign-in", mutated, HOUR, NOW) is None) == (mutated != TEXT)


def test_links_survive_rotation_and_retirement_but_not_revocation() -> None:
    rotated = RING.with_new_key(bytes(range(200, 232))).signing_with(2)
    assert Tokens(rotated).loads("sign-in", TEXT, HOUR, NOW) == PAYLOAD
    assert Tokens(rotated.marked(1, "retired")).loads("sign-in", TEXT, HOUR, NOW) == PAYLOAD
    assert Tokens(rotated.marked(1, "revoked")).loads("sign-in", TEXT, HOUR, NOW) is None


def test_a_link_must_carry_something_and_stay_short() -> None:
    with pytest.raises(ValueError, match="carry something"):
        TOKENS.dumps("sign-in", None, NOW)
    assert TOKENS.loads("sign-in", "a" * 5000, HOUR, NOW) is None
