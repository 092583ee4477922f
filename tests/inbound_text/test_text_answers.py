"""Answers to numbered questions: inline, as a list in any order, shared, partial, or plain."""

import pytest

from mailbot.inbound.answers import points_at_files, read_answers
from mailbot.inbound.quoting import split_html, split_text

QUESTIONS = {
    1: "Please send a signed copy.",
    2: "On which day did the work end?",
    3: "Which products does the contract name?",
}
ATTRIBUTION = "On Mon, 5 May 2025 at 10:00, Claims office <office@mail.example> wrote:"
PRINTED = [
    "The customer's signature is missing — Please send a signed copy.",
    "Dates are missing — On which day did the work end?",
    "Products are not named — Which products does the contract name?",
]


def answers(body: str, questions: dict[int, str] | None = None) -> dict[int, str]:
    """What a plain-text reply answers."""
    found = read_answers(split_text(body), QUESTIONS if questions is None else questions)
    return {answer.question: answer.text for answer in found}


def quoted_question(number: int, mark: str = "{})") -> str:
    """One of our question lines as a client quotes it."""
    return f"> {mark.format(number)} {PRINTED[number - 1]}"


@pytest.mark.parametrize(
    "body",
    [
        "1) attached\n2) 5 May\n3) Teams",
        "1. attached\n2. 5 May\n3. Teams",
        "1: attached\n2: 5 May\n3: Teams",
        "(1) attached\n(2) 5 May\n(3) Teams",
        "[1] attached\n[2] 5 May\n[3] Teams",
        "ad 1: attached\nad 2: 5 May\nad 3: Teams",
        "Ad 1) attached\nAd 2) 5 May\nAd 3) Teams",
        "Q1: attached\nQ2: 5 May\nQ3: Teams",
        "Question 1: attached\nQuestion 2: 5 May\nQuestion 3: Teams",
        "Otázka 1: attached\nOtázka 2: 5 May\nOtázka 3: Teams",
        "K bodu 1: attached\nK bodu 2: 5 May\nK bodu 3: Teams",
        "Pytanie 1: attached\nPytanie 2: 5 May\nPytanie 3: Teams",
        "1. kérdés: attached\n2. kérdés: 5 May\n3. kérdés: Teams",
        "問題1：attached\n問題2：5 May\n問題3：Teams",
        "① attached\n② 5 May\n③ Teams",
        "１） attached\n２） 5 May\n３） Teams",
        "1、attached\n2、5 May\n3、Teams",
        "1 - attached\n2 - 5 May\n3 - Teams",
        "- 1) attached\n- 2) 5 May\n- 3) Teams",
        "#1: attached\n#2: 5 May\n#3: Teams",
        "3) Teams\n1) attached\n2) 5 May",
        "Hello,\n\nhere you are:\n\n1) attached\n\n2) 5 May\n\n3) Teams\n\nBest regards\nPetr",
        "1) attached 2) 5 May 3) Teams",
        "1) attached; 2) 5 May; 3) Teams",
    ],
)
def test_a_list_answers_in_any_dress_and_order(body: str) -> None:
    assert answers(body) == {1: "attached", 2: "5 May", 3: "Teams"}


def test_an_answer_may_have_several_lines() -> None:
    assert answers("1) see page 4\nand page 5\n\n2) in May") == {1: "see page 4\nand page 5", 2: "in May"}


def test_what_is_not_answered_stays_out() -> None:
    assert answers("2) 5 May") == {2: "5 May"}


def test_an_empty_number_is_no_answer() -> None:
    assert answers("1)\n2) 5 May\n3)") == {2: "5 May"}


def test_numbers_share_an_answer() -> None:
    assert answers("1 and 3: see attached\n2: 5 May") == {1: "see attached", 2: "5 May", 3: "see attached"}
    assert answers("1, 2, 3: viz příloha") == dict.fromkeys((1, 2, 3), "viz příloha")
    assert answers("1) + 2) see attached") == {1: "see attached", 2: "see attached"}


def test_a_number_that_was_not_asked_belongs_to_the_answer() -> None:
    assert answers("1) we found:\n7) is an appendix", {1: "x"}) == {1: "we found:\n7) is an appendix"}


def test_a_date_at_the_start_of_a_line_is_no_number() -> None:
    assert answers("2) the work ended\n1.5.2025 in Brno") == {2: "the work ended\n1.5.2025 in Brno"}


def test_a_copy_of_the_question_is_not_part_of_its_answer() -> None:
    assert answers("2) On which day did the work end?\nOn 5 May.") == {2: "On 5 May."}


