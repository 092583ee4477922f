"""`python -m bench`: every goal of performance beside the baselines it ran, as a table. Asserts nothing.

Contenders are measured in turns on this machine, so the ratios mean the same on another; the rates do not.
"""

import argparse
import os
import platform
import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from bench.figures import Line, printed
from bench.goals import GROUPS, Size
from bench.yard import Yard

_QUICK = Size(rounds=2, accepted=600, answered=200, claims=20_000)


def main(words: Sequence[str] | None = None) -> None:
    asked = _arguments(words)
    size = _QUICK if asked.quick else Size()
    size = Size(
        asked.rounds or size.rounds, asked.accepted or size.accepted, asked.answered or size.answered,
        asked.claims or size.claims,
    )  # fmt: skip
    print(_machine(size), flush=True)
    lines: list[Line] = []
    for name in asked.groups or GROUPS:
        began = time.perf_counter()
        with Yard() as yard:
            found = list(GROUPS[name](yard, size))
        lines += found
        print(f"\n{name}: {time.perf_counter() - began:.0f} s\n{printed(found)}", flush=True)
    print(f"\n## All of it\n\n{printed(sorted(lines, key=lambda line: line.goal))}")


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"of: {' '.join(GROUPS)}; all when none is named")
    parser.add_argument("--quick", action="store_true", help="two short rounds")
    parser.add_argument("--rounds", type=int, help="rounds of each contender")
    parser.add_argument("--accepted", type=int, help="mails a round where accepting is measured")
    parser.add_argument("--answered", type=int, help="mails a round where the whole way is measured")
    parser.add_argument("--claims", type=int, help="claims in the large databases")
    asked = parser.parse_args(words)
    unknown = [name for name in asked.groups if name not in GROUPS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}")
    return asked


def _machine(size: Size) -> str:
    load = " ".join(f"{number:.1f}" for number in os.getloadavg())
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} processors {platform.machine()}, load {load}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}\n{size}"
    )


if __name__ == "__main__":
    main()
