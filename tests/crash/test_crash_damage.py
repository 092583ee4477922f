"""A database that cannot be trusted: the service does not start, says what to do, and writes nothing."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from crash_house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    it = House(tmp_path, 1, "http://127.0.0.1:1/hook")
    with closing(sqlite3.connect(it.database)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return it


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for at in range(8192, len(content), 4096):
        content[at : at + 8] = bytes(byte ^ 0xFF for byte in content[at : at + 8])
    path.write_bytes(content)


@pytest.mark.parametrize(
    "spoil",
    [
        _flip,
        lambda path: path.write_bytes(path.read_bytes()[:-10_000]),
        lambda path: path.write_bytes(path.read_bytes()[: len(path.read_bytes()) // 4096 // 2 * 4096]),
        lambda path: path.write_bytes(b"not a database at all" * 500),
    ],
    ids=["flipped", "torn", "cut", "foreign"],
)
def test_a_damaged_database_is_not_served_not_written_and_names_the_way_back(
    house: House, spoil: Callable[[Path], object]
) -> None:
    spoil(house.database)
    before = house.database.read_bytes()
    result = house.command("serve")
    assert result.exit_code == 1
    assert "mailbot restore" in result.output
    assert len([line for line in result.output.splitlines() if line.startswith("mailbot: ")]) == 1
    assert house.database.read_bytes() == before


def test_an_emptied_database_is_not_served_as_a_new_one(house: House) -> None:
    house.database.write_bytes(b"")
    result = house.command("serve")
    assert result.exit_code == 1
    assert "mailbot restore" in result.output
    assert house.database.stat().st_size == 0
