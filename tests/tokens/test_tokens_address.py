"""Addresses: 33 characters, one spelling, many wrappings, and nothing that a stranger can make."""

import pickle
import random
import statistics
import string
import time
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.keys import Keyring, SigningKey
from mailbot.tokens import MAX_HANDLE, Address, Purpose, Tokens, redact

OLD = bytes(range(100, 132))
NEW = bytes(range(200, 232))
EXPIRES = date(2026, 3, 31)
TOKENS = Tokens(Keyring((SigningKey(1, OLD, "signing"),)))
TOKEN = TOKENS.address("r", 123456, EXPIRES)

purposes = st.sampled_from(["r", "b", "c", "p", "u"])
handles = st.integers(0, MAX_HANDLE)
days = st.dates(date(1970, 1, 1), date(2149, 6, 5))


@given(purposes, handles, days)
def test_an_address_reads_back_as_what_was_written(purpose: Purpose, handle: int, expires: date) -> None:
    text = TOKENS.address(purpose, handle, expires)
    assert len(text) == 33
    assert text.isalnum()
    assert text == text.lower()
    address = TOKENS.read(text)
    assert address is not None
    assert (address.purpose, address.handle, address.kid) == (purpose, handle, 1)
    assert not address.expired(expires)


def test_the_wire_format_never_changes() -> None:
    """Mail with this address may be answered years later: a failure here means all of them are lost."""
    assert TOKEN == "raeaqaaaaahreaub7zy6w7qjwj57culps"


@given(st.integers(0, 32), st.sampled_from(string.printable + "äK"))
def test_no_single_change_is_accepted(position: int, character: str) -> None:
    mutated = TOKEN[:position] + character + TOKEN[position + 1 :]
    if mutated.lower() != TOKEN or not mutated.isascii():
        assert TOKENS.read(mutated) is None


def test_every_single_character_change_is_refused_exhaustively() -> None:
    alphabet = string.ascii_lowercase + string.digits
    changed = {TOKEN[:i] + c + TOKEN[i + 1 :] for i in range(33) for c in alphabet} - {TOKEN}
    assert len(changed) == 33 * 35
    assert [text for text in changed if TOKENS.read(text)] == []


@given(st.data())
def test_no_mutation_of_several_characters_is_accepted(data: st.DataObject) -> None:
    characters = list(TOKEN)
    for _ in range(data.draw(st.integers(1, 8))):
        characters[data.draw(st.integers(0, 32))] = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
    mutated = "".join(characters)
    assert (TOKENS.read(mutated) is None) == (mutated != TOKEN)


@given(st.text(max_size=80))
def test_arbitrary_text_reads_as_nothing_and_never_raises(text: str) -> None:
    assert TOKENS.read(text) is None


@given(st.lists(st.booleans(), min_size=33, max_size=33))
def test_every_case_variant_is_accepted(uppers: list[bool]) -> None:
    variant = "".join(c.upper() if up else c for c, up in zip(TOKEN, uppers, strict=True))
    assert TOKENS.read(variant) == TOKENS.read(TOKEN)


def test_letters_that_fold_into_ascii_are_refused_before_folding() -> None:
    rng = random.Random(1)
    with_k = next(t for t in (TOKENS.address("c", rng.getrandbits(48), EXPIRES) for _ in range(200)) if "k" in t)
    assert "\N{KELVIN SIGN}".lower() == "k"
    assert TOKENS.read(with_k.replace("k", "\N{KELVIN SIGN}", 1)) is None
    assert TOKENS.read(with_k + "@ma\N{LATIN SMALL LETTER DOTLESS I}l.example") is None


@pytest.mark.parametrize(
    "wrapping",
    [
        "{}",
        "{}@mail.example",
        "anything+{}",
        "{}+anything",
        "more.than+one+{}@mail.example",
        "{}+more+than.one@mail.example",
        "SRS0=AbCd=XY=sender.example={}@forwarder.test",
        "srs0+abcd=xy=sender.example={}",
        "SRS0-abcd=xy=sender.example={}",
        "SRS1=AbCd=first.test==EfGh=XY=sender.example={}",
        "prvs=0123abcdef={}",
        "PRVS=0123ABCDEF={}@mail.example",
        "btv1==0123abcdef=={}",
        "SRS0=AbCd=XY=sender.example=prvs=0123abcdef={}",
        "prvs=0123abcdef=anything+{}",
    ],
)
def test_wrapped_addresses_are_recognised(wrapping: str) -> None:
    assert TOKENS.read(wrapping.format(TOKEN)) == TOKENS.read(TOKEN)
    assert TOKENS.read(wrapping.format(TOKEN.upper())) == TOKENS.read(TOKEN)


