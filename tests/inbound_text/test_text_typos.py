"""A slip of the fingers in a deciding word is put right, whatever letter it hits."""

import random

from mailbot.inbound.languages import languages
from mailbot.inbound.typos import corrected
from mailbot.inbound.words import Sentence


def slipped(word: str, at: int, kind: int) -> str:
    """The word with one letter missed, doubled, changed, or swapped with the next."""
    tail = word[at + 1 :]
    return (
        word[:at]
        + ("", word[at] * 2 + tail, "q" + tail, tail[:1] + word[at] + tail[1:])[kind]
        + (tail if kind == 0 else "")
    )


def test_every_slip_in_a_refusal_is_a_refusal_again() -> None:
    source = random.Random(5)
    czech = languages()["cs"]
    for _ in range(300):
        kind = source.randrange(4)
        word = slipped("nesouhlasime", source.randrange(1, 11), kind)
        [mended] = corrected(Sentence((word,), False, 0, len(word)), (czech,)).words
        assert czech.book.longest((mended,), 0) is not None, word


def test_a_word_that_is_far_from_every_deciding_one_stays() -> None:
    english = languages()["en"]
    sentence = Sentence(("fabrikam", "yesterday", "quarterly"), False, 0, 30)
    assert corrected(sentence, (english,)) == sentence
