"""The page of the states, drawn from the table of `claims.lifecycle` and by asking `decide` (docs/states.md).

Pure: the page is a text. It is written by `python -m mailbot.claims.diagram`, and a test fails when it is stale.
"""

import sys
from collections.abc import Iterable, Mapping

from mailbot.claims.lifecycle import ROWS, decide
from mailbot.claims.model import Status
from mailbot.claims.policy import load_policy
from mailbot.claims.specimens import samples, specimens

_HEAD = """# The states of a claim

This page is generated from the table in `mailbot/claims/lifecycle.py` by asking it about one claim in every state;
`python -m mailbot.claims.diagram > docs/states.md` writes it anew.

"""
_LEGEND = """
## Events and statuses

A status in a cell: the event can lead there. ○: it fits and the status stays. Empty: it is refused, and the answer
names what would be possible.

"""
Moves = Mapping[tuple[Status, str], frozenset[Status]]


def page() -> str:
    """The whole page, as markdown."""
    moves = probe()
    return _HEAD + _picture(moves) + _LEGEND + _table(moves)


def probe(policies: Iterable[str] = ("2021", "2023")) -> Moves:
    """To which statuses each event led from each status, over all specimens; only what was not refused."""
    found: dict[tuple[Status, str], set[Status]] = {}
    for name in policies:
        policy = load_policy(name)
        for claim in specimens(name):
            for _, event in samples(claim):
                decision = decide(claim, event, event.at, policy)
                if decision.refusal is None:
                    found.setdefault((claim.status, type(event).__name__), set()).add(decision.claim.status)
    return {key: frozenset(value) for key, value in found.items()}


def _picture(moves: Moves) -> str:
    edges: dict[tuple[Status, Status], list[str]] = {}
    for (status, event), after in moves.items():
        for target in after - {status}:
            edges.setdefault((status, target), []).append(event)
    order = list(Status)
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> draft: Drafted"]
    for source, target in sorted(edges, key=lambda edge: (order.index(edge[0]), order.index(edge[1]))):
        lines.append(f"    {source} --> {target}: {', '.join(sorted(edges[source, target]))}")
    return "\n".join([*lines, "```", ""])


def _table(moves: Moves) -> str:
    lines = ["| event | " + " | ".join(Status) + " |", "|---" * (len(Status) + 1) + "|"]
    for name in dict.fromkeys(row.event.__name__ for row in ROWS if row.statuses):
        cells = (_cell(status, moves.get((status, name))) for status in Status)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(status: Status, after: frozenset[Status] | None) -> str:
    if after is None:
        return ""
    return ", ".join("○" if target is status else str(target) for target in Status if target in after)


if __name__ == "__main__":
    sys.stdout.write(page())
