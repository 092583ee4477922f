"""One spelling per mail address, and nothing that only looks alike made equal (security item 9)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.addresses import canonical, domain_of, is_address


@pytest.mark.parametrize(
    ("written", "same_as"),
    [
        ("Petr@Fabrikam.Example", "petr@fabrikam.example"),
        (" petr@fabrikam.example. ", "petr@fabrikam.example"),
        ("petr@bücher.example", "petr@xn--bcher-kva.example"),
        ("petr@XN--BCHER-KVA.example", "petr@xn--bcher-kva.example"),
        ("Jiří@fabrikam.example", "Jiří@fabrikam.example"),
        ("petr+tag@fabrikam.example", "petr+tag@fabrikam.example"),
        ("p.e.t.r@fabrikam.example", "p.e.t.r@fabrikam.example"),
    ],
)
def test_spellings_of_one_address_are_equal(written: str, same_as: str) -> None:
    assert canonical(written) == same_as
    assert is_address(written)


@pytest.mark.parametrize(
    "look_alike",
    [
        "m\u0131ke@fabrikam.example",
        "mi\u212ae@fabrikam.example",
        "mike@fabr\u0131kam.example",
        "mike@fabri\u212aam.example",
        "mike\uff20fabrikam.example",
        "mike@fabrik\u0430m.example",
        "mike@\uff46abrikam.example",
        "mike@fabrikam\u3002example",
        "mike@fabrikam.example@evil.example",
    ],
)
def test_look_alikes_are_somebody_else(look_alike: str) -> None:
    assert canonical(look_alike) != "mike@fabrikam.example"


@pytest.mark.parametrize(
    "text",
    ["", "@", "petr", "petr@", "@fabrikam.example", "petr@fabrikam", "a b@fabrikam.example", "petr@-fabrikam.example",
     "petr@fabrikam..example", ".petr@fabrikam.example", "p..r@fabrikam.example", "petr@[127.0.0.1]",
     "x" * 65 + "@fabrikam.example", "petr@" + "a" * 64 + ".example", "petr@fab\nrikam.example",
     "pe\x00tr@fabrikam.example"],
)  # fmt: skip
def test_what_is_no_address_is_not_taken_for_one(text: str) -> None:
    assert not is_address(text)


def test_the_domain_of_an_address() -> None:
    assert domain_of("Petr@Fabrikam.Example.") == "fabrikam.example"
    assert domain_of("nobody") == ""


@given(st.text(max_size=400))
def test_any_text_has_a_stable_canonical_form(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)
    is_address(text)
