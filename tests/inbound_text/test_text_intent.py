"""What customers mean: the sets in replies/*.toml, the safety property over all of them, and the shape of an answer."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailbot.inbound.intent import EXAMINED, MEANINGS, read_intent

REPLIES = Path(__file__).parent / "replies"
LANGUAGES = ("en", "cs", "pl", "hu", "zh_tw")
TAGS = {"en": "en", "cs": "cs", "pl": "pl", "hu": "hu", "zh_tw": "zh-TW"}
OPPOSITE = {"decline": "accept", "accept": "decline"}


def cases(language: str) -> list[tuple[str, str]]:
    """(text, meaning) of one language's set."""
    table = tomllib.loads((REPLIES / f"{language}.toml").read_text(encoding="utf-8"))
    return [(text, meaning) for meaning, texts in table.items() for text in texts]


def other_cases() -> list[tuple[str, str, str]]:
    """(language, text, meaning) of the set beyond the five."""
    table = tomllib.loads((REPLIES / "others.toml").read_text(encoding="utf-8"))
    return [(language, text, meaning) for language, text, meaning in table["replies"]]


def business_cases() -> list[tuple[str, str, str]]:
    """(language, text, meaning) of the sets in which customers write as in business; half was kept aside at first."""
    tables = [
        tomllib.loads((REPLIES / name).read_text(encoding="utf-8"))
        for name in ("business.toml", "business_kept_aside.toml")
    ]
    return [
        (language, text, meaning)
        for table in tables
        for language, meanings in table.items()
        for meaning, texts in meanings.items()
        for text in texts
    ]


def dressings(text: str) -> Iterator[str]:
    """The same words as people dress them: in capitals, between greeting and closing, without a full stop."""
    yield text
    yield text.upper()
    yield text.rstrip(".!。！")
    yield f"  {text}\n\n"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_set_has_at_least_sixty_replies_and_every_meaning(language: str) -> None:
    assert len(cases(language)) >= 60
    assert {meaning for _, meaning in cases(language)} == set(MEANINGS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("hinted", [False, True])
def test_at_least_97_percent_of_a_set_are_read_right(language: str, hinted: bool) -> None:
    hint = TAGS[language] if hinted else ""
    wrong = [(text, meaning) for text, meaning in cases(language) if read_intent(text, hint=hint).meaning != meaning]
    assert len(wrong) <= 0.03 * len(cases(language)), wrong


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("hint", ["", "en", "cs", "pl", "hu", "zh-TW", "de"])
def test_no_decline_is_ever_read_as_acceptance_nor_the_reverse(language: str, hint: str) -> None:
    for text, meaning in cases(language):
        for dressed in dressings(text):
            assert read_intent(dressed, hint=hint).meaning != OPPOSITE.get(meaning, "other"), (dressed, hint)


def test_speaking_of_agreement_is_no_acceptance() -> None:
    table = tomllib.loads((REPLIES / "never_accept.toml").read_text(encoding="utf-8"))
    for language, text in table["replies"]:
        for hint in ("", TAGS[language]):
            assert read_intent(text, hint=hint).meaning != "accept", (text, hint)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_agreement_taken_back_doubted_or_reported_is_no_acceptance(language: str) -> None:
    frames = tomllib.loads((REPLIES / "frames.toml").read_text(encoding="utf-8"))[language]
    for text, meaning in cases(language):
        if meaning == "accept" and "\n" not in text and len(text) < 60:
            for frame in frames:
                framed = frame.format(text.rstrip(".!。！"))
                assert read_intent(framed).meaning != "accept", framed


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refusal_beside_an_agreement_is_no_acceptance(language: str) -> None:
    agreed = [text for text, meaning in cases(language) if meaning == "accept" and "\n" not in text][:3]
    for text, meaning in cases(language):
        if meaning == "decline" and "\n" not in text and text != "Kindly remove Contoso from the claim.":
            for other in agreed:
                for mixed in (f"{other} {text}", f"{text} {other}", f"{text}\n{other}"):
                    assert read_intent(mixed).meaning != "accept", mixed


def test_greeting_closing_name_and_footer_change_no_meaning() -> None:
    for text, meaning in cases("en"):
        if text and "\n" not in text and read_intent(text).meaning == meaning:
            dressed = f"Hi,\n\n{text}\n\nBest regards\nAnn Lee\n\nSent from my iPhone"
            assert read_intent(dressed).meaning == meaning, dressed


def test_languages_beyond_the_five_are_read_too() -> None:
    wrong = [one for one in other_cases() if read_intent(one[1]).meaning != one[2]]
    assert len(wrong) <= 0.03 * len(other_cases()), wrong


def test_no_decline_of_another_language_is_read_as_acceptance_nor_the_reverse() -> None:
    for language, text, meaning in other_cases():
        for hint in ("", language, *TAGS.values()):
            assert read_intent(text, hint=hint).meaning != OPPOSITE.get(meaning, "other"), (text, hint)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_of_a_clear_reply_is_named(language: str) -> None:
    long = [text for text, meaning in cases(language) if meaning == "decline" and len(text.split()) > 3]
    named = [read_intent(text).language == TAGS[language] for text in long]
    assert sum(named) >= 0.9 * len(named)


def test_no_refusal_in_business_words_is_read_as_acceptance_nor_the_reverse() -> None:
    for language, text, meaning in business_cases():
        for hint in ("", TAGS[language], "en"):
            assert read_intent(text, hint=hint).meaning != OPPOSITE.get(meaning, "other"), (text, hint)


def test_nine_of_ten_replies_in_business_words_are_read_right_and_the_rest_reaches_a_person() -> None:
    read = [(text, meaning, read_intent(text).meaning) for _, text, meaning in business_cases()]
    wrong = [one for one in read if one[1] != one[2]]
    assert len(wrong) <= 0.1 * len(read), wrong
    assert {meaning for _, _, meaning in wrong} == {"unclear"}


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("Bez udání důvodu odmítáme.", "decline"),
        ("Bez podania przyczyny odmawiamy.", "decline"),
        ("Indoklás nélkül elutasítjuk.", "decline"),
        ("Nemáme důvod vám věřit a odmítáme.", "decline"),
        ("Místo podpisu odmítáme.", "decline"),
        ("Rather than accept, we decline.", "decline"),
        ("If you agree, please don't share our data.", "decline"),
        ("We decline without giving reasons.", "decline"),
        ("You gave us no reason to say yes so we say no.", "decline"),
        ("We have no reason to refuse.", "unclear"),
        ("For no particular reason we refuse.", "unclear"),
        ("I don't have to give you a reason to decline.", "unclear"),
        ("Nie potrzebujemy powodu, żeby odmówić.", "unclear"),
        ("不需要理由就可以拒絕。", "unclear"),
        ("There is no reason to refuse and we approve.", "accept"),
    ],
)
def test_a_reason_denied_turns_only_what_hangs_on_it_and_accepts_nothing_by_itself(text: str, meaning: str) -> None:
    assert read_intent(text).meaning == meaning


