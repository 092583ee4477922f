"""The one expression for many finds what a look for each word or expression by itself finds."""

import re

from hypothesis import given
from hypothesis import strategies as st

from mailbot.inbound.literals import any_match, any_of

WORDS = st.lists(st.text(alphabet="ab.(é", min_size=1, max_size=5), max_size=8)
TEXTS = st.text(alphabet="ab.(é ", max_size=30)
ATOMS = st.sampled_from(["a", "b", "é", "a?", "b{0,2}", r"\.", r"\b", "[ab]", "[^a]", "(?:a|b)", "(?:a|)", "(?:é)?"])
BRANCHES = st.lists(ATOMS, max_size=4).map("".join)
EXPRESSIONS = st.one_of(
    BRANCHES,
    st.tuples(BRANCHES, BRANCHES, BRANCHES).map("(?:{0[0]}|{0[1]}){0[2]}".format),
    st.tuples(BRANCHES, BRANCHES).map("|".join),
)


@given(words=WORDS, text=TEXTS)
def test_words_are_found_as_by_the_plain_alternation_with_the_longest_first(words: list[str], text: str) -> None:
    plain = "|".join(map(re.escape, sorted(words, key=len, reverse=True))) or r"(?!)"
    for around in ("{}", r"(?<!\w){}(?!\w)"):
        found = [match.span() for match in re.finditer(around.format(any_of(words)), text)]
        assert found == [match.span() for match in re.finditer(around.format(f"(?:{plain})"), text)]


def test_a_longer_word_is_preferred_to_its_beginning() -> None:
    assert re.findall(any_of(["sent", "sent from my"]), "sent from my phone") == ["sent from my"]


@given(expressions=st.lists(EXPRESSIONS, min_size=1, max_size=6), text=TEXTS)
def test_expressions_match_where_one_of_them_matches(expressions: list[str], text: str) -> None:
    joined = re.compile(any_match(expressions))
    each = [re.compile(expression) for expression in expressions]
    for at in range(len(text) + 1):
        assert bool(joined.match(text, at)) == any(one.match(text, at) for one in each)


@given(expressions=st.lists(EXPRESSIONS, min_size=1, max_size=6), text=TEXTS)
def test_a_larger_expression_may_go_on_behind_them(expressions: list[str], text: str) -> None:
    plain = "|".join(f"(?:{expression})" for expression in expressions)
    assert bool(re.fullmatch(rf"{any_match(expressions)}b\b", text)) == bool(re.fullmatch(rf"(?:{plain})b\b", text))