@pytest.mark.parametrize(
    "wrapping",
    [
        "{}.",
        ".{}",
        " {}",
        "{}\n",
        "{}=",
        "x={}",
        '"{}"',
        "{}-x",
        "a+{}+b",
        "<{}>",
        "SRS2=A=B=c={}",
        "prvs={}",
        "{}\x00",
    ],
)
def test_other_decorations_are_not(wrapping: str) -> None:
    assert TOKENS.read(wrapping.format(TOKEN)) is None


def test_a_batv_srs0_and_plus_wrapping_fit_a_local_part() -> None:
    assert len(f"prvs=0123abcdef={TOKEN}") == 49
    assert len(f"SRS0=AbCd=XY=reply.example.com={TOKEN}") == 64


def test_expiry_counts_days_with_one_day_of_grace() -> None:
    address = _read(TOKENS, TOKEN)
    assert not address.expired(EXPIRES + timedelta(days=1))
    assert address.expired(EXPIRES + timedelta(days=2))


def test_an_address_without_expiry_never_expires() -> None:
    assert not _read(TOKENS, TOKENS.address("u", 1, None)).expired(date(2500, 1, 1))


def test_what_does_not_fit_is_a_value_error() -> None:
    for handle, expires in ((-1, EXPIRES), (MAX_HANDLE + 1, EXPIRES), (1, date(1969, 12, 31)), (1, date(2200, 1, 1))):
        with pytest.raises(ValueError, match="no address can carry"):
            TOKENS.address("r", handle, expires)
    with pytest.raises(ValueError, match="no address can carry"):
        TOKENS.address("x", 1, EXPIRES)  # type: ignore[arg-type]


def test_the_purpose_stands_under_the_mac() -> None:
    for purpose in "bcpu":
        assert TOKENS.read(purpose + TOKEN[1:]) is None


def test_other_keys_accept_nothing_of_ours() -> None:
    assert Tokens(Keyring((SigningKey(1, NEW, "signing"),))).read(TOKEN) is None
    assert Tokens(Keyring((SigningKey(2, OLD, "signing"),))).read(TOKEN) is None


def test_rotation_is_safe_at_every_step_and_on_every_node() -> None:
    """Old and new nodes × old and new tokens: the new key is known everywhere before it signs."""
    before = Keyring((SigningKey(1, OLD, "signing"),))
    known = before.with_new_key(NEW)
    signing = known.signing_with(2)
    old_text, new_text = Tokens(before).address("r", 7, EXPIRES), Tokens(signing).address("r", 7, EXPIRES)
    assert Tokens(known).address("r", 7, EXPIRES) == old_text
    for ring in (known, signing):
        assert _read(Tokens(ring), old_text).kid == 1
        assert _read(Tokens(ring), new_text).kid == 2
    assert Tokens(before).read(new_text) is None


def test_a_retired_key_makes_addresses_expired_and_a_revoked_one_compromised() -> None:
    rotated = Keyring((SigningKey(1, OLD, "signing"),)).with_new_key(NEW).signing_with(2)
    retired = _read(Tokens(rotated.marked(1, "retired")), TOKEN)
    assert (retired.retired, retired.compromised, retired.expired(date(2020, 1, 1))) == (True, False, True)
    revoked = _read(Tokens(rotated.marked(1, "revoked")), TOKEN)
    assert (revoked.retired, revoked.compromised, revoked.expired(date(2020, 1, 1))) == (False, True, True)


def test_the_display_form_names_purpose_handle_and_four_characters_only() -> None:
    assert str(_read(TOKENS, TOKEN)) == f"r123456~{TOKEN[-4:]}"
    line = f"rcpt <x+{TOKEN.upper()}@mail.example> https://mail.example/c/{TOKEN}"
    shown = f"r123456~{TOKEN[-4:]}"
    assert redact(line) == f"rcpt <x+{shown}@mail.example> https://mail.example/c/{shown}"
    assert redact("nothing to hide") == "nothing to hide"


def _read(tokens: Tokens, text: str) -> Address:
    address = tokens.read(text)
    assert address is not None
    return address


def test_ten_thousand_guesses_cost_the_same_work_whatever_is_wrong_with_them() -> None:
    rng = random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    forged = [TOKEN[:17] + "".join(rng.choices(letters, k=16)) for _ in range(5000)]
    nobody = ["".join(rng.choices(letters, k=rng.randrange(1, 40))) for _ in range(5000)]
    assert [TOKENS.read(guess) for guess in forged + nobody] == [None] * 10_000
    fast, slow = sorted((_median_seconds(forged), _median_seconds(nobody)))
    assert slow < 2 * fast


def _median_seconds(guesses: list[str]) -> float:
    seconds = []
    for guess in guesses:
        began = time.perf_counter()
        TOKENS.read(guess)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def test_tokens_travel_to_other_processes() -> None:
    assert pickle.loads(pickle.dumps(TOKENS)).read(TOKEN) == TOKENS.read(TOKEN)
