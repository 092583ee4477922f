"""An orderly header block is read in one pass, and says what a reading line by line says."""

from hypothesis import example, given
from hypothesis import strategies as st

from mailbot.inbound.headers import read_headers, visible
from mailbot.inbound.mime import split_header

LINES = st.sampled_from(
    [b"From: a@b.example", b"subject :  x", b" folded", b"\t", b"To:", b"rubbish", b"X:y\r", b"From me", b"", b" "]
)
BLOCKS = st.lists(st.tuples(LINES, st.sampled_from([b"\r\n", b"\n", b"\r"])), max_size=8).map(
    lambda pairs: b"".join(line + end for line, end in pairs)
)


@given(BLOCKS)
@example(b"From: a@b.example\r\n more\r\nTo: x\r\n")
@example(b"rubbish\rFrom: a@b.example\r")
def test_a_field_has_the_same_value_among_orderly_lines_and_beside_rubbish(block: bytes) -> None:
    """A line of rubbish in front makes the reader go line by line; a known field behind it keeps it in the header."""
    orderly, used = read_headers(block)
    slow, _ = read_headers(b"rubbish\r\n" + block + b"Date: x\r\n")
    if used == len(block) and not block.startswith((b" ", b"\t", b"From ")):
        stripped = [(name, value.strip()) for name, value in orderly.fields]
        assert [(name, value.strip()) for name, value in slow.fields if name != "date"] == stripped


@given(
    st.lists(st.sampled_from([b"a: b", b" ", b"\t", b"", b"\r", b"\n", b"\r\n", b"text"]), max_size=10).map(b"".join)
)
def test_the_body_begins_behind_the_first_blank_line(data: bytes) -> None:
    headers, body = split_header(data)
    assert data.endswith(body)
    if data.startswith((b"\n", b"\r\n")):
        assert not headers.fields


def test_text_for_people_has_single_spaces_and_nothing_invisible() -> None:
    assert visible(" Jana  Nov\u00e1k\u200bov\u00e1\u202e\n") == "Jana Nov\u00e1kov\u00e1"
    assert visible("Jana Nov\u00e1kov\u00e1 ") == "Jana Nov\u00e1kov\u00e1"
