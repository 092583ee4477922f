"""The languages we write, and their message catalogues, compiled in memory from `.po` files at start.

A missing file or message falls back to the English source; a broken file is an error at start, never later.
"""

from functools import lru_cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LANGUAGES = ("en", "cs", "pl", "hu", "zh_TW")
_SIMPLIFIED = {"hans", "cn", "sg", "my"}


def language(tag: str) -> str:
    """The language of ours that a tag such as `cs-CZ`, `zh-TW` or `Hu` asks for; English when it is none of them."""
    first, *rest = tag.strip().replace("-", "_").lower().split("_")
    if first == "zh":
        return "en" if _SIMPLIFIED & set(rest) else "zh_TW"
    return first if first in LANGUAGES else "en"


@lru_cache(maxsize=len(LANGUAGES))
def locale(name: str) -> Locale:
    """Babel's data for one of `LANGUAGES`."""
    return Locale.parse("zh_Hant_TW" if name == "zh_TW" else name)


def load(folder: Path) -> dict[str, NullTranslations]:
    """Every language's translations from `folder/<language>.po`; English is the source and has none."""
    return {name: _compile(folder / f"{name}.po") for name in LANGUAGES}


def _compile(path: Path) -> NullTranslations:
    if not path.exists():
        return NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.stem, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)
