"""The tables of a claim mail as `label: value` lines: one claim a row below a row of labels, lists within a cell.

Pure, total, linear over lines whose cells are parted by tabs, as HTML is made text; other lines pass.
"""

from collections.abc import Iterable, Iterator

from mailbot.inbound.claimlabels import field_of

LISTS = ("products", "evidence")
"""Fields with several values, also one below the other."""

_FEWEST = 3
"""A row of labels has so many cells; two are a label and its value."""


def table_lines(lines: Iterable[str]) -> Iterator[str]:
    """The same lines with every table row in the form that a single field has."""
    columns: tuple[str, ...] = ()
    label = ""
    for line in lines:
        cells = tuple(cell.strip(" *•\xa0") for cell in line.split("\t"))
        if len(cells) < 2:
            if line.strip():  # paragraphs within a cell leave blank lines
                columns, label = (), ""
            yield line
        elif len(cells) == len(columns):
            yield from (f"{name}: {value}" for name, value in zip(columns, cells, strict=True) if value)
        elif len(cells) >= _FEWEST and all(field_of(cell) for cell in cells):
            columns = cells
        elif not cells[0] and field_of(label) in LISTS:
            yield from (f"{label}: {value}" for value in cells if value)
        else:
            label = cells[0]
            if any(cells[1:]) or field_of(label) not in LISTS:
                yield line
