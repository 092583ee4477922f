"""Brings the catalogues up to date with the words in the code: `python -m mailbot.wording.extract`.

Collects every marked message from templates and Python files and merges it into `templates/locale/<language>.po`:
what is new comes in empty, what nobody says any more goes out, what is translated stays. A tool for maintainers; the
service only reads the files. `collect` alone serves the test that no message is forgotten.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from mailbot.wording.catalogues import LANGUAGES

PACKAGE = Path(__file__).parent.parent
FOLDER = PACKAGE / "templates" / "locale"
_OPTIONS = {"trimmed": "true", "silent": "false", "trim_blocks": "true", "lstrip_blocks": "true"}
# The header says nothing that changes from day to day or that nobody looks after.
_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_NOBODY: dict[str, Any] = {
    "version": "1",
    "creation_date": _DAY,
    "revision_date": _DAY,
    "last_translator": "mailbot",
    "language_team": "mailbot",
    "msgid_bugs_address": "none",
}
_KEYWORDS: dict[str, Any] = {"mark": None, "gettext": None, "ngettext": (1, 2), "_": None}


def collect() -> Catalog:
    """Every message of the package, with the places where it is said."""
    catalogue = Catalog(charset="utf-8")
    for path in _sources():
        method = "jinja2" if path.suffix == ".j2" else "python"
        options = _OPTIONS if method == "jinja2" else None
        found = extract(method, BytesIO(path.read_bytes()), keywords=_KEYWORDS, options=options)
        for _, message, comments, context in found:
            # No line numbers: they would change the files with every edit.
            place = (path.relative_to(PACKAGE).as_posix(), 0)
            catalogue.add(message, locations=[place], auto_comments=comments, context=context)
    return catalogue


def update(language: str, messages: Catalog) -> int:
    """Merges the messages into one catalogue on disk; returns how many of them still lack a translation."""
    path = FOLDER / f"{language}.po"
    merged = Catalog(locale=language, project="mailbot", fuzzy=False, **_NOBODY)
    known = read_po(BytesIO(path.read_bytes()), locale=language) if path.exists() else Catalog(locale=language)
    for message in messages:
        if message.id:
            old = known.get(message.id, message.context)
            merged[message.id] = message.clone()
            merged[message.id].string = old.string if old else _nothing(message, merged)
    merged.header_comment = f"# What mailbot says, in {language}. Written by `python -m mailbot.wording.extract`."
    written = BytesIO()
    write_po(written, merged, width=100, include_lineno=False, sort_output=True, ignore_obsolete=True)
    path.write_bytes(written.getvalue())
    return len([message for message in merged if message.id and not _translated(message.string)])


def _nothing(message: Message, catalogue: Catalog) -> str | tuple[str, ...]:
    return ("",) * catalogue.num_plurals if message.pluralizable else ""


def _translated(text: str | Iterable[str] | None) -> bool:
    return bool(text) if text is None or isinstance(text, str) else all(text)


def _sources() -> list[Path]:
    return sorted([*PACKAGE.glob("templates/**/*.j2"), *PACKAGE.glob("wording/*.py"), *PACKAGE.glob("web/**/*.py")])


def main() -> None:
    """Updates every language and says what is open."""
    messages = collect()
    for language in LANGUAGES[1:]:
        print(f"{language}: {update(language, messages)} of {len(messages)} to translate")  # noqa: T201


if __name__ == "__main__":
    main()
