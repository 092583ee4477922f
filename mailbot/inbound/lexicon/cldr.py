"""Prints cldr.toml: the names of months and weekdays of the languages that calendar.toml lists, by the CLDR (Babel).

`python -m mailbot.inbound.lexicon.cldr > mailbot/inbound/lexicon/cldr.toml`. Reading mail must not wait for fifty
locales to load, so the names are kept as data; a test sees that they are those of the Babel at hand. Names that are
figures are left out; where two languages share a name, the earlier one of the list has it.
"""

import sys
from collections.abc import Iterable

from babel import Locale

from mailbot.inbound.folding import fold
from mailbot.inbound.lexicon.load import lexicon

_SHORTEST = 3


def page() -> str:
    """The whole file, ending with a newline."""
    places = [Locale.parse(name) for name in lexicon("calendar")["languages"]]
    months = (
        (name, number - 1)
        for place in places
        for names in place.months.values()
        for number, name in names["wide"].items()
    )
    weekdays = (
        (name, number) for place in places for names in place.days.values() for number, name in names["wide"].items()
    )
    head = "# Folded names of months (January first) and weekdays (Monday first). Made by cldr.py, not by hand.\n"
    return f"{head}months = {_rows(months, 12)}weekdays = {_rows(weekdays, 7)}"


def _rows(named: Iterable[tuple[str, int]], size: int) -> str:
    first: dict[str, int] = {}
    for name, number in named:
        folded = fold(name).strip()
        if len(folded) >= _SHORTEST and not folded[0].isdigit():
            first.setdefault(folded, number)
    rows = ([name for name, number in first.items() if number == row] for row in range(size))
    return "[\n" + "".join(f"  [{', '.join(map(_quoted, row))}],\n" for row in rows) + "]\n"


def _quoted(name: str) -> str:
    return f'"{name}"'


if __name__ == "__main__":
    sys.stdout.write(page())
