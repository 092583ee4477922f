"""Find the answers to our numbered questions in a reply: inline below the quoted question, as a list, or plain.

What stays unanswered is simply not in the result. Pure, total, linear.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from mailbot.inbound.intent import read_intent
from mailbot.inbound.letterform import letter_body
from mailbot.inbound.lexicon.load import lexicon
from mailbot.inbound.phrases import PhraseBook
from mailbot.inbound.quoting import ReplyParts
from mailbot.inbound.words import words_of

_CIRCLED = {chr(0x2460 + n): n + 1 for n in range(20)} | {chr(0x2776 + n): n + 1 for n in range(10)}
_NUMBER = re.compile(r"[(\[#]?\s?(\d{1,2})\s?(?:[)\]、]|[.:](?!\d)|[-–—](?=\s))")
_NAMED_NUMBER = re.compile(r"(\d{1,2})(?=[\s.:)\-–題點点]|$)")
_WIDE = str.maketrans("０１２３４５６７８９（）［］．：", "0123456789()[].:")
_SHARED = re.compile(
    r"[(\[]?\d{1,2}[)\]]?(?:\s?(?:,|、|\+|&|/|and|a|i|és|und|oraz|和|及)\s?[(\[]?\d{1,2}[)\].]?){1,9}\s?[:：)\-–]\s?"
)
_WITHIN = re.compile(r"(?:(?<=\s)|(?<=[;,，；。]))[(\[]?(\d{1,2})[)\]]\s")
_HEADING = re.compile(r"[(\[]?(\d{1,2})[)\].:]\s")


@dataclass(frozen=True, slots=True)
class Answer:
    """The new words that answer question number `question`."""

    question: int
    text: str


def read_answers(parts: ReplyParts, questions: Mapping[int, str]) -> tuple[Answer, ...]:
    """Answers by question number; `questions` are the open ones with their texts."""
    found: dict[int, list[str]] = {}
    for number, text in (*_inline(parts, questions), *_between(parts, questions), *_lists(parts, questions)):
        words = _without_question(text, questions[number])
        if words and words not in found.setdefault(number, []):
            found[number].append(words)
    found = {number: texts for number, texts in found.items() if texts}
    if not found and len(questions) == 1:
        found = _plain(parts, next(iter(questions)))
    return tuple(Answer(number, "\n".join(found[number])) for number in sorted(found))


def points_at_files(text: str) -> bool:
    """Whether an answer says that the files say it: "see attached", in any language."""
    words = words_of(text[:2000])
    return any(_file_words().longest(words, at) for at in range(len(words)))


def _plain(parts: ReplyParts, number: int) -> dict[int, list[str]]:
    """The one open question is answered by whatever was written, courtesy left out."""
    text = letter_body(parts.own_words)
    if not text or read_intent(text).meaning == "none":
        return {}
    return {number: [text]}


def _lists(parts: ReplyParts, questions: Mapping[int, str]) -> Iterator[tuple[int, str]]:
    """The numbered answers of each run of new text."""
    for segment in parts.segments:
        if segment.kind == "new":
            yield from _listed(letter_body(segment.text), questions)


def _inline(parts: ReplyParts, questions: Mapping[int, str]) -> Iterator[tuple[int, str]]:
    """New text directly below the quoted question it answers."""
    asked: int | None = None
    for segment in parts.segments:
        if segment.kind == "quote":
            asked = _last_question(segment.text, questions)
        elif segment.kind == "new":
            text = letter_body(segment.text)
            if asked is not None and text and not any(_listed(text, questions)):
                yield asked, text
            asked = None if text else asked


def _last_question(quote: str, questions: Mapping[int, str]) -> int | None:
    """The question with which a quote ends; one with more of our mail below it is not being answered here."""
    headings = list(_headings(quote, questions))
    if not headings:
        return None
    number, at = headings[-1]
    below = [line.strip("> \t") for line in quote.split("\n")[at + 1 :]]
    rest = below[below.index("") :] if "" in below else []
    return number if all(_echoes(line, questions[number]) for line in rest) else None


def _between(parts: ReplyParts, questions: Mapping[int, str]) -> Iterator[tuple[int, str]]:
    """Words typed between our questions in a quote without chevrons, as Outlook users do."""
    for segment in parts.segments:
        if segment.kind != "quote":
            continue
        lines = segment.text.split("\n")
        headings = list(_headings(segment.text, questions))
        if not headings or any(lines[at].lstrip().startswith(">") for _, at in headings):
            continue
        for (number, at), (_, end) in zip(headings, [*headings[1:], (0, 0)], strict=True):
            below = lines[at + 1 : end] if end else _adjacent(lines[at + 1 :], questions[number])
            text = "\n".join(line for line in below if not _echoes(line, questions[number])).strip()
            if text:
                yield number, text


def _adjacent(lines: Sequence[str], question: str) -> list[str]:
    """Lines right under the last question, up to the first blank one: beyond it our own mail goes on."""
    taken: list[str] = []
    for line in lines:
        if not line.strip():
            break
        taken.append(line)
    return taken if any(not _echoes(line, question) for line in taken) else []


def _headings(text: str, questions: Mapping[int, str]) -> Iterator[tuple[int, int]]:
    """(question number, line) of our own question lines in quoted text."""
    for at, line in enumerate(text.split("\n")):
        bare = line.lstrip("> \t|*")
        found = _HEADING.match(bare)
        if found and int(found[1]) in questions and _same_question(bare[found.end() :], questions[int(found[1])]):
            yield int(found[1]), at


def _same_question(heading: str, question: str) -> bool:
    """Whether a quoted heading shows this question; our mails print the reason before the text."""
    words, known = words_of(heading[:300]), words_of(question[:300])
    return not known or not words or " — " in heading or bool(set(words) & set(known))


def _echoes(line: str, question: str) -> bool:
    """Whether `line` is the question, part of it, or our printed line that ends in it."""
    bare, asked = " ".join(words_of(line[:300])), " ".join(words_of(question[:300]))
    return not bare or bare in asked or (bool(asked) and bare.endswith(asked))


def _listed(text: str, questions: Mapping[int, str]) -> Iterator[tuple[int, str]]:
    """Numbered answers in new text, in any order; lines without a number continue the answer above them."""
    numbers: tuple[int, ...] = ()
    lines: list[str] = []
    for line in text.split("\n"):
        for marked, rest in _marked(line, questions):
            if marked:
                yield from ((number, "\n".join(lines).strip()) for number in numbers)
                numbers, lines = marked, [rest]
            elif numbers:
                lines.append(rest)
    yield from ((number, "\n".join(lines).strip()) for number in numbers)


def _marked(line: str, questions: Mapping[int, str]) -> Iterator[tuple[tuple[int, ...], str]]:
    """The pieces of a line, each with the question numbers it starts with (none: it goes on)."""
    numbers, rest = _leading_numbers(line, questions)
    if not numbers:
        yield (), line
        return
    start = 0
    for found in _WITHIN.finditer(rest):
        if int(found[1]) in questions and int(found[1]) not in numbers:
            yield numbers, rest[start : found.start()].rstrip(" ,;")
            numbers, start = (int(found[1]),), found.end()
    yield numbers, rest[start:].strip()


def _leading_numbers(line: str, questions: Mapping[int, str]) -> tuple[tuple[int, ...], str]:
    bare = line.strip(" \t\xa0\u3000*_•·-–")
    bare = bare[:12].translate(_WIDE) + bare[12:]
    if bare[:1] in _CIRCLED and _CIRCLED[bare[0]] in questions:
        return (_CIRCLED[bare[0]],), bare[1:].lstrip(" .):：、")
    counted = _counted(bare, questions)
    if counted:
        return counted
    bare, ordinal = _without_ordinal(bare)
    shared = _SHARED.match(bare)
    if shared:
        numbers = tuple(int(n) for n in re.findall(r"\d{1,2}", shared.group()) if int(n) in questions)
        if numbers:
            return numbers, bare[shared.end() :]
    found = _NAMED_NUMBER.match(bare) if ordinal else _NUMBER.match(bare)
    if found and int(found[1]) in questions:
        return (int(found[1]),), _without_noun(bare[found.end() :].lstrip(" .:)-–—、題点點"))
    return (), line


def _counted(text: str, questions: Mapping[int, str]) -> tuple[tuple[int, ...], str] | None:
    """The number that a word before a colon counts ("Second: …", "第二題：…"), and what follows; None without one."""
    head, colon, rest = text[:24].replace("：", ":").partition(":")
    number = _counts().get(" ".join(words_of(head))) if colon else None
    return ((number,), rest.strip() + text[24:]) if number in questions and number is not None else None


def _without_ordinal(text: str) -> tuple[str, bool]:
    """`text` without "ad", "Q" or "question" before its number."""
    head = re.match(r"[^\W\d_]{1,10}\.?(?: [^\W\d_]{1,10})?\s?(?=[#\d(\[])", text)
    if head and " ".join(words_of(head.group())) in _ordinals():
        return text[head.end() :].lstrip("# "), True
    if text[:1] in "問答Q第" and text[1:2].isdigit():
        return text[1:], True
    return text, False


def _without_noun(text: str) -> str:
    """`text` without the word "question" between its number and a colon, as in "1. kérdés: …"."""
    head, colon, rest = text[:20].partition(":")
    return rest.strip() + text[20:] if colon and " ".join(words_of(head)) in _ordinals() else text


def _without_question(text: str, question: str) -> str:
    """`text` without a copy of the question at its head."""
    lines = text.strip().split("\n")
    while len(lines) > 1 and _echoes(lines[0], question) and words_of(lines[0]):
        lines = lines[1:]
    return "\n".join(lines).strip()


@cache
def _ordinals() -> frozenset[str]:
    return frozenset(" ".join(words_of(word)) for word in lexicon("answers")["ordinals"])


@cache
def _counts() -> Mapping[str, int]:
    counted = enumerate(lexicon("answers")["counted"], 1)
    return {" ".join(words_of(word)): number for number, words in counted for word in words}


@cache
def _file_words() -> PhraseBook:
    return PhraseBook((phrase, "files") for phrase in lexicon("answers")["files"])
