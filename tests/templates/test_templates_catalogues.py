"""The five languages: nothing is missing, nothing is half translated, and what we ask people to write we understand."""

import re
from html import unescape
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from jinja2 import Environment

from mailbot.inbound.intent import read_intent
from mailbot.inbound.lexicon.load import lexicon
from mailbot.outbound import gallery
from mailbot.outbound.gallery import Exhibit, exhibits
from mailbot.templates import Templates
from mailbot.wording import extract
from mailbot.wording.catalogues import LANGUAGES
from mailbot.wording.filling import columns
from mailbot.wording.words import MARKER, MARKERS, WORDS

OTHERS = LANGUAGES[1:]
PLACE = re.compile(r"%\(\w+\)s")
TAG = re.compile(r"<[^>]*>")
SEEN = ("data", "variable_begin", "block_begin")
FOR_DEVELOPERS = {"api_docs.html.j2", "lab.html.j2", "lab_mail.html.j2"}
"""Pages in English only."""
EXAMPLES = {"help.j2", "delivery_problem.j2"}
"""Mails that show a claim form, whose values are nobody's language."""
TEMPLATE_FILES = [
    path
    for path in sorted((extract.PACKAGE / "templates").glob("*/*.j2"))
    if path.name not in FOR_DEVELOPERS | EXAMPLES
]
SAID = [message for message in extract.collect() if message.id]
TEMPLATES = Templates({"teams": "Teams", "exchange_online": "Exchange Online"}, folders=("mail",))
COMPOSER = gallery.composer(TEMPLATES)


def catalogue(language: str) -> Catalog:
    with (extract.FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def forms(message: Message | None) -> list[str]:
    if message is None:
        return []
    return [message.string] if isinstance(message.string, str) else [str(s) for s in message.string or ()]


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated(language: str) -> None:
    known = catalogue(language)
    missing = [m.id for m in SAID if not all(forms(known.get(m.id))) or not forms(known.get(m.id))]
    assert missing == []


@pytest.mark.parametrize("language", OTHERS)
def test_translations_use_the_values_of_the_original(language: str) -> None:
    known = catalogue(language)
    for message in SAID:
        originals = [message.id] if isinstance(message.id, str) else list(message.id)
        wanted = set(PLACE.findall(originals[-1]))
        translated = [set(PLACE.findall(form)) for form in forms(known.get(message.id))]
        assert translated[-1] == wanted, message.id
        assert all(found <= wanted for found in translated), message.id


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_smuggles_markup_in(language: str) -> None:
    for message in catalogue(language):
        assert not message.id or not any(sign in form for form in forms(message) for sign in "<>&"), message.id


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_english_is_left_in_a_mail(language: str) -> None:
    english = {m.id for m in SAID if isinstance(m.id, str) and len(m.id) > 12 and not PLACE.search(m.id)}
    for exhibit in exhibits(language):
        words = COMPOSER.words(exhibit.order)
        for part in (f"{words.subject} {words.text}", unescape(TAG.sub(" ", words.html))):
            flat = " ".join(part.split())
            assert not [message for message in english if message in flat], exhibit.name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_mail_fits_a_terminal_in_every_language(language: str) -> None:
    for exhibit in exhibits(language):
        words = COMPOSER.words(exhibit.order)
        assert words.text.startswith(MARKERS[LANGUAGES.index(language)])
        assert all(columns(line) <= 74 or " " not in line.strip() for line in words.text.splitlines()), exhibit.name
        assert f'<html lang="{language.replace("_", "-")}">' in words.html


@pytest.mark.parametrize("language", OTHERS)
def test_the_marker_line_is_the_one_the_reader_looks_for(language: str) -> None:
    assert TEMPLATES.translate(MARKER, language) == MARKERS[LANGUAGES.index(language)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_labels_we_show_are_labels_the_form_reader_knows(language: str) -> None:
    fields = lexicon("claimform")["fields"]
    known = {spelling for spellings in fields.values() for spelling in spellings}
    for path, label in WORDS["field"].items():
        if path not in ("all", "contacts"):
            shown = TEMPLATES.translate(label, language).lower().replace("-", " ")
            assert shown in known, (language, path, shown)


@pytest.mark.parametrize("exhibit", [e for e in exhibits("cs") if "consent_prompt" in e.name], ids=lambda e: e.name)
def test_the_terms_of_the_domain_are_used(exhibit: Exhibit) -> None:
    text = COMPOSER.words(exhibit.order).text
    assert "Číslo žádosti" in text
    assert "přidružení" in text


TERMS = {
    "cs": ["Koncept", "Odesláno", "Probíhá kontrola", "Vyžaduje se akce partnera", "Schváleno", "Zamítnuto"],
    "pl": [
        "Wersja robocza",
        "Przesłane",
        "W trakcie przeglądu",
        "Wymagana akcja partnera",
        "Zatwierdzone",
        "Odrzucone",
    ],
    "hu": ["Piszkozat", "Beküldve", "Felülvizsgálat alatt", "Partneri művelet szükséges", "Jóváhagyva", "Elutasítva"],
    "zh_TW": ["草稿", "已提交", "審查中", "需要合作夥伴採取動作", "已核准", "已拒絕"],
}
LATER_TERMS = {
    "cs": ["Rozporováno", "Zamítnuto s konečnou platností", "Zákazník odmítl"],
    "pl": ["Zakwestionowane", "Odrzucone ostatecznie", "Klient odmówił"],
    "hu": ["Vitatott", "Véglegesen elutasítva", "Az ügyfél elutasította"],
    "zh_TW": ["爭議中", "最終拒絕", "客戶拒絕"],
}


@pytest.mark.parametrize("language", OTHERS)
def test_statuses_are_called_as_the_domain_calls_them(language: str) -> None:
    said = [TEMPLATES.translate(WORDS["status"][code], language) for code in list(WORDS["status"])[:6]]
    assert said == TERMS[language]
    rest = ["Disputed", "Rejected, final", "Customer declined"]
    assert [TEMPLATES.translate(word, language) for word in rest] == LATER_TERMS[language]


def test_the_tool_finds_nothing_new() -> None:
    for language in OTHERS:
        before = catalogue(language)
        assert {m.id for m in SAID} <= {m.id for m in before}


@pytest.mark.parametrize(
    ("language", "word"), [("en", "no"), ("cs", "ne"), ("pl", "nie"), ("hu", "nem"), ("zh_TW", "不同意")]
)
def test_the_word_we_ask_for_declines(language: str, word: str) -> None:
    asked = TEMPLATES.translate("You need do nothing. To decline, just reply “no”.", language)
    assert re.search(f"[“„「]{word}[”“」]", asked)
    assert read_intent(word).meaning == "decline"


def said_outside_the_catalogues(source: str) -> str:
    """The words of a template that no catalogue translates."""
    source = re.sub(r"{% block body_class %}\w*", "", source)
    parts = [value if kind == "data" else "\0" for _, kind, value in Environment().lex(source) if kind in SEEN]
    shown = re.sub(r"<style>.*?</style>", "", "".join(parts), flags=re.DOTALL)
    labels = re.findall(r'(?:title|alt|placeholder|aria-label)="([A-Z]?[a-z][^"\0]+)"', shown)
    return " ".join([*labels, *re.findall(r"[A-Za-z]+[a-z]{3,}", re.sub(r"<[^>]*>|&\w+;", " ", shown))])


@pytest.mark.parametrize("path", TEMPLATE_FILES, ids=lambda path: path.name)
def test_no_template_says_a_word_past_the_catalogues(path: Path) -> None:
    assert said_outside_the_catalogues(path.read_text(encoding="utf-8")) == ""