def test_the_evidence_is_the_sentence_that_decided() -> None:
    intent = read_intent("Hello,\n\nwe had a nice meeting. We do not agree to this. See you soon.\n\nRegards\nAnn")
    assert (intent.meaning, intent.evidence) == ("decline", "We do not agree to this.")


def test_an_empty_body_says_nothing() -> None:
    assert read_intent("").meaning == "none"
    assert read_intent(" \n\t\n").meaning == "none"


def test_a_text_too_long_to_read_in_full_is_never_an_acceptance() -> None:
    assert read_intent("We agree." + "\n" * (EXAMINED + 1)).meaning == "unclear"


def test_a_negation_wrapped_onto_the_next_line_still_negates() -> None:
    assert read_intent("We do not\nagree with this association.").meaning == "decline"


def test_an_acceptance_lost_in_a_long_text_is_not_a_clear_one() -> None:
    story = "The migration took three weeks and the trainers stayed until the last mailbox was moved to the cloud. " * 5
    assert read_intent(f"{story}\n\nWe agree.").meaning == "unclear"


@pytest.mark.parametrize(
    "word", ["nsouhlasim", "nesouhlsim", "nesohlasim", "unsubcribe", "delcine", "declne", "elutasitm"]
)
def test_a_slip_of_the_fingers_in_a_refusal_still_refuses(word: str) -> None:
    assert read_intent(word).meaning == "decline"


@pytest.mark.parametrize(
    "text", ["\x00", "\ud800", "?" * 5000, "（）", "ﷺ" * 400, "a" * 100_000, "\n" * 5000, "-- \n" * 3000]
)
def test_nothing_makes_the_reader_raise(text: str) -> None:
    assert read_intent(text).meaning in MEANINGS
