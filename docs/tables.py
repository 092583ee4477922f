"""Brings the tables in docs/*.md up to date: `python docs/tables.py` writes, `--check` only says which are stale.

A table stands between `<!-- table: name -->` and `<!-- end of table -->`. Its first columns come from the code (see
sources.py), its last ones are written by hand and stay with their key, the first cell. A key that is new gets empty
cells, which a test then asks to be filled; a key that has gone takes its row along.
"""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from sources import TABLES, Table

FOLDER = Path(__file__).parent
_BLOCK = re.compile(r"(<!-- table: ([a-z-]+) -->\n)(.*?)(<!-- end of table -->)", re.DOTALL)
_CELL = re.compile(r"(?<!\\)\|")


def refreshed(text: str) -> str:
    """The page with every table as the code has it now. Raises KeyError for a table that nobody knows."""
    return _BLOCK.sub(lambda found: found[1] + _rendered(TABLES[found[2]], rows_of(found[3])) + found[4], text)


def tables_in(text: str) -> dict[str, list[list[str]]]:
    """The rows of each table of a page, without their heads."""
    return {found[2]: rows_of(found[3]) for found in _BLOCK.finditer(text)}


def rows_of(block: str) -> list[list[str]]:
    """The cells of a Markdown table, without its two lines of head."""
    lines = [line for line in block.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in _CELL.split(line)[1:-1]] for line in lines[2:]]


def _rendered(table: Table, old: list[list[str]]) -> str:
    by_hand = len(table.by_hand)
    kept: Mapping[str, list[str]] = {row[0]: row[len(row) - by_hand :] for row in old}
    heads = [*table.from_code, *table.by_hand]
    lines = [heads, ["---"] * len(heads)]
    for row in table.rows():
        cells = [cell.replace("|", "\\|") for cell in row]
        lines.append([*cells, *(kept.get(cells[0], [""] * by_hand) if by_hand else [])])
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def main() -> int:
    """Writes the pages that are stale; with `--check` it only names them and answers 1."""
    stale = []
    for path in sorted(FOLDER.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        fresh = refreshed(text)
        if fresh != text:
            stale.append(path)
            if "--check" not in sys.argv:
                path.write_text(fresh, encoding="utf-8")
    for path in stale:
        sys.stdout.write(f"{path.name} {'is stale' if '--check' in sys.argv else 'is written'}\n")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
