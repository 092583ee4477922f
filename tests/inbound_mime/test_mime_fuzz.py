"""Whatever bytes come: interpret gives an Interpretation, never an exception (interpret is total)."""

import json

from fuzz_mail import PIECES, SEEDS, main
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mime_letters import NOW, RCPT, read

from mailbot.inbound.interpretation import Interpretation
from mailbot.inbound.trial import trial


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A golden mail, cut, doubled, or with dangerous pieces put into it."""
    raw = draw(st.sampled_from(SEEDS))[:6000]
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(raw)))
        end = min(len(raw), start + draw(st.integers(0, 40)))
        raw = raw[:start] + draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=12))) + raw[end:]
    return raw


def survives(raw: bytes) -> None:
    got = read(raw)
    assert isinstance(got, Interpretation)
    assert got.reason != "reader_fault", got.trace
    json.dumps(trial(raw, "x", rcpt=RCPT, now=NOW))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=2000))
def test_any_octets_are_read_without_an_exception(raw: bytes) -> None:
    survives(raw)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_any_mutated_mail_is_read_without_an_exception(raw: bytes) -> None:
    survives(raw)


@settings(max_examples=150, deadline=None)
@given(
    st.text(max_size=300),
    st.sampled_from(["Subject", "From", "To", "Date", "Content-Type", "Message-ID", "References"]),
)
def test_any_text_in_any_field_is_read_without_an_exception(value: str, name: str) -> None:
    survives(f"{name}: {value}\r\nFrom: ann@customer.example\r\n\r\nNo.\r\n".encode("utf-8", "surrogatepass"))


def test_a_short_run_of_the_fuzzer_finds_nothing() -> None:
    assert main(400, 11) == 0
