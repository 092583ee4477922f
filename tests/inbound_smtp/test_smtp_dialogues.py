"""Plays the scripts in dialogues/ against a real listener, byte by byte.

`C:` the peer says a line (with \\x escapes and {TOKEN}-like names), `C,` sends without a line end, `S:` the server's
next line begins exactly so, `S.` the server has closed. `= n` afterwards: so many messages were stored.
`limits: name=value` before the first line sets limits; `upstream` makes the peer a trusted one.
"""

import re
from pathlib import Path

import pytest
import smtp_bench
from smtp_bench import Bench, Peer, Serve

from mailbot.limits import Limits

SCRIPTS = {path.stem: path.read_text() for path in sorted((Path(__file__).parent / "dialogues").glob("*.txt"))}
NAMES = {name: getattr(smtp_bench, name) for name in ("TOKEN", "EXPIRED", "RETIRED", "FORGED", "DOMAIN")}


@pytest.mark.parametrize("name", SCRIPTS)
async def test_the_dialogue_goes_as_written(name: str, serve: Serve) -> None:
    lines = [line for line in SCRIPTS[name].splitlines() if line and not line.startswith("#")]
    bench = await serve(**_settings(lines))
    peer = await bench.connect()
    for line in lines:
        await _play(line, peer, bench)
    assert bench.faults == []


def test_there_are_scripts() -> None:
    assert len(SCRIPTS) >= 20


async def _play(line: str, peer: Peer, bench: Bench) -> None:
    kind, text = line[:2], re.sub(r"\{([A-Z]+)\}", lambda match: NAMES[match[1]], line[3:])
    if kind == "C:":
        await peer.send(_bytes(text) + b"\r\n")
    elif kind == "C,":
        await peer.send(_bytes(text))
    elif kind == "S:":
        got = (await peer.reader.readline()).decode("ascii").rstrip("\r\n")
        assert got.startswith(text), f"wanted {text!r}, got {got!r}"
    elif kind == "S.":
        assert await peer.reply() == ""
    elif kind == "= ":
        assert len(bench.store.kept) == int(line[2:])


def _bytes(text: str) -> bytes:
    return text.encode("ascii").decode("unicode_escape").encode("latin-1")


def _settings(lines: list[str]) -> dict[str, object]:
    settings: dict[str, object] = {}
    for line in lines:
        if line.startswith("limits: "):
            pairs = (pair.partition("=") for pair in line.removeprefix("limits: ").split())
            settings["limits"] = Limits(**{name: float(value) for name, _, value in pairs})  # type: ignore[arg-type]
        elif line == "upstream":
            settings["upstream"] = ["127.0.0.0/8"]
    return settings
