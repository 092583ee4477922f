"""The message inside a letter: greeting and closing lines left out, so that "Thanks, Peter" decides nothing.

Pure and total; when in doubt a line is kept.
"""

from functools import cache

from mailbot.inbound.languages import languages
from mailbot.inbound.phrases import PhraseBook
from mailbot.inbound.words import words_of

GREETING_WORDS = 6
CLOSING_LINES = 4
CLOSING_WORDS = 6


def letter_body(text: str) -> str:
    """`text` without the greeting line above and the closing words and name below."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(without_closing(_without_greeting(lines))).strip()


def without_closing(lines: list[str]) -> list[str]:
    """`lines` up to a closing phrase ("Best regards") under which only a short name block stands."""
    last = len(lines) - 1
    while last >= 0 and not lines[last].strip():
        last -= 1
    first = next((at for at, line in enumerate(lines) if line.strip()), 0)
    for at in range(max(first + 1, last - CLOSING_LINES), last + 1):
        if closes(lines[at]) and all(len(line.split()) <= CLOSING_WORDS for line in lines[at + 1 : last + 1]):
            return lines[:at]
    return lines[: last + 1]


def _without_greeting(lines: list[str]) -> list[str]:
    first = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
    if first < len(lines) - 1 and _greets(lines[first]):
        return lines[first + 1 :]
    return lines


def _greets(line: str) -> bool:
    words = words_of(line[:120])
    return 0 < len(words) <= GREETING_WORDS and line.rstrip()[-1:] in ",!:，：！" and _starts(words, "greeting")


def closes(line: str) -> bool:
    """Whether `line` is a closing phrase, at most with a name behind it."""
    words = words_of(line[:120])
    match = _openings().longest(words, 0) if 0 < len(words) <= CLOSING_WORDS else None
    if match is None or "closing" not in match.labels:
        return False
    return match.length == len(words) or _name(line, match.length)


def _name(line: str, known: int) -> bool:
    rest = line.replace(",", " ").split()[known:]
    return 0 < len(rest) <= 3 and all(part[0].isupper() for part in rest)


def _starts(words: tuple[str, ...], label: str) -> bool:
    match = _openings().longest(words, 0)
    return match is not None and label in match.labels


@cache
def _openings() -> PhraseBook:
    entries = [(phrase, label) for language in languages().values() for phrase, label in language.letterform]
    return PhraseBook(entries)