@pytest.mark.parametrize("mark", ["{})", "[{}]", "{}."])
def test_answers_stand_inline_below_the_quoted_questions(mark: str) -> None:
    lines = [ATTRIBUTION, quoted_question(1, mark), "", "attached", "", quoted_question(2, mark), "5 May"]
    body = "\n".join([*lines, quoted_question(3, mark), "> Thank you", "> The office"])
    assert answers(body) == {1: "attached", 2: "5 May"}


def test_an_inline_answer_below_a_question_and_a_list_above_join() -> None:
    body = f"3) Teams\n\n{ATTRIBUTION}\n{quoted_question(1)}\nattached\n{quoted_question(2)}\n"
    assert answers(body) == {1: "attached", 3: "Teams"}


def test_a_wrapped_quoted_question_is_known_by_its_number() -> None:
    question = "> 1) The customer's signature is missing — Please send a signed copy of\n>    the long contract."
    body = f"{ATTRIBUTION}\n{question}\n\nDone.\n"
    assert answers(body) == {1: "Done."}


def test_words_below_the_whole_quoted_mail_answer_no_question() -> None:
    quote = f"{quoted_question(1)}\nattached\n{quoted_question(2)}\n>\n> Without an answer the claim is rejected.\n"
    assert answers(f"{ATTRIBUTION}\n{quote}\nThanks, Petr\n") == {1: "attached"}


def test_answers_typed_between_unquoted_questions_are_found() -> None:
    lines = ["From: Claims office <o@mail.example>", "Sent: Monday, May 5, 2025 10:00", "To: Petr", "Subject: x", ""]
    for number, typed in ((1, "attached"), (2, "5 May"), (3, "")):
        lines += [f"{number}) {PRINTED[number - 1]}", "", typed, ""]
    body = "\n".join(["See below.", "", *lines, "Without an answer the claim is rejected."])
    assert answers(body) == {1: "attached", 2: "5 May"}


def test_answers_between_questions_of_html_are_found() -> None:
    html = (
        '<blockquote type="cite"><p>1) Signature — Please send a signed copy.</p></blockquote><p>attached</p>'
        '<blockquote type="cite"><p>2) Dates — On which day did the work end?</p></blockquote><p>5 May</p>'
    )
    found = read_answers(split_html(html), QUESTIONS)
    assert [(answer.question, answer.text) for answer in found] == [(1, "attached"), (2, "5 May")]


def test_the_one_open_question_is_answered_by_plain_words() -> None:
    body = f"Hello,\n\nthe work ended on 5 May.\n\nBest regards\nPetr\n\n{ATTRIBUTION}\n{quoted_question(2)}\n"
    assert answers(body, {2: QUESTIONS[2]}) == {2: "the work ended on 5 May."}


@pytest.mark.parametrize(
    "body", ["Thank you!", "Děkuji", "", "OK, dzięki", "收到，謝謝", "Hello,\n\nBest regards\nPetr"]
)
def test_courtesy_answers_nothing(body: str) -> None:
    assert answers(body, {2: QUESTIONS[2]}) == {}


def test_plain_words_answer_nothing_when_several_questions_are_open() -> None:
    assert answers("The work ended on 5 May.") == {}


def test_no_open_question_no_answer() -> None:
    assert answers("1) yes", {}) == {}


@pytest.mark.parametrize(
    "text",
    [
        "see attached",
        "See attachment.",
        "Attached",
        "the contract is enclosed",
        "viz příloha",
        "v příloze",
        "přikládám smlouvu",
        "w załączniku",
        "załączam umowę",
        "mellékelve",
        "csatolva",
        "lásd a mellékletet",
        "如附件",
        "請見附件",
        "im Anhang",
        "附件",
    ],
)
def test_an_answer_may_point_at_files(text: str) -> None:
    assert points_at_files(text)


@pytest.mark.parametrize("text", ["", "5 May", "yes", "The contract names Teams.", "同意"])
def test_other_answers_do_not_point_at_files(text: str) -> None:
    assert not points_at_files(text)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("To 1) attached.\nTo 3) Teams.", {1: "attached.", 3: "Teams."}),
        ("First: attached\nThird: Teams", {1: "attached", 3: "Teams"}),
        ("Za druhé: 5. května", {2: "5. května"}),
        ("Po drugie: 5 maja\nPo trzecie: Teams", {2: "5 maja", 3: "Teams"}),
        ("Harmadszor: Teams", {3: "Teams"}),
        ("第一題：見附件\n第二題：5月5日", {1: "見附件", 2: "5月5日"}),
    ],
)
def test_words_count_too(body: str, found: dict[int, str]) -> None:
    assert answers(body) == found


def test_an_answer_below_a_copied_question_is_the_answer_alone() -> None:
    said = {2: "5 May", 1: "attached", 3: "Teams"}
    body = "\n".join(f"{number}) {PRINTED[number - 1]}\n{answer}" for number, answer in said.items())
    assert answers(body) == said
