"""Lines and branches of the rooms in which nothing may be lost, from the data of `make coverage`; low ones fail."""

import json
import sys
import tempfile
from pathlib import Path

from coverage import Coverage
from coverage.exceptions import NoDataError

GOAL = 92
_LISTENER = (
    "listener", "smtp", "dialogue", "datareader", "wire", "gate", "watch", "flood", "reception", "spool", "envelope",
    "paths", "replies", "xforward",
)  # fmt: skip
ROOMS = {
    "store": ("mailbot/store/",),
    "engine": ("mailbot/engine/",),
    "listener": tuple(f"mailbot/inbound/{name}.py" for name in _LISTENER),
    "outbound": ("mailbot/outbound/",),
}


def main() -> int:
    """Prints a line per room; 1 when the branches of one are below the goal, 2 without data."""
    try:
        files = _files()
    except NoDataError as error:
        print(f"{error}; run 'make coverage'", file=sys.stderr)
        return 2
    shares = [_shown(room, [files[name] for name in files if name.startswith(start)]) for room, start in ROOMS.items()]
    return int(min(shares) < GOAL)


def _files() -> dict[str, dict[str, int]]:
    """What was counted, by file."""
    measured = Coverage()
    measured.load()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "coverage.json")
        measured.json_report(outfile=str(report))
        return {name: file["summary"] for name, file in json.loads(report.read_bytes())["files"].items()}


def _shown(room: str, files: list[dict[str, int]]) -> float:
    lines = _share(files, "covered_lines", "num_statements")
    branches = _share(files, "covered_branches", "num_branches")
    print(f"{room:9} {lines:5.1f} % of lines {branches:5.1f} % of branches, goal {GOAL} %")
    return branches


def _share(files: list[dict[str, int]], part: str, whole: str) -> float:
    return 100 * sum(file[part] for file in files) / max(1, sum(file[whole] for file in files))


if __name__ == "__main__":
    sys.exit(main())
